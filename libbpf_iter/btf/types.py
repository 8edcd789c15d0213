"""BTF types as immutable values, which refer to other types by id, since types can be circular.

Imports immutable. The kinds are those of include/uapi/linux/btf.h.
"""

from __future__ import annotations

from ..immutable import Immutable

__all__ = [
    "KIND_NAMES",
    "Array",
    "DataSec",
    "Enum",
    "Float",
    "Func",
    "FuncProto",
    "Fwd",
    "Int",
    "Kind",
    "Member",
    "Modifier",
    "Pointer",
    "Struct",
    "Tag",
    "Type",
    "Typedef",
    "Var",
    "Void",
]


class Kind:
    """BTF_KIND_*, as plain numbers: an enum would take as long to import as ten modules of this package."""

    VOID = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


KIND_NAMES = {number: name.lower() for name, number in vars(Kind).items() if name.isupper()}


class Type(Immutable):
    kind: int
    name: str


class Void(Type):
    pass


class Int(Type):
    size: int
    bits: int
    bit_offset: int
    signed: bool
    char: bool
    bool: bool


class Float(Type):
    size: int


class Pointer(Type):
    type_id: int


class Array(Type):
    type_id: int
    index_type_id: int
    count: int


class Member(Immutable):
    name: str
    type_id: int
    bit_offset: int
    bitfield_size: int  # in bits; 0 if it isn't a bitfield


class Struct(Type):
    """A struct or a union: ``kind`` says which."""

    size: int
    members: tuple[Member, ...]


class Enum(Type):
    """ENUM and ENUM64."""

    size: int
    signed: bool
    values: tuple[tuple[str, int], ...]


class Fwd(Type):
    union: bool


class Typedef(Type):
    type_id: int


class Modifier(Type):
    """VOLATILE, CONST, RESTRICT and TYPE_TAG, whose name is the tag."""

    type_id: int


class FuncProto(Type):
    return_type_id: int
    params: tuple[tuple[str, int], ...]


class Func(Type):
    type_id: int
    linkage: int


class Var(Type):
    type_id: int
    linkage: int


class DataSec(Type):
    size: int
    variables: tuple[tuple[int, int, int], ...]  # type id, offset, size


class Tag(Type):
    """DECL_TAG, on a member or parameter of a type, by its index; -1 is the type itself."""

    type_id: int
    component: int
