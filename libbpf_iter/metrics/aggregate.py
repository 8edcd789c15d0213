"""From many records to one number: how they are aggregated, name and unit. Imports kinds, schema; pure."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Iterable
from typing import Any

from .. import kinds
from ..errors import ParameterError
from ..immutable import Immutable
from ..names import near
from ..schema import Schema

__all__ = ["Metric", "Named", "count", "distinct", "max", "min", "snake", "sum"]

# A column's unit, the base unit that both conventions ask for, and the factor to it.
_BASE_UNITS = {"": ("", 1), "bytes": ("bytes", 1), "ns": ("seconds", 1e-9)}


def _same(value: Any) -> Any:
    return value


class Aggregate(Immutable):
    """How values are aggregated: each is lifted to a result, and two results are joined to one."""

    name: str
    lift: Callable[[Any], Any]
    join: Callable[[Any, Any], Any]
    finish: Callable[[Any], Any]
    empty: Any = None  # the result for no values at all, if there is one


_COUNT = Aggregate("count", lambda _: 1, operator.add, _same, 0)
_SUM = Aggregate("sum", _same, operator.add, _same, 0)
_MIN = Aggregate("min", _same, builtins.min, _same)
_MAX = Aggregate("max", _same, builtins.max, _same)
_DISTINCT = Aggregate("distinct", lambda value: frozenset((value,)), operator.or_, len, frozenset())


class Metric(Immutable):
    """A number for each group of records, made by :func:`count`, :func:`sum` and their siblings.

    ``by`` names the columns that make a group; ``name`` and ``help`` are made of the column's unless given.
    """

    aggregate: Aggregate
    column: str
    by: tuple[str, ...]
    name: str
    help: str

    def named(self, schema: Schema) -> Named:
        """The metric for records of this schema, which must have its columns, with values that add up."""
        for column in (*self.by, *((self.column,) if self.column else ())):
            _kind(schema, column)
        unit, factor, counted = "", 1.0, ""
        if self.aggregate is _COUNT:
            name, counted = "objects", snake(schema.name)
        elif self.aggregate is _DISTINCT:
            name, counted = f"{self.column.replace('.', '_')}_distinct", self.column
        else:
            unit, factor = _BASE_UNITS[_unit(schema, self.column)]
            name = self.column.replace(".", "_").removesuffix("_ns")
            if self.aggregate is not _SUM:
                name += f"_{self.aggregate.name}"
        of = f" of {self.column}" if self.column else ""
        by = f" by {' and '.join(self.by)}" if self.by else ""
        help = self.help or f"{self.aggregate.name}{of}{by}, of all {schema.name} records of a walk"
        labels = tuple(column.replace(".", "_") for column in self.by)
        told = not self.column or schema[self.column.partition(".")[0]].unavailable is None
        return Named(self, labels, self.name or name, help, unit, factor, counted, told)


class Named(Immutable):
    """A metric with what exporters need to know: its ``unit`` is "bytes", "seconds" or ""."""

    metric: Metric
    labels: tuple[str, ...]
    name: str
    help: str
    unit: str
    factor: float
    counted: str  # what is counted; "" if it isn't a count
    told: bool  # whether the running kernel provides its column


def count(*, by: str | Iterable[str] = (), name: str = "", help: str = "") -> Metric:
    """The number of objects."""
    return _metric(_COUNT, "", by, name, help)


def sum(column: str, *, by: str | Iterable[str] = (), name: str = "", help: str = "") -> Metric:
    """The sum of a column, without None; nanoseconds become seconds, as for :func:`min` and :func:`max`."""
    return _metric(_SUM, column, by, name, help)


def min(column: str, *, by: str | Iterable[str] = (), name: str = "", help: str = "") -> Metric:
    """The smallest value of a column."""
    return _metric(_MIN, column, by, name, help)


def max(column: str, *, by: str | Iterable[str] = (), name: str = "", help: str = "") -> Metric:
    """The largest value of a column."""
    return _metric(_MAX, column, by, name, help)


def distinct(column: str, *, by: str | Iterable[str] = (), name: str = "", help: str = "") -> Metric:
    """The number of different values in a column: processes are the distinct pids of threads."""
    return _metric(_DISTINCT, column, by, name, help)


def _metric(aggregate: Aggregate, column: str, by: str | Iterable[str], name: str, help: str) -> Metric:
    return Metric(aggregate, column, (by,) if isinstance(by, str) else tuple(by), name, help)


def _kind(schema: Schema, column: str) -> kinds.Kind:
    """The kind of a column or of a member of one, such as ``value.packets`` of a map's elements."""
    name, *members = column.split(".")
    kind = schema[name].kind
    for member in members:
        known = {name: inner for name, _, inner in kind.fields} if isinstance(kind, kinds.Nested) else {}
        if member not in known:
            raise ParameterError("columns", f"{column}: there is no member {member!r}{near(member, known)}")
        kind = known[member]
    return kind


def _unit(schema: Schema, column: str) -> str:
    """The unit of a column whose values can be added and compared."""
    kind = _kind(schema, column)
    if isinstance(kind, kinds.Nullable):
        kind = kind.inner
    if isinstance(kind, kinds.Integer):
        return kind.unit
    if isinstance(kind, kinds.Boolean | kinds.Float | kinds.BitField):
        return ""
    raise ParameterError("columns", f"{column} isn't a number: only count(), distinct() and by= take it")


def snake(name: str) -> str:
    """TaskFile → task_file."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).removeprefix("_")
