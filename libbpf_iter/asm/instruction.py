"""One BPF instruction: from bytes, to bytes, and as ``llvm-objdump`` prints it. Imports immutable, errors.

Documentation/bpf/standardization/instruction-set.rst has the encoding: an opcode, two registers in a byte, a
16-bit offset, and a 32-bit immediate. The load of a 64-bit immediate takes two slots; here it is a single
instruction that is ``wide``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from ..errors import ObjectError
from ..immutable import Immutable

__all__ = ["Instruction", "decode", "encode"]

_CODE = struct.Struct("<BBhi")

# The low three bits of an opcode.
LD, LDX, _ST, STX, ALU, JMP, JMP32, ALU64 = range(8)
IMM, MEM = 0x00, 0x60
SIZES = {4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18}
_SIZE_OF = {code: size for size, code in SIZES.items()}
REGISTER = 0x08  # the source operand is a register, not the immediate

ALU_OPS = {
    "+": 0x00,
    "-": 0x10,
    "*": 0x20,
    "/": 0x30,
    "|": 0x40,
    "&": 0x50,
    "<<": 0x60,
    ">>": 0x70,
    "neg": 0x80,
    "^": 0xA0,
    "=": 0xB0,
    "s>>": 0xC0,
}
_ALU_OF = {code: op for op, code in ALU_OPS.items()}
JUMPS = {
    "goto": 0x00,
    "==": 0x10,
    ">": 0x20,
    ">=": 0x30,
    "!=": 0x50,
    "s>": 0x60,
    "s>=": 0x70,
    "<": 0xA0,
    "<=": 0xB0,
    "s<": 0xC0,
    "s<=": 0xD0,
}
_JUMP_OF = {code: op for op, code in JUMPS.items()}
CALL, EXIT = 0x80, 0x90

# What the immediate of a wide load or of a call is, by its source register (include/uapi/linux/bpf.h).
MAP_FD, MAP_VALUE, BTF_ID = 1, 2, 3
KFUNC = 2


class Instruction(Immutable):
    """``offset`` counts slots in a jump, and bytes in a load or store."""

    opcode: int
    dst: int = 0
    src: int = 0
    offset: int = 0
    imm: int = 0

    @property
    def wide(self) -> bool:
        return self.opcode == LD | IMM | SIZES[8]

    @property
    def slots(self) -> int:
        return 2 if self.wide else 1

    @property
    def jumps(self) -> bool:
        """Whether it can go on at another instruction, by ``offset``."""
        return self.opcode & 7 in (JMP, JMP32) and self.opcode & 0xF0 not in (CALL, EXIT)

    def encode(self) -> bytes:
        registers = self.src << 4 | self.dst
        low = (self.imm & 0xFFFFFFFF) - ((self.imm & 0x80000000) << 1)
        first = _CODE.pack(self.opcode, registers, self.offset, low)
        if not self.wide:
            return first
        high = self.imm >> 32 & 0xFFFFFFFF
        return first + _CODE.pack(0, 0, 0, high - ((high & 0x80000000) << 1))

    def __str__(self) -> str:
        kind, op, dst, src = self.opcode & 7, self.opcode & 0xF0, f"r{self.dst}", f"r{self.src}"
        if self.wide:
            if self.src:
                known = {MAP_FD: "map_fd", MAP_VALUE: "map_value", BTF_ID: "btf_id"}
                what = known.get(self.src, f"pseudo {self.src}")
                return f"{dst} = {what} {self.imm & 0xFFFFFFFF} + {self.imm >> 32} ll"
            return f"{dst} = {self.imm:#x} ll"
        if kind in (LDX, STX):
            width = f"u{_SIZE_OF[self.opcode & 0x18] * 8}"
            base = dst if kind != LDX else src
            place = f"*({width} *)({base} {'-' if self.offset < 0 else '+'} {abs(self.offset):#x})"
            if kind == LDX:
                return f"{dst} = {place}"
            return f"{place} = {src}"
        if kind in (ALU, ALU64):
            name = "w" if kind == ALU else "r"
            dst, src = name + dst[1:], name + src[1:]
            operand = src if self.opcode & REGISTER else f"{self.imm:#x}"
            symbol = _ALU_OF[op]
            if symbol == "neg":
                return f"{dst} = -{dst}"
            return f"{dst} = {operand}" if symbol == "=" else f"{dst} {symbol}= {operand}"
        if op == EXIT:
            return "exit"
        if op == CALL:
            return f"call {'kfunc ' if self.src == KFUNC else ''}{self.imm:#x}"
        name = "w" if kind == JMP32 else "r"
        to = f"goto {self.offset:+#x}"
        if _JUMP_OF[op] == "goto":
            return to
        operand = name + src[1:] if self.opcode & REGISTER else f"{self.imm:#x}"
        return f"if {name}{dst[1:]} {_JUMP_OF[op]} {operand} {to}"


def encode(instructions: Iterable[Instruction]) -> bytes:
    return b"".join(instruction.encode() for instruction in instructions)


def decode(code: bytes) -> list[Instruction]:
    """The instructions of a program; :class:`ObjectError` for one that isn't known here."""
    if len(code) % 8:
        raise ObjectError(f"{len(code)} bytes aren't a whole number of instructions")
    found, at = [], 0
    while at < len(code):
        opcode, registers, offset, imm = _CODE.unpack_from(code, at)
        at += 8
        if opcode == LD | IMM | SIZES[8]:
            if at >= len(code):
                raise ObjectError("the last instruction lacks its second half")
            imm = imm & 0xFFFFFFFF | (_CODE.unpack_from(code, at)[3] & 0xFFFFFFFF) << 32
            at += 8
        instruction = Instruction(opcode, registers & 15, registers >> 4, offset, imm)
        if not _known(instruction):
            raise ObjectError(f"unknown opcode {opcode:#04x} at byte {at - 8}")
        found.append(instruction)
    return found


def _known(instruction: Instruction) -> bool:
    opcode, kind = instruction.opcode, instruction.opcode & 7
    if instruction.dst > 10 or instruction.src > 10:
        return False
    if kind == LD:
        return instruction.wide
    if kind in (LDX, STX):
        return opcode & 0xE0 == MEM
    if kind in (ALU, ALU64):
        return opcode & 0xF0 in _ALU_OF
    if kind == _ST:
        return False
    return opcode & 0xF0 in _JUMP_OF or (kind == JMP and opcode & 0xF0 in (CALL, EXIT))
