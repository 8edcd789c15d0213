"""A process that is forked with walks under way: the records of both sides are right."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import BpfMapElemIter, PinnedIter, TaskFileIter, TaskIter, errors
from tests.kernel.children import in_child, start, succeeded
from tests.kernel.test_engines import threads
from tests.kernel.test_maps import ARRAY, Map


class Turn:
    """The child waits here until the parent says that it goes on."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def give(self) -> None:
        os.write(self._write, b".")

    def wait(self) -> None:
        assert os.read(self._read, 1) == b"."

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


@contextmanager
def turns() -> Iterator[Turn]:
    turn = Turn()
    try:
        yield turn
    finally:
        turn.close()


# Each record says in which walk it was written: the parameter is another in the next.
MARKED: dict[str, Any] = {"columns": {"tid": "tid", "walk": "number"}, "params": {"number": 1}}


def test_the_child_goes_on_with_a_walk_that_the_kernel_wrote() -> None:
    with turns() as turn, threads(50), TaskIter(engine="snapshot", **MARKED) as tasks:
        session = tasks.session()
        next(session)

        def rest() -> None:
            turn.wait()
            found = list(session)
            assert len(found) >= 50 and {task.walk for task in found} == {1}

        child = start(rest)
        tasks.params["number"] = 2
        mine = list(session)
        assert len(mine) >= 50 and {task.walk for task in mine} == {1}
        for _ in range(3):
            assert {task.walk for task in tasks} == {2}
        turn.give()
        assert succeeded(child)


def test_the_childs_arrays_stay_as_they_are() -> None:
    with turns() as turn, TaskIter(engine="snapshot", **MARKED) as tasks:
        arrays = [tasks.to_numpy()]

        def look() -> None:
            turn.wait()
            assert len(arrays[0]) and set(arrays[0]["walk"]) == {1}

        child = start(look)
        arrays.clear()
        tasks.params["number"] = 2
        for _ in range(3):
            assert set(tasks.to_numpy()["walk"]) == {2}
        turn.give()
        assert succeeded(child)


def test_a_walk_by_descriptor_stays_the_parents() -> None:
    """The parent would never see what the child reads."""
    with threads(1000) as ids, TaskIter(engine="seq") as tasks:
        session = tasks.session()
        found = {next(session).tid}

        def anew() -> None:
            with pytest.raises(errors.ClosedError, match=f"that of process {os.getppid()}"):
                list(session)
            assert {*ids, os.getpid()} <= {task.tid for task in tasks}

        assert in_child(anew)
        found |= {task.tid for task in session}
        assert set(ids) <= found


@pytest.mark.parametrize(("engine", "pinned"), [("seq", False), ("seq", True), ("snapshot", False)])
def test_a_session_that_nobody_began_is_its_makers(engine: str, pinned: bool, bpffs: Path) -> None:
    with threads(50) as ids, TaskIter(engine=engine, columns=["tid"]) as tasks:
        tasks.pin(bpffs / "tasks")
        session = (PinnedIter(bpffs / "tasks") if pinned else tasks).session()

        def read() -> None:
            with pytest.raises(errors.ClosedError):
                next(session)

        assert in_child(read)
        assert set(ids) <= {task.tid for task in session}


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_walk_that_another_thread_is_in_stays_the_parents(engine: str) -> None:
    """The child has no such thread, and would wait for it."""
    table = Map(ARRAY, 4, 4, 1_000_000, btf=True)
    try:
        with BpfMapElemIter(table, where="key == 999999", engine=engine) as elements:
            session, stop = elements.session(), threading.Event()

            def walk() -> None:
                nonlocal session
                while not stop.is_set():
                    session = elements.session()
                    list(session)

            def go_on() -> None:
                signal.alarm(30)
                with pytest.raises(errors.ClosedError, match=f"that of process {os.getppid()}"):
                    list(session)
                session.close()
                assert [element.key for element in elements] == [999_999]

            walker = threading.Thread(target=walk)
            walker.start()
            # Nearly all of the time it is in the kernel; it may be between two walks.
            told = any(in_child(go_on) for _ in range(20))
            stop.set()
            walker.join()
        assert told
    finally:
        table.close()


def test_a_child_finds_no_iterator_locked() -> None:
    """Another thread may be loading a program meanwhile."""
    locked, done = threading.Event(), threading.Event()
    with TaskIter(columns=["tid"], engine="snapshot") as tasks:
        pool = tasks._snapshots
        assert pool is not None

        def hold() -> None:
            with tasks._lock, pool._lock:
                locked.set()
                done.wait()

        def use() -> None:
            signal.alarm(30)
            assert tasks.link.info.target == "task"
            assert os.getppid() in {task.tid for task in tasks}
            tasks.close()

        holder = threading.Thread(target=hold)
        holder.start()
        locked.wait()
        try:
            assert in_child(use)
        finally:
            done.set()
            holder.join()


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_both_sides_walk_side_by_side(engine: str) -> None:
    with threads(200) as ids, TaskIter(engine=engine, columns=["tid"]) as tasks:
        list(tasks)

        def walk() -> None:
            for _ in range(100):
                found = [task.tid for task in tasks]
                assert len(found) == len(set(found)) and set(ids) <= set(found)

        children = [start(walk) for _ in range(3)]
        walk()
        for child in children:
            assert succeeded(child)


def test_forking_in_the_middle_of_each_walk_leaves_nothing(count_fds: Callable[[], int]) -> None:
    with TaskIter() as tasks, TaskFileIter(pid=os.getpid()) as files:
        before = count_fds()
        for _ in range(20):
            for walk in (tasks.session(), files.session()):
                next(walk)
                assert in_child(walk.close)
                list(walk)
        assert count_fds() <= before + 1
