"""What the programs say beside each column: the one place where a column is explained."""

from __future__ import annotations

import re

from .tools import ROOT

PROGS = ROOT / "progs"

_NEEDS = r"""\s+NEEDS\w*(?:\((?:"[^"]*"|[^")])*\))?"""
_MEMBER = re.compile(
    rf"^\t[^;/]*?[\s*](?P<name>\w+)(?:\[[^\]]*\])?(?:{_NEEDS})?;(?:\s*/\*\s*(?P<said>.*?)\s*\*/)?$",
    re.MULTILINE | re.DOTALL,
)
# Where one comment is for several members.
_NUMBERS = ["", "one", "two", "three", "four", "five", "six"]
_AND_SO = re.compile(r",? and so the next (\w+)$")
# Members that records share, as SOCK_IDENTITY of sock_identity.h.
_MACRO = re.compile(r"^\t(?P<name>[A-Z][A-Z_]+);$", re.MULTILINE)


def _definition(name: str) -> str:
    """The members that a macro of the headers stands for."""
    define = re.compile(rf"^#define {name}\s*\\\n((?:.*\\\n)*.*)$", re.MULTILINE)
    (found,) = (m[1] for header in PROGS.glob("*.h") for m in define.finditer(header.read_text()))
    return re.sub(r"\s*\\$", "", found, flags=re.MULTILINE) + ";"


def comments(target: str) -> dict[str, str]:
    """The comment of each member of struct <target>_record that has one, on one line."""
    source = (PROGS / f"{target}.bpf.c").read_text()
    start = source.index(f"struct {target}_record {{\n")
    body = source[start : source.index("\n};", start)]
    body = _MACRO.sub(lambda macro: _definition(macro["name"]), body)
    found: dict[str, str] = {}
    shared, left = "", 0
    for member in _MEMBER.finditer(body):
        own = re.sub(r"\s*\n\s*\*?\s*", " ", member["said"] or "")
        text = "; ".join(filter(None, (shared if left > 0 else "", own)))
        left -= 1
        if more := _AND_SO.search(own):
            shared, left = own[: more.start()], _NUMBERS.index(more[1])
            text = shared
        if text:
            found[member["name"]] = text
    return found
