"""What start-up costs: TaskIter() in a fresh interpreter to its first record, against C, and bpftool."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .measure import Report, Side, timed
from .native import BPFFS, compile_c, compile_program

OBJECT = Path(__file__).parents[2] / "libbpf_iter" / "programs" / "task.bpf.o"
COLUMNS = ["tid", "pid", "ppid", "uid", "comm", "vsize", "rss", "start_time_ns"]
PYTHON = """
import time
start = time.perf_counter()
from libbpf_iter import TaskIter
imported = time.perf_counter()
tasks = TaskIter({})
attached = time.perf_counter()
next(iter(tasks)).tid
end = time.perf_counter()
print(end - start, imported - start, attached - imported, end - attached)
"""
# As pip installs it: compiled, whatever this shell says of that.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def run(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout


def parts(arguments: str = "") -> list[float]:
    """The whole, the import, the attaching, the first record."""
    return [float(part) for part in run(sys.executable, "-c", PYTHON.format(arguments)).split()]


@contextmanager
def skeleton(of: str) -> Iterator[Side]:
    """C over the skeleton that bpftool makes of an object file."""
    with tempfile.TemporaryDirectory() as folder:
        header = run("bpftool", "gen", "skeleton", of, "name", "skeleton")
        Path(folder, "skeleton.h").write_text(header)
        program = compile_c("startup.c", folder)
        yield lambda: float(run(program))


def by_bpftool(compiled: str) -> None:
    pin = f"{BPFFS}/libbpf_iter_bench_{os.getpid()}"
    run("bpftool", "iter", "pin", compiled, pin)
    try:
        run("head", "-c", "1", pin)
    finally:
        os.unlink(pin)


def main() -> None:
    report = Report("TaskIter() to its first record in a fresh interpreter")
    run(sys.executable, "-c", PYTHON.format(""))  # compiles
    with tempfile.TemporaryDirectory() as folder:
        small = compile_program("tasks.bpf.c", folder)
        with skeleton(str(OBJECT)) as same, skeleton(small) as own:
            # No slower than one and a half times C: the interpreter's own start aside, with the import.
            report.compare("C skeleton of the same object", lambda: parts()[0], same, bar=1 / 1.5)
            report.compare("C skeleton of a program with eight columns", lambda: parts()[0], own)
            eight = f"columns={COLUMNS}"
            report.compare("the eight columns: the same", lambda: parts(eight)[0], own)
        whole = timed(parts)
        report.compare(
            "with the interpreter's start: bpftool iter pin", whole, timed(lambda: by_bpftool(small))
        )
    measured = [parts() for _ in range(15)]
    for place, name in enumerate(("import", "attach", "first record"), start=1):
        report.note(f"{name}, ms", round(statistics.median(each[place] for each in measured) * 1e3, 2))
    report.finish()


if __name__ == "__main__":
    main()
