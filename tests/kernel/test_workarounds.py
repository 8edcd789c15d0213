"""Kernel bugs that are worked around: that they are, on the kernels that have them."""

from __future__ import annotations

import ctypes
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import Iter, ObjectIter, TaskFileIter, TaskIter, TaskVmaIter, errors, kernel
from libbpf_iter.base import BpfIter
from libbpf_iter.engine import counts
from libbpf_iter.probes import TASK_LINKS, finds, threads_are_found
from libbpf_iter.workarounds import (
    faults_panic,
    names_keep_rests,
    processes_mix_threads_up,
    tid_may_find_leaders_alone,
)
from tests.conftest import environment_skip
from tests.kernel.since import has, lacks, needs
from tests.kernel.test_sessions import PROGRAMS
from tests.kernel.test_task import threads

CLONE_FILES = 0x400  # include/uapi/linux/sched.h
WITHOUT_PARAMETERS = ("task", "task_file", "task_vma", "bpf_map", "bpf_prog", "tcp", "udp", "unix", "netlink")


@pytest.mark.parametrize("target", ["tcp", "udp"])
def test_sockets_that_are_counted_are_walked_in_one_read(target: str) -> None:
    with Iter(target) as walk, Iter(target, engine="seq") as read:
        counted = counts(target, None)
        assert walk.engine == ("snapshot" if counted else "seq")
        session = read.session()
        list(session)
        assert session.lost == ()  # one read was enough
    assert not (counted and has(f"cookies of {target}"))


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_name_ends_where_it_ends_in_arrays_too(engine: str) -> None:
    """Of a longer one before it there may be a rest: "name\\0g name" of "a long name"."""
    assert names_keep_rests() == (not has("padded names"))
    comm = Path("/proc/thread-self/comm")
    before = comm.read_text().rstrip("\n")
    comm.write_text("a long name")
    comm.write_text("name")
    try:
        with TaskIter(threading.get_native_id(), engine=engine) as tasks:
            assert tasks.to_numpy()["comm"].tolist() == [b"name"]
            assert tasks.collect().to_numpy()["comm"].tolist() == [b"name"]
            assert [task.comm for task in tasks] == ["name"]
        with Iter(
            "task", columns={"c": "task.comm", "tid": "task.pid"}, where="task.comm == 'name'", engine=engine
        ) as tasks:
            found = tasks.to_numpy()
            assert found[found["tid"] == threading.get_native_id()]["c"].tolist() == [b"name"]
    finally:
        comm.write_text(before)


def test_a_thread_is_found_that_leads_no_process() -> None:
    assert tid_may_find_leaders_alone() == (not has("threads by tid"))
    with threads(3) as tids:
        for tid in tids:
            with TaskIter(tid, columns=["tid", "pid"]) as tasks:
                assert [(task.tid, task.pid) for task in tasks] == [(tid, os.getpid())]


def test_a_kernel_is_asked_whether_it_finds_threads() -> None:
    """BTF doesn't tell: Debian's 6.1 and 6.12 have the fix, and its archive has no kernel before it.

    This file was run on a 6.1 that was built without: it finds no such thread, and says so.
    """
    if not kernel.has(TASK_LINKS):
        lacks("task parameters", "this kernel's links know of no task")
    assert finds(os.getpid()) and not finds(2**31 - 1)
    with threads(1) as (tid,):
        assert finds(tid) == threads_are_found()


@contextmanager
def thread_with_files_of_its_own() -> Iterator[int]:
    """A thread with files of its own; gives its tid."""
    done, tids = threading.Event(), queue.Queue[int]()

    def part() -> None:
        assert ctypes.CDLL(None).unshare(CLONE_FILES) == 0
        os.eventfd(0)  # closed with the thread's descriptors
        tids.put(threading.get_native_id())
        done.wait()

    thread = threading.Thread(target=part)
    thread.start()
    try:
        yield tids.get()
    finally:
        done.set()
        thread.join()


