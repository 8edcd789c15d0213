"""BTF's type nodes: immutable values that name other types by id, since the graph has cycles.

Imports nothing of ours. The kinds are those of include/uapi/linux/btf.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
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


class Kind(IntEnum):
    """BTF_KIND_*."""

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


@dataclass(frozen=True, slots=True)
class Type:
    kind: Kind
    name: str


class Void(Type):
    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Int(Type):
    size: int
    bits: int
    bit_offset: int
    signed: bool
    char: bool
    bool: bool


@dataclass(frozen=True, slots=True)
class Float(Type):
    size: int


@dataclass(frozen=True, slots=True)
class Pointer(Type):
    type_id: int


@dataclass(frozen=True, slots=True)
class Array(Type):
    type_id: int
    index_type_id: int
    count: int


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    type_id: int
    bit_offset: int
    bitfield_size: int  # bits; 0 for a member that is no bitfield


@dataclass(frozen=True, slots=True)
class Struct(Type):
    """A struct or, by its kind, a union."""

    size: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Enum(Type):
    """ENUM and ENUM64."""

    size: int
    signed: bool
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Fwd(Type):
    union: bool


@dataclass(frozen=True, slots=True)
class Typedef(Type):
    type_id: int


@dataclass(frozen=True, slots=True)
class Modifier(Type):
    """VOLATILE, CONST, RESTRICT and TYPE_TAG, whose name is the tag."""

    type_id: int


@dataclass(frozen=True, slots=True)
class FuncProto(Type):
    return_type_id: int
    params: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Func(Type):
    type_id: int
    linkage: int


@dataclass(frozen=True, slots=True)
class Var(Type):
    type_id: int
    linkage: int


@dataclass(frozen=True, slots=True)
class DataSec(Type):
    size: int
    variables: tuple[tuple[int, int, int], ...]  # type id, offset, size


@dataclass(frozen=True, slots=True)
class Tag(Type):
    """DECL_TAG: on component ``component`` of a type, or on the whole at -1."""

    type_id: int
    component: int
