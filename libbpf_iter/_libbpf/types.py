"""The kernel's BTF, indexed and searched in C, and the extraction of a part of it."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence

from .._extension import ffi, lib
from ..btf import Btf
from ..btf.reader import Index
from ..btf.writer import blob
from ..errors import BtfError


def map_file(fd: int) -> memoryview | None:
    """Map a file; None if that can't be done. Unlike Python's mmap, this keeps no descriptor open."""
    size = os.fstat(fd).st_size
    address = lib.lbi_file_map(fd, size)
    if address == ffi.NULL:
        return None
    owner = ffi.gc(address, lambda memory: lib.lbi_file_unmap(memory, size), size)
    return memoryview(ffi.buffer(owner, size)).toreadonly()


def _room(size: int) -> memoryview:
    """Memory that is allocated page by page as it is written to; a bytearray would be cleared first."""
    return memoryview(mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


class NativeBtf(Btf):
    """BTF of the native byte order, without a base: that of vmlinux, with some 130,000 types."""

    def _walk(self) -> Index:
        room = len(self._types) // 12  # No type is smaller than its head of 12 bytes.
        offsets, names, kinds = _room(room * 4), _room(room * 4), _room(room)
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
        return offsets[: count * 4].cast("I"), names[: count * 4], kinds[:count]

    def _string_at(self, start: int) -> bytes:
        found: bytes = ffi.string(ffi.from_buffer("char[]", self._strings) + start)
        return found

    def _find(self, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {name: [] for name in names}
        wanted = sorted(
            {n.encode("utf-8", "surrogateescape"): n for n in found if n and "\0" not in n}.items()
        )
        of_types = ffi.from_buffer("uint32_t[]", self._index()[1])
        strings = ffi.from_buffer(self.sections()[1])
        sought = b"".join(encoded + b"\0" for encoded, _ in wanted)
        room, count = 0, 4 * len(wanted)
        while count > room:
            room, pairs = count, ffi.new("uint32_t[]", 2 * count)
            count = lib.lbi_btf_named(
                of_types, len(of_types), strings, len(strings), sought, len(wanted), pairs, room
            )
        if count < 0:
            raise MemoryError("not enough memory to look up names in BTF")
        for at in range(0, 2 * count, 2):
            found[wanted[pairs[at]][1]].append(self._first_id + pairs[at + 1])
        return {name: tuple(ids) for name, ids in found.items()}


_EXTRACT_ROOM = 1 << 18


def extract_types(btf: Btf, roots: Sequence[int]) -> bytes | None:
    """A BTF of these types and those that they contain, pointers not followed; None if it gets too large."""
    types, strings = btf.sections()
    offsets = btf.positions()
    out, sizes = _room(2 * _EXTRACT_ROOM), ffi.new("size_t[2]")
    result = lib.lbi_btf_extract(
        ffi.from_buffer(types),
        ffi.from_buffer("uint32_t[]", offsets),
        len(offsets),
        ffi.from_buffer(strings),
        len(strings),
        ffi.new("uint32_t[]", roots),
        len(roots),
        ffi.from_buffer(out),
        _EXTRACT_ROOM,
        sizes,
    )
    if result < 0:
        return None
    return blob(bytes(out[: sizes[0]]), bytes(out[_EXTRACT_ROOM : _EXTRACT_ROOM + sizes[1]]))
