"""What a column is called, and what somebody may have meant. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["class_name", "column_name", "near"]


def column_name(text: str) -> str:
    """The name of a column that is given as an expression alone: mm.total_vm is mm_total_vm."""
    import re  # Slow to import, and queries alone need it.

    return re.sub(r"\W+", "_", text).strip("_")


def near(name: str, known: Iterable[str]) -> str:
    """The end of an error's sentence: the known names that are like ``name``; "" for none."""
    from difflib import get_close_matches  # Slow to import, and seldom needed.

    found = get_close_matches(name, known, 3)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def class_name(target: str) -> str:
    """What the class of a target's records is named: task_file → TaskFile."""
    return "".join(word.capitalize() for word in target.split("_"))
