"""Links, sessions, pins and errors, on the live kernel."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import (
    BpfMapElemIter,
    ObjectIter,
    PinnedIter,
    TaskFileIter,
    TaskIter,
    TcpIter,
    UnixIter,
    asdict,
    errors,
    fields,
    kernel,
    records,
    targets,
)
from libbpf_iter.btf import Btf
from libbpf_iter.ends import drop_doubled
from libbpf_iter.layout import layout
from libbpf_iter.objects import packaged_targets
from libbpf_iter.probes import TASK_LINKS, threads_are_found
from tests.conftest import BTF
from tests.kernel.children import in_child
from tests.kernel.network import other_namespace
from tests.kernel.since import has, lacks, told
from tests.unit.btf_writer import Writer

PROGRAMS = Path(__file__).parents[2] / "libbpf_iter" / "programs"


def test_a_record_is_one_of_its_target_whichever_columns_it_has() -> None:
    me = os.getpid()
    for asked in (None, ["exe", "tid"], {"tid": "tid", "pages": "mm.total_vm"}):
        with TaskIter(tid=me, columns=asked) as tasks:
            (task,) = tasks
        assert isinstance(task, records.Task) and not isinstance(task, records.Tcp)
        match task:
            case records.Task(tid=found):
                assert found == me
            case _:
                raise AssertionError("it is none")
    assert "exe" in {field.name for field in fields(records.Task)}


def test_each_iter_is_a_session_of_its_own() -> None:
    with TaskIter(columns=["tid"]) as tasks:
        first, second = iter(tasks), iter(tasks)
        assert next(first).tid == next(second).tid
        assert len(list(first)) > 0 and len(list(second)) > 0


@pytest.mark.many
def test_ten_thousand_sessions_leave_nothing(count_fds: Callable[[], int]) -> None:
    with TaskIter(tid=os.getpid(), columns=["tid"]) as tasks:
        before = count_fds()
        for turn in range(10_000):
            walk = iter(tasks)
            next(walk)
            if turn % 2:
                assert list(walk) == []
        del walk
        assert count_fds() == before


def test_close_ends_new_walks_only() -> None:
    tasks = TaskIter(columns=["tid"])
    walk = iter(tasks)
    next(walk)
    tasks.close()
    tasks.close()
    list(walk)
    with pytest.raises(errors.ClosedError):
        iter(tasks)


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_walk_is_that_of_when_it_was_asked_for(engine: str) -> None:
    """What closes the iterator, or gives it another program, comes too late for it."""
    me, parent = os.getpid(), os.getppid()
    with (
        other_namespace() as namespace,
        TaskIter(pid=me, columns=["tid", "ppid"], engine=engine) as tasks,
        TaskIter(pid=me, columns=["ppid", "tid"]) as other,
    ):
        session, chunks = tasks.session(), tasks.chunks()
        sockets = TcpIter(netns=f"/proc/self/fd/{namespace}", engine=engine)
        none, any_where = sockets.session(), TcpIter(netns="all", engine=engine)
        everywhere = any_where.session()
        tasks.update(other)
        for closed in (tasks, sockets, any_where):
            closed.close()
        # The numbers of this process's threads may have begun anew at the smallest.
        assert (me, parent) in {(task.tid, task.ppid) for task in session}
        assert (me, parent) in set(struct.iter_unpack("=ii", b"".join(chunks)))
        assert list(none) == []
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert [found for found in everywhere if found.local_port == port]


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_walk_that_its_iterator_keeps_is_garbage_with_it(engine: str, count_fds: Callable[[], int]) -> None:
    def keep() -> None:
        tasks: Any = TaskIter(columns=["tid"], engine=engine)
        tasks.walk = tasks.session()
        next(tasks.walk)

    before = count_fds()
    keep()
    gc.collect()
    assert count_fds() == before


def test_an_update_takes_nothing_from_the_other(count_fds: Callable[[], int]) -> None:
    before = count_fds()
    first, second, given = (TaskIter(tid=os.getpid(), columns=[name]) for name in ("tid", "pid", "comm"))
    first.update(given)
    first.close()
    second.update(given)
    given.close()
    assert [field.name for record in second for field in fields(record)] == ["comm"]
    with TaskFileIter() as files, pytest.raises(errors.ParameterError):
        second.update(files)
    second.close()
    del first, second, given, files
    assert count_fds() == before


def test_walks_and_updates_side_by_side() -> None:
    """Each walk's records have the layout of its own schema, whatever program the link runs by then."""
    me, end = os.getpid(), threading.Event()
    failures: list[BaseException] = []
    with ExitStack() as closed:
        tasks = closed.enter_context(TaskIter(tid=me, columns=["tid"]))
        columns = (["comm", "tid"], ["rss", "tid"], ["tid"])
        others = [closed.enter_context(TaskIter(tid=me, columns=each)) for each in columns]

        def walk() -> None:
            try:
                while not end.is_set():
                    assert [task.tid for task in tasks] == [me]
                    assert tasks.to_numpy()["tid"].tolist() == [me]
            except BaseException as error:
                failures.append(error)

        workers = [threading.Thread(target=walk) for _ in range(3)]
        for worker in workers:
            worker.start()
        for turn in range(300):
            tasks.update(others[turn % 3])
        end.set()
        for worker in workers:
            worker.join()
    assert failures == []


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_is_open_is_not_copied(take: Callable[[object], object]) -> None:
    with TaskIter(tid=os.getpid()) as tasks:
        for held in (tasks, tasks.session()):
            with pytest.raises(TypeError):
                take(held)
        assert [task.tid for task in tasks] == [os.getpid()]


