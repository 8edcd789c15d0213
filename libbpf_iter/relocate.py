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
    relocations = _relocations(extension)
    if any(kind == _TYPE_ID_TARGET for _, kind in relocations):
        return None
    ids = {types.resolve(type_id) for type_id in {type_id for type_id, _ in relocations}}
    # What is behind three underscores tells versions of a type apart, and is ours alone.
    return frozenset((types.name(i).partition("___")[0], Kind(types.kind(i))) for i in ids)


def _relocations(extension: bytes) -> set[tuple[int, int]]:
    """Type and kind of each, out of .BTF.ext: struct bpf_core_relo by section."""
    found: set[tuple[int, int]] = set()
    if len(extension) < _HEADER.size:
        return found
    _, _, _, header, _, _, _, _, start, length = _HEADER.unpack_from(extension)
    at, end = header + start, header + start + length
    if not length:
        return found
    try:
        (size,) = struct.unpack_from("=I", extension, at)
        at += 4
        while at < end:
            _, count = struct.unpack_from("=II", extension, at)
            at += 8
            for _ in range(count):
                _, type_id, _, kind = struct.unpack_from("=IIII", extension, at)
                found.add((type_id, kind))
                at += size
    except struct.error as error:
        raise ObjectError(f"the object's relocations are damaged: {error}") from None
    return found
