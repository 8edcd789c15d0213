"""Both ways out of the kernel give the same records, at the same time, and under churn."""

from __future__ import annotations

import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from libbpf_iter._extension import lib

from libbpf_iter import (
    BpfMapElemIter,
    CgroupIter,
    Iter,
    KsymIter,
    NetlinkIter,
    ObjectIter,
    PinnedIter,
    TaskIter,
    TaskVmaIter,
    TcpIter,
    UnixIter,
    _libbpf,
    asdict,
    errors,
    fields,
    iterators,
    kernel,
    records,
)
from libbpf_iter.engine import RUN_MOST
from libbpf_iter.objects import packaged, packaged_targets
from libbpf_iter.probes import TASK_LINKS
from tests.kernel.since import lacks, needs, told
from tests.kernel.test_maps import ARRAY, HASH, NO_PREALLOC, Map
from tests.kernel.test_same_records import cgroups
from tests.kernel.test_sessions import PROGRAMS, as_nobody

# What moves between two walks even of a thread that waits: it shares memory with the one that walks.
MOVING = {"runtime_ns", "utime_ns", "stime_ns", "cpu", "voluntary_switches", "involuntary_switches", "state"}
MOVING |= {"vsize", "rss", "minor_faults", "read_bytes", "write_bytes"}


@contextmanager
def threads(count: int) -> Iterator[list[int]]:
    """Threads that wait; gives the ids of all of them."""
    stop, started = threading.Event(), threading.Barrier(count + 1)
    ids: list[int] = []

    def wait() -> None:
        ids.append(threading.get_native_id())
        started.wait()
        stop.wait()

    size = threading.stack_size(1 << 16)
    workers = [threading.Thread(target=wait) for _ in range(count)]
    for worker in workers:
        worker.start()
    started.wait()
    try:
        yield ids
    finally:
        stop.set()
        for worker in workers:
            worker.join()
        threading.stack_size(size)


def by_tid(tasks: Any, of: set[int]) -> dict[int, dict[str, Any]]:
    found = [asdict(task) for task in tasks]
    chosen = [task for task in found if task["tid"] in of]
    assert len(chosen) == len({task["tid"] for task in chosen}), "a task is there twice"
    return {task["tid"]: {k: v for k, v in task.items() if k not in MOVING} for task in chosen}


def test_each_engine_gives_the_same_tasks() -> None:
    with threads(500) as ids, TaskIter(engine="seq") as seq, TaskIter(engine="snapshot") as snapshot:
        sentinels = {*ids, os.getpid()}
        assert (seq.engine, snapshot.engine) == ("seq", "snapshot")
        one, other = by_tid(seq, sentinels), by_tid(snapshot, sentinels)
        assert set(one) == sentinels
        assert one == other


def test_each_engine_gives_every_column_of_a_stopped_task_the_same() -> None:
    child = subprocess.Popen(["sleep", "600"])
    try:
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        columns = [field.name for field in TaskIter().schema.fields] + ["open_fds"]
        found = []
        for engine in ("seq", "snapshot"):
            with TaskIter(engine=engine, columns=columns) as tasks:
                found += [asdict(task) for task in tasks if task.tid == child.pid]
        listed = len(os.listdir(f"/proc/{child.pid}/fd"))
        assert found[0] == found[1] and found[0]["open_fds"] == told(tasks.schema, "open_fds", listed)
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_columns_have_their_places_in_whatever_order_they_are_chosen(engine: str) -> None:
    child = subprocess.Popen(["sleep", "600"])
    try:
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        with TaskIter(tid=child.pid) as tasks:
            (whole,) = map(asdict, tasks)
        names = sorted(whole)
        # Small and large in turns, with room between them: more than the struct has.
        mixed = [name for pair in zip(names, reversed(names), strict=True) for name in pair]
        for chosen in (names, list(dict.fromkeys(mixed)), ["comm", "state", "tid"], ["tid", "nice"]):
            with TaskIter(columns=chosen, engine=engine) as tasks:
                (found,) = (asdict(task) for task in tasks if task.tid == child.pid)
            assert found == {name: whole[name] for name in chosen}
    finally:
        child.kill()
        child.wait()