def test_threads_walk_side_by_side() -> None:
    results: list[int] = []
    with TaskIter(tid=os.getpid()) as tasks:

        def walk() -> None:
            for _ in range(100):
                results.extend(task.tid for task in tasks)

        workers = [threading.Thread(target=walk) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert results == [os.getpid()] * 800


def argument_of(tid: int) -> dict[str, int]:
    """What a link of one thread says of itself, where it isn't the program's matter which that is."""
    return {"tid": tid} if threads_are_found() else {}


def test_link_info() -> None:
    with TaskIter(tid=7) as tasks:
        assert tasks.link.info.target == "task"
        assert tasks.link.info.argument == argument_of(7)


def test_update_gives_new_walks_the_other_program() -> None:
    with TaskIter(tid=os.getpid(), columns=["tid"]) as tasks:
        with TaskIter(tid=os.getpid(), columns=["comm", "exe"]) as other:
            tasks.update(other)
            (record,) = tasks
            assert record.exe == told(tasks.schema, "exe", os.readlink("/proc/self/exe"))
        with TcpIter() as tcp, pytest.raises(errors.ParameterError, match="task link"):
            tasks.update(tcp)


def test_an_update_brings_its_parameters() -> None:
    me, parent = os.getpid(), os.getppid()
    asked = {"columns": {"tid": "tid"}, "where": "tid == wanted"}
    tasks = TaskIter(**asked, params={"wanted": 1})  # type: ignore[arg-type]
    before = tasks.params
    with TaskIter(where="tid == me", params={"me": me}) as other:
        tasks.update(other)
        assert dict(tasks.params) == {"me": me} and "tid == me" in tasks._repr_html_()
        assert [task.tid for task in tasks] == [me]
        other.params["me"] = parent
        assert dict(tasks.params) == {"me": parent} and [task.tid for task in tasks] == [parent]
        with pytest.raises(errors.ParameterError, match="no parameter 'wanted'"):
            tasks.params["wanted"] = me
    tasks.params["me"] = me  # whatever has become of the other
    assert [task.tid for task in tasks] == [me] and dict(before) == {"wanted": 1}
    with TaskIter(columns=["tid"]) as plain:
        tasks.update(plain)
        with pytest.raises(errors.ParameterError, match="without params"):
            _ = tasks.params
    tasks.close()


def test_an_update_that_would_walk_other_tasks_is_refused() -> None:
    """The program picks out the process; another one would show all tasks, or those of another process."""
    me = os.getpid()
    with TaskIter(pid=me, columns=["pid"]) as mine, TaskIter(columns=["pid"]) as every:
        for one, other in ((mine, every), (every, mine)):
            with pytest.raises(errors.ParameterError, match="the same tid=, pid= or pidfd="):
                one.update(other)
        with TaskIter(pid=me, columns=["pid", "comm"]) as named:
            mine.update(named)
        assert {(task.pid, bool(task.comm)) for task in mine} == {(me, True)}


def test_an_update_is_refused_whoever_looks_for_the_tasks() -> None:
    """A stranger's link does, and its program shows whatever that walks; ours shows one process of all."""
    if not kernel.has(TASK_LINKS):
        lacks("task parameters", "this kernel's links know of no task")
    me = os.getpid()
    with TaskIter(pid=me, columns=["pid"]) as mine, ObjectIter(PROGRAMS / "task.bpf.o", pid=me) as strange:
        for one, other in ((mine, strange), (strange, mine)):
            with pytest.raises(errors.ParameterError, match="the same tid=, pid= or pidfd="):
                one.update(other)
        assert {task.pid for task in strange} == {me}


def test_a_pin_is_read_by_its_own_btf(bpffs: Path) -> None:
    path = bpffs / "tasks"
    with TaskIter(tid=os.getpid()) as tasks:
        tasks.pin(path)
        assert path.stat().st_mode & 0o777 == 0o600
        (expected,) = tasks
    with PinnedIter(path) as pinned:
        assert pinned.target == "task" and pinned.info is not None
        assert pinned.info.argument == argument_of(os.getpid())
        (record,) = pinned
        assert (record.tid, record.comm) == (expected.tid, expected.comm)
        (again,) = pinned
        assert pickle.loads(pickle.dumps(again)) == again
    with PinnedIter(path, record=records.Task) as pinned:
        (record,) = pinned
        assert record.tid == os.getpid()
    path.unlink()
    with pytest.raises(errors.NoSuchObject):
        PinnedIter(path)


def as_nobody(work: Callable[[], bool]) -> bool:
    """What a check prints in a child process without any privilege."""
    if os.geteuid():
        pytest.skip("only root can become somebody else")

    def check() -> None:
        os.setuid(65534)
        assert work()

    return in_child(check)


def test_an_unprivileged_user_reads_a_pin(bpffs: Path) -> None:
    path = bpffs / "tasks"
    bpffs.chmod(0o755)
    me = os.getpid()
    with TaskIter(tid=me) as tasks:
        tasks.pin(path, mode=0o444)
    task_record = records.Task
    assert as_nobody(lambda: [t.tid for t in PinnedIter(path, record=task_record)] == [me])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"columns": ["comm", "tid"]},
        {"columns": {"t": "tid", "pages": "mm.total_vm"}},
        {"where": "tid > 0"},
    ],
)
def test_an_unprivileged_user_is_told_the_types_of_a_pin(bpffs: Path, asked: dict[str, Any]) -> None:
    path = bpffs / "tasks"
    bpffs.chmod(0o755)
    me = os.getpid()
    with TaskIter(tid=me, **asked) as tasks:
        names = [field.name for field in tasks.schema.fields]
        tasks.pin(path, mode=0o444)
        assert sorted(entry.name for entry in bpffs.iterdir()) == ["tasks", "tasks_types"]

        def told() -> bool:
            with PinnedIter(path) as pinned:
                assert pinned.info is None and pinned.target == "task"
                (mine,) = map(asdict, pinned)
            # Nobody asked for command lines, so nobody reads them.
            return me in mine.values() and set(mine) >= set(names) and mine.get("cmdline") is None

        assert as_nobody(told)
        with TaskIter(tid=me, columns=["nice"]) as other:
            tasks.update(other)
            assert as_nobody(lambda: [field.name for field in PinnedIter(path).schema.fields] == ["nice"])
        tasks.unpin(path)
        assert not list(bpffs.iterdir())


