"""TaskIter against /proc, on live tasks."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import BpfProgIter, KernelSymbols, PinnedIter, TaskFileIter, TaskIter, TaskVmaIter, errors
from tests.kernel.children import in_child
from tests.kernel.since import told

CLONE_NEWTIME = 0x00000080  # include/uapi/linux/sched.h


def status(tid: int) -> dict[str, str]:
    lines = Path(f"/proc/{tid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def stat(tid: int) -> list[str]:
    """The task's own stat, not its group's, from field 3 on: the state is [0]."""
    return Path(f"/proc/{tid}/task/{tid}/stat").read_text().rpartition(")")[2].split()


def run_time_ns(fields: list[str]) -> int:
    return (int(fields[11]) + int(fields[12])) * 10**9 // os.sysconf("SC_CLK_TCK")


@contextmanager
def threads(count: int) -> Iterator[set[int]]:
    """That many threads, parked; their tids."""
    go, started = threading.Event(), threading.Semaphore(0)
    tids: set[int] = set()

    def park() -> None:
        tids.add(threading.get_native_id())
        started.release()
        go.wait()

    parked = [threading.Thread(target=park) for _ in range(count)]
    for thread in parked:
        thread.start()
    for _ in parked:
        started.acquire()
    try:
        yield tids
    finally:
        go.set()
        for thread in parked:
            thread.join()


@contextmanager
def stopped() -> Iterator[int]:
    """A process that stands still; its pid. It is dead and gone afterwards."""
    with subprocess.Popen(["sleep", "600"]) as process:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        try:
            yield process.pid
        finally:
            process.kill()


def test_the_own_task_is_as_proc_says() -> None:
    me = os.getpid()
    with TaskIter(pid=me) as tasks:
        before = stat(me)
        (task,) = [task for task in tasks if task.tid == me]
    said, fields = status(me), stat(me)
    assert (task.pid, task.ppid) == (me, os.getppid())
    assert (task.pgid, task.sid) == (os.getpgid(0), os.getsid(0))
    assert task.comm == said["Name"]
    assert task.state == "R"
    assert (task.uid, task.euid, task.gid) == (os.getuid(), os.geteuid(), os.getgid())
    assert task.nice == os.nice(0)
    assert task.prio == int(fields[15])
    assert int(task.policy) == os.sched_getscheduler(0)
    assert task.threads == int(said["Threads"])
    assert task.flags & ~0x8000 == int(fields[6]) & ~0x8000
    for name, inode in (
        ("pid", task.pid_ns),
        ("mnt", task.mnt_ns),
        ("net", task.net_ns),
        ("uts", task.uts_ns),
        ("ipc", task.ipc_ns),
        ("cgroup", task.cgroup_ns),
        ("user", task.user_ns),
    ):
        assert inode == os.stat(f"/proc/self/ns/{name}").st_ino, name
    ticks = os.sysconf("SC_CLK_TCK")
    assert abs(task.start_time_ns // (10**9 // ticks) - int(fields[19])) <= 1
    assert abs(task.vsize - int(fields[20])) <= 64 << 20
    # The kernel keeps part of the count on each CPU until it is large enough.
    assert abs(task.rss - int(fields[21]) * os.sysconf("SC_PAGESIZE")) <= 32 << 20
    assert int(before[7]) <= task.minor_faults <= int(fields[7])
    # /proc cuts each of the two to whole ticks.
    tick = 10**9 // ticks
    assert run_time_ns(before) - tick <= task.utime_ns + task.stime_ns <= run_time_ns(fields) + 2 * tick


def test_its_start_is_told_by_the_initial_time_namespaces_clock() -> None:
    later = 1_000_000  # seconds, by which that of the other namespace is ahead

    def inside() -> None:
        with TaskIter(tid=os.getpid(), columns=["start_time_ns"]) as tasks:
            (task,) = tasks
        # It was made just now. /proc/PID/stat says it by this clock, too, but in 5.10 by the other one.
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        assert abs(task.start_time_ns / 10**9 + later - now) < later / 2

    def elsewhere() -> None:
        assert ctypes.CDLL(None).unshare(CLONE_NEWTIME) == 0
        Path("/proc/self/timens_offsets").write_text(f"boottime {later} 0")
        assert in_child(inside)  # Only children are in it.

    assert in_child(elsewhere)


def test_memory_as_proc_counts_it() -> None:
    """Of a task that stands still, to the byte."""
    with stopped() as pid:
        with TaskIter(tid=pid, columns=["rss", "vsize"]) as tasks:
            (task,) = tasks
        fields = stat(pid)
    assert task.rss == int(fields[21]) * os.sysconf("SC_PAGESIZE")
    assert task.vsize == int(fields[20])


def test_a_dead_process_is_no_empty_walk() -> None:
    """The pidfd would be turned into a pid, which another process may have by now."""
    with stopped() as pid:
        pidfd = os.pidfd_open(pid)
    with os.fdopen(pidfd) as file, pytest.raises(errors.NoSuchProcess, match="pidfd: its process is gone"):
        TaskIter(pidfd=file)
    with open("/dev/null") as other, pytest.raises(errors.ParameterError, match="a pidfd"):
        TaskIter(pidfd=other)


@pytest.mark.parametrize("make", [TaskIter, TaskFileIter, TaskVmaIter])
@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_pidfds_process_is_the_same_in_each_walk(make: Any, engine: str) -> None:
    """Whatever becomes of the descriptor's number; and it is gone when it is gone."""
    command = [sys.executable, "-c", "input()"]
    make(columns=["pid"]).close()  # for kernels that have no such target
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE) as one,
        subprocess.Popen(command, stdin=subprocess.PIPE) as other,
    ):
        pidfd = os.pidfd_open(one.pid)
        with make(pidfd=pidfd, columns=["pid"], engine=engine) as walk:
            first = walk.session()
            os.close(pidfd)
            taken = os.pidfd_open(other.pid)
            assert taken == pidfd
            second = walk.session()  # of a snapshot, another link
            assert {record.pid for record in first} == {record.pid for record in second} == {one.pid}
            os.close(taken)
            one.communicate()
            for begin in (walk.session, walk.chunks, walk.to_numpy):
                with pytest.raises(errors.NoSuchProcess, match="pidfd: its process is gone"):
                    begin()
        other.communicate()


