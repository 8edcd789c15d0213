"""A walk as an Arrow table, by the C data interface. Imports kinds, schema, values and _arrow.

polars, DuckDB, pyarrow and pandas read it by the PyCapsule protocol; none of them is imported here. Numbers
are as wide as in the kernel; an enum is a dictionary of its names; text is UTF-8, with U+FFFD for bytes that
aren't; IP addresses are text; None is null; a nested struct is a struct, and an array a list of fixed size.
"""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache
from itertools import accumulate
from typing import Any

from . import _arrow, kinds
from .decode import Buffer
from .kinds import Kind
from .schema import Schema

__all__ = ["schema_capsule", "stream_capsule"]

_NULLABLE = 2  # ARROW_FLAG_NULLABLE
_INTEGERS = {1: "c", 2: "s", 4: "i", 8: "l"}  # signed; unsigned ones are upper case
_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}
# As str(IPv6Address("::ffff:127.0.0.1")) says it, which changed in Python 3.13.
_MIXED = sys.version_info >= (3, 13)

# (format, name, flags, children, dictionary) and (length, nulls, buffers, children, dictionary)
Type = tuple[str, str, int, tuple[Any, ...], Any]
Array = tuple[int, int, tuple[bytes | None, ...], tuple[Any, ...], Any]


def schema_capsule(schema: Schema) -> object:
    """An ``ArrowSchema``, which is a struct of the columns."""
    return _arrow.schema(_table(schema))


def stream_capsule(schema: Schema, data: Buffer) -> object:
    """An ``ArrowArrayStream`` of one batch with all the records in ``data``, whose memory it doesn't keep.

    Rows become columns, which copies the data once.
    """
    rows = _Rows(data, _arrow.starts(data, schema.size, schema.framed))
    columns = tuple(_column(field.kind, rows, field.offset) for field in schema.fields)
    return _arrow.stream(_table(schema), (len(rows), 0, (None,), columns, None))


@lru_cache(maxsize=256)
def _table(schema: Schema) -> Type:
    return ("+s", "", 0, tuple(_type(field.name, field.kind) for field in schema.fields), None)


class _Rows:
    """The bytes of records, or of an array's elements, and where each begins."""

    def __init__(self, data: Buffer, starts: bytes) -> None:
        self.data, self.starts = data, starts

    def __len__(self) -> int:
        return len(self.starts) // 8

    def gather(self, offset: int, width: int) -> bytes:
        return _arrow.gather(self.data, self.starts, offset, width)

    def values(self, kind: Kind, offset: int) -> list[Any]:
        """The values of a column, decoded one by one, for kinds without a faster way."""
        data = bytes(self.data)
        return [kind.decode(data, at + offset) for at in array("q", self.starts)]


# ---- types ------------------------------------------------------------------


def _type(name: str, kind: Kind) -> Type:
    flags = _NULLABLE if isinstance(kind, kinds.Nullable | kinds.Span | kinds.Ip) else 0
    inner = kind.inner if isinstance(kind, kinds.Nullable) else kind
    match inner:
        case kinds.EnumValue(flags=False):
            return ("i", name, flags, (), ("u", "", 0, (), None))
        case kinds.Integer() | kinds.EnumValue() | kinds.Typed() if inner.size in _INTEGERS:
            code = _INTEGERS[inner.size]
            return (code if inner.signed else code.upper(), name, flags, (), None)
        case kinds.Boolean():
            return ("b", name, flags, (), None)
        case kinds.Float() if inner.size in (4, 8):
            return ("f" if inner.size == 4 else "g", name, flags, (), None)
        case kinds.Text() | kinds.Ip():
            return ("u", name, flags, (), None)
        case kinds.Span(meaning="args"):
            return ("+l", name, flags, (("u", "item", 0, (), None),), None)
        case kinds.Span(meaning="kptrs"):
            return ("+l", name, flags, (("L", "item", 0, (), None),), None)
        case kinds.Span():
            return ("u" if inner.meaning == "text" else "z", name, flags, (), None)
        case kinds.Array():
            return (f"+w:{inner.count}", name, flags, (_type("item", inner.element),), None)
        case kinds.Nested():
            return ("+s", name, flags, tuple(_type(n, k) for n, _, k in inner.fields), None)
        case kinds.BitField():
            return ("l" if inner.signed else "L", name, flags, (), None)
    return (f"w:{inner.size}", name, flags, (), None)


# ---- columns ----------------------------------------------------------------


def _column(kind: Kind, rows: _Rows, offset: int) -> Array:
    count = len(rows)
    match kind:
        case kinds.Nullable():
            present, nulls = _arrow.bits(rows.gather(offset, kind.size), kind.size, True)
            length, _, buffers, children, dictionary = _column(kind.inner, rows, offset)
            return (length, nulls, (present if nulls else None, *buffers[1:]), children, dictionary)
        case kinds.EnumValue(flags=False):
            return _names(kind, rows.gather(offset, kind.size))
        case kinds.Boolean():
            truths, _ = _arrow.bits(rows.gather(offset, kind.size), kind.size, False)
            return (count, 0, (None, truths), (), None)
        case kinds.Text():
            return (count, 0, (None, *_arrow.texts(rows.data, rows.starts, offset, kind.size)), (), None)
        case kinds.Ip():
            present, nulls, texts = _arrow.addresses(rows.data, rows.starts, offset, _MIXED)
            return (count, nulls, (present if nulls else None, *texts), (), None)
        case kinds.Span():
            present, nulls = _arrow.bits(rows.gather(offset, 4), 4, False)
            offsets, *content = _arrow.spans(rows.data, rows.starts, offset, kind.meaning)
            buffers = (present if nulls else None, offsets)
            if kind.meaning in ("text", "bytes"):
                return (count, nulls, (*buffers, *content), (), None)
            items = len(content[0]) // 4 - 1 if kind.meaning == "args" else len(content[0]) // 8
            return (count, nulls, buffers, ((items, 0, (None, *content), (), None),), None)
        case kinds.Array():
            starts = _arrow.expand(rows.starts, offset, kind.element.size, kind.count)
            return (count, 0, (None,), (_column(kind.element, _Rows(rows.data, starts), 0),), None)
        case kinds.Nested():
            members = tuple(_column(inner, rows, offset + at) for _, at, inner in kind.fields)
            return (count, 0, (None,), members, None)
        case kinds.BitField():
            numbers = (int(value) for value in rows.values(kind, offset))
            return (count, 0, (None, array("q" if kind.signed else "Q", numbers).tobytes()), (), None)
    return (count, 0, (None, rows.gather(offset, kind.size)), (), None)


def _names(kind: kinds.EnumValue, column: bytes) -> Array:
    """Numbers as indices into a dictionary of names; one without a name is called by its number."""
    code = _CODES[kind.size]
    values = array(code if kind.signed else code.upper(), column)
    places: dict[int, int] = {}
    indices = array("i", [places.setdefault(value, len(places)) for value in values])
    known = {value: name for name, value in reversed(kind.members)}
    names = [known.get(value, str(value)).encode() for value in places]
    offsets = array("i", accumulate(map(len, names), initial=0))
    dictionary = (len(names), 0, (None, offsets.tobytes(), b"".join(names)), (), None)
    return (len(values), 0, (None, indices.tobytes()), (), dictionary)