def test_a_pin_is_its_owners_alone_unless_said_otherwise(bpffs: Path) -> None:
    path = bpffs / "tasks"
    bpffs.chmod(0o755)
    with TaskIter(tid=os.getpid()) as tasks:
        tasks.pin(path)
        assert [entry.name for entry in bpffs.iterdir()] == ["tasks"]
        task_record = records.Task

        def refused() -> bool:
            with pytest.raises(PermissionError):
                PinnedIter(path)
            with pytest.raises(PermissionError):
                list(PinnedIter(path, record=task_record))
            return True

        assert as_nobody(refused)


def test_types_that_are_somebody_elses_word_are_none(bpffs: Path) -> None:
    path = bpffs / "tasks"
    bpffs.chmod(0o755)
    with TaskIter(tid=os.getpid()) as tasks:
        tasks.pin(path, mode=0o444)
        os.chown(bpffs / "tasks_types", 65534, 65534)

        def refused() -> bool:
            with pytest.raises(errors.MissingCapability, match="give record="):
                PinnedIter(path)
            return True

        assert as_nobody(refused)
        tasks.unpin(path)


@pytest.mark.parametrize(
    ("attach", "capability"),
    [
        (TaskIter, "CAP_BPF and CAP_PERFMON"),
        (lambda: BpfMapElemIter(1), "CAP_SYS_ADMIN"),
        (lambda: BpfMapElemIter("name"), "CAP_SYS_ADMIN"),
    ],
)
def test_what_is_missing_is_named(attach: Callable[[], object], capability: str) -> None:
    def check() -> bool:
        with pytest.raises(PermissionError) as caught:
            attach()
        assert caught.value.__cause__ is not caught.value  # or whoever follows causes never ends
        copy = pickle.loads(pickle.dumps(caught.value))
        return (copy.capability, str(copy)) == (capability, str(caught.value))

    assert as_nobody(check)


def test_a_pin_of_unix_sockets_says_that_it_loses_some(bpffs: Path) -> None:
    pairs = [socket.socketpair() for _ in range(400)]
    try:
        with UnixIter() as sockets, UnixIter() as others:
            sockets.pin(bpffs / "unix")
            with pytest.warns(errors.LossWarning, match="sockets may be missing"):
                seen = list(PinnedIter(bpffs / "unix"))
            assert 0 < len(seen) <= len(list(others))
    finally:
        for pair in pairs:
            for end in pair:
                end.close()


