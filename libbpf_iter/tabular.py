"""Tables of text: lines that fit a terminal, HTML for notebooks, and rich's. Imports nothing of ours.

rich is imported only when it has itself asked for a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any

__all__ = ["Cells", "Tabular", "html_table", "rich_table", "width"]

Cells = Iterable[Sequence[str]]

GAP = 2
_NARROWEST = 15  # columns of text are cut down to this before any column is left out
_PROSE = 24  # and sentences are wrapped to this
_CELL_MAX = 120  # characters that a notebook shows of a cell


def width(text: str) -> int:
    """How many columns of a terminal a text occupies."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _cut(text: str, room: int) -> str:
    """As much of a text as fits: the end of a path, the beginning of anything else."""
    if text.startswith("/") and " " not in text.removesuffix(" (deleted)"):
        text = text[-room:]
        while width(text) >= room:
            text = text[1:]
        return "…" + text
    text = text[:room]  # it may be a command line of a hundred thousand characters
    while width(text) >= room:
        text = text[:-1]
    return text + "…"


class Tabular:
    """The lines of a table: which columns fit, and how wide each one is.

    Without ``room``, every column is as wide as its contents. Otherwise columns of text are narrowed, the
    widest first, and if that isn't enough, columns are left out from the right. Columns that are ``whole``
    are never narrowed: by default those aligned ``right``, numbers. With ``prose``, the last column holds
    sentences, which are wrapped.
    """

    def __init__(
        self,
        head: Sequence[str],
        rows: Iterable[Sequence[str]],
        right: Sequence[bool],
        room: int | None = None,
        *,
        whole: Sequence[bool] | None = None,
        prose: bool = False,
    ) -> None:
        self.head, self.right, self._prose = head, right, prose
        self._whole = right if whole is None else whole
        self.widths = [max(map(width, column)) for column in zip(head, *rows, strict=True)]
        if room is not None:
            self._fit(room)

    def _fit(self, room: int) -> None:
        widths = self.widths
        least = [
            own if whole else min(own, max(width(name), _NARROWEST))
            for own, name, whole in zip(widths, self.head, self._whole, strict=True)
        ]
        if self._prose:
            least[-1] = min(widths[-1], _PROSE)
        while len(widths) > 1 and sum(least) + GAP * (len(least) - 1) > room:
            widths.pop()
            least.pop()
            self._prose = False  # it was the last one
        excess = sum(widths) + GAP * (len(widths) - 1) - room
        if self._prose:
            wrapped = max(widths[-1] - max(excess, 0), least[-1])
            excess -= widths[-1] - wrapped
            widths[-1] = wrapped
        while excess > 0:
            widest = max(range(len(widths)), key=lambda at: widths[at] - least[at])
            if widths[widest] == least[widest]:
                widths[widest] = max(widths[widest] - excess, 1)
                break
            widths[widest] -= 1
            excess -= 1

    @property
    def left_out(self) -> Sequence[str]:
        """The names of the columns that didn't fit."""
        return self.head[len(self.widths) :]

    def cells(self, row: Sequence[str]) -> list[str]:
        """A row's cells, each cut or padded to the width of its column."""
        cells = []
        for text, room, right in zip(row, self.widths, self.right, strict=False):
            own = width(text)
            if own > room:
                text, own = _cut(text, room), room
            pad = " " * (room - own)
            cells.append(pad + text if right else text + pad)
        return cells

    def lines(self, row: Sequence[str]) -> list[str]:
        """A row: one line, or several if its prose is wrapped."""
        *before, last = row
        parts = wrap(last, self.widths[-1]) if self._prose else [last]
        first, *more = parts or [""]
        return [self.line([*before, first])] + [self.line([*("" for _ in before), part]) for part in more]

    def line(self, row: Sequence[str]) -> str:
        return (" " * GAP).join(self.cells(row)).rstrip()


def html_table(caption: str, head: Sequence[str], rows: Cells, right: Sequence[bool] = ()) -> str:
    """An HTML table, with everything in it escaped; ``right`` says which columns are aligned to the right."""
    from html import escape

    align = [f' style="text-align: {"right" if each else "left"}"' for each in right or [False] * len(head)]
    # A table may be wider than the page, so the caption stays at its left end.
    lines = ["<table>", f'<caption style="text-align: left; white-space: nowrap">{escape(caption)}</caption>']
    if any(head):
        cells = "".join(f"<th{a}>{escape(text)}</th>" for a, text in zip(align, head, strict=True))
        lines.append(f"<thead><tr>{cells}</tr></thead>")
    lines.append("<tbody>")
    for row in rows:
        cells = "".join(f"<td{a}>{escape(_shortened(text))}</td>" for a, text in zip(align, row, strict=True))
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])


def _shortened(text: str) -> str:
    return text if len(text) <= _CELL_MAX else text[: _CELL_MAX - 1] + "…"


def rich_table(caption: str, head: Sequence[str], rows: Cells, right: Sequence[bool] = ()) -> Any:
    """The same as a ``rich.table.Table``."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text  # a str would be read as markup

    table = Table(title=Text(caption), title_justify="left", box=SIMPLE_HEAD, show_header=any(head))
    for name, each in zip(head, right or [False] * len(head), strict=True):
        table.add_column(Text(name), justify="right" if each else "left", overflow="ellipsis", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
