"""Records as a table, JSON, CSV or Arrow, on standard output. Imports display, tabular, kinds and rows.

What machines read has numbers as the kernel has them, enums by name, bytes in hex, and text
in which bytes that are no UTF-8 become U+FFFD.
"""

from __future__ import annotations

import csv
import functools
import itertools
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import click

from .. import display, kinds
from ..rows import Rows
from ..schema import Field, Schema
from ..tabular import Tabular
from .command import Failure

__all__ = ["Column", "columns_of", "emit", "gather", "heading", "tabular", "texts", "writer"]


class Column(NamedTuple):
    """A column of the output, as people and as programs get it."""

    name: str
    text: Callable[[Any], str] = str
    plain: Callable[[Any], Any] = lambda value: value
    right: bool = False
    whole: bool = False  # whether its values must not be cut


def columns_of(fields: Iterable[Field]) -> list[Column]:
    return [
        Column(
            field.name,
            display.cell(field.kind),
            _plain(field.kind),
            display.is_number(field.kind),
            display.is_whole(field.kind),
        )
        for field in fields
    ]


def tabular(
    columns: list[Column], rows: Iterable[Sequence[str]], room: int | None, *, prose: bool = False
) -> Tabular:
    """Rows of text as a table."""
    head = [column.name for column in columns]
    right, whole = [column.right for column in columns], [column.whole for column in columns]
    return Tabular(head, rows, right, room, whole=whole, prose=prose)


# ---- values -------------------------------------------------------------------


def _plain(kind: kinds.Kind) -> Callable[[Any], Any]:
    """A function that turns values of a column into what JSON and CSV can hold."""
    match kind:
        case kinds.EnumValue(flags=False):
            return lambda value: getattr(value, "name", str(value))
        case kinds.EnumValue() | kinds.Typed():
            return int
        case kinds.Nullable():
            present = _plain(kind.inner)
            return lambda value: None if value is None else present(value)
        case kinds.BitField():
            return _same if kind.inner is None else _plain(kind.inner)
        case kinds.Array():
            element = _plain(kind.element)
            return lambda value: [element(item) for item in value]
        case kinds.Nested():
            members = {name: _plain(member) for name, _, member in kind.fields}
            return lambda value: {name: members[name](member) for name, member in value}
        case kinds.Text() | kinds.Bytes() | kinds.Span() | kinds.Ip():
            return _simple
    return _same


def _same(value: Any) -> Any:
    return value


def _simple(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        case bytes():
            return value.hex()
        case tuple():
            return [_simple(item) for item in value]
        case int():
            return int(value)
    return None if value is None else str(value)  # an address


def texts(columns: Iterable[Column], record: Any) -> list[str]:
    return [column.text(getattr(record, column.name)) for column in columns]


def _objects(columns: list[Column], records: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for record in records:
        yield {column.name: column.plain(getattr(record, column.name)) for column in columns}


# ---- formats ------------------------------------------------------------------


Writer = Callable[[Iterable[Any]], None]


def writer(format_: str, schema: Schema) -> Writer:
    """A function that writes records in a format; one that isn't possible is refused before any walk."""
    if format_ == "arrow":
        return _arrow(schema)
    return functools.partial(emit, format_, columns_of(schema.fields))


def emit(format_: str, columns: list[Column], records: Iterable[Any], *, prose: bool = False) -> None:
    """Write records: a table once all are there, anything else as they come. ``prose`` as for Tabular."""
    if format_ == "table":
        _table(columns, records, prose)
    else:
        {"json": _json, "ndjson": _ndjson, "csv": _csv}[format_](columns, records)


def heading(text: str) -> None:
    """A line that stands out on a terminal."""
    from rich.console import Console
    from rich.text import Text

    Console(highlight=False).print(Text(text, "bold"), soft_wrap=True)


def _table(columns: list[Column], records: Iterable[Any], prose: bool) -> None:
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    rows = [texts(columns, record) for record in records]
    table = tabular(columns, rows, room, prose=prose)
    heading(table.line(table.head))
    for row in rows:
        sys.stdout.writelines(line + "\n" for line in table.lines(row))
    if table.left_out:
        click.echo(f"no room for: {', '.join(table.left_out)}", err=True)


def _dumped(value: Any) -> str:
    # JSON has to be UTF-8; for any other encoding it is ASCII with escapes.
    return json.dumps(value, ensure_ascii=sys.stdout.encoding.lower() != "utf-8")


def _json(columns: list[Column], records: Iterable[Any]) -> None:
    between = "[\n"
    for each in _objects(columns, records):
        sys.stdout.write(between + _dumped(each))
        between = ",\n"
    sys.stdout.write("[]\n" if between == "[\n" else "\n]\n")


def _ndjson(columns: list[Column], records: Iterable[Any]) -> None:
    for each in _objects(columns, records):
        sys.stdout.write(_dumped(each) + "\n")


def _csv(columns: list[Column], records: Iterable[Any]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(column.name for column in columns)
    for each in _objects(columns, records):
        writer.writerow(map(_csv_cell, each.values()))


def _csv_cell(value: Any) -> Any:
    return _dumped(value) if isinstance(value, bool | list | dict) else value


def _arrow(schema: Schema) -> Writer:
    """Writes an Arrow IPC stream, to a pipe or a file."""
    if sys.stdout.isatty():
        raise click.UsageError("--format arrow is binary: pipe it, or redirect it to a file")
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise Failure("--format arrow needs pyarrow: pip install pyarrow") from None

    def write(records: Iterable[Any]) -> None:
        table = pa.table(Rows(schema, records))
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table)

    return write


# ---- progress -----------------------------------------------------------------

_STEP = 4096
_PATIENCE = 0.5  # seconds after which a walk shows its progress


def gather(records: Iterator[Any], name: str) -> list[Any]:
    """All records; a walk that takes long shows its progress if standard error is a terminal."""
    found: list[Any] = []
    begun = time.monotonic()
    while batch := list(itertools.islice(records, _STEP)):
        found += batch
        if sys.stderr.isatty() and time.monotonic() - begun > _PATIENCE:
            return _counted(records, name, found)
    return found


def _counted(records: Iterator[Any], name: str, found: list[Any]) -> list[Any]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = SpinnerColumn(), TextColumn("{task.completed:,} " + name)
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(name, total=None, completed=len(found))
        while batch := list(itertools.islice(records, _STEP)):
            found += batch
            shown.update(task, completed=len(found))
    return found
