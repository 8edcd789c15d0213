"""Queries to bytecode and BTF: for a program's slot, or as a whole program. Imports all of query, btf, asm.

Both compute the same expressions and fill the same kind of struct, but find the kernel's objects in different
places. A slot finds them, and the record that its program has filled, through the struct that it is passed
(progs/emit.h); a whole program finds them in its context.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from .. import kinds
from ..asm import Assembler, Label, encode
from ..asm.instruction import BTF_ID, Instruction
from ..btf import Btf, Kind
from ..btf import types as bt
from ..btf.writer import Writer
from ..errors import ParameterError, SchemaError
from ..immutable import Immutable
from ..layout import record_struct
from ..schema import Field, Schema
from . import tree
from .ask import Asked
from .emit import FP, Emitter, Frame
from .result import STRING_SIZE, Place, Result, record_members, redirect
from .scope import Scope
from .tree import ROOM, Number, Whole, pointed_text

__all__ = ["Compiled", "fits", "plain_columns", "slot", "whole_program"]

STACK_ROOM = 320  # of the stack's 512 bytes, what the record of a whole program may take
SEQ_WRITE = 127  # include/uapi/linux/bpf.h, enum bpf_func_id


class Compiled(Immutable):
    """Instructions, a note for each of them, and the BTF of what is output."""

    instructions: tuple[Instruction, ...]
    notes: tuple[str, ...]
    btf: bytes
    size: int  # of the struct that is output; 0 if that is the program's own record
    function: int = 0  # the id of the main function in the BTF, for a whole program

    @property
    def code(self) -> bytes:
        return encode(self.instructions)

    def note_of(self, slot: int) -> str:
        """What the instruction at this 8-byte slot is for."""
        at = 0
        for instruction, note in zip(self.instructions, self.notes, strict=True):
            at += instruction.slots
            if slot < at:
                return note
        return ""

    def note_of_variable(self) -> str:
        """What the first instruction that names a variable of the kernel is for."""
        for instruction, note in zip(self.instructions, self.notes, strict=True):
            if instruction.wide and instruction.src == BTF_ID:
                return note
        return ""


def _filter(out: Assembler, emitter: Emitter, asked: Asked, drop: Label) -> None:
    """Jump to ``drop`` if the filter doesn't keep the object."""
    if asked.where is not None:
        with out.note("where"):
            emitter.branch(asked.where, drop, False)


def _fill(out: Assembler, emitter: Emitter, places: Sequence[Place], base: int, offset: int) -> None:
    """Compute the columns into the struct at ``offset`` from the register ``base``."""
    for place in places:
        with out.note(f"columns: {place.name}"):
            emitter.store(place.node, base, offset + place.offset, place.size)


def _return(out: Assembler, note: str, value: int) -> None:
    with out.note(note):
        out.constant(0, value)
        out.exit()


# ---- for a slot -------------------------------------------------------------

_SLOT, _RESULT = 6, 7  # registers: the struct that a slot is passed, and where its result goes


def slot(
    asked: Asked,
    btf: Btf,
    record: str | None,
    whole: Schema,
    params: int,
    places: Mapping[str, int] = MappingProxyType({}),
) -> Compiled:
    """A query for the slot of a program whose BTF is ``btf``; ``whole`` is its record's schema.

    ``params`` is the descriptor of the parameters' map, -1 for none. ``places`` has the offsets of those
    of the record's columns that the program puts elsewhere than its record says.
    """
    members = _slot_members(btf)
    if members is None:
        message = "the program has no SLOT() (emit.h), which where= and expressions as columns need"
        raise ParameterError("columns" if asked.where is None else "where", message)
    writer = Writer(btf)
    result, size = _slot_result(writer, asked, btf, record, whole)
    in_slot = {name: (_SLOT, offset) for name, offset in members.items()}
    out, fill, drop = Assembler(), Label(), Label()
    emitter = Emitter(out, Frame(in_slot, in_slot["record"], places, in_slot, params, 0))
    _slot_entry(out, asked, members, size, drop)
    if size:
        # The program calls twice: to learn whether to keep the object, and then for the result.
        with out.note("is there a result to fill?"):
            out.jump_constant("!=", _RESULT, 0, fill)
    _filter(out, emitter, asked, drop)
    _return(out, "keep the object", 1)
    if size:
        out.place(fill)
        _fill(out, emitter, result.places, _RESULT, 0)
        _return(out, "the result is filled", 1)
    if out.leads_to(drop):
        out.place(drop)
        _return(out, "drop the object", 0)
    return Compiled(tuple(out.finish()), tuple(out.notes), writer.finish(), size)


