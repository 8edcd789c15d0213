"""What the programs say beside each column: the one place where a column is explained."""

from __future__ import annotations

import re

from .tools import ROOT

_MEMBER = re.compile(
    r"^\t[^;/]*?[\s*](?P<name>\w+)(?:\[[^\]]*\])?(?:\s+NEEDS\([^)]*\))?;(?:\s*/\*\s*(?P<said>.*?)\s*\*/)?$",
    re.MULTILINE | re.DOTALL,
)


def comments(target: str) -> dict[str, str]:
    """The comment of each member of struct <target>_record that has one, on one line."""
    source = (ROOT / "progs" / f"{target}.bpf.c").read_text()
    start = source.index(f"struct {target}_record {{\n")
    body = source[start : source.index("\n};", start)]
    said = {m["name"]: m["said"] for m in _MEMBER.finditer(body) if m["said"]}
    return {name: re.sub(r"\s*\n\s*\*?\s*", " ", text) for name, text in said.items()}
