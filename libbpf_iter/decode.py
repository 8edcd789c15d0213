"""A chunk of bytes to records. Imports schema and errors; pure, no I/O.

A record keeps its own bytes and decodes a column when it is read: most loops
look at few columns of many records. What it has is its schema's alone, so
that no column's name can collide with a method: the functions below take
records instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from . import kinds
from ._records_py import Buffer
from .errors import ClosedError, SchemaError
from .schema import Field, Schema

if TYPE_CHECKING:
    from ._records_py import Bytes, Column, Records
else:
    try:
        from ._records import Bytes, Column, Records
    except ImportError:  # Not built: the same, slower. The kernel takes the other extension, which says so.
        from ._records_py import Bytes, Column, Records

__all__ = ["Buffer", "Record", "Records", "asdict", "fields", "record_class", "records", "schema"]


class Record(Bytes):
    """One object of a walk, as the kernel showed it: an attribute for each column.

    Immutable, and owns its bytes; a column is decoded when it is read. Records are equal where all
    columns are, hash and pickle. What can be done with one is a function, as :func:`asdict`.
    """

    __slots__ = ()
    __schema__: Schema

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: {name!r} can't be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: {name!r} can't be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return self.__schema__ == other.__schema__ and _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash((self.__schema__.name, _values(self)))

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in asdict(self).items())
        return f"{type(self).__name__}({inner})"

    def _repr_html_(self) -> str:
        from .display import record_html

        return record_html(self, self.__schema__)

    def __rich__(self) -> Any:
        from .display import record_rich

        return record_rich(self, self.__schema__)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.__schema__, self._data)


def _restore(layout: Schema, data: bytes) -> Record:
    return record_class(layout)(data)


def _values(record: Record) -> tuple[Any, ...]:
    data = record._data
    return tuple(f.kind.decode(data, f.offset) for f in record.__schema__.fields)


def asdict(record: Record) -> dict[str, Any]:
    """A record's columns, by name, in the record's order."""
    data = record._data
    return {f.name: f.kind.decode(data, f.offset) for f in record.__schema__.fields}


def schema(record: Record | type[Record]) -> Schema:
    """The layout of a record or of its class."""
    return record.__schema__


def fields(record: Record | type[Record]) -> tuple[Field, ...]:
    """The columns of a record or of its class."""
    return record.__schema__.fields


def _column(field: Field) -> Column:
    doc = f"{field.c_type} at offset {field.offset}"
    kind = field.kind
    nullable = isinstance(kind, kinds.Nullable)
    plain = kind.inner if isinstance(kind, kinds.Nullable) else kind
    offset, size = field.offset, plain.size
    # Most columns are numbers, or something that is made of one.
    match plain:
        case kinds.Integer() if size in _INTEGERS:
            return Column.integer(offset, size, plain.signed, nullable, None, doc)
        case kinds.EnumValue() | kinds.Of() if size in _INTEGERS:
            return Column.integer(offset, size, plain.signed, nullable, plain.meaning_of, doc)
    if not nullable:
        match plain:
            case kinds.Text():
                return Column.text(offset, size, doc)
            case kinds.Bytes():
                return Column.raw(offset, size, None, doc)
            case kinds.Ip():
                return Column.raw(offset, size, plain.meaning_of, doc)
            case kinds.Boolean():
                return Column.integer(offset, 1, False, False, bool, doc)
            case kinds.Span():
                convert = None if plain.meaning == "text" else plain.meaning_of
                return Column.span(offset, convert, SchemaError, doc)
    return Column.decoded(field.offset, field.size, kind.decode, doc)


_INTEGERS = (1, 2, 4, 8)


@lru_cache(maxsize=256)
def record_class(layout: Schema) -> type[Record]:
    """The class of a schema's records; one for equal schemas."""
    body: dict[str, Any] = {field.name: _column(field) for field in layout.fields}
    return type(
        layout.name,
        (Record,),
        body | {"__slots__": (), "__schema__": layout, "__module__": "libbpf_iter.records"},
    )


def records(layout: Schema, chunk: Buffer) -> Iterator[Record]:
    """The records of a chunk, which holds whole ones."""
    record, size, framed = record_class(layout), layout.size, layout.framed
    return Records(record, (chunk,), size, framed, SchemaError, ClosedError.forked)


def slices(layout: Schema, chunk: Buffer) -> Iterator[bytes]:
    """Each record's own bytes."""
    return (record._data for record in records(layout, chunk))
