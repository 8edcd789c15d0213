"""Finds compilers, or says in one sentence which package is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Distributions also install compilers under versioned names; the newest known version is preferred.
LLVM_VERSIONS = range(25, 11, -1)


class BuildError(Exception):
    """The package can't be built here; the message says what to do."""


def find_tool(name: str, variable: str, package: str) -> str:
    """The path of an LLVM tool: from the environment, or called `name` or `name`-<version>."""
    chosen = os.environ.get(variable)
    candidates = [chosen] if chosen else [name, *(f"{name}-{n}" for n in LLVM_VERSIONS)]
    for candidate in candidates:
        path = shutil.which(candidate)
        if path:
            return path
    where = f"{variable}={chosen}" if chosen else "PATH"
    raise BuildError(
        f"{name} was not found ({where}): it compiles the BPF programs in progs/. "
        f"Install it (Debian, Ubuntu: apt install {package}; Fedora: dnf install {package}) "
        f"or name it in ${variable}."
    )


def run(command: Sequence[str | Path], *, cwd: Path = ROOT, libraries: Path | None = None) -> str:
    """Run `command` and return what it prints; its complaints become the BuildError.

    `libraries`: a folder where shared libraries are looked for first.
    """
    environment = os.environ | ({"LD_LIBRARY_PATH": str(libraries)} if libraries else {})
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        line = " ".join(map(str, command))
        raise BuildError(f"{line}\nfailed with exit status {done.returncode}:\n{done.stderr}")
    return done.stdout


def is_stale(made: Path, sources: Iterable[Path]) -> bool:
    """Whether `made` is missing or older than one of its sources."""
    try:
        made_at = made.stat().st_mtime_ns
    except FileNotFoundError:
        return True
    return any(source.stat().st_mtime_ns > made_at for source in sources)
