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

from .measure import Cost, Report, Side, timed, with_children
from .native import BPFFS, compile_c, compile_program

OBJECT = Path(__file__).parents[2] / "libbpf_iter" / "programs" / "task.bpf.o"
COLUMNS = ["tid", "pid", "ppid", "uid", "comm", "vsize", "rss", "start_time_ns"]
# With -S, and a path instead: what makes an editable installation found imports a part of what we do.
PYTHON = """
import os, sys, time
sys.path[:] = {}
start, busy = time.perf_counter(), time.process_time()
from libbpf_iter import TaskIter
imported = time.perf_counter()
tasks = TaskIter({})
attached = time.perf_counter()
next(iter(tasks)).tid
end = time.perf_counter()
print(end - start, time.process_time() - busy, imported - start, attached - imported, end - attached)
"""
# As pip installs it: compiled, whatever this shell says of that.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def run(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout


def parts(arguments: str = "", *options: str) -> list[float]:
    """The whole, the processor's part in it, the import, the attaching, the first record."""
    code = PYTHON.format(sys.path, arguments)
    return [float(part) for part in run(sys.executable, *options, "-c", code).split()]


def ours(arguments: str = "") -> Side:
    return lambda: Cost(*parts(arguments, "-S")[:2])


@contextmanager
def skeleton(of: str) -> Iterator[Side]:
    """C over the skeleton that bpftool makes of an object file."""
    with tempfile.TemporaryDirectory() as folder:
        header = run("bpftool", "gen", "skeleton", of, "name", "skeleton")
        Path(folder, "skeleton.h").write_text(header)
        program = compile_c("startup.c", folder)
        yield lambda: Cost(*map(float, run(program).split()))


def by_bpftool(compiled: str) -> None:
    pin = f"{BPFFS}/libbpf_iter_bench_{os.getpid()}"
    run("bpftool", "iter", "pin", compiled, pin)
    try:
        run("head", "-c", "1", pin)
    finally:
        os.unlink(pin)


def main() -> None:
    report = Report("TaskIter() to its first record in a fresh interpreter")
    parts()  # compiles
    with tempfile.TemporaryDirectory() as folder:
        small = compile_program("tasks.bpf.c", folder)
        with skeleton(str(OBJECT)) as same, skeleton(small) as own:
            # No slower than one and a half times C: the interpreter's own start aside, with the import.
            report.compare("C skeleton of the same object", ours(), same, bar=1 / 1.5)
            report.compare("C skeleton of a program with eight columns", ours(), own, bar=1 / 1.5)
            eight = f"columns={COLUMNS}"
            report.compare("the eight columns: the same", ours(eight), own)
        whole, bpftool = timed(parts, with_children), timed(lambda: by_bpftool(small), with_children)
        report.compare("with the interpreter's start: bpftool iter pin", whole, bpftool)
    measured = [parts("", "-S") for _ in range(15)]
    for place, name in enumerate(("import", "attach", "first record"), start=2):
        report.note(f"{name}, ms", round(statistics.median(each[place] for each in measured) * 1e3, 2))
    report.finish()


if __name__ == "__main__":
    main()
