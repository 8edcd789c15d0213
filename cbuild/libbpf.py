"""The libbpf for a bundled wheel: the one of Debian's stable release, built on this system.

An older system's knows no BPF tokens (Debian 12 has 1.1, they came with 1.4), and the newer release's package
wants a newer C library than a wheel for many systems may.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from .apt import Apt, Suite
from .tools import run

STABLE = Suite("trixie", sources=True)
FLAGS = "-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2"


class Libbpf(NamedTuple):
    folder: Path  # where the shared library is
    copyright: Path


def build(folder: Path) -> Libbpf:
    """Fetch the source, with Debian's patches, and build it."""
    apt = Apt(folder / "apt", [STABLE])
    apt.update()
    source, made = folder.resolve() / "source", folder.resolve() / "made"
    for old in (source, made):
        shutil.rmtree(old, ignore_errors=True)
        old.mkdir(parents=True)
    apt.run("apt-get", "source", "libbpf", cwd=source)
    (tree,) = source.glob("*/")
    settings = [f"CFLAGS={FLAGS}", "LDFLAGS=-s", f"OBJDIR={made}"]
    run(["make", f"--jobs={os.cpu_count() or 1}", *settings, made / "libbpf.so"], cwd=tree / "src")
    return Libbpf(made, tree / "debian" / "copyright")
