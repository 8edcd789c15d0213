"""``python -m tests.sanitize [pytest's arguments]``: tests with the C of cbuild/ under sanitizers.

A copy of the checkout in build/sanitize is compiled with AddressSanitizer and
UndefinedBehaviorSanitizer, whose first finding ends the run. Python itself isn't, so what it never
frees is no finding.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / "build/sanitize"
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1"
# Where the C is: records, Arrow, the glue to libbpf, and what reads damaged files by it.
TESTS = ["tests/unit", "tests/build/test_records.py", *(f"tests/kernel/test_{name}.py" for name in (
    "arrays", "arrow", "display", "foreign", "fork", "maps", "relocate", "sessions", "sockets", "task",
    "token",
))]  # fmt: skip


def copy() -> None:
    """What is compiled and tested; object files of BPF are as they were."""
    shutil.rmtree(COPY, ignore_errors=True)
    ignored = shutil.ignore_patterns("*.so", "__pycache__")
    for folder in ("cbuild", "libbpf_iter", "progs", "tests"):
        shutil.copytree(ROOT / folder, COPY / folder, ignore=ignored)
    shutil.copy2(ROOT / "pyproject.toml", COPY)


def runtime(name: str) -> str:
    found = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def main() -> int:
    copy()
    environment = os.environ | {"CFLAGS": FLAGS, "LDFLAGS": FLAGS}
    build = [sys.executable, "-m", "cbuild", "extension", "--force"]
    subprocess.run(build, cwd=COPY, env=environment, check=True)
    environment = os.environ | {
        "LD_PRELOAD": f"{runtime('libasan.so')} {runtime('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1:quarantine_size_mb=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "PYTHONMALLOC": "malloc",  # so that what Python frees is seen to be freed
    }
    words = sys.argv[1:] or TESTS
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=COPY, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
