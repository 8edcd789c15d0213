"""A page for each command of libbpf-iter, from its help; sphinx-click finds task as ``commands:task``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from libbpf_iter.cli import cli

FOLDER = Path(__file__).parent / "commands"


def __getattr__(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    if command is None:
        raise AttributeError(f"there is no command {name!r}")
    return command


def write(_: Any) -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in cli.list_commands(click.Context(cli)):
        text = f".. click:: commands:{name}\n   :prog: libbpf-iter {name}\n   :nested: short\n"
        (FOLDER / f"{name}.rst").write_text(text)


def describe(_: Any, context: click.Context, lines: list[str]) -> None:
    """Help is for terminals: what reStructuredText would take for its own is escaped, examples are code."""
    found: list[str] = []
    for line in lines:
        if line.startswith("|   "):
            if not found[-1].startswith("   "):
                found += ["", ".. code-block:: text", ""]
            found.append("   " + line.removeprefix("|").strip())
        else:
            found.append(re.sub(r"([\\`*_|])", r"\\\1", line.removeprefix("| ")))
    lines[:] = found


def brackets(_: Any, context: click.Context, lines: list[str]) -> None:
    """The one of ``[-]COLUMN`` that sphinx-click takes away."""
    lines[:] = [line.replace("<-]", "<[-]") for line in lines]


def setup(app: Any) -> dict[str, bool]:
    app.connect("sphinx-click-process-description", describe)
    app.connect("builder-inited", write)
    app.connect("sphinx-click-process-options", brackets)
    return {"parallel_read_safe": True}
