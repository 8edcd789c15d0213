"""Resolve the kfuncs that an object calls before libbpf sees it. Imports btf, rewrite; pure.

To find them, libbpf would parse and index the kernel's whole BTF, which takes longer than the rest of a load.
For a program that is run (walk_TARGET) it then needs that BTF for nothing at all; for an iterator it still
does, to find what the program attaches to. Only the package's own objects are linked here: others may call
kfuncs of modules, which libbpf finds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping

from .btf import Btf, Kind
from .btf.types import DataSec
from .btf.writer import Writer
from .rewrite import Elf

__all__ = ["declared", "link"]

_SECTION = ".ksyms"
_INSTRUCTION = struct.Struct("=BBhi")  # opcode, registers, offset, immediate
_CALL, _LOAD = 0x85, 0x18  # BPF_JMP | BPF_CALL, BPF_LD | BPF_IMM | BPF_DW
_HELPER, _KFUNC = 0, 2 << 4  # BPF_PSEUDO_KFUNC_CALL, as the source register
# No helper has this number, so the verifier rejects a program that may reach such a call.
_NO_FUNCTION = 0x7FFFFFFF


def declared(types: Btf) -> set[str]:
    """The names of the kernel's functions that an object may call."""
    section = types.get(_SECTION, Kind.DATASEC)
    node = types[section] if section is not None else None
    return {types.name(type_id) for type_id, _, _ in node.variables} if isinstance(node, DataSec) else set()


def link(elf: Elf, find: Callable[[Collection[str]], Mapping[str, int]]) -> None:
    """Resolve an object's kfunc calls: it refers to nothing in the kernel by name any more.

    ``find`` returns BTF ids by name. A function that it leaves out doesn't exist: ``bpf_ksym_exists()`` is
    false for it, and a call to it must be unreachable.
    """
    uses = elf.take_externs()
    if not uses:
        return
    ids = find({name for name, _ in uses})
    for name, place in uses:
        found = ids.get(name)
        if elf.instruction(place)[0] == _LOAD:
            elf.add_to_immediate(place, found is not None)
        elif found is None:
            elf.set_instruction(place, _INSTRUCTION.pack(_CALL, _HELPER, 0, _NO_FUNCTION))
        else:
            elf.set_instruction(place, _INSTRUCTION.pack(_CALL, _KFUNC, 0, found))
    types = Btf(elf.section(".BTF"))
    writer = Writer(types)
    writer.undeclare(types, types.find(_SECTION, Kind.DATASEC))
    elf.replace_section(".BTF", writer.finish())
