"""A chunk of bytes to records. Imports schema and errors; pure, no I/O.

A record keeps its own bytes and decodes a column when it is read: most loops
look at few columns of many records. What it has is its schema's alone, so
that no column's name can collide with a method: the functions below take
records instead.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from . import kinds
from .errors import SchemaError
from .schema import Field, Schema

__all__ = ["Record", "asdict", "fields", "record_class", "records", "schema"]


class Record:
    """One object of a walk, as the kernel showed it. Immutable; equal where all columns are."""

    __slots__ = ("_data",)
    __schema__: Schema
    _data: bytes

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

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.__schema__, self._data)


# The slot itself, past __setattr__: what makes a record is not what uses one.
_set_data: Callable[[Record, bytes], None] = vars(Record)["_data"].__set__


def _restore(layout: Schema, data: bytes) -> Record:
    record = object.__new__(record_class(layout))
    _set_data(record, data)
    return record


def _values(record: Record) -> tuple[Any, ...]:
    return tuple(f.kind.decode(record._data, f.offset) for f in record.__schema__.fields)


def asdict(record: Record) -> dict[str, Any]:
    """A record's columns, by name."""
    return {f.name: f.kind.decode(record._data, f.offset) for f in record.__schema__.fields}


def schema(record: Record | type[Record]) -> Schema:
    """The layout of a record or of its class."""
    return record.__schema__


def fields(record: Record | type[Record]) -> tuple[Field, ...]:
    """The columns of a record or of its class."""
    return record.__schema__.fields


def _column(field: Field) -> property:
    decode, offset = field.kind.decode, field.offset

    def get(record: Record) -> Any:
        return decode(record._data, offset)

    if isinstance(field.kind, kinds.Integer) and field.size in (1, 2, 4, 8):
        # Most columns are plain integers: one call less.
        code = "bhiq"[field.size.bit_length() - 1]
        unpack = struct.Struct("=" + (code if field.kind.signed else code.upper())).unpack_from

        def get(record: Record) -> Any:
            return unpack(record._data, offset)[0]

    return property(get, doc=f"{field.c_type} at offset {offset}")


@lru_cache(maxsize=256)
def record_class(layout: Schema) -> type[Record]:
    """The class of a schema's records; one for equal schemas."""
    body: dict[str, Any] = {field.name: _column(field) for field in layout.fields}
    return type(
        layout.name,
        (Record,),
        body | {"__slots__": (), "__schema__": layout, "__module__": "libbpf_iter.records"},
    )


def records(layout: Schema, chunk: bytes) -> Iterator[Record]:
    """The records of a chunk, which holds whole ones."""
    cls, new = record_class(layout), object.__new__
    for data in slices(layout, chunk):
        record = new(cls)
        _set_data(record, data)
        yield record


def slices(layout: Schema, chunk: bytes) -> Iterator[bytes]:
    """Each record's own bytes."""
    size, at, end = layout.size, 0, len(chunk)
    if size == 0:
        raise SchemaError(f"{layout.name} has no size")
    if not layout.framed:
        if end % size:
            raise SchemaError(f"{end} bytes are no whole number of {layout.name}s of {size} bytes")
        for at in range(0, end, size):
            yield chunk[at : at + size]
        return
    while at < end:
        length = int.from_bytes(chunk[at : at + 4], sys.byteorder)
        if length < size or at + length > end:
            raise SchemaError(f"a {layout.name} of {length} bytes at {at} doesn't fit its chunk")
        yield chunk[at : at + length]
        at += length
