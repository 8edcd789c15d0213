"""What a query was compiled to, for people. Imports schema, ask, compile and tree."""

from __future__ import annotations

from collections.abc import Iterator

from ..schema import Field, Schema
from . import tree
from .ask import Asked
from .compile import Compiled
from .tree import Node, walk

__all__ = ["explain", "explain_columns"]


def explain(asked: Asked, compiled: Compiled, size: int) -> str:
    """What each name stands for, then the instructions and what each is for; ``size`` is that of a record."""
    lines: list[str] = []
    for name, node in asked.columns or ():
        lines.append(f"column {name}")
        lines += [f"    {line}" for line in _places(node)]
    if asked.where is not None:
        lines.append("where")
        lines += [f"    {line}" for line in _places(asked.where)]
    leaves = "the record as it is" if asked.columns is None else f"{size} bytes a record"
    lines.append(f"{len(compiled.instructions)} instructions, {leaves}")
    at, before = 0, ""
    for instruction, note in zip(compiled.instructions, compiled.notes, strict=True):
        said = "" if note == before else f"  ; {note}"
        lines.append(f"{at:5}: {instruction!s:<44}{said}".rstrip())
        at, before = at + instruction.slots, note
    return "\n".join(lines)


def explain_columns(target: str, schema: Schema) -> str:
    """The same for columns that the target's own program computes, for which nothing is compiled."""
    lines = [f"{target}: nothing to compile, its own program computes"]
    lines += [f"    {field.name}: {field.c_type}{_lacking(field)}" for field in schema.fields]
    return "\n".join(lines)


def _lacking(field: Field) -> str:
    return f"; always None: {field.unavailable}" if field.unavailable else ""


def _places(root: Node) -> Iterator[str]:
    """Each name in an expression, with its C type and where it is found."""
    seen: set[str] = set()
    for node in walk(root):
        line = _place(node)
        if line and line not in seen:
            seen.add(line)
            yield line


def _place(node: Node) -> str:
    match node:
        case tree.Column():
            field = node.field
            return f"{field.name}: {field.c_type}, column of the record" + _lacking(field)
        case tree.Member():
            base = node.base.type
            to = base.to if isinstance(base, tree.Pointer) else None
            bits = f", bits {node.bits[0] % 8} to {node.bits[0] % 8 + node.bits[1] - 1}" if node.bits else ""
            offset = node.offset + (node.bits[0] // 8 if node.bits else 0)
            how = "" if isinstance(base, tree.Pointer) and base.direct else ", read by a helper"
            return f"{node.path}: {node.ctype}, at {offset} of {to or 'memory'}{bits}{how}"
        case tree.Object():
            return f"{node.name}: {node.ctype} *, given to the program"
        case tree.Argument():
            return f"{node.name}: {node.ctype}, given to the program"
        case tree.PerCpu():
            return f"CPU {node.cpu}'s copy of what the pointer leads to"
        case tree.Cast():
            return f"cast to {node.ctype} *"
        case tree.Param():
            return f"{node.name}: parameter"
    return ""
