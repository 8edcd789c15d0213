"""Which types of the kernel an object's relocations begin at (CO-RE). Imports btf, errors, rewrite; pure.

libbpf looks through all 130,000 types of the kernel for each of these, at every
load; given a BTF of those alone, it needs a third of the time.
"""

from __future__ import annotations

import struct

from .btf import Btf, Kind
from .errors import ObjectError
from .rewrite import Elf

__all__ = ["roots"]

# Documentation/bpf/llvm_reloc.rst: a type's id in the kernel's own BTF, which a smaller one doesn't keep.
_TYPE_ID_TARGET = 7
_HEADER = struct.Struct("=HBBIIIIIII")


def roots(data: bytes) -> frozenset[tuple[str, Kind]] | None:
    """Names and kinds of the types; None where the whole of the kernel's BTF is needed."""
    elf = Elf(data)
    try:
        types, extension = Btf(elf.section(".BTF")), elf.section(".BTF.ext")
    except ObjectError:
        return None  # Without either there are no relocations, and libbpf says what it thinks of that.
    found = set()
    for type_id, kind in _relocations(extension):
        if kind == _TYPE_ID_TARGET:
            return None
        node = types[types.resolve(type_id)]
        # What is behind three underscores tells versions of a type apart, and is ours alone.
        found.add((node.name.partition("___")[0], node.kind))
    return frozenset(found)


def _relocations(extension: bytes) -> list[tuple[int, int]]:
    """Type and kind of each, out of .BTF.ext: struct bpf_core_relo by section."""
    if len(extension) < _HEADER.size:
        return []
    _, _, _, header, _, _, _, _, start, length = _HEADER.unpack_from(extension)
    at, end, found = header + start, header + start + length, []
    if not length:
        return []
    try:
        (size,) = struct.unpack_from("=I", extension, at)
        at += 4
        while at < end:
            _, count = struct.unpack_from("=II", extension, at)
            at += 8
            for _ in range(count):
                _, type_id, _, kind = struct.unpack_from("=IIII", extension, at)
                found.append((type_id, kind))
                at += size
    except struct.error as error:
        raise ObjectError(f"the object's relocations are damaged: {error}") from None
    return found
