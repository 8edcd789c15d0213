"""The BPF programs: ``progs/<target>.bpf.c`` → ``<target>.bpf.o``, small and reproducible.

An object keeps its BTF and .BTF.ext (types, CO-RE relocations, the source lines that the verifier
quotes) and loses its DWARF, which nothing reads.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .tools import ROOT, find_tool, is_stale, run

PROGS = ROOT / "progs"
PACKAGE = ROOT / "libbpf_iter"

# The public headers, installed for programs of other people; emit.h includes record.h.
HEADERS = (PROGS / "record.h", PROGS / "emit.h")

# v3, with 32-bit registers and jumps, needs Linux 5.1; v4 would need 6.6.
FLAGS = ("-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Werror")


def sources() -> list[Path]:
    """Every program of progs/, sorted."""
    return sorted(PROGS.glob("*.bpf.c"))


def object_name(source: Path) -> str:
    """``task.bpf.c`` → ``task.bpf.o``."""
    return source.name.removesuffix(".c") + ".o"


def build(package: Path = PACKAGE, *, force: bool = False) -> list[Path]:
    """Bring `package`/programs and `package`/include up to date; return what was written.

    Objects whose source is gone are removed: a wheel must not carry a program of an old build.
    """
    folder = package / "programs"
    folder.mkdir(parents=True, exist_ok=True)
    # This file counts as a source, since it has the flags.
    common = [*PROGS.glob("*.h"), Path(__file__)]
    wanted = {folder / object_name(source): source for source in sources()}
    for leftover in set(folder.glob("*.bpf.o")) - set(wanted):
        leftover.unlink()
    stale = [(source, made) for made, source in wanted.items() if force or is_stale(made, [source, *common])]
    written = _compile_all(stale)
    for source in HEADERS:
        header = package / "include" / source.name
        if force or is_stale(header, [source]):
            header.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, header)
            written.append(header)
    return written


def _compile_all(stale: list[tuple[Path, Path]]) -> list[Path]:
    if not stale:
        return []
    clang = find_tool("clang", "CLANG", "clang")
    strip = find_tool("llvm-strip", "LLVM_STRIP", "llvm")
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        jobs = [pool.submit(_compile, clang, strip, source, made) for source, made in stale]
    return [job.result() for job in jobs]


def _compile(clang: str, strip: str, source: Path, made: Path) -> Path:
    """Compile one program. It replaces `made` at once, since others may be reading that."""
    with tempfile.TemporaryDirectory(dir=made.parent, prefix=".build-") as scratch:
        fresh = (Path(scratch) / made.name).resolve()
        run([clang, *FLAGS, *include_flags(), "-c", source.relative_to(ROOT), "-o", fresh])
        # Also the labels of the blocks, half of all symbols: the library looks through them at each load.
        run([strip, "-g", "--wildcard", "--strip-symbol=LBB*", fresh])
        fresh.replace(made)
    return made


def include_flags() -> list[str]:
    """Where headers are, and how to keep this machine's paths out of the object."""
    flags = ["-I", str(PROGS), f"-ffile-prefix-map={ROOT}/=", "-fdebug-compilation-dir=."]
    # <linux/types.h> includes <asm/types.h>, which Debian keeps where clang only looks for native targets.
    for folder in sorted(Path("/usr/include").glob(f"{platform.machine()}-linux-gnu*")):
        flags += ["-idirafter", str(folder)]
    return flags
