"""The extensions: ``_extension``, cffi over the system's libbpf; ``_records`` and ``_arrow``, plain C.

cffi's is in API mode (the C compiler checks every declaration of ``libbpf.cdef.h``); all use Python's
limited C API (one binary serves every later Python).
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

from setuptools import Extension

from .tools import ROOT, BuildError, run

MODULE = "libbpf_iter._extension"
PLAIN = ("records", "arrow")
HERE = ROOT / "cbuild"
GLUE = HERE / "glue"
DECLARATIONS = (HERE / "libbpf.cdef.h", GLUE / "glue.cdef.h")

# Version 1.0 made errors uniform: a negative errno, or NULL with errno set. The glue relies on that.
LIBBPF_VERSION = "1.0"

ADVICE = (
    "Install them (Debian, Ubuntu: apt install gcc pkg-config libbpf-dev; "
    "Fedora: dnf install gcc pkgconf libbpf-devel)."
)


def write_source(path: Path) -> None:
    """Generate the extension's C file, unless it wouldn't change."""
    from cffi import FFI  # here, so that setuptools can get the metadata without cffi

    ffi = FFI()
    for declarations in DECLARATIONS:
        ffi.cdef(declarations.read_text())
    ffi.set_source(MODULE, '#include "glue.h"\n')
    path.parent.mkdir(parents=True, exist_ok=True)
    ffi.emit_c_code(str(path))


def configure(extension: Extension, folder: Path) -> None:
    """Complete an extension as pyproject.toml declares it with the flags for this machine."""
    _require_python_headers()
    extension.py_limited_api = True
    extension.extra_compile_args = ["-std=gnu11", "-Wall", "-Wextra", f"-ffile-prefix-map={ROOT}=."]
    if extension.name != MODULE:
        return
    source = folder / "_extension.c"
    write_source(source)
    extension.sources = [str(source), *(str(path.relative_to(ROOT)) for path in sorted(GLUE.glob("*.c")))]
    extension.depends = [*map(str, DECLARATIONS), str(GLUE / "glue.h"), __file__]
    # cffi defines Py_LIMITED_API itself. Defined here, Python 3.11's Python.h would leave out the <string.h>
    # that cffi's code relies on.
    extension.define_macros = [("_GNU_SOURCE", None)]
    extension.include_dirs = [str(GLUE)]
    extension.extra_compile_args += ["-fvisibility=hidden", *_pkg_config("--cflags")]
    extension.extra_compile_args += ["-Wno-unused-parameter"]  # cffi's functions have some
    extension.extra_link_args = _pkg_config("--libs")


def make() -> list[Extension]:
    """The extensions as pyproject.toml declares them, for builds that don't read that file."""
    return [
        Extension(MODULE, [], py_limited_api=True),
        *(Extension(f"libbpf_iter._{n}", [str(HERE / f"{n}.c")], py_limited_api=True) for n in PLAIN),
    ]


def _pkg_config(what: str) -> list[str]:
    tool = shutil.which("pkg-config") or shutil.which("pkgconf")
    if tool is None:
        raise BuildError(f"pkg-config and libbpf's headers are needed. {ADVICE}")
    wanted = f"libbpf >= {LIBBPF_VERSION}"
    found = subprocess.run([tool, "--print-errors", "--exists", wanted], check=False)
    if found.returncode:
        raise BuildError(f"{wanted} and its headers are needed. {ADVICE}")
    return shlex.split(run([tool, what, "libbpf"]))


def _require_python_headers() -> None:
    folder = Path(sysconfig.get_path("include"))
    if not (folder / "Python.h").exists():
        raise BuildError(
            f"Python.h was not found in {folder}. "
            "Install it (Debian, Ubuntu: apt install python3-dev; Fedora: python3-devel)."
        )
