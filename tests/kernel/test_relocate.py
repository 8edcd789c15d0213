"""The small BTF that relocations are made with, against the kernel's whole one."""

from __future__ import annotations

import pytest

from libbpf_iter import kernel
from libbpf_iter.btf import Btf, Kind
from libbpf_iter.btf import types as bt
from libbpf_iter.objects import packaged, packaged_targets
from libbpf_iter.relocate import roots


@pytest.mark.parametrize("target", packaged_targets())
def test_types_are_as_the_kernel_has_them(target: str) -> None:
    needed = roots(packaged(target))
    assert needed
    whole, data = kernel.btf(), kernel.types_of(needed)
    assert data is not None and len(data) < 1 << 20
    small = Btf(data)
    for name, kind in needed:
        theirs = whole.get(name, kind)
        ours = small.get(name, kind)
        assert (theirs is None) == (ours is None), name
        if theirs is None or ours is None:
            continue
        assert small.size_of(ours) == whole.size_of(theirs)
        if kind not in (Kind.STRUCT, Kind.UNION):
            assert small[ours] == whole[theirs]
            continue
        pairs = zip(small.flat_members(ours), whole.flat_members(theirs), strict=True)
        for one, other in pairs:
            assert (one.name, one.bit_offset, one.bitfield_size) == (
                other.name,
                other.bit_offset,
                other.bitfield_size,
            )
            assert small.size_of(one.type_id) == whole.size_of(other.type_id)
            reached, meant = small[small.resolve(one.type_id)], whole[whole.resolve(other.type_id)]
            assert (reached.kind, reached.name) == (meant.kind, meant.name)
            assert not isinstance(reached, bt.Pointer) or reached.type_id == 0
