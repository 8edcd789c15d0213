"""The kernel's BTF at the speed of C: indexed, and what is needed of it taken out."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

from .._extension import ffi, lib
from ..btf import Btf
from ..btf.writer import blob
from ..errors import BtfError


def index_types(types: memoryview) -> tuple[Any, bytes, bytes]:
    """What :class:`.btf.reader.Btf` asks of an indexer."""
    section = ffi.from_buffer(types), len(types)
    count = lib.lbi_btf_index(*section, ffi.NULL, ffi.NULL, ffi.NULL, 0)
    if count < 0:
        raise BtfError("the BTF type section is damaged")
    offsets, names, kinds = array("I", bytes(count * 4)), bytearray(count * 4), bytearray(count)
    lib.lbi_btf_index(
        *section,
        ffi.from_buffer("uint32_t[]", offsets),
        ffi.from_buffer("uint32_t[]", names),
        ffi.from_buffer("uint8_t[]", kinds),
        count,
    )
    return offsets, bytes(names), bytes(kinds)


_EXTRACT_ROOM = 1 << 18
_LONGEST_ROOT = 250


def extract_types(btf: Btf, roots: Iterable[tuple[str, int]]) -> bytes | None:
    """The BTF of types by name and kind, and of those that values of them contain; None for too many."""
    encoded = [(kind, name.encode("utf-8", "surrogateescape")) for name, kind in roots]
    if any(len(name) > _LONGEST_ROOT for _, name in encoded):
        return None
    wanted = b"".join(bytes([len(name) + 3, kind]) + name + b"\0" for kind, name in encoded)
    types, strings = btf.sections()
    offsets = btf.positions()
    out, sizes = bytearray(2 * _EXTRACT_ROOM), ffi.new("size_t[2]")
    result = lib.lbi_btf_extract(
        ffi.from_buffer(types),
        ffi.from_buffer("uint32_t[]", offsets),
        len(offsets),
        ffi.from_buffer(strings),
        len(strings),
        wanted,
        len(wanted),
        ffi.from_buffer(out),
        _EXTRACT_ROOM,
        sizes,
    )
    if result < 0:
        return None
    return blob(bytes(out[: sizes[0]]), bytes(out[_EXTRACT_ROOM : _EXTRACT_ROOM + sizes[1]]))