def test_a_threads_pidfd_is_refused() -> None:
    with threads(1) as (tid,):
        try:
            pidfd = os.pidfd_open(tid, os.O_EXCL)  # PIDFD_THREAD, since Linux 6.9
        except OSError:
            pytest.skip("this kernel's pidfds are of processes")
        with open(pidfd, "rb") as file, pytest.raises(errors.ParameterError, match=f"of a thread.*tid={tid}"):
            TaskIter(pidfd=file)


def test_a_dead_pid_namespace() -> None:
    """The namespace ends with its first process; the others die with that, and their pidfds say so."""
    inner = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    command = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c", inner]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as unshare:
        assert unshare.stdout is not None
        assert unshare.stdout.readline() == "1\n"
        with TaskIter(columns=["tid", "ppid", "pid_ns"]) as tasks:
            (first,) = [task for task in tasks if task.ppid == unshare.pid]
        assert first.pid_ns != os.stat("/proc/self/ns/pid").st_ino
        pidfd = os.pidfd_open(first.tid)
        os.kill(first.tid, signal.SIGKILL)
        unshare.wait()
    with os.fdopen(pidfd) as file, pytest.raises(errors.NoSuchProcess):
        TaskIter(pidfd=file)


def test_dear_columns() -> None:
    columns = ["tid", "exe", "cwd", "cmdline", "open_fds", "stack"]
    with TaskIter(tid=os.getpid(), columns=columns) as tasks:
        walk = iter(tasks)
        fds = len(os.listdir("/proc/self/fd"))
        (task,) = walk
    assert task.exe == told(tasks.schema, "exe", os.readlink("/proc/self/exe"))
    assert task.cwd == told(tasks.schema, "cwd", os.getcwd())
    raw = Path("/proc/self/cmdline").read_bytes()
    cmdline = tuple(os.fsdecode(part) for part in raw.split(b"\0")[:-1])
    assert task.cmdline == told(tasks.schema, "cmdline", cmdline)
    assert task.stack is not None and all(address >> 63 for address in task.stack)
    # The session's own descriptor is open in both, the folder's in the listing alone.
    assert task.open_fds == told(tasks.schema, "open_fds", fds - 1)
    assert not hasattr(task, "comm")


