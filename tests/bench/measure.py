"""Two sides in one run, in turns: what a ratio is made of. Times alone say nothing on a busy machine."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cbuild import programs
from cbuild.tools import find_tool

HERE = Path(__file__).parent
Side = Callable[[], float]  # does the work once; its seconds


def timed(work: Callable[[], object]) -> Side:
    """A side in Python: what ``work`` returns is dropped outside of the time."""

    def run() -> float:
        start = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - start
        del result
        return seconds

    return run


def command(*words: str) -> Side:
    """A side that is a program; its output is thrown away."""
    return timed(lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True))


class Report:
    """The results of one question; the last line of its output is JSON."""

    def __init__(self, question: str) -> None:
        self._question, self._results = question, []
        print(question)

    def compare(
        self, name: str, ours: Side, theirs: Side, *, bar: float | None = None, rounds: int = 15
    ) -> None:
        """How many times faster we are: the median over rounds. Each side runs once more before it is
        timed: what the other one left of the caches is no part of the question."""
        pairs = [((ours(), ours())[1], (theirs(), theirs())[1]) for _ in range(rounds)]
        ratio = statistics.median(other / own for own, other in pairs)
        result = {
            "name": name,
            "ratio": round(ratio, 3),
            "ours_ms": round(statistics.median(own for own, _ in pairs) * 1e3, 4),
            "theirs_ms": round(statistics.median(other for _, other in pairs) * 1e3, 4),
        }
        if bar is not None:
            result["bar"] = bar
        self._results.append(result)
        said = "" if bar is None else f"   (at least {bar:g}: {'yes' if ratio >= bar else 'NO'})"
        print(f"  {ratio:9.2f} x  {name:56} {result['ours_ms']:10} ms against {result['theirs_ms']} ms{said}")

    def note(self, name: str, value: object) -> None:
        self._results.append({"name": name, "value": value})
        print(f"  {name}: {value}")

    def finish(self) -> None:
        print(json.dumps({"question": self._question, "results": self._results}))


@contextmanager
def reader(source: str, map_id: int | None = None) -> Iterator[Side]:
    """C reading the descriptor of an iterator whose program is ``source`` in this folder."""
    with tempfile.TemporaryDirectory() as folder:
        compiled, program = f"{folder}/object.bpf.o", f"{folder}/reader"
        clang = find_tool("clang", "CLANG", "clang")
        flags = [*programs.FLAGS, *programs.include_flags()]
        subprocess.run([clang, *flags, "-c", str(HERE / source), "-o", compiled], check=True)
        subprocess.run(["cc", "-O2", "-o", program, str(HERE / "reader.c"), "-lbpf"], check=True)
        words = [program, compiled, *([] if map_id is None else [str(map_id)])]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None and process.stdout is not None

            def walk() -> float:
                process.stdin.write("walk\n")
                process.stdin.flush()
                return int(process.stdout.readline().split()[0]) / 1e9

            try:
                yield walk
            finally:
                process.stdin.close()


PARKED = """
import sys, threading
threading.stack_size(65536)
go = threading.Event()
threads = [threading.Thread(target=go.wait) for _ in range(int(sys.argv[1]))]
for thread in threads:
    thread.start()
print("ready", flush=True)
go.wait()
"""


@contextmanager
def parked_threads(count: int) -> Iterator[int]:
    """A process with that many threads that wait; its pid. Killed, since to let them all go takes minutes."""
    words = [sys.executable, "-c", PARKED, str(count)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process.pid
        finally:
            process.kill()


FORKED = """
import os, sys, time
for _ in range(int(sys.argv[1])):
    os.fork() or time.sleep(3600)
print("ready", flush=True)
time.sleep(3600)
"""


@contextmanager
def parked_processes(count: int) -> Iterator[None]:
    """That many processes that wait, in a group of their own."""
    words = [sys.executable, "-c", FORKED, str(count)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