def _slot_members(btf: Btf) -> dict[str, int] | None:
    """The members of the struct that a program's slot is passed, with their offsets; None without a slot."""
    function = btf.get("query_slot", Kind.FUNC)
    if function is None:
        return None
    node = btf[function]
    proto = btf[node.type_id]  # type: ignore[attr-defined]
    if not isinstance(proto, bt.FuncProto) or len(proto.params) != 1:
        raise SchemaError("query_slot() doesn't take one struct")
    pointer = btf[btf.resolve(proto.params[0][1])]
    if not isinstance(pointer, bt.Pointer):
        raise SchemaError("query_slot() doesn't take a pointer")
    return {m.name: m.bit_offset // 8 for m in btf.flat_members(pointer.type_id)}


def _slot_result(
    writer: Writer, asked: Asked, btf: Btf, record: str | None, whole: Schema
) -> tuple[Result, int]:
    """The struct that is output and its size; 0 if the record itself is."""
    result = Result(writer, ROOM)
    if asked.columns is None:
        return result, 0
    if whole.framed:
        # The record's own length leads, and data of variable length follows the struct.
        first = btf.flat_members(record_struct(btf, record))[0]
        field = Field(first.name, 0, kinds.Integer(4, False), "rec_size")
        result.add_own(field, tree.Column(field, Number(True)), first.type_id)
    result.add_columns(asked, record_members(btf, record))
    struct_id, size = result.finish()
    redirect(writer, btf, struct_id)
    return result, size


def _slot_entry(out: Assembler, asked: Asked, members: Mapping[str, int], size: int, drop: Label) -> None:
    """Keep the argument and the result's address, and drop objects that aren't there."""
    with out.note("the slot's argument"):
        out.move(_SLOT, 1)
        if size:
            out.load(_RESULT, _SLOT, members["result"], 8)
        for name in sorted(asked.objects):
            if name not in members:
                message = f"the program doesn't pass {name!r} to queries"
                raise ParameterError("columns", message)
            if isinstance(asked.scope.objects[name], tree.Argument):
                continue
            # The program has tested it for NULL, but the verifier may not know that here.
            out.load(0, _SLOT, members[name], 8)
            out.jump_constant("==", 0, 0, drop)


# ---- a whole program --------------------------------------------------------

_CONTEXT = 6  # the register that keeps it


def whole_program(asked: Asked, btf: Btf, context: int, params: int) -> Compiled:
    """A complete program for a target whose context is the struct ``context`` of the kernel's BTF.

    The record is built on the stack, with the objects below it. ``params`` as for :func:`slot`.
    """
    writer = Writer()
    result = Result(writer, STACK_ROOM)
    result.add_columns(asked, {})
    struct_id, size = result.finish()
    writer.variable("record_type", writer.pointer(writer.const(struct_id)))
    offsets = {m.name: m.bit_offset // 8 for m in btf.flat_members(context)}
    out, end = Assembler(), Label()
    objects, stack = _keep_objects(out, asked, offsets, size, end)
    with out.note("the record, empty"):
        out.constant(0, 0)
        for at in range(0, size, 8):
            out.store(FP, at - size, 0, 8)
    emitter = Emitter(out, Frame(objects, None, {}, {}, params, stack))
    _filter(out, emitter, asked, end)
    _fill(out, emitter, result.places, FP, -size)
    with out.note("output it"):
        out.load(1, _CONTEXT, offsets["meta"], 8)
        out.load(1, 1, _offset_of_seq(btf), 8)
        out.move(2, FP)
        out.alu_constant("+", 2, -size)
        out.constant(3, size)
        out.call(SEQ_WRITE)
    out.place(end)
    _return(out, "the end", 0)
    function = writer.function("query")
    return Compiled(tuple(out.finish()), tuple(out.notes), writer.finish(), size, function)


def _keep_objects(
    out: Assembler, asked: Asked, offsets: Mapping[str, int], stack: int, end: Label
) -> tuple[dict[str, tuple[int, int]], int]:
    """Put the objects that are needed on the stack; returns where each is, and how much stack is taken."""
    needed = {*asked.objects, asked.scope.target}
    places: dict[str, tuple[int, int]] = {}
    with out.note("the program's arguments"):
        out.move(_CONTEXT, 1)
        for name, node in asked.scope.objects.items():
            if isinstance(node, tree.Argument):
                places[name] = (_CONTEXT, offsets[name])
            elif name in needed:
                # At the walk's end the object is NULL, and the verifier wants every pointer tested.
                out.load(0, _CONTEXT, offsets[name], 8)
                if name != "meta":
                    out.jump_constant("==", 0, 0, end)
                stack += 8
                places[name] = (FP, -stack)
                out.store(FP, -stack, 0, 8)
    return places, stack


def _offset_of_seq(btf: Btf) -> int:
    members = btf.flat_members(btf.find("bpf_iter_meta", Kind.STRUCT))
    return next(m.bit_offset // 8 for m in members if m.name == "seq")


def fits(asked: Asked) -> bool:
    """Whether the columns have room on a whole program's stack."""
    result = Result(Writer(), ROOM)
    result.add_columns(asked, {})
    return result.finish()[1] <= STACK_ROOM


def plain_columns(scope: Scope) -> Sequence[str]:
    """The default columns of a target without a program: its object's plain members, as many as fit."""
    if scope.target is None:
        raise ParameterError("columns", "the target has no object to show members of: give columns=")
    base, names, room = scope.objects[scope.target], [], STACK_ROOM - 8
    for place in scope.places(base):
        node = scope.member(base, place.name, "columns")
        if not place.name.isidentifier() or keyword.iskeyword(place.name) or isinstance(node.type, Whole):
            continue
        size = (STRING_SIZE if pointed_text(node) else place.size) + 8
        if place.size and size <= room:
            names.append(place.name)
            room -= size
    return names
