"""From chunks of bytes to records. Imports columns, schema and errors; pure, no I/O.

A record keeps its bytes and decodes a column when it is read, since most loops look at few columns of many
records. It has no public methods, so that a column can have any name; functions do what can be done with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

from . import kinds
from .columns import Buffer, Bytes, Records
from .errors import ClosedError, SchemaError
from .schema import Field, Schema
from .typed import Any

__all__ = ["Buffer", "Record", "Records", "asdict", "family", "fields", "record_class", "records", "schema"]


_MODULE = "libbpf_iter.records"


class Record(Bytes):
    """One object of a walk, as the kernel showed it, with an attribute for each column.

    A record is immutable and owns its bytes; a column is decoded when it is read. Records with equal columns
    are equal; they hash and pickle. What can be done with one is a function, such as :func:`asdict`.
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
    """A record's columns by name, in the record's order."""
    data = record._data
    return {f.name: f.kind.decode(data, f.offset) for f in record.__schema__.fields}


def schema(record: Record | type[Record]) -> Schema:
    """The layout of a record or of its class."""
    return record.__schema__


def fields(record: Record | type[Record]) -> tuple[Field, ...]:
    """The columns of a record or of its class."""
    return record.__schema__.fields


@cache
def family(name: str) -> type[Record]:
    """The base of all record classes of that name, whichever columns they have; for ``isinstance()``."""
    return type(name, (Record,), {"__slots__": (), "__module__": _MODULE})


@lru_cache(maxsize=256)
def record_class(layout: Schema) -> type[Record]:
    """The class of a schema's records; equal schemas have the same class."""
    body: dict[str, Any] = {
        field.name: kinds.column(field.kind, field.offset, f"{field.c_type} at offset {field.offset}")
        for field in layout.fields
    }
    body |= {"__slots__": (), "__schema__": layout, "__module__": _MODULE}
    return type(layout.name, (family(layout.name),), body)


def records(layout: Schema, chunk: Buffer) -> Iterator[Record]:
    """The records in a chunk, which holds whole records only."""
    record, size, framed = record_class(layout), layout.size, layout.framed
    return Records(record, (chunk,), size, framed, SchemaError, ClosedError.forked)


def slices(layout: Schema, chunk: Buffer) -> Iterator[bytes]:
    """Each record's own bytes."""
    return (record._data for record in records(layout, chunk))