def fds_of(pid: int, tid: int) -> set[int]:
    return {int(fd) for fd in os.listdir(f"/proc/{pid}/task/{tid}/fd")}


def check_files_and_mappings(found: bool) -> None:
    """By the number of a thread: as /proc/PID/task/TID shows them, or a word about it."""
    me = os.getpid()
    with threads(1) as (shares,), thread_with_files_of_its_own() as owns:
        for tid in (me, shares, owns):
            if tid != me and not found:
                for make in (TaskFileIter, TaskVmaIter):
                    with pytest.raises(
                        errors.ParameterError, match=f"thread {tid} only by .* give pid={me}$"
                    ):
                        make(tid=tid)
                continue
            before = fds_of(me, tid)
            with TaskFileIter(tid=tid) as files:
                records = list(files)
            assert {(file.tid, file.pid) for file in records} == {(tid, me)}
            fds = {file.fd for file in records}
            assert len(fds) == len(records)
            assert fds == before if tid == owns else before & fds_of(me, tid) <= fds
        with TaskFileIter(pid=me) as files:
            found_of = {(file.tid, file.fd) for file in files}
        assert {tid for tid, _ in found_of} == {me, owns}
        assert {fd for tid, fd in found_of if tid == owns} == fds_of(me, owns)
        needs("task_vma")
        for tid in (me, shares, owns) if found else (me,):
            with TaskVmaIter(tid=tid) as mappings:
                areas = list(mappings)
            assert {(area.tid, area.pid) for area in areas} == {(tid, me)}
            assert {"[stack]", "[vdso]"} <= {area.path for area in areas}


def test_files_and_mappings_of_a_thread() -> None:
    check_files_and_mappings(threads_are_found())


def test_without_the_kernels_word_the_program_looks_for_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """On every kernel, as on one that finds only threads that lead their process."""
    monkeypatch.setattr("libbpf_iter.parameters.threads_are_found", lambda: False)
    columns = ["tid", "pid", "comm", "start_time_ns", "exe"]
    with threads(2) as tids, TaskIter(pid=os.getpid(), columns=columns) as process:
        known = {task.tid: task for task in process}
        for tid in (os.getpid(), *tids):
            with TaskIter(tid, columns=columns) as tasks:
                assert tasks.link.info.argument == {}
                assert list(tasks) == [known[tid]]
            if tid != os.getpid() and kernel.has(TASK_LINKS):
                with pytest.raises(errors.ParameterError, match=f"give pid={os.getpid()}$"):
                    ObjectIter(PROGRAMS / "task.bpf.o", tid=tid)  # which looks for none by itself
    check_files_and_mappings(False)


LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


@contextmanager
def thread_numbered(tid: int) -> Iterator[None]:
    """A thread with this number, unless somebody is quicker to take it."""
    for _ in range(100):
        LAST_PID.write_text(str(tid - 1))
        with threads(1) as tids:
            if tids == {tid}:
                yield
                return
    environment_skip(f"others took the number {tid} again and again")


