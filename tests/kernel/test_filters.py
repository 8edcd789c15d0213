"""where= decides before the other columns are put: each column may be the filter's, what leaves, or both."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import (
    CgroupIter,
    KmemCacheIter,
    PinnedIter,
    TaskFileIter,
    TaskIter,
    TaskVmaIter,
    TcpIter,
    UdpIter,
    asdict,
)
from libbpf_iter.base import BpfIter
from libbpf_iter.kernel import mount_of
from libbpf_iter.kinds import Array, Bytes, Span
from tests.conftest import environment_skip

Make = Callable[..., BpfIter[Any]]
Check = Callable[[Make, str], None]
# What may differ from one walk to the next though nothing is done with the object.
UNSTEADY = {"total_objects", "active_objects", "slabs", "memory_current", "dying_descendants"}


@pytest.fixture(scope="module")
def stopped() -> Iterator[int]:
    """A process that is stopped, and so stays as it is."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        os.kill(process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        yield process.pid
        process.kill()


@pytest.fixture
def group() -> Iterator[Path]:
    """A cgroup made for the test."""
    mount = mount_of("cgroup2")
    if mount is None or not os.access(mount, os.W_OK):
        environment_skip("a writable cgroup2 hierarchy is needed")
    path = Path(mount) / f"libbpf_iter_filters_{os.getpid()}"
    path.mkdir()
    yield path
    path.rmdir()


def literal(value: object) -> str:
    """As an expression has it."""
    if value is None:
        return "is None"
    if isinstance(value, str | IPv4Address | IPv6Address):
        return f"== {str(value)!r}"
    assert isinstance(value, int)
    return f"== {int(value)}"


@pytest.fixture(params=[pytest.param(1, marks=pytest.mark.many), 5], ids=["each", "some"])
def check(request: pytest.FixtureRequest) -> Check:
    """Expressions that compare each column, or only some if loading takes long."""
    return partial(compare, step=request.param)


def compare(make: Make, which: str, step: int) -> None:
    """Each column of one object is asked for by a filter, together with others that leave or with itself."""
    with make(where=which) as all_of_it:
        (record,) = all_of_it
        schema = all_of_it.schema
    values = asdict(record)
    steady = [
        field.name
        for field in schema.fields
        if field.name not in UNSTEADY
        and not isinstance(field.kind, Array | Bytes)
        and not (isinstance(field.kind, Span) and field.kind.meaning != "text")
    ]
    numbers = [name for name in steady if not isinstance(schema[name].kind, Span)]
    every = " and ".join(f"{name} {literal(values[name])}" for name in numbers[:12])
    with make(where=f"{which} and {every}") as same:
        (found,) = same
        assert [getattr(found, name) for name in steady] == [values[name] for name in steady]
    for at, name in list(enumerate(steady))[::step]:
        beside = numbers[(at + 1) % len(numbers)]
        test = f"{name} {literal(values[name])}"
        for columns in ([beside], [name, beside], {"renamed": beside}):
            with make(columns=columns, where=f"{which} and {test}") as kept:
                (found,) = kept
                expected = {beside: values[beside], name: values[name], "renamed": values[beside]}
                assert asdict(found) == {key: expected[key] for key in asdict(found)}, (test, columns)
        with make(columns=[beside], where=f"{which} and not ({test})") as dropped:
            assert not list(dropped), test


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_tasks(stopped: int, engine: str, check: Check) -> None:
    check(lambda **query: TaskIter(pid=stopped, engine=engine, **query), "tid == pid")


def test_text_that_the_filter_asks_for_and_text_that_only_leaves(stopped: int) -> None:
    exe = os.readlink(f"/proc/{stopped}/exe")
    cwd = os.readlink(f"/proc/{stopped}/cwd")
    for where in (f"exe == {exe!r}", f"exe.startswith({exe[:4]!r})", "exe is not None", "state == 'T'"):
        with TaskIter(pid=stopped, columns=["tid", "exe", "cwd"], where=where) as tasks:
            (task,) = tasks
        assert (task.tid, task.exe, task.cwd) == (stopped, exe, cwd)
        with TaskIter(pid=stopped, columns=["tid", "cwd"], where=f"not ({where})") as tasks:
            assert not list(tasks)


def test_a_pin_has_the_chosen_columns_of_what_is_kept(stopped: int, bpffs: Path) -> None:
    path = bpffs / "filtered"
    with TaskIter(pid=stopped, columns=["comm", "tid"], where="state == 'T' and ppid > 0") as tasks:
        tasks.pin(path)
        (kept,) = tasks
    with PinnedIter(path) as pinned:
        (found,) = pinned
    assert asdict(found) == asdict(kept) == {"comm": kept.comm, "tid": stopped}


def test_open_descriptors_of_a_task(stopped: int) -> None:
    check_open = {"columns": ["tid", "open_fds"], "where": "open_fds > 2"}
    for engine in ("seq", "snapshot"):
        with TaskIter(pid=stopped, engine=engine, **check_open) as tasks:
            (task,) = tasks
        assert (task.tid, task.open_fds) == (stopped, len(os.listdir(f"/proc/{stopped}/fd")))


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_files(stopped: int, engine: str, check: Check) -> None:
    check(lambda **query: TaskFileIter(pid=stopped, engine=engine, **query), "fd == 0")


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_mappings(stopped: int, engine: str, check: Check) -> None:
    lines = Path(f"/proc/{stopped}/maps").read_text().splitlines()
    stack = next(line for line in lines if line.endswith("[stack]"))
    for line in (lines[0], stack):  # with a file, and without
        start = int(line.partition("-")[0], 16)
        check(lambda **query: TaskVmaIter(pid=stopped, engine=engine, **query), f"start == {start}")


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_sockets(engine: str, check: Check) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("::1", 0))
        for make, sock in ((TcpIter, server), (UdpIter, datagrams)):
            inode = os.fstat(sock.fileno()).st_ino
            check(lambda make=make, **query: make(engine=engine, **query), f"inode == {inode}")


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_cgroups(group: Path, engine: str, check: Check) -> None:
    check(lambda **query: CgroupIter(group, engine=engine, **query), f"id == {os.stat(group).st_ino}")


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_slab_caches(engine: str, check: Check) -> None:
    check(lambda **query: KmemCacheIter(engine=engine, **query), "name == 'dentry'")
    with KmemCacheIter(columns=["name"], where="slabs > 0 and active_objects > 0") as used:
        assert "dentry" in {cache.name for cache in used}