def test_an_object_file_by_path() -> None:
    if not kernel.has(TASK_LINKS):
        lacks("task parameters", "this kernel's links know of no task")
    with ObjectIter(PROGRAMS / "task.bpf.o", tid=os.getpid()) as tasks:
        assert [task.tid for task in tasks] == [os.getpid()]


@pytest.mark.alike
@pytest.mark.parametrize("cut", range(0, 8000, 400))
def test_damaged_objects_are_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.bpf.o"
    path.write_bytes((PROGRAMS / "task.bpf.o").read_bytes()[:cut])
    with pytest.raises(errors.ObjectError):
        ObjectIter(path)


HIDDEN = "mount -t tmpfs none /sys/kernel/btf"
COVERED = "mount --bind {file} /sys/kernel/btf/vmlinux"


@pytest.mark.parametrize(
    ("damage", "content", "said"),
    [
        (HIDDEN, bytes, "UnsupportedTarget: the kernel has no BTF"),
        (COVERED, lambda: b"x" * 100, "BtfError: /sys/kernel/btf/vmlinux: not BTF: its magic"),
        (COVERED, lambda: BTF.read_bytes()[:100_000], "BtfError: /sys/kernel/btf/vmlinux: the BTF header"),
    ],
)
@pytest.mark.alike
@pytest.mark.parametrize("call", ["TaskIter()", "TaskIter(where='flags > 0')", "targets()"])
def test_unreadable_btf_is_said(
    tmp_path: Path, damage: str, content: Callable[[], bytes], said: str, call: str
) -> None:
    """In a mount namespace of its own, where something else lies over the kernel's file."""
    file = tmp_path / "btf"
    file.write_bytes(content())
    script = f"""if True:
        from libbpf_iter import TaskIter, errors, targets
        try:
            {call}
        except errors.Error as error:
            print(f"{{type(error).__name__}}: {{error}}")"""
    shell = f'{damage.format(file=file)} && exec "$0" -c "$1"'
    command = ["unshare", "--mount", "sh", "-c", shell, sys.executable, script]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.startswith(said)


@pytest.mark.alike
@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"tid": 1, "pid": 2}, "pid"),
        ({"tid": 0}, "tid"),
        ({"tid": True}, "tid"),
        ({"pid": "x"}, "pid"),
        ({"pidfd": "x"}, "pidfd"),
        ({"pidfd": True}, "pidfd"),
        ({"pidfd": -1}, "pidfd"),
        ({"pidfd": 1 << 31}, "pidfd"),
        ({"pidfd": 999_999}, "pidfd"),
        ({"columns": ["nope"]}, "columns"),
        ({"columns": []}, "columns"),
        ({"columns": "tid"}, "columns"),
        ({"columns": 3}, "columns"),
        ({"columns": [["tid"]]}, "columns"),
        ({"columns": b"tid"}, "columns"),
        ({"columns": {"__class__": "tid"}}, "columns"),
        ({"columns": {"_data": "tid"}}, "columns"),
        ({"where": 3}, "where"),
        ({"params": "x"}, "params"),
    ],
)
def test_nonsense_is_refused(arguments: dict[str, object], parameter: str) -> None:
    with pytest.raises(errors.ParameterError) as caught:
        TaskIter(**arguments)  # type: ignore[arg-type]
    assert caught.value.parameter == parameter


def test_what_is_refused_leaves_nothing_open(count_fds: Callable[[], int]) -> None:
    before = count_fds()
    with pytest.raises(errors.ParameterError) as held:
        TaskIter(where="nothing < limit", params={"limit": 1})
    assert count_fds() == before, held


def test_every_program_has_its_target() -> None:
    assert [target for target in packaged_targets() if target not in targets() and has(target)] == []


@pytest.mark.alike
@pytest.mark.parametrize(
    ("chunks", "left"),
    [
        ([[0, 1], [2, 2]], [0, 1, 2]),
        ([[0, 1], [1]], [0, 1]),
        ([[0], [1], [1]], [0, 1]),
        ([[0, 0]], [0]),
        ([[0, 1], [2]], [0, 1, 2]),
        ([[0]], [0]),
        ([], []),
    ],
)
def test_a_last_record_that_comes_twice_is_there_once(chunks: list[list[int]], left: list[int]) -> None:
    """Wherever the walk is cut into reads."""
    writer = Writer()
    struct_id = writer.struct("symbol", 8, [("seq_num", writer.int("__u64", 8), 0)])
    schema = layout(Btf(writer.build()), struct_id)
    packed = [struct.pack(f"={len(chunk)}Q", *chunk) for chunk in chunks]
    found = b"".join(drop_doubled(schema, 0, iter(packed)))
    assert list(struct.unpack(f"={len(found) // 8}Q", found)) == left
