"""What a walk takes: no GIL while the kernel walks, and no memory that grows."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from libbpf_iter._extension import lib

from libbpf_iter import BpfMapElemIter, TaskIter, UnixIter
from libbpf_iter.probes import large_maps
from tests.kernel.since import lacks
from tests.kernel.test_maps import ARRAY, HASH, NO_PREALLOC, Map


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_other_threads_run_while_the_kernel_walks(engine: str) -> None:
    """One call goes through 2,500,000 elements: what is counted meanwhile, another thread counted."""
    counted, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    with (
        closing(Map(ARRAY, 4, 4, 2_500_000, btf=True)) as table,
        BpfMapElemIter(table, where="key == 2499999", engine=engine) as elements,
    ):
        list(elements)
        thread.start()
        try:
            before = counted[0]
            assert [e.key for e in elements] == [2_499_999]
            during = counted[0] - before
        finally:
            stop.set()
            thread.join()
    # With the GIL held it would be what fits between two calls: some hundreds.
    assert during > 20_000


STREAM = """
import resource, sys
from libbpf_iter import BpfMapElemIter
small, large = map(int, sys.argv[1:])
def walk(number):
    with BpfMapElemIter(number) as elements:
        return sum(1 for element in elements if element.key is not None)
walk(small)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = walk(large)
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def filled(count: int) -> Map:
    table = Map(HASH, 4, 8, count, flags=NO_PREALLOC)
    fd, value = table.fileno(), bytes(8)
    for key in range(count):
        assert lib.bpf_map_update_elem(fd, key.to_bytes(4, "little"), value, 0) == 0
    return table


@pytest.mark.many
def test_memory_stays_flat_over_a_million_elements() -> None:
    small, large = filled(1000), filled(1_000_000)
    try:
        command = [sys.executable, "-c", STREAM, str(small.id), str(large.id)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        small.close()
        large.close()
    count, more = map(int, run.stdout.split())
    assert count == 1_000_000
    assert more < 16 << 10  # KiB


def resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.many
@pytest.mark.timeout(300)
def test_a_hundred_thousand_sessions_leave_nothing(count_fds: Callable[[], int]) -> None:
    """Some are read to the end, some dropped half-way, some closed unread."""
    with TaskIter(tid=os.getpid(), columns=["tid", "comm"]) as one, TaskIter(columns=["tid"]) as every:

        def sessions(count: int) -> None:
            for number in range(count):
                if number % 100 == 0:
                    next(iter(every))
                elif number % 3 == 0:
                    one.session().close()
                elif number % 3 == 1:
                    next(iter(one))
                else:
                    list(one)

        sessions(2000)
        fds, before = count_fds(), resident()
        sessions(98_000)
        assert count_fds() == fds
        assert resident() - before < 16 << 20


def mapped() -> int:
    """The bytes of maps that this process has in its memory."""
    found = 0
    with open("/proc/self/maps") as maps:
        for line in maps:
            if "bpf-map" in line:
                start, end = (int(number, 16) for number in line.split()[0].split("-"))
                found += end - start
    return found


def test_what_is_idle_holds_little_memory() -> None:
    """Five walks of 20 MiB each at the same time, then none; then one that takes more memory than is kept."""
    if not large_maps():
        lacks("large maps", "this kernel has 4 MiB for a walk")
    elements, large = Map(ARRAY, 4, 12, 1 << 20), Map(ARRAY, 4, 120, 1 << 20)
    before = mapped()
    try:
        with BpfMapElemIter(elements, engine="snapshot") as walks:
            sessions = [walks.session() for _ in range(5)]
            for session in sessions:
                next(session)
            assert mapped() - before >= 5 * 20 << 20
            for session in sessions:
                session.close()
            assert 20 << 20 <= mapped() - before <= 64 << 20
        assert mapped() == before
        with BpfMapElemIter(large, engine="snapshot") as walks:
            assert next(walks.session()).cpu is None
            gc.collect()
            assert mapped() == before
    finally:
        elements.close()
        large.close()


def test_walks_that_nobody_began_give_their_memory_back(count_fds: Callable[[], int]) -> None:
    with TaskIter(columns=["tid"], engine="snapshot") as tasks, UnixIter(columns=["inode"]) as sockets:
        for walks in (tasks, sockets):
            assert walks._snapshots is not None
            (walker,) = walks._snapshots._free
            before = count_fds()
            for _ in range(1000):
                walks.session()
                walks.session().close()
            assert walks._snapshots._free == [walker] and count_fds() == before
            list(walks)
        session = tasks.session()
    session.close()
    assert walker.memory.closed


def test_memory_comes_back_while_a_walk_is_being_taken() -> None:
    """A destructor may run wherever garbage is collected, where the lock is held, too."""
    with TaskIter(columns=["tid"], engine="snapshot") as tasks:
        walk = tasks.session()
        next(walk)
        with tasks._snapshots._lock:  # type: ignore[union-attr]
            walk.close()
        assert os.getpid() in {task.tid for task in tasks}
