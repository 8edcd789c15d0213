"""What a machine boots into: an initramfs with this Python, and the project as it is built here.

The kernel unpacks archives that follow each other. Python and the libraries seldom change and are
kept; the project, and what the machine is to run, come behind them.

With a bundled wheel, the package is that wheel's, and the system has no libbpf and no libelf.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[2]
OF_THE_PROJECT = ("libbpf_iter", "tests", "cbuild", "progs", "pyproject.toml", "README.md")
# With what these need themselves.
DISTRIBUTIONS = (
    "cffi",
    "click",
    "hypothesis",
    "numpy",
    "pyarrow",
    "pyelftools",
    "pytest",
    "pytest-timeout",
    "rich",
)
PROGRAMS = ("busybox", "bpftool", "clang", "ip", "llvm-objcopy", "ss", "nsenter", "unshare")
# What the programs that tests compile include.
HEADERS = ("bpf/*.h", "linux/*.h", "asm-generic/*.h", "*-linux-gnu*/asm/*.h")
# Parts of the standard library that nothing here runs.
LEFT_OUT = frozenset({"test", "idlelib", "lib2to3", "ensurepip", "tkinter", "turtledemo", "site-packages"})
# The files that a bundled wheel does without.
BUNDLED = re.compile(r"lib(bpf|elf)\b.*\.so")


def build(folder: Path, script: str, wheel: Path | None) -> Path:
    """The file that is handed to a kernel; ``script`` is what the machine runs."""
    folder.mkdir(parents=True, exist_ok=True)
    system = _with_ways(_system_files())
    if wheel is not None:
        system = [path for path in system if not BUNDLED.match(path.name)]
    base = folder / f"base-{_seen(system)}.cpio"
    if not base.exists():
        for old in folder.glob("base-*.cpio"):
            old.unlink()
        _archive(base, Path("/"), system)
    own = folder / "own"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    shutil.copy(Path(__file__).parent / "init", own / "init")
    (own / "command").write_text(script)
    (own / "command").chmod(0o755)
    parts = [base, folder / "own.cpio", folder / "project.cpio"]
    _archive(parts[1], own, own.iterdir())
    project = _with_ways(_project_files())
    if wheel is not None:
        project = [path for path in project if not path.is_relative_to(PROJECT / "libbpf_iter")]
        parts.append(folder / "wheel.cpio")
        _archive_wheel(parts[3], folder / "wheel", wheel)
    _archive(parts[2], Path("/"), project)
    image = folder / "initramfs"
    with image.open("wb") as whole:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, whole)
    return image


def _seen(paths: Iterable[Path]) -> str:
    """A name for the state that these files are in."""
    state = hashlib.sha256()
    for path in paths:
        status = path.lstat()
        state.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return state.hexdigest()[:16]


def _archive(to: Path, root: Path, paths: Iterable[Path]) -> None:
    names = "\n".join(str(path.relative_to(root)) for path in paths)
    partial = to.with_suffix(".partial")
    command = ["cpio", "--create", "--format=newc", "--quiet", f"--directory={root}"]
    with partial.open("wb") as output:
        subprocess.run(command, input=names.encode(), stdout=output, check=True)
    partial.rename(to)


def _archive_wheel(to: Path, scratch: Path, wheel: Path) -> None:
    """A wheel, unpacked where the project has its own package."""
    shutil.rmtree(scratch, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(scratch / PROJECT.relative_to("/"))
    _archive(to, scratch, sorted(scratch.rglob("*")))


def _project_files() -> Iterator[Path]:
    for name in OF_THE_PROJECT:
        path = PROJECT / name
        yield path
        yield from path.rglob("*")


def _system_files() -> Iterator[Path]:
    files = [*_python(), *_distributions(), *map(_program, PROGRAMS), *_headers(), Path("/etc/passwd")]
    yield from files
    yield from _libraries(path for path in files if ".so" in path.suffixes or os.access(path, os.X_OK))


def _python() -> Iterator[Path]:
    yield Path(sys.executable)
    yield Path(sys.prefix, "pyvenv.cfg")
    library = Path(sysconfig.get_path("stdlib"))
    for folder, folders, names in os.walk(library):
        folders[:] = [name for name in folders if name not in LEFT_OUT and not name.startswith("config-")]
        yield from (Path(folder, name) for name in names)


def _distributions() -> Iterator[Path]:
    wanted, found = list(DISTRIBUTIONS), set()
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        found.add(name)
        distribution = metadata.distribution(name)
        yield from (Path(str(file.locate())) for file in distribution.files or ())
        for line in distribution.requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)


def _headers() -> Iterator[Path]:
    """Of the system, and of clang itself."""
    own = subprocess.run(["clang", "-print-resource-dir"], capture_output=True, text=True, check=True).stdout
    yield from Path(own.strip(), "include").glob("*std*.h")
    for names in HEADERS:
        yield from Path("/usr/include").glob(names)


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed: tests/vm/system-packages.sh says what is needed")
    return Path(found)


def _libraries(files: Iterable[Path]) -> Iterator[Path]:
    """The shared libraries that programs and libraries are linked with."""
    said = subprocess.run(["ldd", *files], capture_output=True, text=True).stdout
    # What is no dynamic file, or found nowhere, has no path in its line.
    yield from (Path(path) for path in set(re.findall(r"^\t(?:\S+ => )?(/\S+) \(", said, re.MULTILINE)))


def _with_ways(paths: Iterable[Path]) -> list[Path]:
    """These paths, and each folder and link on the way to them; a folder comes before what is in it."""
    found: set[Path] = set()
    for path in paths:
        at, rest = Path("/"), list(path.parts[1:])
        while rest:
            name = rest.pop(0)
            at = at.parent if name == ".." else at / name
            found.add(at)
            if at.is_symlink():
                target = at.readlink()
                rest = [*target.parts[target.is_absolute() :], *rest]
                at = Path("/") if target.is_absolute() else at.parent
    found.discard(Path("/"))
    return sorted(found)