# What says which object a record is of.
KEYS = {
    "tcp": "cookie",
    "udp": "cookie",
    "netlink": "inode",
    "bpf_prog": "id",
    "bpf_map": "id",
    "kmem_cache": "name",
    "ksym": "name",
    "task_vma": "start",
}


@pytest.mark.parametrize("target", KEYS)
def test_a_link_fills_a_map_with_the_same_records(target: str) -> None:
    given = {"tid": os.getpid()} if target == "task_vma" else {}
    with (
        socket.create_server(("127.0.0.1", 0)),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound,
        Iter(target, engine="seq", **given) as seq,
        Iter(target, engine="snapshot", **given) as snapshot,
    ):
        bound.bind(("127.0.0.1", 0))
        assert (seq.engine, snapshot.engine) == ("seq", "snapshot")
        # Symbols of BPF programs are those of whoever loads any.
        first, second = (
            Counter(getattr(r, KEYS[target]) for r in walk if getattr(r, "module", None) != "bpf")
            for walk in (seq, snapshot)
        )
    # Memory that this very loop maps, and objects of others that come and go.
    assert (first - second).total() <= 5 and (second - first).total() <= 5
    assert first.total() > (50_000 if target == "ksym" else 0)


def test_a_walk_of_many_mappings_ends(bpffs: Any) -> None:
    """Read plainly, the kernel repeats the last part of one thread's mappings for ever."""

    def mapped() -> set[int]:
        return {int(line.partition("-")[0], 16) for line in Path("/proc/self/maps").read_text().splitlines()}

    before = mapped()
    # Of two kinds in turn, so that they don't merge.
    mappings = [mmap.mmap(-1, 8192, prot=mmap.PROT_READ | mmap.PROT_WRITE * (n % 2)) for n in range(1000)]
    # Others go meanwhile: the stacks of threads that ended, say, with a fork.
    own = mapped() - before
    assert len(own) > 900
    me = os.getpid()
    with TaskVmaIter(tid=me) as walk, TaskVmaIter(tid=me, engine="seq") as seq, TaskVmaIter(pid=me) as group:
        seq.pin(bpffs / "mappings")
        pinned = PinnedIter(bpffs / "mappings")
        found = [[vma.start for vma in each] for each in (walk, seq, group, pinned)]
        # Who isn't told what is walked reads the same.
        bpffs.chmod(0o755)
        (bpffs / "mappings").chmod(0o444)
        record = records.TaskVma

        def untold() -> bool:
            starts = [vma.start for vma in PinnedIter(bpffs / "mappings", record=record)]
            return starts == sorted(set(starts)) and own <= set(starts)

        assert as_nobody(untold)
    for starts in found:
        assert len(starts) == len(set(starts)) >= len(mappings)
        assert starts == sorted(starts)
        assert len(set(starts) ^ set(found[0])) < 10  # what this loop itself maps
    with TaskVmaIter(tid=me, columns={"a": "vma.vm_start"}) as query:
        assert own <= {vma.a for vma in query}
    with pytest.raises(errors.UnsupportedEngine, match="pid="):
        TaskVmaIter(tid=me, columns=["start"], engine="seq")


@pytest.mark.parametrize("order", ["self_only", "descendants_pre", "descendants_post", "ancestors_up"])
def test_cgroups_come_in_their_order(order: str) -> None:
    """From the descriptor; in one run; and by a link, the only one that takes an id."""
    with cgroups() as top:
        start = top / "a" if order == "ancestors_up" else top
        number = start.stat().st_ino
        with (
            CgroupIter(start, order=order, engine="seq") as seq,
            CgroupIter(start, order=order) as run,
            CgroupIter(number, order=order) as link,
        ):
            assert (run.engine, link.engine) == ("snapshot", "snapshot")
            found = [[(group.id, group.path) for group in walk] for walk in (seq, run, link)]
        assert found[0] == found[1] == found[2]
        assert len(found[0]) == {"self_only": 1, "ancestors_up": 3}.get(order, 4)


def test_a_cgroup_that_is_removed_is_an_empty_walk() -> None:
    with cgroups() as top:
        group = top / "d"
        group.mkdir()
        with CgroupIter(group) as run, CgroupIter(group.stat().st_ino) as link:
            assert len(list(run)) == len(list(link)) == 1
            group.rmdir()
            assert list(run) == list(link) == []
        with pytest.raises(errors.ParameterError, match="isn't a directory of a cgroup hierarchy"):
            CgroupIter(top / "cgroup.procs")


