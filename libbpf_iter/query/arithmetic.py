"""Python's integer operators, where BPF's differ from them. Imports asm.

The operands are in r0 and r1, the result in r0; r2 to r5 are overwritten. BPF has no signed division before
v4, and takes the count of a shift modulo 64.
"""

from __future__ import annotations

from ..asm import Assembler, Label

__all__ = ["divide", "floor_divide", "shift"]

_R0, _R1, _R2, _R3, _R4, _R5 = range(6)


def shift(out: Assembler, op: str) -> None:
    """Shift r0 by r1: ``<<``, ``>>``, or ``s>>`` for a signed number; bits shifted beyond 64 are lost."""
    far, end = Label(), Label()
    out.jump_constant(">", _R1, 63, far)
    out.alu(op, _R0, _R1)
    out.goto(end)
    out.place(far)
    if op == "s>>":
        out.alu_constant(op, _R0, 63)
    else:
        out.constant(_R0, 0)
    out.place(end)
    out.move(_R0, _R0)  # a label needs an instruction behind it


def divide(out: Assembler, op: str) -> None:
    """r0 // r1 or r0 % r1 of numbers that can't be negative; x // 0 is 0, and x % 0 is x."""
    out.move(_R2, _R0)
    out.alu("/", _R0, _R1)
    if op == "%":
        out.alu("*", _R0, _R1)
        out.alu("-", _R2, _R0)
        out.move(_R0, _R2)


def floor_divide(out: Assembler, op: str) -> None:
    """r0 // r1 or r0 % r1 of signed numbers, rounded down as Python does; x // 0 is 0, and x % 0 is x."""
    positive, positive_too, same, zero = Label(), Label(), Label(), Label()
    out.move(_R2, _R0)
    out.move(_R3, _R1)
    out.move(_R5, _R0)
    out.alu("^", _R5, _R1)  # negative if the signs differ
    out.constant(_R4, 0)
    out.jump_constant("==", _R1, 0, zero)
    # The quotient of the absolute values ...
    out.jump_constant("s>=", _R2, 0, positive)
    out.negate(_R2)
    out.place(positive)
    out.jump_constant("s>=", _R3, 0, positive_too)
    out.negate(_R3)
    out.place(positive_too)
    out.move(_R4, _R2)
    out.alu("/", _R4, _R3)
    out.jump_constant("s>=", _R5, 0, same)
    # ... is negated if the signs differ, and one less if anything remains.
    out.move(_R5, _R4)
    out.alu("*", _R5, _R3)
    out.alu("-", _R2, _R5)
    out.negate(_R4)
    out.jump_constant("==", _R2, 0, same)
    out.alu_constant("-", _R4, 1)
    out.place(same)
    out.place(zero)
    if op == "//":
        out.move(_R0, _R4)
    else:
        out.alu("*", _R4, _R1)
        out.alu("-", _R0, _R4)
