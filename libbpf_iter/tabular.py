"""Cells of text in lines as wide as there is room for. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

__all__ = ["Tabular", "width"]

GAP = 2
_NARROWEST = 15  # what a column of text is cut to before another one is left out
_PROSE = 24  # and what sentences are wrapped to


def width(text: str) -> int:
    """The places that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _cut(text: str, room: int) -> str:
    """As much as there is room for: of a path the end, of other text the beginning."""
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
    """Lines of a table: which columns fit, and how wide each is.

    With no ``room`` all do. Otherwise columns of text become narrower, the
    widest first; if that isn't enough, columns are left out from the right.
    Those that are ``whole`` aren't cut: numbers, if it isn't said otherwise.
    With ``prose`` the last column is sentences, which are wrapped.
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
        """The columns that there was no room for."""
        return self.head[len(self.widths) :]

    def cells(self, row: Sequence[str]) -> list[str]:
        """A row's cells, as wide as their columns."""
        cells = []
        for text, room, right in zip(row, self.widths, self.right, strict=False):
            own = width(text)
            if own > room:
                text, own = _cut(text, room), room
            pad = " " * (room - own)
            cells.append(pad + text if right else text + pad)
        return cells

    def lines(self, row: Sequence[str]) -> list[str]:
        """A row, and what there is more of its prose."""
        *before, last = row
        parts = wrap(last, self.widths[-1]) if self._prose else [last]
        first, *more = parts or [""]
        return [self.line([*before, first])] + [self.line([*("" for _ in before), part]) for part in more]

    def line(self, row: Sequence[str]) -> str:
        return (" " * GAP).join(self.cells(row)).rstrip()
