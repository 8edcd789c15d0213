"""Values, records and iterators for people: as text, as HTML, by rich. Imports kinds, schema and tabular.

rich is imported only when it has itself asked for something. Text in the kernel may come from anyone, so
control characters are shown as escapes, and HTML is escaped.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import kinds
from .schema import COLUMN_HEAD, Field, Schema, column_rows
from .tabular import Cells, Tabular, html_table, rich_table

__all__ = [
    "card_html",
    "card_rich",
    "cell",
    "is_number",
    "is_whole",
    "members_html",
    "record_html",
    "record_rich",
    "rows_html",
    "rows_rich",
]

NONE = "-"
ROWS_SHOWN = 20  # how many of a walk's records a notebook shows


# ---- one value ----------------------------------------------------------------


def cell(kind: kinds.Kind) -> Callable[[Any], str]:
    """A function that writes a column's values for people: units and names, but no control characters."""
    match kind:
        case kinds.Nullable():
            present = cell(kind.inner)
            return lambda value: NONE if value is None else present(value)
        case kinds.Integer(unit="ns"):
            return duration
        case kinds.Integer(unit="bytes"):
            return size
        case kinds.Integer():
            return str
        case kinds.Typed(meaning="FileMode"):
            return stat.filemode
        case kinds.Text():
            return printable
    return _text


def _text(value: Any) -> str:
    match value:
        case None:
            return NONE
        case str():
            return printable(value)
        case bool():
            return "yes" if value else "no"
        case bytes():
            return value.hex()
        case tuple():
            return " ".join(map(_text, value))
        case int():
            return repr(value)  # the types of values.py write names
        case kinds.Group():
            return " ".join(f"{name}={_text(member)}" for name, member in value)
    return str(value)


def printable(text: str) -> str:
    """Text in which whatever isn't printable is an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte that is no UTF-8: kinds.text()
        return f"\\x{ord(char) & 0xFF:02x}"
    return char.encode("unicode_escape").decode("ascii")


def size(number: int) -> str:
    """A number of bytes, in binary units."""
    if number < 1024:
        return f"{number} B"
    units = iter(("KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))
    value, name = number / 1024, next(units)
    while value >= 999.5:
        value, name = value / 1024, next(units)
    return f"{value:.1f} {name}" if value < 99.95 else f"{value:.0f} {name}"


def duration(ns: int) -> str:
    """A time in nanoseconds, with three digits or in two units."""
    seconds = ns // 1_000_000_000
    if seconds < 60:
        for name, length in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
            if ns >= length * 0.9995:
                return f"{_three_digits(ns / length)} {name}"
        return f"{ns} ns" if ns else "0 s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours:02}h"
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {seconds:02}s"


def _three_digits(number: float) -> str:
    return f"{number:.{2 if number < 9.995 else 1 if number < 99.95 else 0}f}"


def is_number(kind: kinds.Kind) -> bool:
    """Whether a column's values are amounts, which are aligned to the right."""
    if isinstance(kind, kinds.Nullable):
        kind = kind.inner
    if isinstance(kind, kinds.BitField):
        return kind.inner is None
    return isinstance(kind, kinds.Integer | kinds.Float)


def is_whole(kind: kinds.Kind) -> bool:
    """Whether values must not be cut: numbers, names of enum values, addresses in memory."""
    if isinstance(kind, kinds.Nullable):
        kind = kind.inner
    if isinstance(kind, kinds.BitField):
        return kind.inner is None or is_whole(kind.inner)
    if isinstance(kind, kinds.EnumValue):
        return not kind.flags
    return isinstance(kind, kinds.Integer | kinds.Float | kinds.Boolean | kinds.Typed)


# ---- tables -------------------------------------------------------------------


def _cells(fields: Sequence[Field], records: Iterable[Any]) -> Cells:
    columns = [(field.name, cell(field.kind)) for field in fields]
    for record in records:
        yield [write(getattr(record, name)) for name, write in columns]


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name} record{'' if count == 1 else 's'}"


def _record(record: Any, schema: Schema) -> tuple[str, Sequence[str], Cells, Sequence[bool]]:
    rows = ((field.name, cell(field.kind)(getattr(record, field.name))) for field in schema.fields)
    return schema.name, ("", ""), rows, (False, False)


def record_html(record: Any, schema: Schema) -> str:
    """A record as a table, with a row for each column."""
    return html_table(*_record(record, schema))


def record_rich(record: Any, schema: Schema) -> Any:
    return rich_table(*_record(record, schema))


def _rows(
    records: Sequence[Any], schema: Schema, lost: Iterable[str]
) -> tuple[str, Sequence[str], Cells, Sequence[bool]]:
    shown = records[:ROWS_SHOWN]
    caption = _counted(len(records), schema.name)
    if len(shown) < len(records):
        caption += f", the first {len(shown)}"
    caption = "; ".join([caption, *lost])
    names = [field.name for field in schema.fields]
    return caption, names, _cells(schema.fields, shown), [is_number(field.kind) for field in schema.fields]


def rows_html(records: Sequence[Any], schema: Schema, lost: Iterable[str]) -> str:
    """The records of a walk: how many there are, and the first of them."""
    return html_table(*_rows(records, schema, lost))


def rows_rich(records: Sequence[Any], schema: Schema, lost: Iterable[str], room: int) -> Iterator[Any]:
    """The same, with as many columns as a terminal has room for."""
    from rich.text import Text

    caption, head, rows, right = _rows(records, schema, lost)
    lines = list(rows)
    table = Tabular(head, lines, right, room, whole=[is_whole(field.kind) for field in schema.fields])
    if table.left_out:
        caption += f"; no room for {len(table.left_out)} more columns"
    yield Text(table.line(head), "bold")
    yield from (Text(table.line(row)) for row in lines)
    yield Text(caption, "italic")


def members_html(path: str, members: Sequence[tuple[str, str, int, int]]) -> str:
    """The members that a kernel path can continue with: name, C type, offset, size; "" if there are none."""
    rows = [[printable(str(part)) for part in member] for member in members]
    head = ("member", "in C", "offset", "size")
    return html_table(path, head, rows, (False, False, True, True)) if rows else ""


def _card(name: str, facts: Mapping[str, str], schema: Schema) -> tuple[str, Sequence[str], Cells]:
    said = "; ".join(f"{fact}: {value}" for fact, value in facts.items())
    return f"{name} ({said})", COLUMN_HEAD, column_rows(schema)


def card_html(name: str, facts: Mapping[str, str], schema: Schema) -> str:
    """What an iterator or session would give: its parameters and columns. Nothing is walked for it."""
    return html_table(*_card(name, facts, schema))


def card_rich(name: str, facts: Mapping[str, str], schema: Schema) -> Any:
    return rich_table(*_card(name, facts, schema))
