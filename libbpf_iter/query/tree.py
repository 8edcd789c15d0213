"""What an expression means: a tree of typed nodes. Imports btf, kinds, schema's Field and immutable.

Integers are computed as in Python, but wrap around at 64 bits: C types of up to 32 bits are widened without
loss, an unsigned 64-bit operand makes the result unsigned, and comparisons are exact whatever the signs.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import kinds
from ..btf import Btf
from ..btf import types as bt
from ..immutable import Immutable
from ..kinds import EnumValue, Kind
from ..schema import Field

__all__ = [
    "ROOM",
    "Argument",
    "Binary",
    "CType",
    "Cast",
    "Choice",
    "Column",
    "Compare",
    "Constant",
    "IsNull",
    "Literal",
    "Logic",
    "Matches",
    "Member",
    "Node",
    "Not",
    "Number",
    "Object",
    "Param",
    "PerCpu",
    "Pointer",
    "String",
    "Text",
    "Type",
    "Unary",
    "Whole",
    "pointed_text",
]

ROOM = 4096  # bytes that a query's columns may take: QUERY_ROOM of progs/emit.h


class CType(Immutable):
    """A C type, from the kernel's BTF or a map's."""

    btf: Btf
    id: int

    @property
    def node(self) -> bt.Type:
        return self.btf[self.btf.resolve(self.id)]

    @property
    def size(self) -> int:
        return self.btf.size_of(self.id)

    def __str__(self) -> str:
        return self.btf.c_name(self.id)


# ---- types of values --------------------------------------------------------


class Type(Immutable):
    pass


class Number(Type):
    """A 64-bit integer; one that is signed may be known to be ``nonnegative``."""

    signed: bool
    nonnegative: bool = False
    enum: EnumValue | None = None


class Pointer(Type):
    """An address. If it is ``direct``, the verifier knows what it points to, and allows plain loads."""

    to: CType | None
    direct: bool


class Text(Type):
    """At most ``size`` characters."""

    size: int


class Whole(Type):
    """A struct, union or array, in memory."""

    ctype: CType


# ---- nodes ------------------------------------------------------------------


class Node(Immutable):
    @property
    def type(self) -> Type:
        raise NotImplementedError


class Constant(Node):
    value: int

    @property
    def type(self) -> Type:
        return Number(-(1 << 63) <= self.value < 1 << 63, self.value >= 0)


class Literal(Node):
    """Text in quotation marks, which can only be compared."""

    text: str

    @property
    def type(self) -> Type:
        return Text(len(self.text))


class Param(Node):
    name: str
    index: int

    @property
    def type(self) -> Type:
        return Number(True)


class Argument(Node):
    """An integer among the program's arguments."""

    name: str
    ctype: CType

    @property
    def type(self) -> Type:
        return integer_type(self.ctype)


class Object(Node):
    """An object among the program's arguments: a pointer."""

    name: str
    ctype: CType  # the struct, not the pointer
    direct: bool = True

    @property
    def type(self) -> Type:
        return Pointer(self.ctype, self.direct)


class Column(Node):
    """A column of the record that the program has filled."""

    field: Field
    type_: Type

    @property
    def type(self) -> Type:
        return self.type_


class Member(Node):
    """Memory ``offset`` bytes behind a pointer; ``bits`` are a bitfield's first bit and width."""

    base: Node
    offset: int
    ctype: CType
    bits: tuple[int, int] | None
    path: str

    @property
    def type(self) -> Type:
        node = self.ctype.node
        if isinstance(node, bt.Pointer):
            assert isinstance(self.base.type, Pointer)
            return pointer_type(self.ctype.btf, node, self.base.type.direct)
        if isinstance(node, bt.Array):
            element = self.ctype.btf[self.ctype.btf.resolve(node.type_id)]
            if isinstance(element, bt.Int) and element.size == 1 and element.name == "char":
                return Text(node.count)
        if isinstance(node, bt.Int | bt.Enum) and node.size <= 8:
            found = integer_type(self.ctype)
            if self.bits is not None and self.bits[1] < 64 and not found.signed:
                return Number(True, True, found.enum)  # it is narrower than 64 bits, so never negative
            return found
        return Whole(self.ctype)


class Cast(Node):
    """A pointer taken for a pointer to another struct."""

    base: Node
    ctype: CType
    kfunc: int  # the id of bpf_rdonly_cast(); 0 if the kernel doesn't have it, so that helpers have to read

    @property
    def type(self) -> Type:
        return Pointer(self.ctype, bool(self.kfunc))


class PerCpu(Node):
    """A CPU's copy of what a ``__percpu`` pointer leads to."""

    base: Node
    cpu: int
    offsets: int  # the id of the variable this_cpu_off, which says where each CPU's copies begin

    @property
    def type(self) -> Type:
        assert isinstance(self.base.type, Pointer)
        return Pointer(self.base.type.to, False)


