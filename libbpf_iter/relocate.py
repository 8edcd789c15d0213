"""The kernel types that an object's CO-RE relocations start from. Imports btf, errors, rewrite; pure.

At every load, libbpf searches all of the kernel's 130,000 types for each of them. Given a BTF with only
these types, it takes a third of the time.
"""

from __future__ import annotations

import struct

from .btf import Btf
from .errors import ObjectError
from .rewrite import Elf

__all__ = ["roots"]

# Documentation/bpf/llvm_reloc.rst: a type's id in vmlinux, which a BTF with fewer types can't give.
_TYPE_ID_TARGET = 7
_HEADER = struct.Struct("=HBBIIIIIII")


def roots(elf: Elf, types: Btf) -> frozenset[tuple[str, int]] | None:
    """The names and kinds of the types; None if the kernel's whole BTF is needed."""
    try:
        extension = elf.section(".BTF.ext")
    except ObjectError:
        return None  # Without it there are no relocations; libbpf reports what is wrong.
    relocations = _relocations(extension)
    if any(kind == _TYPE_ID_TARGET for _, kind in relocations):
        return None
    ids = {types.resolve(type_id) for type_id in {type_id for type_id, _ in relocations}}
    # A suffix that starts with three underscores isn't part of the kernel's name (CO-RE flavours).
    return frozenset((types.name(i).partition("___")[0], types.kind(i)) for i in ids)


def _relocations(extension: bytes) -> set[tuple[int, int]]:
    """The type and kind of each relocation in .BTF.ext: struct bpf_core_relo, grouped by section."""
    found: set[tuple[int, int]] = set()
    if len(extension) < _HEADER.size:
        return found
    _, _, _, header, _, _, _, _, start, length = _HEADER.unpack_from(extension)
    at, end = header + start, header + start + length
    if not length:
        return found
    try:
        (size,) = struct.unpack_from("=I", extension, at)
        relocation = struct.Struct(f"=4xI4xI{size - 16}x")
        at += 4
        while at < end:
            _, count = struct.unpack_from("=II", extension, at)
            at += 8
            found.update(relocation.iter_unpack(extension[at : at + count * size]))
            at += count * size
    except struct.error as error:
        raise ObjectError(f"the object's relocations are damaged: {error}") from None
    return found
