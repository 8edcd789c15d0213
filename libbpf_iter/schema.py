"""What a record is made of: its columns and where each lies. Imports kinds, names, tabular, errors; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import kinds
from .errors import ParameterError
from .immutable import Immutable
from .names import near
from .typed import Any

__all__ = ["COLUMN_HEAD", "Field", "Schema", "column_rows"]


class Field(Immutable):
    """One column: its name, where it is in the record, and what its bytes mean.

    ``offset`` counts bytes from the record's start; ``c_type`` is the type's name in the program's BTF.
    A column that is computed only ``on_request`` has to be asked for by name; one that reads ``user_memory``
    needs a sleepable program. ``unavailable`` says why the running kernel can't provide a column, which is
    then None in every record: the kernel lacks ``feature``, as its BTF doesn't have the name ``needs``.
    """

    name: str
    offset: int
    kind: kinds.Kind
    c_type: str
    on_request: bool = False
    user_memory: bool = False
    needs: str = ""
    feature: str = ""
    unavailable: str | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes in the record's fixed part."""
        return self.kind.size

    @property
    def unit(self) -> str:
        """What its numbers count, "ns" or "bytes"; "" if its type doesn't say."""
        kind = self.kind.inner if isinstance(self.kind, kinds.Nullable) else self.kind
        return kind.unit if isinstance(kind, kinds.Integer) else ""


class Schema(Immutable):
    """A record's layout: its columns, and how to tell where one record ends and the next begins.

    ``size`` is that of the fixed part, in bytes. A record that is ``framed`` begins with its own length, a
    32-bit number, and has data of variable length behind the fixed part; any other has exactly ``size``
    bytes.
    """

    name: str
    size: int
    framed: bool
    fields: tuple[Field, ...]

    def __getitem__(self, name: str) -> Field:
        """A column by its name; ParameterError, with the nearest names, if there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        hint = near(name, (field.name for field in self.fields))
        raise ParameterError("columns", f"{self.name} has no column {name!r}{hint}")

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        """The names of its columns, in their order."""
        return (field.name for field in self.fields)

    @property
    def names(self) -> frozenset[str]:
        """The names of its columns."""
        return frozenset(field.name for field in self.fields)

    def select(self, columns: Iterable[str] | None) -> Schema:
        """The same record with only these columns; with None, all that need no request."""
        if columns is None:
            return self.with_fields(f for f in self.fields if not f.on_request)
        if isinstance(columns, str):
            raise ParameterError("columns", f"a list of names is expected, not the text {columns!r}")
        names = list(columns)
        if not names or len(set(names)) != len(names):
            raise ParameterError("columns", "at least one column is expected, and each only once")
        return self.with_fields(self[name] for name in names)

    def with_fields(self, fields: Iterable[Field]) -> Schema:
        """The same record with these columns."""
        return Schema(self.name, self.size, self.framed, tuple(fields))

    def _repr_html_(self) -> str:
        from .tabular import html_table

        return html_table(self._caption, COLUMN_HEAD, column_rows(self))

    def __rich__(self) -> Any:
        from .tabular import rich_table

        return rich_table(self._caption, COLUMN_HEAD, column_rows(self))

    @property
    def _caption(self) -> str:
        size = f"{self.size} bytes and what is behind them" if self.framed else f"{self.size} bytes"
        return f"{self.name}: {len(self.fields)} columns, {size}"


COLUMN_HEAD = ("column", "type", "unit", "in C")


def column_rows(schema: Schema) -> Iterator[tuple[str, ...]]:
    """What there is to know of each column, as the cells of a table with :data:`COLUMN_HEAD`."""
    for field in schema.fields:
        lacking = f"; always None: {field.unavailable}" if field.unavailable else ""
        yield field.name, field.kind.annotation, field.unit, field.c_type + lacking
