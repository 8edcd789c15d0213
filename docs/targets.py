"""The pages of the targets, from the programs' BTF and the comments in their sources; no kernel is asked."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from cbuild.comments import Comment, comments, unit, what
from libbpf_iter import iterators, objects
from libbpf_iter.schema import Field

FOLDER = Path(__file__).parent / "targets"
# static/columns.css writes these before the cells where there is no room for a table.
HEAD = ("column", "what it is", "type", "unit", "cost", "from the kernel's")
# What is read from a task's memory may have to be paged in.
COSTS = {(False, False): "loads", (True, False): "when asked for", (True, True): "when asked for; may wait"}
# What belongs into a monospaced cell: a struct's member, a path, a constant.
_CODE = re.compile(
    r"[A-Za-z_]\w*\.[A-Za-z_]\w*(?:\.h)?|/(?:proc|sys)/[\w/]+|\b[A-Z]+_[A-Z_]*\*?|[\w/]+\.[ch]\b"
)


def classes() -> dict[str, type]:
    """The iterator of each target that has one."""
    found = (getattr(iterators, name) for name in iterators.__all__)
    return {cls._target: cls for cls in found if hasattr(cls, "_target")}


def _text(text: str) -> str:
    return _CODE.sub(lambda code: f"`{code[0]}`", text)


def column(field: Field, comment: Comment) -> str:
    """A row: a cell for each of HEAD."""
    python = "Any" if field.c_type == "void" else field.kind.annotation
    cells = (
        f"`{field.name}`",
        _text(what(field, comment)),
        f"`{python}`<br>`{field.c_type}`",
        _text(unit(field, comment)) or "-",
        COSTS[field.on_request, field.user_memory],
        _text(comment.source),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def parameters(cls: type) -> str:
    """What the classes that an iterator is made of say of its parameters."""
    shared = [base for base in cls.__mro__[1:] if base.__module__ == cls.__module__]
    return "\n\n".join(inspect.cleandoc(base.__doc__ or "") for base in shared)


def page(target: str, cls: type) -> str:
    schema, said = objects.object_schema(objects.packaged(target), target), comments(target)
    return "\n".join(
        [
            f"# {target}",
            "",
            "```{eval-rst}",
            f".. autoclass:: libbpf_iter.{cls.__name__}",
            "",
            parameters(cls),
            "```",
            "",
            f"## Columns of `records.{schema.name}`",
            "",
            ":::{rst-class} columns",
            ":::",
            "",
            "| " + " | ".join(HEAD) + " |",
            "|---" * len(HEAD) + "|",
            *(column(field, said[field.name]) for field in schema.fields),
            "",
        ]
    )


def write(_: Any) -> None:
    FOLDER.mkdir(exist_ok=True)
    found = classes()
    for target, cls in sorted(found.items()):
        text, path = page(target, cls), FOLDER / f"{target}.md"
        # What hasn't changed isn't read again.
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
