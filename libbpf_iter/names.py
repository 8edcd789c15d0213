"""How columns and classes are named, and which name was probably meant. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["class_name", "column_name", "near"]


def column_name(text: str) -> str:
    """The name of a column that is given as an expression only: mm.total_vm becomes mm_total_vm."""
    import re  # Slow to import, and only queries need it.

    return re.sub(r"\W+", "_", text).strip("_")


def near(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the known names that resemble ``name``; "" if none does."""
    from difflib import get_close_matches  # Slow to import, and seldom needed.

    found = get_close_matches(name, known, 3)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def class_name(target: str) -> str:
    """The name of the class of a target's records: task_file → TaskFile."""
    return "".join(word.capitalize() for word in target.split("_"))