@pytest.mark.parametrize("make", [TaskFileIter, TaskVmaIter, partial(ObjectIter, PROGRAMS / "task.bpf.o")])
def test_a_thread_that_comes_later_is_refused_by_the_walk(
    make: Callable[..., BpfIter[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a kernel that finds only threads that lead their process, and shows nothing for others."""
    if not kernel.has(TASK_LINKS):
        lacks("task parameters", "this kernel's links know of no task")
    if not LAST_PID.exists():
        environment_skip(f"{LAST_PID} is needed (CONFIG_CHECKPOINT_RESTORE)")
    monkeypatch.setattr("libbpf_iter.parameters.threads_are_found", lambda: False)
    with threads(1) as (tid,):
        pass
    while os.path.exists(f"/proc/{tid}"):
        pass  # joined, and not yet gone
    with make(tid=tid) as walk:
        assert list(walk) == []
        with thread_numbered(tid):
            for begin in (walk.session, walk.chunks, walk.to_numpy):
                with pytest.raises(
                    errors.ParameterError, match=f"thread {tid} only by .* give pid={os.getpid()}$"
                ):
                    begin()
        while os.path.exists(f"/proc/{tid}"):
            pass
        assert list(walk) == []


FAMILY = """
import ctypes, os, sys, threading
def part(own):
    if own:
        assert ctypes.CDLL(None).unshare(0x400) == 0  # CLONE_FILES
        os.eventfd(0)
    os.write(1, b"%d\\n" % threading.get_native_id())
    threading.Event().wait()
for own in eval(sys.argv[1]):
    threading.Thread(target=part, args=(own,), daemon=True).start()
sys.stdin.read()
os._exit(0)
"""


def test_where_threads_are_mixed_up_is_known() -> None:
    assert processes_mix_threads_up() == (not has("processes by pid"))


@pytest.mark.parametrize("own", [[True], [False], [False, True], [True, False], [True, False, True]])
@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_files_of_a_process_are_those_of_threads_that_have_their_own(own: list[bool], engine: str) -> None:
    """And of its leader: each once, whichever thread comes behind which."""
    command = [sys.executable, "-c", FAMILY, repr(own)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        tids = [int(process.stdout.readline()) for _ in own]
        # Threads tell of themselves in any order; who has files of its own has one more.
        expected = Counter((process.pid, fd) for fd in fds_of(process.pid, process.pid))
        with_own = [tid for tid in tids if fds_of(process.pid, tid) != fds_of(process.pid, process.pid)]
        assert len(with_own) == sum(own)
        for tid in with_own:
            expected.update((tid, fd) for fd in fds_of(process.pid, tid))
        with TaskFileIter(pid=process.pid, engine=engine) as files:
            assert Counter((file.tid, file.fd) for file in files) == expected
        process.stdin.close()  # type: ignore[union-attr]


@pytest.mark.parametrize("mixed", [False, True])
def test_a_strangers_walk_of_a_process_says_that_threads_are_mixed_up(
    mixed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not kernel.has(TASK_LINKS):
        lacks("task parameters", "this kernel's links know of no task")
    monkeypatch.setattr("libbpf_iter.foreign.processes_mix_threads_up", lambda: mixed)
    path, said = PROGRAMS / "task_file.bpf.o", "task_file: threads may be missing, or doubled"
    with ObjectIter(path, pid=os.getpid()) as files, files.session() as session:
        assert [sentence.startswith(said) for sentence in session.lost] == [True] * mixed
        with pytest.warns(errors.LossWarning, match=said) if mixed else nullcontext():
            assert b"".join(files.chunks())
    with ObjectIter(path, tid=os.getpid()) as files, files.session() as session:
        assert session.lost == ()


def test_where_faults_panic_is_known() -> None:
    assert faults_panic() == (not has("queries of columns"))


@pytest.mark.parametrize("target", WITHOUT_PARAMETERS)
def test_where_faults_panic_programs_have_one_function(target: str) -> None:
    if not faults_panic():
        pytest.skip("this kernel's programs may have several functions")
    needs(target)
    names = ["path"] if target == "task_file" else None
    with Iter(target, engine="seq", columns=names) as walk, Iter("bpf_prog", columns=["id"]) as programs:
        mine = walk.link.info.program_id
        assert mine in {program.id for program in programs}
        with Iter("bpf_prog", columns={"n": "aux.func_cnt"}, where=f"aux.id == {mine}") as counted:
            (record,) = counted
    assert record.n == 0


def test_where_faults_panic_queries_of_columns_are_refused() -> None:
    if not faults_panic():
        pytest.skip("this kernel's programs may have several functions")
    with pytest.raises(errors.UnsupportedQuery, match="where: expressions can't use the record's columns"):
        TaskIter(where="nice == 0")
    with TaskIter(where="static_prio == 120", columns={"tid": "task.pid"}) as tasks:
        assert list(tasks)
