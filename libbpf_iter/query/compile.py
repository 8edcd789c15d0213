"""Queries to bytecode and BTF: for a program's slot, or a whole program. Imports all of query, btf, asm.

Both are the same: names to trees, trees to instructions, and a struct that says
what leaves. A slot finds its objects and the filled record through the struct
that it is given (progs/emit.h); a whole program finds its objects in its context.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from .. import kinds
from ..asm import Assembler, Label, encode
from ..asm.instruction import BTF_ID, Instruction
from ..btf import Btf, Kind
from ..btf import types as bt
from ..btf.types import Member as BtfMember
from ..btf.writer import Writer
from ..errors import BtfError, ParameterError, SchemaError
from ..immutable import Immutable
from ..layout import record_struct
from ..names import column_name
from ..schema import Field, Schema
from . import tree
from .emit import FP, Emitter, Frame
from .parse import parse, pointed_text
from .scope import Scope
from .tree import Node, Number, Pointer, Text, Whole

__all__ = [
    "Asked",
    "Compiled",
    "Packed",
    "Params",
    "ask",
    "fits",
    "packed",
    "plain_columns",
    "slot",
    "slot_members",
    "whole_program",
]

COLUMNS_MAX = 256
# progs/emit.h, QUERY_ROOM; and what a whole program has of the stack's 512 bytes.
ROOM, STACK_ROOM = 4096, 320
STRING_SIZE = 64
SEQ_WRITE = 127  # include/uapi/linux/bpf.h, enum bpf_func_id
RECORD = "query_record"


class Params(Protocol):
    """The constants that are bound from outside, and the map that holds them."""

    names: tuple[str, ...]

    @property
    def fd(self) -> int: ...


class Asked(Immutable):
    """A query as trees: what leaves, by name; and which objects do."""

    columns: tuple[tuple[str, Node], ...] | None  # None: the record as it is
    where: Node | None
    scope: Scope

    def nodes(self) -> Iterator[Node]:
        for root in [node for _, node in self.columns or ()] + ([self.where] if self.where else []):
            yield from walk(root)

    @property
    def used(self) -> frozenset[str]:
        """The curated columns that it needs."""
        return frozenset(field.name for field in _columns(self.nodes()))

    @property
    def filtered(self) -> tuple[Field, ...]:
        """Those that it decides by."""
        return tuple(dict.fromkeys(_columns(walk(self.where)))) if self.where else ()

    @property
    def objects(self) -> frozenset[str]:
        """The program's arguments that it needs."""
        return frozenset(n.name for n in self.nodes() if isinstance(n, tree.Object | tree.Argument))


def _columns(nodes: Iterable[Node]) -> Iterator[Field]:
    return (node.field for node in nodes if isinstance(node, tree.Column))


class Compiled(Immutable):
    """``size``: bytes of the struct that leaves; 0 for the program's own record."""

    instructions: tuple[Instruction, ...]
    notes: tuple[str, ...]
    btf: bytes
    size: int
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


# ---- text to trees ----------------------------------------------------------


def ask(scope: Scope, columns: Iterable[str] | Mapping[str, str] | None, where: str | None) -> Asked:
    """Parse a query; what is wrong with it is a :class:`ParameterError`."""
    chosen = None
    if columns is not None:
        chosen = tuple((name, parse(text, scope, "columns")) for name, text in _named(columns).items())
        for name, node in chosen:
            _check_column(name, node)
    condition = None
    if where is not None:
        condition = parse(where, scope, "where")
        if not isinstance(condition.type, Number | Pointer) or isinstance(condition, tree.Literal):
            raise ParameterError("where", f"{where!r} is neither true nor false: compare it with something")
    return Asked(chosen, condition, scope)


