"""What is output instead of a program's own record: a struct, and the BTF that describes it.

Imports tree, btf, layout, kinds and errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import kinds
from ..btf import Btf, Kind
from ..btf import types as bt
from ..btf.types import Member as BtfMember
from ..btf.writer import Writer
from ..errors import ParameterError
from ..immutable import Immutable
from ..layout import record_struct
from ..schema import Field
from . import tree
from .tree import ROOM, Node, Number, Pointer, Text, Whole, pointed_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ask import Asked

__all__ = [
    "RECORD",
    "STRING_SIZE",
    "Packed",
    "Place",
    "Result",
    "packed",
    "record_members",
    "redirect",
    "without_last",
]

RECORD = "query_record"
STRING_SIZE = 64  # what is kept of the text behind a pointer, its NUL included


class Place(Immutable):
    """Where the value of a node goes."""

    name: str
    node: Node
    offset: int
    size: int


class Result:
    """A struct in the making: members in order, each aligned as C aligns it."""

    def __init__(self, writer: Writer, room: int) -> None:
        self._writer, self._room = writer, room
        self.places: list[Place] = []
        self._members: list[BtfMember] = []
        self._end = 0

    def add(self, name: str, node: Node, type_id: int, size: int, align: int) -> None:
        align = min(align, 8)
        offset = (self._end + align - 1) // align * align
        self._members.append(BtfMember(name, type_id, offset * 8, 0))
        self.places.append(Place(name, node, offset, size))
        self._end = offset + size
        if self._end > self._room:
            message = f"they take {self._end} bytes, and at most {self._room} are possible"
            raise ParameterError("columns", message)

    def add_own(self, field: Field, node: tree.Column, type_id: int) -> None:
        """A column of the record's own, as the record has it; ``type_id`` is its type there."""
        self.add(field.name, node, type_id, field.size, _alignment(field.kind, field.size))

    def add_columns(self, asked: Asked, own: Mapping[str, int]) -> None:
        """The columns of a query; ``own`` are the types of the record's members, see record_members()."""
        for name, node in asked.columns or ():
            self._add_column(name, node, own)

    def _add_column(self, name: str, node: Node, own: Mapping[str, int]) -> None:
        writer = self._writer
        if isinstance(pointed := pointed_text(node), Node):
            node = tree.String(pointed, STRING_SIZE)
        match node:
            case tree.Column() if not isinstance(node.field.kind, kinds.BitField):
                size = node.field.size
                self.add(name, node, own[node.field.name], size, _alignment(node.field.kind, size))
            case tree.String():
                char = writer.integer("char", 1, signed=True)
                size = (node.size + 7) // 8 * 8
                self.add(name, node, writer.array(char, size), size, 8)
            case tree.Member() | tree.Argument():
                size = node.ctype.size
                align = 8 if isinstance(node.type, Whole | Text) else size
                self.add(name, node, writer.copy(node.ctype.btf, node.ctype.id), size, align)
            case _ if isinstance(node.type, Pointer):
                to = node.type.to
                target = writer.forward(to.node.name) if to and isinstance(to.node, bt.Struct) else 0
                self.add(name, node, writer.pointer(target), 8, 8)
            case tree.Compare() | tree.Not() | tree.Logic() | tree.IsNull() | tree.Matches():
                self.add(name, node, writer.integer("_Bool", 1, bool_=True), 1, 1)
            case _:
                assert isinstance(node.type, Number)
                signed = node.type.signed
                type_id = writer.integer("long long" if signed else "unsigned long long", 8, signed=signed)
                self.add(name, node, type_id, 8, 8)

    def finish(self) -> tuple[int, int]:
        """The struct's id and its size, a multiple of 8: records follow each other in one buffer."""
        size = (self._end + 7) // 8 * 8
        return self._writer.structure(RECORD, size, self._members), size


def _alignment(kind: kinds.Kind, size: int) -> int:
    if isinstance(kind, kinds.Nullable):
        kind = kind.inner
    return size if isinstance(kind, kinds.Integer | kinds.Typed | kinds.EnumValue | kinds.Boolean) else 8


def record_members(btf: Btf, record: str | None) -> dict[str, int]:
    """The type ids of the members of a program's record."""
    return {member.name: member.type_id for member in btf.flat_members(record_struct(btf, record))}


def redirect(writer: Writer, btf: Btf, struct_id: int) -> None:
    """Make RECORD() name another struct, for those who read the program's types once it is pinned."""
    marker = btf.get("record_type", Kind.VAR)
    if marker is not None:
        writer.repoint(btf, btf.resolve(btf[marker].type_id), struct_id)  # type: ignore[attr-defined]


def without_last(btf: Btf, record: str | None) -> bytes:
    """The BTF of a program whose records end before their last member."""
    writer, node = Writer(btf), btf[btf.resolve(record_struct(btf, record))]
    assert isinstance(node, bt.Struct)
    redirect(writer, btf, writer.structure(node.name, node.size, node.members[:-1]))
    return writer.finish()


class Packed(Immutable):
    """A record of only the chosen columns: its BTF, its size, and where each column goes."""

    btf: bytes
    size: int
    places: dict[str, int]


def packed(chosen: Sequence[Field], beside: Sequence[Field], btf: Btf, record: str | None) -> Packed | None:
    """Columns of a program's record side by side, in a record of their own.

    The columns in ``beside`` get a place behind it: they are computed, but not output. None if a column
    can't be moved on its own, or if all of it takes more room than the program's record has.
    """
    if any(isinstance(field.kind, kinds.BitField | kinds.Span) for field in (*chosen, *beside)):
        return None
    writer, own = Writer(btf), record_members(btf, record)
    result = Result(writer, ROOM)
    for field in chosen:
        result.add_own(field, tree.Column(field, tree.column_type(field.kind, field.size)), own[field.name])
    struct_id, size = result.finish()
    places = {place.name: place.offset for place in result.places}
    end = size
    for field in beside:
        if field.name not in places:
            places[field.name] = end
            end += (field.size + 7) // 8 * 8
    if end > btf.size_of(record_struct(btf, record)):
        return None
    redirect(writer, btf, struct_id)
    return Packed(writer.finish(), size, places)