class String(Node):
    """The text that a ``char *`` leads to, up to its NUL, at most ``size - 1`` characters."""

    base: Node
    size: int

    @property
    def type(self) -> Type:
        return Text(self.size)


class Unary(Node):
    """``-`` or ``~``."""

    op: str
    operand: Node

    @property
    def type(self) -> Type:
        return Number(True)


class Binary(Node):
    """``+ - * // % << >> & | ^``."""

    op: str
    left: Node
    right: Node

    @property
    def type(self) -> Type:
        left, right = number(self.left), number(self.right)
        if self.op in ("<<", ">>"):
            return Number(left.signed, left.nonnegative and self.op == ">>")
        both = left.nonnegative and right.nonnegative
        if unsigned(left, right):
            return Number(False)
        if self.op == "&":
            return Number(True, left.nonnegative or right.nonnegative)
        return Number(True, both and self.op in ("//", "%", "|", "^"))


class Compare(Node):
    """``== != < <= > >=`` of two integers or pointers."""

    op: str
    left: Node
    right: Node

    @property
    def type(self) -> Type:
        return Number(True, True)


class IsNull(Node):
    """Whether a pointer is NULL, or a column has no value."""

    operand: Node

    @property
    def type(self) -> Type:
        return Number(True, True)


class Matches(Node):
    """Whether text begins with these bytes, or is equal to them if they end in a NUL."""

    operand: Node
    data: bytes

    @property
    def type(self) -> Type:
        return Number(True, True)


class Not(Node):
    operand: Node

    @property
    def type(self) -> Type:
        return Number(True, True)


class Logic(Node):
    """``and`` or ``or``, which gives true or false rather than one of its parts."""

    op: str
    parts: tuple[Node, ...]

    @property
    def type(self) -> Type:
        return Number(True, True)


class Choice(Node):
    """``a if condition else b``."""

    condition: Node
    yes: Node
    no: Node

    @property
    def type(self) -> Type:
        yes, no = number(self.yes), number(self.no)
        if unsigned(yes, no):
            return Number(False)
        return Number(True, yes.nonnegative and no.nonnegative)


# ---- helpers ----------------------------------------------------------------


def walk(node: Node) -> Iterator[Node]:
    """A node, and all that it is made of."""
    yield node
    for part in node._values():
        for child in part if isinstance(part, tuple) else (part,):
            if isinstance(child, Node):
                yield from walk(child)


def number(node: Node) -> Number:
    """The type of a node as a number: a pointer is an unsigned number."""
    return node.type if isinstance(node.type, Number) else Number(False)


def unsigned(left: Number, right: Number) -> bool:
    """Whether an operation on both is unsigned: one of them is, and may be too large for a signed one."""
    return not left.signed or not right.signed


def integer_type(ctype: CType) -> Number:
    node = ctype.node
    assert isinstance(node, bt.Int | bt.Enum)
    enum = None
    if isinstance(node, bt.Enum):
        enum = EnumValue(node.size, node.name, node.signed, False, tuple(dict(node.values).items()))
    if node.signed:
        return Number(True, False, enum)
    return Number(node.size < 8, node.size < 8, enum)


def column_type(kind: Kind, size: int) -> Type:
    """The type of the value of a record's own column."""
    if isinstance(kind, kinds.Nullable):
        return column_type(kind.inner, size)
    if isinstance(kind, kinds.Text):
        return Text(size)
    if isinstance(kind, kinds.Span | kinds.Ip | kinds.Bytes | kinds.Array | kinds.Nested | kinds.Float):
        return Type()
    if kind.size > 8:
        return Type()  # of 128 bits
    if isinstance(kind, kinds.EnumValue):
        return Number(kind.signed or size < 8, not kind.signed and size < 8, kind)
    if isinstance(kind, kinds.Integer) and kind.signed:
        return Number(True)
    if isinstance(kind, kinds.BitField):
        return Number(True, not kind.signed) if kind.bits < 64 else Number(kind.signed)
    return Number(size < 8, size < 8)


def pointer_type(btf: Btf, node: bt.Pointer, direct: bool) -> Pointer:
    """The verifier allows plain loads through pointers to structs; through others, only helpers can read."""
    to = btf[btf.resolve(node.type_id)] if node.type_id else None
    if to is None or isinstance(to, bt.Void):
        return Pointer(None, False)
    return Pointer(CType(btf, node.type_id), direct and isinstance(to, bt.Struct))


def pointed_text(node: Node) -> Node | None:
    """The node itself if it is a pointer to characters, else None."""
    if isinstance(node.type, Pointer) and node.type.to is not None:
        to = node.type.to.node
        if getattr(to, "size", 0) == 1 and to.name in ("char", "unsigned char"):
            return node
    return None