def test_kernel_threads_have_no_program() -> None:
    with TaskIter(columns=["flags", "exe", "cmdline", "vsize"]) as tasks:
        kernel = [task for task in tasks if "PF_KTHREAD" in repr(task.flags)]
    if not kernel:
        pytest.skip("no kernel thread is in this pid namespace")
    assert {(task.exe, task.vsize) for task in kernel} == {(None, 0)}


@pytest.mark.many
def test_thousands_of_threads_are_seen_once() -> None:
    with threads(3000) as tids:
        with TaskIter() as tasks:
            every = [task.tid for task in tasks]
        with TaskIter(pid=os.getpid()) as tasks:
            mine = [task.tid for task in tasks]
        # Libraries have threads of their own, which stay or come and go.
        listed = {int(tid) for tid in os.listdir("/proc/self/task")}
    assert len(every) == len(set(every)) and len(mine) == len(set(mine))
    assert tids <= set(every) and tids <= set(mine)
    assert len(set(mine) ^ listed) < 10


def test_one_thread() -> None:
    with threads(3) as tids:
        tid = max(tids)
        with TaskIter(tid) as tasks:
            assert [task.tid for task in tasks] == [tid]
        pidfd = os.pidfd_open(os.getpid())
        try:
            with TaskIter(pidfd=pidfd) as tasks:
                assert tids <= {task.tid for task in tasks}
        finally:
            os.close(pidfd)


def test_sentinels_survive_churn() -> None:
    """Tasks that live through the walk are each seen exactly once, while others come and go."""
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            short = [threading.Thread(target=int) for _ in range(20)]
            for thread in short:
                thread.start()
            for thread in short:
                thread.join()

    with threads(200) as tids, TaskIter(columns=["tid"]) as tasks:
        churner = threading.Thread(target=churn)
        churner.start()
        try:
            for _ in range(50):
                seen = [task.tid for task in tasks]
                assert tids <= set(seen)
                assert len(seen) == len(set(seen))
        finally:
            stop.set()
            churner.join()


def test_a_number_nobody_has_is_an_empty_walk() -> None:
    with TaskIter(tid=2**31 - 1) as tasks:
        assert list(tasks) == []


def test_a_stack_has_names() -> None:
    symbols = KernelSymbols()
    with TaskIter(tid=os.getpid(), columns=["stack"]) as tasks:
        (task,) = tasks
    assert task.stack is not None
    names = [symbol.name for symbol in symbols.resolve(task.stack)]
    assert "bpf_seq_read" in names
    with pytest.raises(KeyError):
        symbols[1]


def instructions(*columns: str) -> int:
    """How many instructions the program that reads these columns, or all, has after verification."""
    with TaskIter(columns=columns or None, engine="seq") as tasks:
        (program,) = [each for each in BpfProgIter() if each.id == tasks.link.info.program_id]
        return int(program.xlated_size) // 8


def test_a_column_costs_a_few_instructions_where_it_is_asked_for_and_none_elsewhere() -> None:
    one = instructions("global_tid")
    # A jump, a load and a store.
    assert instructions("global_tid", "flags") <= one + 3
    assert instructions("global_tid", "flags", "nice") <= one + 3 + 4
    assert one * 2 < instructions()
    # The same, whatever it was that nobody asked for.
    assert instructions("global_pid") == one


def test_the_numbers_are_those_of_who_opened_the_file(bpffs: Path) -> None:
    """Another process, in a pid namespace of its own, reads on: the kernel walks the opener's tasks."""
    code = "import os, sys\nwhile data := os.read(0, 1 << 16):\n    sys.stdout.buffer.write(data)"
    command = ["unshare", "--pid", "--fork", sys.executable, "-c", code]
    with TaskIter(columns=["tid"]) as tasks:
        tasks.pin(bpffs / "task")
        with open(bpffs / "task", "rb") as opened, PinnedIter(bpffs / "task") as pinned:
            read = subprocess.run(command, stdin=opened, stdout=subprocess.PIPE, check=True).stdout
            schema = pinned.schema
    number, size = schema.fields[0], schema.size
    found = {number.kind.decode(read, at + number.offset) for at in range(0, len(read), size)}
    assert os.getpid() in found
