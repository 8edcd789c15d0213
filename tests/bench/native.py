"""The sides in C: compiled here, each a process that does its work once for a line on its input."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cbuild import programs
from cbuild.tools import find_tool

from .measure import Cost, Side

HERE = Path(__file__).parent
BPFFS = Path("/sys/fs/bpf")


def compile_program(source: str, folder: str) -> str:
    """The object file of a BPF program of this folder."""
    compiled = f"{folder}/{source.removesuffix('.c')}.o"
    clang = find_tool("clang", "CLANG", "clang")
    flags = [*programs.FLAGS, *programs.include_flags()]
    subprocess.run([clang, *flags, "-c", str(HERE / source), "-o", compiled], check=True)
    return compiled


def compile_c(source: str, folder: str) -> str:
    """A program in C over libbpf."""
    compiled = f"{folder}/{source.removesuffix('.c')}"
    flags = ["-O2", "-Wall", "-I", folder]
    subprocess.run(["cc", *flags, "-o", compiled, str(HERE / source), "-lbpf"], check=True)
    return compiled


@contextmanager
def serving(*words: str) -> Iterator[Callable[[str], str]]:
    """A process that answers lines; it ends with its input, whatever happens to us."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def ask(request: str) -> str:
            requests.write(request + "\n")
            requests.flush()
            answer = answers.readline()
            if not answer:
                raise RuntimeError(f"{words[0]} gave no answer to {request!r}")
            return answer.strip()

        try:
            yield ask
        finally:
            requests.close()


def _walked(ask: Callable[[str], str], request: str) -> Side:
    """The answer begins with nanoseconds: what the clock says, and of the processor."""

    def run() -> Cost:
        elapsed, busy, *_ = ask(request).split()
        return Cost(int(elapsed) / 1e9, int(busy) / 1e9)

    return run


@contextmanager
def reader(source: str) -> Iterator[Side]:
    """C reading the descriptor of an iterator whose program is ``source`` in this folder."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(compile_c("reader.c", folder), compile_program(source, folder)) as ask,
    ):
        yield _walked(ask, "walk")


@contextmanager
def same_reader(iterator: Any) -> Iterator[Side]:
    """C reading the descriptor of our own iterator, by a pin of its link: the limit of what is read so."""
    # Its names may hold no dot (kernel/bpf/inode.c, bpf_lookup()).
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory(dir=BPFFS, prefix="libbpf_iter_bench_") as pins,
    ):
        iterator.pin(f"{pins}/walk")
        with serving(compile_c("reader.c", folder), f"{pins}/walk") as ask:
            yield _walked(ask, "walk")


@contextmanager
def elements(count: int) -> Iterator[tuple[int, Side, Side]]:
    """A hash of that many elements: its id, C looking them up in batches, and C over the iterator."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(
            compile_c("elements.c", folder), compile_program("elements.bpf.c", folder), str(count)
        ) as ask,
    ):
        yield int(ask("id")), _walked(ask, "batch"), _walked(ask, "walk")