def test_cgroups_of_another_namespace_begin_at_its_root() -> None:
    needs("cgroup")
    code = (
        "import sys\n"
        "from libbpf_iter import CgroupIter\n"
        "for engine in ('seq', 'snapshot'):\n"
        "    found = [group.id for group in CgroupIter(engine=engine)]\n"
        "    assert len(found) == 2 and found[0] == int(sys.argv[1]), found\n"
    )
    with cgroups() as top:
        group = top / "a"

        def move(to: Path) -> None:
            (to / "cgroup.procs").write_text(str(os.getpid()))

        command = ["unshare", "--cgroup", sys.executable, "-c", code, str(group.stat().st_ino)]
        # Where a process is when it makes a namespace is the root there.
        subprocess.run(command, check=True, preexec_fn=lambda: move(group))


def test_a_subset_of_columns_is_computed_and_no_other() -> None:
    with TaskIter(engine="snapshot", columns=["tid", "comm"]) as tasks:
        assert [field.name for field in fields(tasks.record)] == ["tid", "comm"]
        (me,) = [task for task in tasks if task.tid == os.getpid()]
    with open("/proc/self/comm") as comm:
        assert me.comm == comm.read().strip()
    assert len(me._data) <= 32  # and they alone leave the kernel


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_columns_side_by_side_are_those_of_the_whole_record(engine: str) -> None:
    """In any order, and of any width: a record of few columns is another struct, filled by the same code."""
    me = os.getpid()
    steady = ["start_time_ns", "state", "comm", "tid", "cgroup_id", "nice", "vsize", "policy", "open_fds"]
    with TaskIter(engine=engine) as whole, TaskIter(columns=steady[::-1], engine=engine) as few:
        (wide,) = [task for task in whole if task.global_tid == me]
        (narrow,) = [task for task in few if task.tid == me]
    for name in steady:
        if name not in ("open_fds", "vsize"):
            assert getattr(narrow, name) == getattr(wide, name), name
    assert wide.vsize
    assert bool(narrow.open_fds) == bool(told(few.schema, "open_fds", True))


def test_a_pin_has_the_columns_that_were_asked_for(bpffs: Any) -> None:
    for number, columns in enumerate((["comm", "tid"], ["tid", "exe"], None)):
        with TaskIter(columns=columns) as tasks:
            tasks.pin(bpffs / f"tasks{number}")
            assert tasks.link.info.target == "task"
        pinned = PinnedIter(bpffs / f"tasks{number}")
        (me,) = [task for task in pinned if task.tid == os.getpid()]
        names = [field.name for field in fields(me)]
        if columns == ["comm", "tid"]:
            assert names == columns
        else:
            # A text's record has room for all of them, and none is left empty.
            assert me.start_time_ns > 0 and me.vsize > 0


@pytest.mark.parametrize("columns", [["tid", "exe"], ["tid", "cmdline"], {"n": "meta.seq_num"}])
def test_what_only_an_iterator_can_do_is_done_by_one(columns: Any) -> None:
    with TaskIter(engine="snapshot", columns=columns) as tasks:
        found = list(tasks)
    assert tasks.engine == "snapshot" and found
    with TaskIter(columns=columns) as tasks:
        assert tasks.engine == "seq"


def test_a_query_in_a_snapshot() -> None:
    me = os.getpid()
    with TaskIter(
        engine="snapshot",
        columns={"tid": "tid", "pages": "mm.total_vm", "nice": "nice"},
        where="tid == wanted",
        params={"wanted": me},
    ) as tasks:
        (record,) = tasks
        assert (record.tid, record.nice) == (me, os.nice(0))
        with open("/proc/self/statm") as statm:
            assert abs(record.pages - int(statm.read().split()[0])) < 5000
        tasks.params["wanted"] = os.getppid()
        assert [task.tid for task in tasks] == [os.getppid()]


@pytest.mark.many
def test_a_walk_that_outgrows_its_map_is_walked_again() -> None:
    """The first map holds about 3,900 records of tasks; there are more threads than that."""
    with TaskIter(engine="snapshot") as tasks, threads(4500) as ids:
        session = tasks.session()
        assert session.engine == "snapshot"
        assert set(ids) <= {task.tid for task in session}
        assert session.lost == ()


