"""What is read of the kernel's types by C: the small BTF of relocations, and where names are."""

from __future__ import annotations

import pytest

from libbpf_iter import kernel
from libbpf_iter.btf import Btf
from libbpf_iter.btf import types as bt
from libbpf_iter.btf.types import KIND_NAMES
from libbpf_iter.objects import packaged, packaged_targets
from libbpf_iter.relocate import roots
from libbpf_iter.rewrite import Elf


@pytest.mark.parametrize("target", packaged_targets())
def test_types_are_as_the_kernel_has_them(target: str) -> None:
    elf = Elf(packaged(target))
    needed = roots(elf, Btf(elf.section(".BTF")))
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
        if kind not in (bt.Kind.STRUCT, bt.Kind.UNION):
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


def test_both_readers_find_the_same_types() -> None:
    ours = kernel.btf()
    theirs = Btf(ours.data)
    assert len(ours) == len(theirs)
    assert list(ours.positions()) == list(theirs.positions())
    names = {ours[type_id].name for type_id in range(1, len(ours), 97)}
    # Many types of one name, the end of a longer name, none.
    names |= {"func", "task", "task_struct", "ask_struct", "no such type", "\udcff"}
    for name in names:
        assert (name in ours) == (name in theirs), name
        for kind in KIND_NAMES:
            assert ours.get(name, kind) == theirs.get(name, kind), name
