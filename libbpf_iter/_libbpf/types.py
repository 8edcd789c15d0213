"""The kernel's BTF at the speed of C: indexed, and what is needed of it taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._extension import ffi, lib
from ..btf import Btf
from ..btf.reader import Index
from ..btf.writer import blob
from ..errors import BtfError


class NativeBtf(Btf):
    """Types in this machine's byte order, without a base: the kernel's 130,000."""

    def _walk(self) -> Index:
        # No type is smaller than its head of 12 bytes. What of a bytearray isn't written to isn't
        # in memory either.
        room = len(self._types) // 12
        offsets, names, kinds = bytearray(room * 4), bytearray(room * 4), bytearray(room)
        count = lib.lbi_btf_index(
            ffi.from_buffer(self._types),
            len(self._types),
            ffi.from_buffer("uint32_t[]", offsets),
            ffi.from_buffer("uint32_t[]", names),
            ffi.from_buffer("uint8_t[]", kinds),
            room,
        )
        if count < 0:
            raise BtfError("the BTF type section is damaged")
        del offsets[count * 4 :], names[count * 4 :], kinds[count:]
        return memoryview(offsets).cast("I"), names, kinds

    def _find(self, name: str) -> Iterator[int]:
        names = ffi.from_buffer("uint32_t[]", self._index()[1])
        strings = ffi.from_buffer(self.sections()[1])
        wanted = name.encode("utf-8", "surrogateescape")
        room, found = 0, 16
        while found > room:
            room, places = found, ffi.new("uint32_t[]", found)
            found = lib.lbi_btf_named(names, len(names), strings, len(strings), wanted, places, room)
        for place in places[0:found]:
            yield self._first_id + place


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