def test_tasks_that_live_through_a_walk_are_seen_once() -> None:
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            subprocess.run([sys.executable, "-c", ""], env={}, check=False, stdout=subprocess.DEVNULL)

    with threads(200) as ids, TaskIter(columns=["tid"]) as tasks:
        workers = [threading.Thread(target=churn) for _ in range(3)]
        for worker in workers:
            worker.start()
        try:
            for _ in range(200):
                found = [task.tid for task in tasks]
                assert len(found) == len(set(found))
                assert set(ids) <= set(found)
        finally:
            stop.set()
            for worker in workers:
                worker.join()


MORTALS = """
import sys, threading
threading.stack_size(1 << 16)
gates = [threading.Semaphore(0) for _ in range(1500)]
mortals = [threading.Thread(target=gate.acquire) for gate in gates]
stop = threading.Event()
for mortal in mortals:
    mortal.start()
survivors = [threading.Thread(target=stop.wait, daemon=True) for _ in range(10)]
for survivor in survivors:
    survivor.start()
print(*[survivor.native_id for survivor in survivors], flush=True)
sys.stdin.readline()
for gate in gates:
    gate.release()
for mortal in mortals:
    mortal.join()
print("done", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("engine", "by"), [("auto", "pid"), ("auto", "pidfd"), ("seq", "pid")])
def test_a_process_is_walked_past_threads_that_exit(engine: str, by: str) -> None:
    """The iterator's own walk of a process ends at one: of 800 by the descriptor 2 or 3 did here."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", MORTALS], text=True, **pipes) as process:  # type: ignore[call-overload]
        survivors = set(map(int, process.stdout.readline().split()))
        with ExitStack() as stack:
            number = process.pid
            if by == "pidfd":
                number = stack.enter_context(_libbpf.Fd(os.pidfd_open, number))  # type: ignore[assignment]
            tasks = stack.enter_context(TaskIter(columns=["tid"], engine=engine, **{by: number}))
            if engine == "auto":
                assert tasks.engine == ("snapshot" if kernel.has("bpf_task_from_vpid") else "seq")
            process.stdin.write("\n")
            process.stdin.flush()
            while not select.select([process.stdout], [], [], 0)[0]:
                assert survivors <= {task.tid for task in tasks}
        process.kill()


@pytest.mark.parametrize("pinned", [False, True])
def test_a_strangers_walk_of_a_process_says_that_it_may_have_ended_at_a_thread(
    pinned: bool, bpffs: Any
) -> None:
    if not kernel.has(TASK_LINKS):
        lacks("task parameters", "this kernel's links know of no task")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        subprocess.Popen([sys.executable, "-c", MORTALS], text=True, **pipes) as process,  # type: ignore[call-overload]
        ObjectIter(PROGRAMS / "task.bpf.o", pid=process.pid, engine="seq") as tasks,
    ):
        survivors = set(map(int, process.stdout.readline().split()))
        tasks.pin(bpffs / "tasks")
        session = (PinnedIter(bpffs / "tasks") if pinned else tasks).session()
        first = next(session)
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        while len(os.listdir(f"/proc/{process.pid}/task")) > 1 + len(survivors):
            pass  # joined, and not yet gone
        shown = {first.tid, *(task.tid for task in session)}
        assert not survivors & shown  # the thread that the second read was to begin with is gone
        assert ["one exited meanwhile" in sentence for sentence in session.lost] == [True]
        assert survivors <= {task.tid for task in tasks}
        with tasks.session() as session:
            assert process.pid in {task.tid for task in session} and session.lost == ()
        process.kill()


def test_a_thread_is_no_process() -> None:
    with threads(1) as (thread,):
        for engine in ("seq", "snapshot"):
            with TaskIter(pid=thread, engine=engine) as tasks:
                assert list(tasks) == []
            with TaskIter(pid=os.getpid(), engine=engine) as tasks:
                assert {thread, os.getpid()} <= {task.tid for task in tasks}


