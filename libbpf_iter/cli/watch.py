"""A walk that is repeated, as a table that marks what has changed. Imports output and tabular."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ..tabular import GAP, Tabular
from .output import Column, tabular, texts

__all__ = ["Watch", "watch"]

NEW, CHANGED = "bold green", "bold yellow"


class Watch:
    """The tables of successive walks; ``key`` tells which object a record is about."""

    def __init__(self, columns: list[Column], key: Callable[[Any], Any]) -> None:
        self._columns, self._key = columns, key
        self._before: dict[Any, list[str]] | None = None

    def table(self, records: Iterable[Any], room: int, lines: int, note: str = "") -> Group:
        """The table of a walk, with marks where it differs from the walk before."""
        rows: dict[Any, list[str]] = {}
        alike: Counter[Any] = Counter()
        for record in records:
            key = self._key(record)
            rows[key, alike[key]] = texts(self._columns, record)
            alike[key] += 1
        before, self._before = self._before, rows
        shown = list(rows.items())[: max(lines - 2, 1)]
        table = tabular(self._columns, [row for _, row in shown], room)
        gone = len(before.keys() - rows.keys()) if before else 0
        new = len(rows.keys() - before.keys()) if before is not None else 0
        counts = f"{len(rows):,} records: {new} new, {gone} gone"
        if len(shown) < len(rows):
            counts += f"; the first {len(shown)}"
        body = [_line(table, row, None if before is None else before.get(key, [])) for key, row in shown]
        return Group(
            Text("; ".join(filter(None, [time.strftime("%X"), note, counts])), "dim", no_wrap=True),
            Text(table.line(table.head), "bold", no_wrap=True),
            *body,
        )


def _line(table: Tabular, row: list[str], before: list[str] | None) -> Text:
    """``before`` is the record's row in the last table, empty if it is new; None in the first table."""
    line = Text(no_wrap=True)
    for at, cell in enumerate(table.cells(row)):
        style = ""
        if before is not None and (not before or before[at] != row[at]):
            style = CHANGED if before else NEW
        line.append(" " * GAP if at else "")
        line.append(cell, style)
    return line


def watch(
    columns: list[Column],
    key: Callable[[Any], Any],
    walk: Callable[[], tuple[list[Any], Iterable[str]]],
    seconds: float,
) -> None:
    """Walk every so many seconds until Ctrl-C."""
    if not sys.stdout.isatty():
        raise click.UsageError("--watch is for a terminal")
    console = Console(highlight=False)
    seen = Watch(columns, key)
    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                due = time.monotonic() + seconds
                records, lost = walk()
                note = "; ".join([f"every {seconds:g} s, Ctrl-C ends", *lost])
                live.update(seen.table(records, console.width, console.height, note), refresh=True)
                time.sleep(max(0.0, due - time.monotonic()))
    except KeyboardInterrupt:
        pass
