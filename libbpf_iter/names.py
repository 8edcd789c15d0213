"""What somebody may have meant. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["near"]


def near(name: str, known: Iterable[str]) -> str:
    """The end of an error's sentence: the known names that are like ``name``; "" for none."""
    from difflib import get_close_matches  # Slow to import, and seldom needed.

    found = get_close_matches(name, known, 3)
    return f"; did you mean {' or '.join(found)}?" if found else ""
