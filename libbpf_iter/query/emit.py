"""Trees to instructions. Imports asm, arithmetic, tree, kinds and errors.

A value is computed into r0; one that is needed later waits on the stack. r6 to r9 belong to the frame, see
:class:`Frame`. Jumps only go forward, so the program always ends, and the verifier sees each instruction few
times.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from .. import kinds
from ..asm import Assembler, Label
from ..btf import types as bt
from ..errors import ParameterError
from ..immutable import Immutable
from ..schema import Field
from . import tree
from .arithmetic import divide, floor_divide, shift
from .tree import Node, Number, Pointer

__all__ = ["Emitter", "Frame"]

R0, R1, R2, R3, R4, R5, FP = 0, 1, 2, 3, 4, 5, 10
# include/uapi/linux/bpf.h, enum bpf_func_id
PROBE_READ_KERNEL, PROBE_READ_KERNEL_STR, PER_CPU_PTR = 113, 115, 153
# Text behind a pointer is read onto the stack, and all frames together have 512 bytes of it.
TEXT_MAX = 64
_WAITING_MAX = 8
_S32 = range(-(1 << 31), 1 << 31)
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
# The result of a comparison whose left (right) operand is negative, while the other one can't be.
_LEFT_NEGATIVE = {"==": False, "!=": True, "<": True, "<=": True, ">": False, ">=": False}
_RIGHT_NEGATIVE = {"==": False, "!=": True, "<": False, "<=": False, ">": True, ">=": True}


class Frame(Immutable):
    """Where a program finds what it needs: as a register and an offset from it."""

    objects: Mapping[str, tuple[int, int]]  # the program's arguments: pointers and integers
    record: tuple[int, int] | None  # a pointer to the record
    columns: Mapping[str, int]  # the offsets of columns that aren't where their record has them
    texts: Mapping[str, tuple[int, int]]  # pointers to the text of columns that have one
    params: int  # the descriptor of the parameters' map; -1 for none
    stack: int  # how many bytes below the frame pointer are taken


class Emitter:
    """Appends the instructions that compute expressions, for one frame."""

    def __init__(self, out: Assembler, frame: Frame) -> None:
        self._out, self._frame = out, frame
        self._used = frame.stack
        self.deepest = frame.stack

    # ---- values -------------------------------------------------------------

    def value(self, node: Node) -> None:
        """Compute a number or an address into r0."""
        out = self._out
        match node:
            case tree.Constant():
                out.constant(R0, node.value)
            case tree.Param():
                out.map_value(R1, self._frame.params, node.index * 8)
                out.load(R0, R1, 0, 8)
            case tree.Object():
                base, offset = self._frame.objects[node.name]
                out.load(R0, base, offset, 8)
            case tree.Argument():
                base, offset = self._frame.objects[node.name]
                out.load(R0, base, offset, node.ctype.size)
                self._extend(node.ctype.size, isinstance(node.ctype.node, bt.Int) and node.ctype.node.signed)
            case tree.Column():
                self._column(node)
            case tree.Member():
                self._member(node)
            case tree.Cast():
                self.value(node.base)
                if node.kfunc:
                    out.move(R1, R0)
                    out.constant(R2, node.ctype.btf.resolve(node.ctype.id))
                    out.call_kfunc(node.kfunc)
            case tree.PerCpu():
                self._per_cpu(node)
            case tree.Unary():
                self.value(node.operand)
                if node.op == "-":
                    out.negate(R0)
                else:
                    out.alu_constant("^", R0, -1)
            case tree.Binary():
                self._binary(node)
            case tree.Choice():
                no, end = Label(), Label()
                self.branch(node.condition, no, False)
                self.value(node.yes)
                out.goto(end)
                out.place(no)
                self.value(node.no)
                out.place(end)
                out.move(R0, R0)
            case _:
                self._truth(node)

    def _truth(self, node: Node) -> None:
        """Compute a condition into r0, as 1 or 0."""
        yes, end = Label(), Label()
        self.branch(node, yes, True)
        self._out.constant(R0, 0)
        self._out.goto(end)
        self._out.place(yes)
        self._out.constant(R0, 1)
        self._out.place(end)
        # A label needs an instruction behind it; the kernel removes this one.
        self._out.move(R0, R0)

    def _extend(self, size: int, signed: bool) -> None:
        if signed and size < 8:
            self._out.alu_constant("<<", R0, 64 - size * 8)
            self._out.alu_constant("s>>", R0, 64 - size * 8)

    def _place(self, field: Field) -> int:
        return self._frame.columns.get(field.name, field.offset)

    def _column(self, node: tree.Column) -> None:
        assert self._frame.record is not None
        self._out.load(R1, *self._frame.record, 8)
        kind, offset = node.field.kind, self._place(node.field)
        if isinstance(kind, kinds.Nullable):
            kind = kind.inner
        if isinstance(kind, kinds.BitField):
            self._bits(R1, offset, kind.shift, kind.bits, kind.signed, aligned=True)
            return
        self._out.load(R0, R1, offset, kind.size)
        self._extend(kind.size, getattr(kind, "signed", False))

    def _member(self, node: tree.Member) -> None:
        self.value(node.base)
        assert isinstance(node.base.type, Pointer)
        size, signed, offset = node.ctype.size, bool(getattr(node.ctype.node, "signed", False)), node.offset
        if node.bits is not None:
            first, width = node.bits
            offset += first // 8
            size = next(s for s in (1, 2, 4, 8, 16) if first % 8 + width <= s * 8)
            if size == 16:
                raise ParameterError("columns", f"{node.path}: a bitfield over nine bytes can't be read")
        if not node.base.type.direct:
            place = self._take(8)
            self._probe(offset, size, FP, place)
            self._give(8)
            self._out.load(R0, FP, place, size)
        else:
            self._out.load(R0, R0, offset, size)
        if node.bits is not None:
            first, width = node.bits
            self._cut(first % 8, width, size, signed)
        else:
            self._extend(size, signed)

    def _per_cpu(self, node: tree.PerCpu) -> None:
        """Compute the address of a CPU's copy into r0; 0 for a null pointer, or a CPU that doesn't exist."""
        out, end = self._out, Label()
        self.value(node.base)
        out.jump_constant("==", R0, 0, end)
        place = self._take(8)
        out.store(FP, place, R0, 8)
        out.kernel_variable(R1, node.offsets)
        out.constant(R2, node.cpu)
        out.call(PER_CPU_PTR)
        out.jump_constant("==", R0, 0, end)
        out.load(R0, R0, 0, 8)
        out.load(R1, FP, place, 8)
        out.alu("+", R0, R1)
        self._give(8)
        out.place(end)
        out.move(R0, R0)

    def _probe(self, offset: int, size: int, base: int, place: int, helper: int = PROBE_READ_KERNEL) -> None:
        """Copy from the address in r0 by a helper, which gives zeros for memory that can't be read."""
        out = self._out
        out.move(R3, R0)
        if offset:
            out.alu_constant("+", R3, offset)
        out.move(R1, base)
        out.alu_constant("+", R1, place)
        out.constant(R2, size)
        out.call(helper)

    def _bits(self, base: int, offset: int, shift: int, width: int, signed: bool, *, aligned: bool) -> None:
        offset, shift = offset + shift // 8, shift % 8
        size = 1
        while shift + width > size * 8 or (aligned and offset % size):
            if aligned and offset % (size * 2):
                # Loads from the stack have to be aligned, so this one starts earlier.
                back = offset % (size * 2)
                offset, shift = offset - back, shift + back * 8
            size *= 2
        self._out.load(R0, base, offset, size)
        self._cut(shift, width, size, signed)

    def _cut(self, shift: int, width: int, size: int, signed: bool) -> None:
        if sys.byteorder == "big":
            shift = size * 8 - shift - width
        self._out.alu_constant("<<", R0, 64 - shift - width)
        self._out.alu_constant("s>>" if signed else ">>", R0, 64 - width)

    # ---- arithmetic ---------------------------------------------------------

    def _take(self, size: int) -> int:
        self._used += (size + 7) // 8 * 8
        self.deepest = max(self.deepest, self._used)
        if self._used - self._frame.stack > _WAITING_MAX * 8 + TEXT_MAX:
            raise ParameterError("where", "the expression needs more stack than BPF allows: nest it less")
        return -self._used

    def _give(self, size: int) -> None:
        self._used -= (size + 7) // 8 * 8

    def _both(self, left: Node, right: Node) -> None:
        """Compute the left operand into r0 and the right one into r1."""
        out = self._out
        if isinstance(right, tree.Constant):
            self.value(left)
            out.constant(R1, right.value)
            return
        self.value(left)
        place = self._take(8)
        out.store(FP, place, R0, 8)
        self.value(right)
        out.move(R1, R0)
        out.load(R0, FP, place, 8)
        self._give(8)

    def _binary(self, node: tree.Binary) -> None:
        left, right = tree.number(node.left), tree.number(node.right)
        out, op = self._out, node.op
        if op in ("<<", ">>"):
            self._shift(node, left)
            return
        if op in ("//", "%"):
            self._both(node.left, node.right)
            below_zero = any(number.signed and not number.nonnegative for number in (left, right))
            if below_zero and not tree.unsigned(left, right):
                floor_divide(out, op)
            else:
                divide(out, op)
            return
        if isinstance(node.right, tree.Constant) and node.right.value in _S32:
            self.value(node.left)
            out.alu_constant(op, R0, node.right.value)
            return
        self._both(node.left, node.right)
        out.alu(op, R0, R1)

    def _shift(self, node: tree.Binary, left: Number) -> None:
        out = self._out
        op = "<<" if node.op == "<<" else "s>>" if left.signed else ">>"
        if isinstance(node.right, tree.Constant):
            self.value(node.left)
            out.alu_constant(op, R0, node.right.value)
            return
        self._both(node.left, node.right)
        shift(out, op)

    # ---- truth --------------------------------------------------------------

    def branch(self, node: Node, to: Label, when: bool) -> None:
        """Jump if the truth of the node is ``when``; otherwise go on with what follows."""
        out = self._out
        match node:
            case tree.Not():
                self.branch(node.operand, to, not when)
            case tree.Logic():
                self._logic(node, to, when)
            case tree.Compare():
                self._compare(node, to, when)
            case tree.IsNull():
                self._is_null(node.operand, to, when)
            case tree.Matches():
                self._matches(node, to, when)
            case _:
                self.value(node)
                out.jump_constant("!=" if when else "==", R0, 0, to)

    def _logic(self, node: tree.Logic, to: Label, when: bool) -> None:
        # `or` is decided by the first part that is true, `and` by the first that is false.
        decides = node.op == "or"
        if decides == when:
            for part in node.parts:
                self.branch(part, to, when)
            return
        behind = Label()
        for part in node.parts[:-1]:
            self.branch(part, behind, decides)
        self.branch(node.parts[-1], to, when)
        self._land(behind)

    def _land(self, label: Label) -> None:
        self._out.place(label)
        self._out.constant(R0, 0)

    def _compare(self, node: tree.Compare, to: Label, when: bool) -> None:
        left, right = tree.number(node.left), tree.number(node.right)
        out, op, behind = self._out, node.op, Label()
        signed = not tree.unsigned(left, right)
        prefix = "" if not signed or op in ("==", "!=") else "s"
        jump = op if when else _OPPOSITE[op]
        if signed and isinstance(node.right, tree.Constant) and node.right.value in _S32:
            self.value(node.left)
            out.jump_constant(prefix + jump, R0, node.right.value, to)
            return
        self._both(node.left, node.right)
        if not signed:
            # A negative number compared with one that is too large for a signed number.
            for number, register, outcome in (
                (left, R0, _LEFT_NEGATIVE[op]),
                (right, R1, _RIGHT_NEGATIVE[op]),
            ):
                if number.signed and not number.nonnegative:
                    out.jump_constant("s<", register, 0, to if outcome == when else behind)
        out.jump(prefix + jump, R0, R1, to)
        self._land(behind)

    def _is_null(self, node: Node, to: Label, when: bool) -> None:
        out = self._out
        if not isinstance(node, tree.Column):
            self.value(node)
            out.jump_constant("==" if when else "!=", R0, 0, to)
            return
        assert self._frame.record is not None
        kind, offset = node.field.kind, self._place(node.field)
        out.load(R1, *self._frame.record, 8)
        if isinstance(kind, kinds.Nullable):
            out.load(R0, R1, offset, kind.size)
            out.constant(R1, (1 << kind.size * 8) - 1)
            out.jump("==" if when else "!=", R0, R1, to)
            return
        # The offset of a span, or the family of an address.
        out.load(R0, R1, offset, 4)
        out.jump_constant("==" if when else "!=", R0, 0, to)

    # ---- text ---------------------------------------------------------------

    def _matches(self, node: tree.Matches, to: Label, when: bool) -> None:
        differs = Label() if when else to
        operand, data, out = node.operand, node.data, self._out
        held = 0
        if isinstance(operand, tree.Column) and isinstance(operand.field.kind, kinds.Span):
            data = self._span(operand, data, differs)
            base, offset, aligned = R1, 0, True
        elif isinstance(operand, tree.Column):
            assert self._frame.record is not None
            out.load(R1, *self._frame.record, 8)
            base, offset, aligned = R1, self._place(operand.field), True
        elif (
            isinstance(operand, tree.Member)
            and isinstance(operand.base.type, Pointer)
            and operand.base.type.direct
        ):
            self.value(operand.base)
            out.move(R1, R0)
            base, offset, aligned = R1, operand.offset, False
        else:
            size = len(data) + 1
            if size > TEXT_MAX:
                raise ParameterError("where", f"a text of {len(data)} bytes is too long to be compared")
            held = (size + 7) // 8 * 8
            offset = self._take(held)
            self.address(operand)
            text = isinstance(operand, tree.String)
            self._probe(0, size, FP, offset, PROBE_READ_KERNEL_STR if text else PROBE_READ_KERNEL)
            base, aligned = FP, True
        for at, piece in pieces(data, offset, aligned):
            out.load(R0, base, at, len(piece))
            number = int.from_bytes(piece, sys.byteorder)
            if number < 1 << 31:
                out.jump_constant("!=", R0, number, differs)
            else:
                out.constant(R2, number)
                out.jump("!=", R0, R2, differs)
        self._give(held)
        if not data:
            # Every text starts with "", but the kernel refuses instructions that nothing jumps to.
            out.constant(R0, 0)
            out.jump_constant("!=", R0, 0, differs)
        if when:
            out.goto(to)
            self._land(differs)

    def _span(self, column: tree.Column, data: bytes, differs: Label) -> bytes:
        """Load the text's address into r1, unless its length rules it out; returns the bytes to compare."""
        assert self._frame.record is not None
        out, offset = self._out, self._place(column.field)
        whole = data.endswith(b"\0")
        data = data.removesuffix(b"\0")
        out.load(R1, *self._frame.record, 8)
        out.load(R0, R1, offset, 4)
        out.jump_constant("==", R0, 0, differs)
        out.load(R0, R1, offset + 4, 4)
        out.jump_constant("!=" if whole else "<", R0, len(data), differs)
        place = self._frame.texts.get(column.field.name)
        if place is None:
            message = f"{column.field.name!r}: the program doesn't pass this column's text to queries"
            raise ParameterError("where", message)
        # The verifier doesn't know that where there is a length, there is text.
        out.load(R1, *place, 8)
        out.jump_constant("==", R1, 0, differs)
        return data

    def address(self, node: Node) -> None:
        """Compute the address of a member, or of the text that a string's pointer leads to, into r0."""
        if isinstance(node, tree.String):
            self.value(node.base)
            return
        assert isinstance(node, tree.Member)
        self.value(node.base)
        if node.offset:
            self._out.alu_constant("+", R0, node.offset)

    # ---- results ------------------------------------------------------------

    def store(self, node: Node, base: int, offset: int, size: int) -> None:
        """Compute the node and store it at ``offset`` from the register ``base``."""
        out = self._out
        if isinstance(node, tree.Column):
            assert self._frame.record is not None
            field = node.field
            if not isinstance(field.kind, kinds.BitField):
                out.load(R1, *self._frame.record, 8)
                start = self._place(field)
                for at, length in spans(start, size, aligned=True):
                    out.load(R0, R1, at, length)
                    out.store(base, offset + at - start, R0, length)
                return
        if isinstance(node, tree.String):
            out.constant(R0, 0)
            for at in range(0, size, 8):
                out.store(base, offset + at, R0, 8)
            self.address(node)
            self._probe(0, size, base, offset, PROBE_READ_KERNEL_STR)
            return
        if isinstance(node, tree.Member) and isinstance(node.type, tree.Text | tree.Whole):
            if _direct(node) and isinstance(node.type, tree.Text) and size <= 64:
                self.value(node.base)
                out.move(R1, R0)
                for at, length in spans(node.offset, size, aligned=False):
                    out.load(R0, R1, at, length)
                    out.store(base, offset + at - node.offset, R0, length)
                return
            self.address(node)
            self._probe(0, size, base, offset)
            return
        self.value(node)
        out.store(base, offset, R0, size)


def _direct(node: tree.Member) -> bool:
    return isinstance(node.base.type, Pointer) and node.base.type.direct


def spans(offset: int, size: int, *, aligned: bool) -> Iterator[tuple[int, int]]:
    """The loads that cover a stretch of memory: the offset and size of each."""
    at, end = offset, offset + size
    while at < end:
        length = next(s for s in (8, 4, 2, 1) if s <= end - at and not (aligned and at % s))
        yield at, length
        at += length


def pieces(data: bytes, offset: int, aligned: bool) -> Iterator[tuple[int, bytes]]:
    """The same for bytes that are to be compared: the offset of each load, and what it must give."""
    for at, length in spans(offset, len(data), aligned=aligned):
        yield at, data[at - offset : at - offset + length]