@pytest.mark.parametrize("columns", [["tid"], ["tid", "exe"]])
def test_concurrent_sessions_do_not_mix(columns: list[str]) -> None:
    """In one run, and by a link; some walks are dropped half-way."""
    failures: list[object] = []
    with threads(100) as ids, TaskIter(columns=columns, engine="snapshot") as tasks:

        def walk() -> None:
            for _ in range(50):
                next(tasks.session())
                found = [task.tid for task in tasks]
                if len(found) != len(set(found)) or not set(ids) <= set(found):
                    failures.append(found)

        workers = [threading.Thread(target=walk) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert not failures


@pytest.mark.many
def test_threads_share_one_session() -> None:
    with threads(2000) as ids, TaskIter(columns=["tid"], engine="seq") as tasks:
        session = tasks.session()
        found: list[int] = []
        workers = [threading.Thread(target=lambda: found.extend(t.tid for t in session)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(found) == len(set(found)) and set(ids) <= set(found)


def test_abandoned_sessions_give_their_memory_back(count_fds: Callable[[], int]) -> None:
    with TaskIter() as tasks:

        def abandon(count: int) -> None:
            walk = tasks.session()
            for _ in range(count):
                walk = tasks.session()  # which has memory of its own: the one before is there until now
                next(walk)
            walk.close()
            assert list(walk) == []

        abandon(2)
        before = count_fds()
        abandon(1000)
        assert count_fds() == before


def test_a_session_outlives_its_iterator() -> None:
    tasks = TaskIter(columns=["tid"])
    walk = tasks.session()
    first = next(walk)
    tasks.close()
    assert os.getpid() in {first.tid, *(task.tid for task in walk)}


def test_a_session_says_what_it_lost() -> None:
    pairs = [socket.socketpair() for _ in range(400)]
    try:
        with UnixIter(engine="seq") as sockets:
            session = sockets.session()
            assert session.lost == ()
            with pytest.warns(errors.LossWarning):
                list(session)
            assert len(session.lost) == 1 and "missing" in session.lost[0]
        with UnixIter() as sockets:
            session = sockets.session()
            list(session)
            assert session.lost == ()
    finally:
        for pair in pairs:
            for end in pair:
                end.close()


@pytest.mark.parametrize("kind", [HASH, ARRAY])
def test_a_hash_that_is_walked_in_parts_says_so(kind: int, bpffs: Any) -> None:
    """Its elements are found again by counting those before them: bpf_hash_map_seq_find_next()."""
    table = Map(kind, 4, 8, 5000, btf=True)
    try:
        for number in range(5000):
            table[struct.pack("=I", number)] = bytes(8)
        runs = kernel.has("bpf_func_id.BPF_FUNC_for_each_map_elem")
        with BpfMapElemIter(table, engine="seq") as parts, BpfMapElemIter(table) as whole:
            assert whole.engine == ("snapshot" if kind == HASH or runs else "seq")
            parts.pin(bpffs / "elements")
            pinned = PinnedIter(bpffs / "elements")
            for walk in (parts, pinned):
                session = walk.session()
                next(session)
                assert session.lost == ()  # so far
                assert len(list(session)) == 4999
                assert len(session.lost) == (kind == HASH)
            session = whole.session()
            assert len(list(session)) == 5000 and session.lost == ()
            # Where there is no session to ask.
            for walk in (parts.to_numpy, lambda: list(pinned.chunks()), parts.__arrow_c_stream__):
                with pytest.warns(errors.LossWarning) if kind == HASH else nullcontext():
                    walk()
            assert len(whole.to_numpy()) == 5000
    finally:
        table.close()


def test_elements_of_a_map_that_changes_are_all_there() -> None:
    """Elements that stay in a hash are seen while others are created and deleted."""
    table, stop = Map(HASH, 4, 8, 4000, flags=NO_PREALLOC), threading.Event()
    steady = [struct.pack("=I", number) for number in range(2000)]

    def change() -> None:
        keys = [struct.pack("=I", number) for number in range(2000, 4000)]
        while not stop.is_set():
            for key in keys:
                table[key] = bytes(8)
            for key in keys:
                lib.bpf_map_delete_elem(table.fileno(), key)

    for key in steady:
        table[key] = bytes(8)
    worker = threading.Thread(target=change)
    try:
        with BpfMapElemIter(table) as elements:
            assert elements.engine == "snapshot"
            worker.start()
            for _ in range(200):
                assert {element.key for element in elements} >= set(steady)
    finally:
        stop.set()
        worker.join()
        table.close()


def test_what_is_too_much_for_one_run_is_walked_by_an_iterator(monkeypatch: pytest.MonkeyPatch) -> None:
    many = RUN_MOST["bpf_map_elem"] + 1
    table = Map(ARRAY, 4, 4, many, btf=True)
    try:
        with BpfMapElemIter(table, where="key == 5") as auto:
            assert auto.engine == "seq" and len(list(auto)) == 1
        with BpfMapElemIter(table, columns=["cpu"], engine="snapshot") as elements:
            assert elements.engine == "snapshot"
            assert not elements._snapshots._output.runs  # type: ignore[union-attr]
            assert elements.to_numpy().size == many
    finally:
        table.close()
    monkeypatch.setattr("libbpf_iter.engine.RUN_MOST", dict.fromkeys(RUN_MOST, 1))
    with TaskIter() as tasks:
        assert tasks.engine == "seq"
        assert os.getpid() in {task.tid for task in tasks}
    with cgroups() as top, CgroupIter(top) as groups:
        assert not groups._snapshots._output.runs  # type: ignore[union-attr]
        assert len(list(groups)) == 4


def test_a_run_that_comes_by_too_many_is_left_to_an_iterator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though there were few when it was decided, as tasks may become many."""
    if not kernel.has("bpf_iter_task_new"):
        lacks("walks by programs", "this kernel's programs walk no tasks by themselves")
    monkeypatch.setattr("libbpf_iter.engine.RUN_MOST", dict.fromkeys(RUN_MOST, 3))
    monkeypatch.setattr(kernel, "threads", lambda: 1)
    with TaskIter() as tasks, TaskIter(where="tid == me", params={"me": os.getpid()}) as me:
        for walk in (tasks, me):
            assert walk._snapshots is not None and walk._snapshots._output.runs
            for _ in range(2):
                assert os.getpid() in {task.tid for task in walk}
                assert not walk._snapshots._output.runs and walk.engine == "snapshot"
    with cgroups() as top, CgroupIter(top) as groups:  # with three below it
        assert groups._snapshots is not None and groups._snapshots._output.runs
        assert len(list(groups)) == 4
        assert not groups._snapshots._output.runs


def test_the_other_pid_namespace_numbers_its_own_tasks() -> None:
    """In a pid namespace of its own, both engines see only its tasks, by the numbers that they have there."""
    code = (
        "import os\n"
        "from libbpf_iter import TaskIter\n"
        "for engine in ('seq', 'snapshot'):\n"
        "    found = {t.tid: t.comm for t in TaskIter(engine=engine)}\n"
        "    assert os.getpid() == 1 and set(found) == {1}, found\n"
    )
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code]
    subprocess.run(command, check=True)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(errors.ParameterError, match="'auto', 'seq' or 'snapshot'") as caught:
        TaskIter(engine="fast")
    assert caught.value.parameter == "engine"


def snapshot_with(function: str) -> str:
    return "snapshot" if kernel.has(function) else "seq"


@pytest.mark.parametrize(
    ("make", "engine"),
    [
        (UnixIter, lambda: "snapshot"),
        (CgroupIter, lambda: "snapshot"),
        (TaskIter, lambda: snapshot_with("bpf_iter_task_new")),
        (lambda: TaskIter(tid=1), lambda: "seq"),
        (lambda: TaskIter(pid=os.getpid()), lambda: snapshot_with("bpf_task_from_vpid")),
        (lambda: TaskIter(pid=os.getpid(), columns=["tid", "exe"]), lambda: "seq"),
        (NetlinkIter, lambda: "snapshot"),
        (TcpIter, lambda: "seq" if kernel.has("bpf_tcp_iter_batch_item") else "snapshot"),
        (KsymIter, lambda: "seq"),
    ],
)
def test_auto_is_what_is_complete(make: Callable[[], Any], engine: Callable[[], str]) -> None:
    with make() as walk:
        assert walk.engine == engine() == walk.session().engine


def test_the_list_of_walks_that_run_by_themselves() -> None:
    having = {target for target in packaged_targets() if f"walk_{target}".encode() in packaged(target)}
    assert having == set(RUN_MOST)


def test_every_class_takes_an_engine() -> None:
    for name in iterators.__all__:
        assert "engine" in getattr(iterators, name).__init__.__annotations__
