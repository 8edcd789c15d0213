"""The pages of the targets, from the programs' BTF and the comments in their sources; no kernel is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cbuild.comments import comments
from libbpf_iter import iterators, objects
from libbpf_iter.schema import Field

FOLDER = Path(__file__).parent / "targets"


def classes() -> dict[str, type]:
    """The iterator of each target that has one."""
    found = (getattr(iterators, name) for name in iterators.__all__)
    return {cls._target: cls for cls in found if hasattr(cls, "_target")}


def column(field: Field, said: str) -> str:
    facts = [said] if said else []
    if unit := getattr(getattr(field.kind, "inner", field.kind), "unit", ""):
        facts.append({"ns": "nanoseconds", "bytes": "bytes"}[unit])
    if field.dear:
        facts.append("computed when asked for by name")
    if field.needs:
        facts.append(f"`None` on a kernel that has no {field.feature}")
    python = "Any" if field.c_type == "void" else field.kind.annotation
    # What is said shares a cell with the types: a phone has no room for a third.
    cells = f"`{field.name}`", "<br>".join(filter(None, [f"`{python}` `{field.c_type}`", "; ".join(facts)]))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page(target: str, cls: type) -> str:
    schema, said = objects.object_schema(objects.packaged(target), target), comments(target)
    rows = [column(field, said.get(field.name, "")) for field in schema.fields]
    return "\n".join(
        [
            f"# {target}",
            "",
            "```{eval-rst}",
            f".. autoclass:: libbpf_iter.{cls.__name__}",
            "```",
            "",
            f"## Columns of `records.{schema.name}`",
            "",
            "| column | types in Python and C; what it is |",
            "|---|---|",
            *rows,
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