def _named(columns: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    if isinstance(columns, str):
        raise ParameterError("columns", f"a list of names is expected, not the text {columns!r}")
    if isinstance(columns, Mapping):
        named = dict(columns)
    else:
        listed = list(columns)
        named = {}
        for text in listed:
            if not isinstance(text, str):
                raise ParameterError("columns", f"names are expected, not {text!r}")
            name = column_name(text)
            if name in named:
                raise ParameterError("columns", f"{name!r} is there twice: name them with a mapping")
            named[name] = text
    if not named:
        raise ParameterError("columns", "at least one column is expected")
    if len(named) > COLUMNS_MAX:
        raise ParameterError("columns", f"{len(named)} columns are more than the {COLUMNS_MAX} there can be")
    for name in named:
        if (
            not isinstance(name, str)
            or not name.isidentifier()
            or not name.isascii()
            or keyword.iskeyword(name)
        ):
            raise ParameterError("columns", f"a column can't be named {name!r}")
    return named


def _check_column(name: str, node: Node) -> None:
    if isinstance(node, tree.Literal):
        raise ParameterError("columns", f"{name}: a text alone is no column")
    if isinstance(node.type, Whole):
        try:
            size = node.type.ctype.size
        except BtfError as error:
            raise ParameterError("columns", f"{name}: {error}") from None
        if not 0 < size <= ROOM:
            message = f"{name}: {node.type.ctype} has {size} bytes; choose members of it"
            raise ParameterError("columns", message)


def walk(node: Node) -> Iterable[Node]:
    """A tree's nodes."""
    yield node
    for part in node._values():
        for child in part if isinstance(part, tuple) else (part,):
            if isinstance(child, Node):
                yield from walk(child)


# ---- what leaves ------------------------------------------------------------


class _Output(Immutable):
    name: str
    node: Node
    offset: int
    size: int


class _Layout:
    """The struct that leaves, in the making: members in order, aligned as C does."""

    def __init__(self, writer: Writer, room: int) -> None:
        self._writer, self._room = writer, room
        self.outputs: list[_Output] = []
        self._members: list[BtfMember] = []
        self._end = 0
        self._align = 1

    def add(self, name: str, node: Node | None, type_id: int, size: int, align: int) -> None:
        align = min(align, 8)
        offset = (self._end + align - 1) // align * align
        self._members.append(BtfMember(name, type_id, offset * 8, 0))
        if node is not None:
            self.outputs.append(_Output(name, node, offset, size))
        self._end, self._align = offset + size, max(self._align, align)
        if self._end > self._room:
            raise ParameterError(
                "columns", f"they take {self._end} bytes, and there is room for {self._room}"
            )

    def finish(self, name: str) -> tuple[int, int]:
        """The struct's id and its size, a multiple of 8: records follow each other in one buffer."""
        size = (self._end + 7) // 8 * 8
        return self._writer.structure(name, size, self._members), size


def _add_columns(layout: _Layout, writer: Writer, asked: Asked, own: Mapping[str, int]) -> None:
    """``own``: the type ids of the record's members in the BTF that is written to."""
    for name, node in asked.columns or ():
        if isinstance(pointed := pointed_text(node), Node):
            node = tree.String(pointed, STRING_SIZE)
        match node:
            case tree.Column() if not isinstance(node.field.kind, kinds.BitField):
                size = node.field.size
                layout.add(name, node, own[node.field.name], size, _alignment(node.field.kind, size))
            case tree.String():
                char = writer.integer("char", 1, signed=True)
                size = (node.size + 7) // 8 * 8
                layout.add(name, node, writer.array(char, size), size, 8)
            case tree.Member() | tree.Argument():
                size = node.ctype.size
                align = 8 if isinstance(node.type, Whole) else size
                if isinstance(node.type, Text):
                    align = 8
                layout.add(name, node, writer.copy(node.ctype.btf, node.ctype.id), size, align)
            case _ if isinstance(node.type, Pointer):
                to = node.type.to
                target = writer.forward(to.node.name) if to and isinstance(to.node, bt.Struct) else 0
                layout.add(name, node, writer.pointer(target), 8, 8)
            case tree.Compare() | tree.Not() | tree.Logic() | tree.IsNull() | tree.Matches():
                layout.add(name, node, writer.integer("_Bool", 1, bool_=True), 1, 1)
            case _:
                assert isinstance(node.type, Number)
                signed = node.type.signed
                type_id = writer.integer("long long" if signed else "unsigned long long", 8, signed=signed)
                layout.add(name, node, type_id, 8, 8)


def _alignment(kind: kinds.Kind, size: int) -> int:
    if isinstance(kind, kinds.Nullable):
        kind = kind.inner
    return size if isinstance(kind, kinds.Integer | kinds.Of | kinds.EnumValue | kinds.Boolean) else 8


def _filter(out: Assembler, emitter: Emitter, asked: Asked, no: Label) -> None:
    """To ``no`` where the object doesn't leave."""
    if asked.where is not None:
        with out.note("where"):
            emitter.branch(asked.where, no, False)


def _store(out: Assembler, emitter: Emitter, layout: _Layout, result: tuple[int, int]) -> None:
    for output in layout.outputs:
        with out.note(f"columns: {output.name}"):
            emitter.store(output.node, result[0], result[1] + output.offset, output.size)


# ---- for a slot -------------------------------------------------------------

_SLOT, _RESULT_POINTER = 6, 7


def slot_members(btf: Btf) -> dict[str, int] | None:
    """What a program's slot is given: the members of its struct by offset; None if it has no slot."""
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


class Packed(Immutable):
    """A record of the chosen columns alone: its types, and where each column goes."""

    btf: bytes
    size: int
    places: dict[str, int]


def packed(chosen: Sequence[Field], beside: Sequence[Field], btf: Btf, record: str | None) -> Packed | None:
    """Columns of a program's record side by side; those ``beside`` lie behind them, and don't leave.

    None where they can't be told from each other's bytes, or take more room than the record has.
    """
    if any(isinstance(field.kind, kinds.BitField | kinds.Span) for field in (*chosen, *beside)):
        return None
    writer = Writer(btf)
    struct_id = record_struct(btf, record)
    own = {m.name: m.type_id for m in btf.flat_members(struct_id)}
    layout = _Layout(writer, ROOM)
    for field in chosen:
        node = tree.Column(field, tree.column_type(field.kind, field.size))
        layout.add(field.name, node, own[field.name], field.size, _alignment(field.kind, field.size))
    new_id, size = layout.finish(RECORD)
    places = {output.name: output.offset for output in layout.outputs}
    room = size
    for field in beside:
        if field.name not in places:
            places[field.name] = room
            room += (field.size + 7) // 8 * 8
    if room > btf.size_of(struct_id):
        return None
    _lead_to(writer, btf, new_id)
    return Packed(writer.finish(), size, places)


def _lead_to(writer: Writer, btf: Btf, struct_id: int) -> None:
    """Let RECORD() name another struct, for whoever reads the program's types once it is pinned."""
    marker = btf.get("record_type", Kind.VAR)
    if marker is not None:
        writer.repoint(btf, btf.resolve(btf[marker].type_id), struct_id)  # type: ignore[attr-defined]


def slot(
    asked: Asked,
    btf: Btf,
    record: str | None,
    whole: Schema,
    params: Params | None,
    places: Mapping[str, int] = MappingProxyType({}),
) -> Compiled:
    """A query for the slot of a program whose BTF is ``btf``; ``whole`` is its record's schema.

    ``places`` are those of the record's columns that lie elsewhere than it says.
    """
    members = slot_members(btf)
    if members is None:
        message = "the program has no SLOT(), which takes columns of one's own, and where="
        raise ParameterError("columns" if asked.where is None else "where", message)
    writer = Writer(btf)
    struct_id = record_struct(btf, record)
    own = {m.name: m.type_id for m in btf.flat_members(struct_id)}
    layout = _Layout(writer, ROOM)
    size = 0
    if asked.columns is not None:
        if whole.framed:
            # The record's own length leads, and what has a length of its own comes behind the struct.
            first = btf.flat_members(struct_id)[0]
            field = Field(first.name, 0, kinds.Integer(4, False), "rec_size")
            layout.add(first.name, tree.Column(field, Number(True)), first.type_id, 4, 4)
        _add_columns(layout, writer, asked, own)
        new_id, size = layout.finish(RECORD)
        _lead_to(writer, btf, new_id)
    out, no = Assembler(), Label()
    frame = Frame(
        {name: (_SLOT, offset) for name, offset in members.items()},
        (_SLOT, members["record"]),
        places,
        {name: (_SLOT, offset) for name, offset in members.items()},
        params.fd if params else -1,
        0,
    )
    emitter = Emitter(out, frame)
    with out.note("the slot's argument"):
        out.move(_SLOT, 1)
        if size:
            out.load(_RESULT_POINTER, _SLOT, members["result"], 8)
        for name in sorted(asked.objects):
            if name not in members:
                message = f"{name!r} is not among what the program hands to queries"
                raise ParameterError("columns", message)
            if isinstance(asked.scope.objects[name], tree.Argument):
                continue
            # Known to be there by the program, but not always by the verifier.
            out.load(0, _SLOT, members[name], 8)
            out.jump_constant("==", 0, 0, no)
    fill = Label()
    if size:
        with out.note("to fill, or to decide"):
            out.jump_constant("!=", _RESULT_POINTER, 0, fill)
    _filter(out, emitter, asked, no)
    with out.note("it leaves"):
        out.constant(0, 1)
        out.exit()
    if size:
        out.place(fill)
        _store(out, emitter, layout, (_RESULT_POINTER, 0))
        with out.note("it is filled"):
            out.constant(0, 1)
            out.exit()
    if out.leads_to(no):
        with out.note("it does not"):
            out.place(no)
            out.constant(0, 0)
            out.exit()
    return Compiled(tuple(out.finish()), tuple(out.notes), writer.finish(), size)


# ---- a whole program --------------------------------------------------------

_CONTEXT = 6


def whole_program(asked: Asked, btf: Btf, context: int, params: Params | None) -> Compiled:
    """A program of its own for a target whose context is the struct ``context`` of the kernel's BTF."""
    writer = Writer()
    layout = _Layout(writer, STACK_ROOM)
    _add_columns(layout, writer, asked, {})
    struct_id, size = layout.finish(RECORD)
    writer.variable("record_type", writer.pointer(writer.const(struct_id)))
    offsets = {m.name: m.bit_offset // 8 for m in btf.flat_members(context)}
    out, no = Assembler(), Label()
    needed = set(asked.objects)
    if asked.scope.target:
        needed.add(asked.scope.target)
    places: dict[str, tuple[int, int]] = {}
    stack = size
    with out.note("the program's arguments"):
        out.move(_CONTEXT, 1)
        for name, node in asked.scope.objects.items():
            if isinstance(node, tree.Argument):
                places[name] = (_CONTEXT, offsets[name])
                continue
            if name not in needed:
                continue
            # At the walk's end there is no object; what is NULL can't be loaded through.
            out.load(0, _CONTEXT, offsets[name], 8)
            if name != "meta":
                out.jump_constant("==", 0, 0, no)
            stack += 8
            places[name] = (FP, -stack)
            out.store(FP, -stack, 0, 8)
    with out.note("the record, empty"):
        out.constant(0, 0)
        for at in range(0, size, 8):
            out.store(FP, at - size, 0, 8)
    emitter = Emitter(out, Frame(places, None, {}, {}, params.fd if params else -1, stack))
    _filter(out, emitter, asked, no)
    _store(out, emitter, layout, (FP, -size))
    with out.note("it leaves"):
        out.load(1, _CONTEXT, offsets["meta"], 8)
        out.load(1, 1, _seq(btf), 8)
        out.move(2, FP)
        out.alu_constant("+", 2, -size)
        out.constant(3, size)
        out.call(SEQ_WRITE)
    with out.note("the end"):
        out.place(no)
        out.constant(0, 0)
        out.exit()
    function = writer.function("query")
    return Compiled(tuple(out.finish()), tuple(out.notes), writer.finish(), size, function)


def fits(asked: Asked) -> bool:
    """Whether what leaves has room on a whole program's stack."""
    layout = _Layout(Writer(), ROOM)
    _add_columns(layout, Writer(), asked, {})
    return layout.finish(RECORD)[1] <= STACK_ROOM


def _seq(btf: Btf) -> int:
    members = btf.flat_members(btf.find("bpf_iter_meta", Kind.STRUCT))
    return next(m.bit_offset // 8 for m in members if m.name == "seq")


def plain_columns(scope: Scope) -> Sequence[str]:
    """What a target without a program of ours shows unless told otherwise: the object's own plain members."""
    if scope.target is None:
        raise ParameterError("columns", "the target has no object that could be shown: name columns")
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
