"""The kernel's functions that an object calls, linked before libbpf sees it. Imports btf, rewrite; pure.

libbpf reads the whole of the kernel's BTF to find them, and indexes it, which takes longer than all else
that it does for a load. A program that is run needs nothing else of it; an iterator's does: what it attaches
to. Objects that aren't the package's may call modules, whose functions libbpf alone finds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping

from .btf import Btf, Kind
from .btf.writer import Writer
from .rewrite import Elf

__all__ = ["linked"]

_SECTION = ".ksyms"
_INSTRUCTION = struct.Struct("=BBhi")  # opcode, registers, offset, immediate
_CALL, _LOAD = 0x85, 0x18  # BPF_JMP | BPF_CALL, BPF_LD | BPF_IMM | BPF_DW
_HELPER, _KFUNC = 0, 2 << 4  # BPF_PSEUDO_KFUNC_CALL, as the source register
# No helper has this number: where a program may get there, the verifier refuses it.
_NO_FUNCTION = 0x7FFFFFFF


def linked(data: bytes, find: Callable[[Collection[str]], Mapping[str, int]]) -> bytes:
    """The same object, which needs nothing of the kernel by name: what it calls is called by BTF id.

    ``find`` says the ids; what isn't among them the kernel lacks, in its modules, too. Then
    ``bpf_ksym_exists()`` is false, and a call must not be reached.
    """
    elf = Elf(data)
    uses = elf.take_externs()
    if not uses:
        return data
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
    return elf.finish()
