"""Programs of strangers, compiled here."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cbuild import programs
from cbuild.tools import BuildError, find_tool
from libbpf_iter import include_dir
from tests.conftest import environment_skip


def compiled(folder: Path, source: str) -> Path:
    """The object file of a source text, made in ``folder``; our headers are found."""
    file, target = folder / "mine.bpf.c", folder / "mine.bpf.o"
    file.write_text(source)
    try:
        clang = find_tool("clang", "CLANG", "clang")
    except BuildError as error:
        environment_skip(str(error))
    # -w: what is generated looks as no person would write it.
    flags = [*programs.FLAGS, "-w", *programs.include_flags(), "-I", str(include_dir())]
    subprocess.run([clang, *flags, "-c", str(file), "-o", str(target)], check=True)
    return target
