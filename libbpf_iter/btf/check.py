"""Check that BTF is consistent: every reference leads to a type. Imports reader, types and errors.

The reader checks what it reads. This is for BTF that goes on to libbpf, which follows type ids unchecked.
"""

from __future__ import annotations

from contextlib import suppress

from ..errors import BtfError
from . import types as t
from .reader import Btf, Unsized


def references(node: t.Type) -> list[int]:
    """The ids of the types that a type refers to."""
    match node:
        case t.Array():
            return [node.type_id, node.index_type_id]
        case t.Struct():
            return [member.type_id for member in node.members]
        case t.FuncProto():
            return [node.return_type_id, *(type_id for _, type_id in node.params)]
        case t.DataSec():
            return [type_id for type_id, _, _ in node.variables]
        case t.Pointer() | t.Typedef() | t.Modifier() | t.Func() | t.Var() | t.Tag():
            return [node.type_id]
        case _:
            return []


def check(btf: Btf) -> None:
    """Raise :class:`BtfError` for a reference to a missing type, to one of the wrong kind, or in a circle."""
    for type_id in btf:
        node = btf[type_id]
        for reference in references(node):
            if reference >= len(btf):
                raise BtfError(f"type {type_id} refers to type {reference}, which doesn't exist")
            other = btf[reference]
            if isinstance(node, t.DataSec) and not isinstance(other, t.Var | t.Func):
                raise BtfError(f"section {node.name!r} holds type {reference}, which isn't a variable")
            if isinstance(node, t.Func) and not isinstance(other, t.FuncProto):
                raise BtfError(f"function {node.name!r} has no prototype")
        if isinstance(node, t.Array | t.Struct | t.Typedef | t.Modifier):
            btf.resolve(type_id)
        if isinstance(node, t.Struct):
            btf.flat_members(type_id)
        if isinstance(node, t.Array | t.Var):
            # A variable of a type that is only declared has no size, which is fine.
            with suppress(Unsized):
                btf.size_of(type_id)
