"""A walk as a NumPy array. Imports decode, workarounds, and NumPy only when an array is made."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from . import kinds
from .decode import Buffer, records, slices
from .schema import Schema
from .workarounds import names_keep_rests

if TYPE_CHECKING:
    import numpy as np

__all__ = ["array", "array_in_place", "dtype"]


class Lent(Protocol):
    """Memory of a snapshot, which has to be given back."""

    records: memoryview

    def release(self) -> None: ...


@lru_cache(maxsize=256)
def dtype(schema: Schema) -> np.dtype[Any] | None:
    """The structured type of a schema's records as they lie in memory; None if a column needs decoding.

    Numbers are as wide as in the kernel, and so are enums, flags, pointers and device numbers. Text of a
    fixed size is "S", bytes are "V", and an IP address is its family and 16 bytes in network order. A value
    that is None has all bits set.
    """
    import numpy as np

    names, formats, offsets = [], [], []
    for field in schema.fields:
        names.append(field.name)
        formats.append(_format(field.kind))
        offsets.append(field.offset)
    if any(map(_decoded, formats)):
        return None
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": schema.size})


def _format(kind: kinds.Kind) -> Any:
    """NumPy's format for a kind; "O" if its values aren't plain bytes of the record."""
    match kind:
        case kinds.Nullable():
            return _format(kind.inner)
        case kinds.Integer() | kinds.EnumValue() | kinds.Typed() if kind.size in (1, 2, 4, 8):
            return f"{'i' if kind.signed else 'u'}{kind.size}"
        case kinds.Boolean() if kind.size == 1:
            return "?"
        case kinds.Float() if kind.size in (2, 4, 8):
            return f"f{kind.size}"
        case kinds.Text():
            return f"S{kind.size}"
        case kinds.Bytes():
            return f"V{kind.size}"
        case kinds.Ip():
            return [("family", "u4"), ("address", "V16")]
        case kinds.Array():
            element = _format(kind.element)
            return "O" if _decoded(element) else (element, (kind.count,))
        case kinds.Nested():
            formats = [_format(member) for _, _, member in kind.fields]
            if any(_decoded(each) for each in formats):
                return "O"
            return {
                "names": [name for name, _, _ in kind.fields],
                "formats": formats,
                "offsets": [offset for _, offset, _ in kind.fields],
                "itemsize": kind.size,
            }
    return "O"


def _column_format(kind: kinds.Kind) -> Any:
    """The same for a new array, in which bitfields become numbers of a width that NumPy has."""
    if isinstance(kind, kinds.BitField):
        return "?" if isinstance(kind.inner, kinds.Boolean) else "i8" if kind.signed else "u8"
    return _format(kind)


def _decoded(format_: Any) -> bool:
    return isinstance(format_, str) and format_ == "O"


def array_in_place(schema: Schema, memory: Lent) -> np.ndarray[Any, Any] | None:
    """A read-only view of a snapshot's records; None if they have to be decoded, or their text cut.

    The memory is given back with the last array that uses it.
    """
    import numpy as np

    plain = _plain(schema, memory.records)
    if plain is None or _to_be_cut(plain):
        return None
    found: np.ndarray[Any, Any] = np.asarray(_Owner(memory, plain)).view(plain.dtype)
    return found


class _Owner:
    """The base object of the arrays: it is deleted with the last of them, and gives the memory back."""

    def __init__(self, memory: Lent, plain: np.ndarray[Any, Any]) -> None:
        self._memory = memory
        # As bytes, since NumPy would describe a structured type again each time.
        raw = plain.view(f"V{plain.dtype.itemsize}").__array_interface__
        self.__array_interface__ = raw | {"data": (raw["data"][0], True)}

    def __del__(self) -> None:
        self._memory.release()


def array(schema: Schema, chunks: Iterable[Buffer]) -> np.ndarray[Any, Any]:
    """The records in chunks, copied into an array."""
    data = bytearray()
    for chunk in chunks:
        data += chunk  # a chunk is only valid until the next one is asked for
    plain = _plain(schema, data)
    found = _decode(schema, data) if plain is None else plain
    for name in _to_be_cut(found):
        # Python's bytes keep a NUL inside; only those at the end are missing.
        found[name] = [text.partition(b"\0")[0] for text in found[name].tolist()]
    return found


def _to_be_cut(found: np.ndarray[Any, Any]) -> list[str]:
    """The columns in which bytes may follow a text's first NUL, which NumPy takes for a part of the text."""
    texts = [name for name in found.dtype.names or () if found.dtype[name].kind == "S"]
    return texts if texts and names_keep_rests() else []


def _plain(schema: Schema, data: Buffer) -> np.ndarray[Any, Any] | None:
    """A view of records; None if they aren't plain bytes of the same length."""
    import numpy as np

    wanted = dtype(schema)
    if wanted is None or len(data) % schema.size:
        return None
    if schema.framed:
        lengths = np.ndarray(len(data) // schema.size, "u4", data, strides=(schema.size,))
        if (lengths != schema.size).any():
            return None
    return np.frombuffer(data, wanted)


def _decode(schema: Schema, data: Buffer) -> np.ndarray[Any, Any]:
    """A new array, column by column, for records of different lengths or columns that need decoding."""
    import numpy as np

    formats = {field.name: _format(field.kind) for field in schema.fields}
    fixed = Schema(
        schema.name,
        schema.size,
        schema.framed,
        tuple(field for field in schema.fields if not _decoded(formats[field.name])),
    )
    heads = b"".join(record[: schema.size] for record in slices(schema, data))
    source = np.frombuffer(heads, dtype(fixed))
    result = np.empty(len(source), [(field.name, _column_format(field.kind)) for field in schema.fields])
    for field in fixed.fields:
        result[field.name] = source[field.name]
    for field in schema.fields:
        if _decoded(formats[field.name]):
            result[field.name] = [getattr(record, field.name) for record in records(schema, data)]
    return result
