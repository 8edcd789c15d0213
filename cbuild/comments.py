"""The comments on columns in the programs, which are the only place where columns are explained.

    /* its parent process; 0 if the parent is outside of the namespace [id]; from task_struct.real_parent */
    __s32 ppid;

A comment says what the column is, and when it is None; its unit in brackets, unless the type says it; and
which members of the kernel's structs it comes from.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from libbpf_iter.schema import Field

from .tools import ROOT

__all__ = ["Comment", "comments", "unit", "what"]

PROGS = ROOT / "progs"

_NEEDS = r"""\s+NEEDS\w*(?:\((?:"[^"]*"|[^")])*\))?"""
_COLUMN = re.compile(
    r"^\t/\*(?P<said>(?:(?!\*/).)*)\*/\n"
    rf"\t[^;/]*?[\s*](?P<name>\w+)(?:\[\w*\])?(?:{_NEEDS})?;$",
    re.MULTILINE | re.DOTALL,
)
_SAID = re.compile(r"(?P<what>.+?)(?: \[(?P<unit>[^\]]+)\])?; from (?P<source>(?:(?!; from ).)+)")
# Members that several records share, such as SOCK_IDENTITY of sock_identity.h.
_MACRO = re.compile(r"^\t(?P<name>[A-Z][A-Z_]+);$", re.MULTILINE)


class Comment(NamedTuple):
    """The parts of the comment on one column, without line breaks."""

    what: str
    unit: str
    source: str


def _definition(name: str) -> str:
    """The members that a macro in one of the headers stands for."""
    define = re.compile(rf"^#define {name}\s*\\\n((?:.*\\\n)*.*)$", re.MULTILINE)
    (found,) = (m[1] for header in PROGS.glob("*.h") for m in define.finditer(header.read_text()))
    return re.sub(r"\s*\\$", "", found, flags=re.MULTILINE) + ";"


def comments(target: str) -> dict[str, Comment]:
    """The comment on each member of struct <target>_record that has one."""
    source = (PROGS / f"{target}.bpf.c").read_text()
    start = source.index(f"struct {target}_record {{\n")
    body = source[start : source.index("\n};", start)]
    body = _MACRO.sub(lambda macro: _definition(macro["name"]), body)
    found = {}
    for column in _COLUMN.finditer(body):
        text = re.sub(r"\n\s*\*\s", " ", column["said"]).strip()
        if said := _SAID.fullmatch(text):
            found[column["name"]] = Comment(said["what"], said["unit"] or "", said["source"])
    return found


def what(field: Field, comment: Comment) -> str:
    """What a column is, and when it is None."""
    lacking = f"None on a kernel that has no {field.feature}" if field.needs else ""
    return "; ".join(filter(None, [comment.what, lacking]))


def unit(field: Field, comment: Comment) -> str:
    """The unit of a number, which its comment or its type says."""
    return comment.unit or field.unit
