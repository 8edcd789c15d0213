"""What is walked: much of one kind, made for one question and gone after it, whatever happens."""

from __future__ import annotations

import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

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
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
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
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _allow_files(count: int) -> None:
    """That many open files, and those that there are already."""
    wanted = count + 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), max(hard, wanted)))


@contextmanager
def connections(count: int) -> Iterator[None]:
    """That many TCP sockets of ours: both ends of half as many connections on loopback."""
    _allow_files(count)
    with ExitStack() as open_, socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        for _ in range(count // 2):
            open_.enter_context(socket.create_connection(server.getsockname()))
            open_.enter_context(server.accept()[0])
        yield


@contextmanager
def opened_files(count: int) -> Iterator[None]:
    """That many open files of ours, each with a path of its own."""
    _allow_files(count)
    with ExitStack() as open_:
        folder = open_.enter_context(tempfile.TemporaryDirectory())
        for number in range(count):
            open_.enter_context(open(f"{folder}/file{number}", "wb", buffering=0))
        yield


@contextmanager
def mappings(count: int) -> Iterator[None]:
    """That many mappings of ours, readable and writable in turn so that no two become one."""
    with ExitStack() as open_:
        for number in range(count):
            protection = mmap.PROT_READ | (mmap.PROT_WRITE if number % 2 else 0)
            open_.enter_context(mmap.mmap(-1, mmap.PAGESIZE, prot=protection))
        yield


@contextmanager
def cgroups(count: int) -> Iterator[Path]:
    """A control group with that many below it, twenty side by side on each of two levels."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    root = next(Path(where) for _, where, kind, *_ in mounts if kind == "cgroup2")
    top = root / f"libbpf_iter_bench_{os.getpid()}"
    made: list[Path] = []
    try:
        for number in range(-1, count):
            parent = top / f"group{number - number % 20}" if number % 20 else top
            made.append(parent / f"group{number}" if number >= 0 else top)
            made[-1].mkdir()
        yield top
    finally:
        for folder in reversed(made):
            folder.rmdir()
