"""One walk that is kept as a sequence. Imports session, arrays, arrow and display."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from . import display
from .arrays import array
from .arrow import schema_capsule, stream_capsule
from .schema import Schema
from .session import Session
from .typed import Later

if TYPE_CHECKING:
    import numpy as np
else:
    np = Later("numpy")

__all__ = ["Rows"]

R = TypeVar("R", covariant=True)


class Rows(Generic[R]):
    """What ``collect()`` returns: a sequence of records, which prints as a table.

    It isn't a :class:`collections.abc.Sequence`, since polars and pandas would then read it object by object,
    rather than by the Arrow PyCapsule protocol.
    """

    __slots__ = ("_records", "lost", "schema")
    #: The layout of its records.
    schema: Schema
    #: What the walk may have left out, a sentence each; empty if it is complete.
    lost: tuple[str, ...]

    def __init__(self, schema: Schema, records: Iterable[R], lost: tuple[str, ...] = ()) -> None:
        self.schema = schema
        self._records: list[Any] = list(records)
        self.lost = lost

    @classmethod
    def of(cls, session: Session[Any]) -> Rows[R]:
        """The rest of a walk."""
        records = list(session)
        return cls(session.schema, records, session.lost)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[R]:
        return iter(self._records)

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> Rows[R]: ...
    def __getitem__(self, index: int | slice) -> R | Rows[R]:
        if isinstance(index, slice):
            return Rows(self.schema, self._records[index], self.lost)
        return self._records[index]  # type: ignore[no-any-return]

    def to_numpy(self) -> np.ndarray[Any, Any]:
        """A structured array, one field a column."""
        return array(self.schema, (record._data for record in self._records))

    def __arrow_c_schema__(self) -> object:
        """The columns' Arrow types."""
        return schema_capsule(self.schema)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The records as an Arrow table."""
        return stream_capsule(self.schema, b"".join(record._data for record in self._records))

    def _repr_html_(self) -> str:
        return display.rows_html(self._records, self.schema, self.lost)

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        return display.rows_rich(self._records, self.schema, self.lost, options.max_width)

    def __repr__(self) -> str:
        return f"<{len(self)} {self.schema.name} record{'' if len(self) == 1 else 's'}>"
