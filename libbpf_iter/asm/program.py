"""An assembler: instructions by name, jumps to labels. Imports instruction and errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ObjectError
from . import instruction as i
from .instruction import Instruction

__all__ = ["Assembler", "Label"]

_REACH = 0x7FFF


class Label:
    """A place in a program that jumps can go to, whether or not it has been placed yet."""

    __slots__ = ("position",)

    def __init__(self) -> None:
        self.position: int | None = None


class Assembler:
    """A program that is being written. Registers are given by number; r10 is the frame pointer.

    Each instruction keeps the note that was current when it was appended, which says what it is for.
    """

    def __init__(self) -> None:
        self._instructions: list[Instruction] = []
        self._targets: list[Label | None] = []
        self.notes: list[str] = []
        self._note = ""

    @contextmanager
    def note(self, text: str) -> Iterator[None]:
        before, self._note = self._note, text
        try:
            yield
        finally:
            self._note = before

    def _add(self, instruction: Instruction, target: Label | None = None) -> None:
        self._instructions.append(instruction)
        self._targets.append(target)
        self.notes.append(self._note)

    # ---- data ---------------------------------------------------------------

    def move(self, dst: int, src: int) -> None:
        self._add(Instruction(i.ALU64 | i.REGISTER | i.ALU_OPS["="], dst, src))

    def constant(self, dst: int, value: int) -> None:
        """Load a constant of up to 64 bits, signed or unsigned."""
        value = (value & (1 << 64) - 1) - ((value & 1 << 63) << 1)
        if -1 << 31 <= value < 1 << 31:
            self._add(Instruction(i.ALU64 | i.ALU_OPS["="], dst, imm=value))
        else:
            self._add(Instruction(i.LD | i.IMM | i.SIZES[8], dst, imm=value & (1 << 64) - 1))

    def map_value(self, dst: int, fd: int, offset: int) -> None:
        """Load the address of a byte in the value of a single-element array map."""
        self._add(Instruction(i.LD | i.IMM | i.SIZES[8], dst, i.MAP_VALUE, imm=offset << 32 | fd))

    def kernel_variable(self, dst: int, type_id: int) -> None:
        """Load the address of a kernel variable, given by its id in the kernel's BTF."""
        self._add(Instruction(i.LD | i.IMM | i.SIZES[8], dst, i.BTF_ID, imm=type_id))

    def load(self, dst: int, base: int, offset: int, size: int) -> None:
        self._add(Instruction(i.LDX | i.MEM | i.SIZES[size], dst, base, offset))

    def store(self, base: int, offset: int, src: int, size: int) -> None:
        self._add(Instruction(i.STX | i.MEM | i.SIZES[size], base, src, offset))

    def alu(self, op: str, dst: int, src: int) -> None:
        self._add(Instruction(i.ALU64 | i.REGISTER | i.ALU_OPS[op], dst, src))

    def alu_constant(self, op: str, dst: int, value: int) -> None:
        """``value`` fits 32 bits with a sign."""
        self._add(Instruction(i.ALU64 | i.ALU_OPS[op], dst, imm=value))

    def negate(self, dst: int) -> None:
        self._add(Instruction(i.ALU64 | i.ALU_OPS["neg"], dst))

    # ---- control ------------------------------------------------------------

    def goto(self, label: Label) -> None:
        self._add(Instruction(i.JMP | i.JUMPS["goto"]), label)

    def jump(self, op: str, dst: int, src: int, label: Label) -> None:
        self._add(Instruction(i.JMP | i.REGISTER | i.JUMPS[op], dst, src), label)

    def jump_constant(self, op: str, dst: int, value: int, label: Label) -> None:
        """``value`` fits 32 bits with a sign."""
        self._add(Instruction(i.JMP | i.JUMPS[op], dst, imm=value), label)

    def call(self, helper: int) -> None:
        self._add(Instruction(i.JMP | i.CALL, imm=helper))

    def call_kfunc(self, type_id: int) -> None:
        """Call a kernel function, given by the id of its FUNC in the kernel's BTF."""
        self._add(Instruction(i.JMP | i.CALL, 0, i.KFUNC, imm=type_id))

    def exit(self) -> None:
        self._add(Instruction(i.JMP | i.EXIT))

    def place(self, label: Label) -> None:
        if label.position is not None:
            raise ValueError("the label is already placed")
        label.position = len(self._instructions)

    def leads_to(self, label: Label) -> bool:
        """Whether any jump so far goes there; the kernel refuses instructions that can't be reached."""
        return label in self._targets

    # ---- the whole ----------------------------------------------------------

    def __len__(self) -> int:
        return len(self._instructions)

    def finish(self) -> list[Instruction]:
        """The instructions, with the offsets of all jumps filled in."""
        slots = [0]
        for instruction in self._instructions:
            slots.append(slots[-1] + instruction.slots)
        done = []
        for at, (instruction, target) in enumerate(zip(self._instructions, self._targets, strict=True)):
            if target is not None:
                if target.position is None:
                    raise ValueError("a jump goes to a label that was never placed")
                distance = slots[target.position] - slots[at + 1]
                if abs(distance) > _REACH:
                    raise ObjectError(f"a jump over {distance} instructions is further than BPF can jump")
                instruction = Instruction(
                    instruction.opcode, instruction.dst, instruction.src, distance, instruction.imm
                )
            done.append(instruction)
        return done
