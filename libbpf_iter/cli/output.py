"""Records as a table, JSON, CSV or Arrow, on standard output. Imports display, tabular, kinds and rows.

What machines read has the values that Arrow has: numbers as the kernel has
them, enums by name, text in which bytes that are no UTF-8 become U+FFFD.
"""

from __future__ import annotations

import csv
import itertools
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import click

from .. import display, kinds
from ..rows import Rows
from ..schema import Field, Schema
from ..tabular import Tabular
from .command import Failure

__all__ = ["Column", "columns_of", "emit", "gather", "heading", "texts", "write_arrow"]


class Column(NamedTuple):
    """One column of what is written: for people, and for machines."""

    name: str
    text: Callable[[Any], str] = str
    plain: Callable[[Any], Any] = lambda value: value
    right: bool = False


def columns_of(fields: Iterable[Field]) -> list[Column]:
    return [
        Column(field.name, display.cell(field.kind), plain(field.kind), display.is_number(field.kind))
        for field in fields
    ]


# ---- values -------------------------------------------------------------------


def plain(kind: kinds.Kind) -> Callable[[Any], Any]:
    """How a value of a column is written for machines."""
    match kind:
        case kinds.Integer() | kinds.Boolean() | kinds.Float():
            return lambda value: value
        case kinds.EnumValue(flags=False):
            return lambda value: getattr(value, "name", str(value))
        case kinds.Nullable():
            present = plain(kind.inner)
            return lambda value: None if value is None else present(value)
    return _plain


def _plain(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        case bytes():
            return value.hex()
        case tuple():
            return [_plain(item) for item in value]
        case kinds.Group():
            return {name: _plain(member) for name, member in value}
        case int():
            return int(value)
        case float():
            return value
    return str(value)  # an address


def texts(columns: Iterable[Column], record: Any) -> list[str]:
    return [column.text(getattr(record, column.name)) for column in columns]


def _objects(columns: list[Column], records: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for record in records:
        yield {name: value(getattr(record, name)) for name, _, value, _ in columns}


# ---- formats ------------------------------------------------------------------


def emit(format_: str, columns: list[Column], records: Iterable[Any]) -> None:
    """Write the records; a table when all are there, the others as they come."""
    {"table": _table, "json": _json, "ndjson": _ndjson, "csv": _csv}[format_](columns, records)


def heading(text: str) -> None:
    """A line that stands out on a terminal."""
    from rich.console import Console
    from rich.text import Text

    Console(highlight=False).print(Text(text, "bold"), soft_wrap=True)


def _table(columns: list[Column], records: Iterable[Any]) -> None:
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    head = [column.name for column in columns]
    rows = [texts(columns, record) for record in records]
    table = Tabular(head, rows, [column.right for column in columns], room)
    heading(table.line(head))
    for row in rows:
        sys.stdout.write(table.line(row) + "\n")
    if table.left_out:
        click.echo(f"no room for: {', '.join(table.left_out)}", err=True)


def _json(columns: list[Column], records: Iterable[Any]) -> None:
    between = "[\n"
    for each in _objects(columns, records):
        sys.stdout.write(between + json.dumps(each, ensure_ascii=False))
        between = ",\n"
    sys.stdout.write("[]\n" if between == "[\n" else "\n]\n")


def _ndjson(columns: list[Column], records: Iterable[Any]) -> None:
    for each in _objects(columns, records):
        sys.stdout.write(json.dumps(each, ensure_ascii=False) + "\n")


def _csv(columns: list[Column], records: Iterable[Any]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(column.name for column in columns)
    for each in _objects(columns, records):
        writer.writerow(map(_csv_cell, each.values()))


def _csv_cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | list | dict) else value


def write_arrow(schema: Schema, records: Iterable[Any]) -> None:
    """An Arrow IPC stream, for a pipe or a file."""
    if sys.stdout.isatty():
        raise click.UsageError("--format arrow is binary: pipe it, or redirect it to a file")
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise Failure("--format arrow needs pyarrow: pip install pyarrow") from None
    table = pa.table(Rows(schema, records))
    with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
        stream.write_table(table)


# ---- progress -----------------------------------------------------------------

_STEP = 4096
_PATIENCE = 0.5  # seconds that a walk may take before it is counted aloud


def gather(records: Iterator[Any], name: str) -> list[Any]:
    """All records. What takes long is counted, where standard error is a terminal."""
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
