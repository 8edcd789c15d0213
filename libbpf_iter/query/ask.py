"""A query as text to a query as trees. Imports parse, scope, tree, schema, names and errors."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Mapping

from ..errors import BtfError, ParameterError
from ..immutable import Immutable
from ..layout import RESERVED
from ..names import column_name
from ..schema import Field
from . import tree
from .parse import parse
from .scope import Scope
from .tree import ROOM, Node, Number, Pointer, Whole, walk

__all__ = ["Asked", "ask"]

COLUMNS_MAX = 256


class Asked(Immutable):
    """A query as trees: which columns to output, by name, and of which objects."""

    columns: tuple[tuple[str, Node], ...] | None  # None: the record as it is
    where: Node | None
    scope: Scope

    def nodes(self) -> Iterator[Node]:
        """Every node of every tree."""
        for root in [node for _, node in self.columns or ()] + ([self.where] if self.where else []):
            yield from walk(root)

    @property
    def used(self) -> frozenset[str]:
        """The names of the record's own columns that it needs."""
        return frozenset(field.name for field in _columns(self.nodes()))

    @property
    def filtered(self) -> tuple[Field, ...]:
        """The record's own columns that ``where`` needs."""
        return tuple(dict.fromkeys(_columns(walk(self.where)))) if self.where else ()

    @property
    def objects(self) -> frozenset[str]:
        """The names of the program's arguments that it needs."""
        return frozenset(n.name for n in self.nodes() if isinstance(n, tree.Object | tree.Argument))


def _columns(nodes: Iterable[Node]) -> Iterator[Field]:
    return (node.field for node in nodes if isinstance(node, tree.Column))


def ask(scope: Scope, columns: Iterable[str] | Mapping[str, str] | None, where: str | None) -> Asked:
    """Parse a query; anything wrong with it raises :class:`ParameterError`."""
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
    """The expression of each column by its name; those of a list are named after their expressions."""
    if isinstance(columns, str):
        raise ParameterError("columns", f"a list of names is expected, not the text {columns!r}")
    named = dict(columns) if isinstance(columns, Mapping) else _named_by_text(columns)
    if not named:
        raise ParameterError("columns", "at least one column is expected")
    if len(named) > COLUMNS_MAX:
        raise ParameterError("columns", f"{len(named)} columns are given; at most {COLUMNS_MAX} are possible")
    for name in named:
        if not _can_be_named(name):
            raise ParameterError("columns", f"a column can't be named {name!r}")
    return named


def _named_by_text(columns: Iterable[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for text in columns:
        name = column_name(text)
        if name in named:
            raise ParameterError("columns", f"{name!r} is given twice: name the columns with a mapping")
        named[name] = text
    return named


def _can_be_named(name: object) -> bool:
    if not isinstance(name, str) or name in RESERVED:
        return False
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name)


def _check_column(name: str, node: Node) -> None:
    if isinstance(node, tree.Literal):
        raise ParameterError("columns", f"{name}: a text constant can't be a column")
    if isinstance(node.type, Whole):
        try:
            size = node.type.ctype.size
        except BtfError as error:
            raise ParameterError("columns", f"{name}: {error}") from None
        if not 0 < size <= ROOM:
            message = f"{name}: {node.type.ctype} has {size} bytes; choose members of it"
            raise ParameterError("columns", message)
