"""What goes wrong around a walk: objects that come and go, signals, limits, and ends of the process.

Whatever lives through a walk is in it exactly once, or its session says what it lost.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import (
    BpfMapElemIter,
    CgroupIter,
    Iter,
    KsymIter,
    TaskFileIter,
    TaskIter,
    TcpIter,
    UdpIter,
    UnixIter,
    errors,
)
from libbpf_iter.kernel import has, mount_of
from libbpf_iter.objects import packaged
from libbpf_iter.probes import large_maps
from tests.conftest import environment_skip
from tests.kernel.children import in_child
from tests.kernel.since import lacks
from tests.kernel.test_maps import Map

ARRAY = 2  # include/uapi/linux/bpf.h, BPF_MAP_TYPE_ARRAY
WALKS = 200


@contextmanager
def churn(*steps: Callable[[], object]) -> Iterator[None]:
    """Threads that each repeat a step; an exception in one of them fails the test."""
    stop, failed = threading.Event(), []
    started = threading.Barrier(len(steps) + 1)

    def run(step: Callable[[], object]) -> None:
        try:
            step()
            started.wait()
            while not stop.is_set():
                step()
        except BaseException as error:
            failed.append(error)
            started.abort()

    workers = [threading.Thread(target=run, args=(step,)) for step in steps]
    for worker in workers:
        worker.start()
    try:
        started.wait()
        yield
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    assert not failed


def seen_once(session: Any, key: str, sentinels: set[Any]) -> None:
    """All of them, each once, unless the walk says that it lost some."""
    counted = Counter(getattr(record, key) for record in session)
    wrong = {sentinel: counted[sentinel] for sentinel in sentinels if counted[sentinel] != 1}
    assert not wrong or session.lost


# ---- objects that come and go -----------------------------------------------


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_processes_that_fork_and_exit(engine: str) -> None:
    def fork() -> None:
        children = [os.posix_spawnp("true", ["true"], {}) for _ in range(10)]
        for child in children:
            os.waitpid(child, 0)

    sleepers = [subprocess.Popen(["sleep", "600"]) for _ in range(30)]
    try:
        with churn(fork, fork), TaskIter(columns=["tid"], engine=engine) as tasks:
            for _ in range(WALKS):
                seen_once(tasks.session(), "tid", {sleeper.pid for sleeper in sleepers})
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_files_that_are_opened_and_closed(engine: str) -> None:
    def open_and_close() -> None:
        files = [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]
        for file in files:
            os.close(file)

    steady = [os.open("/dev/zero", os.O_RDONLY) for _ in range(200)]
    try:
        with churn(open_and_close), TaskFileIter(pid=os.getpid(), engine=engine) as files:
            for _ in range(WALKS):
                seen_once(files.session(), "fd", set(steady))
    finally:
        for file in steady:
            os.close(file)


def tcp() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=8)


def udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    return made


def unix() -> socket.socket:
    return socket.socket(socket.AF_UNIX)


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
@pytest.mark.parametrize(("made", "walked"), [(tcp, TcpIter), (udp, UdpIter), (unix, UnixIter)])
@pytest.mark.filterwarnings("ignore::libbpf_iter.errors.LossWarning")  # the session is asked here
def test_sockets_that_open_and_close(made: Callable[[], socket.socket], walked: Any, engine: str) -> None:
    def open_and_close() -> None:
        # In two orders, so that places in a hash bucket are left before and behind the steady ones.
        for some in ([made() for _ in range(20)], [made() for _ in range(20)][::-1]):
            for one in some:
                one.close()

    steady = [made() for _ in range(300)]
    try:
        inodes = {os.fstat(one.fileno()).st_ino for one in steady}
        with churn(open_and_close), walked(columns=["inode"], engine=engine) as sockets:
            for _ in range(WALKS):
                seen_once(sockets.session(), "inode", inodes)
    finally:
        for one in steady:
            one.close()


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_cgroups_that_are_made_and_removed(engine: str) -> None:
    mount = mount_of("cgroup2")
    if mount is None or not os.access(mount, os.W_OK):
        environment_skip("no unified cgroup hierarchy is mounted that could be written to")
    root = Path(mount) / f"libbpf_iter_{os.getpid()}"
    steady = [root / f"steady{number}" for number in range(100)]

    def make_and_remove() -> None:
        some = [root / f"brief{number}" for number in range(20)]
        for group in some:
            group.mkdir()
        for group in some:
            group.rmdir()

    root.mkdir()
    try:
        for group in steady:
            group.mkdir()
        ids = {group.stat().st_ino for group in steady}
        with churn(make_and_remove), CgroupIter(root, columns=["id"], engine=engine) as groups:
            for _ in range(WALKS):
                seen_once(groups.session(), "id", ids)
    finally:
        for group in [*root.glob("*/"), root]:
            group.rmdir()


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
@pytest.mark.parametrize("come", [True, False])
def test_symbols_of_programs_that_come_or_go(come: bool, engine: str) -> None:
    """The kernel finds its place among the symbols by their number."""
    other = Iter("bpf_link", columns=["id"])
    with KsymIter(engine=engine) as symbols, symbols.session() as session:
        next(session)
        other.close()
        if come:
            other = Iter("bpf_link", columns=["id"])
        rest = list(session)
    other.close()
    assert len(rest) > 1000
    assert any("came or went" in sentence for sentence in session.lost)


# ---- signals and ends -------------------------------------------------------


@pytest.fixture
def long_walk() -> Iterator[Any]:
    """An iterator whose walk takes the kernel a good while, and gives nothing."""
    array = Map(ARRAY, 4, 8, 4_000_000)
    try:
        with BpfMapElemIter(array, columns=["cpu"], where="cpu == 1", engine="seq") as elements:
            yield elements
    finally:
        array.close()


def test_ctrl_c_ends_a_long_walk_and_leaves_nothing(long_walk: Any, count_fds: Callable[[], int]) -> None:
    before = count_fds()
    main, walking = threading.main_thread(), threading.Event()

    def kernel_ticks() -> int:
        stat = Path(f"/proc/self/task/{main.native_id}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[12])

    def interrupt() -> None:
        walking.wait()
        begun = kernel_ticks()
        while kernel_ticks() < begun + 2:
            pass  # until it is the kernel that walks
        signal.pthread_kill(main.ident, signal.SIGINT)  # type: ignore[arg-type]

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        walking.set()
        while True:
            list(long_walk)
    interrupter.join()
    assert count_fds() == before
    assert list(long_walk) == []


@pytest.mark.parametrize("columns", [["tid", "state"], {"pages": "mm.total_vm"}])
def test_signals_that_come_all_the_time_keep_nothing_from_loading(columns: Any) -> None:
    """The verifier gives up if a signal is pending."""
    came: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: came.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for _ in range(20):
            with TaskIter(columns=columns) as tasks:
                assert next(iter(tasks))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(came) > 20


ENDS = """
import socket, sys, threading
from libbpf_iter import PinnedIter, TaskFileIter, TaskIter, UnixIter, targets
classes = [TaskIter, TaskFileIter, *[UnixIter] * ("unix" in targets())]
pair = socket.socketpair()
kept = [iter(made(engine=engine)) for made in classes for engine in ("seq", "snapshot")]
for session in kept:
    next(session)
unread = [iter(made(engine=engine)) for made in classes for engine in ("seq", "snapshot")]
array = TaskIter(columns=["tid"]).to_numpy()

def walk():
    while True:
        for _ in TaskIter(columns=["tid"]):
            started.set()

for _ in range(3):
    started = threading.Event()
    threading.Thread(target=walk, daemon=True).start()
    started.wait()
sys.exit(7)
"""


@pytest.mark.alike
def test_an_interpreter_may_end_with_walks_under_way() -> None:
    for _ in range(5):
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", ENDS], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (7, "")


# ---- limits -----------------------------------------------------------------


@pytest.mark.many
def test_sixty_four_iterators_at_once(count_fds: Callable[[], int]) -> None:
    before = count_fds()
    with ExitStack() as stack:
        made: list[Any] = [
            stack.enter_context(Iter(target, columns=columns))
            for _ in range(16)
            for target, columns in (
                ("task", ["tid"]),
                ("task", {"t": "tid"}),
                ("bpf_prog", None),
                ("udp", None),
            )
        ]
        sessions = [each.session() for each in made]
        running = list(sessions)
        # A record of each in turns, to their ends.
        while running:
            running = [session for session in running if next(session, None) is not None]
        assert not any(session.lost for session in sessions)
    assert count_fds() == before


@pytest.mark.alike
@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_no_descriptor_left_is_said_and_costs_none(engine: str) -> None:
    def exhaust() -> None:
        with TaskIter(engine=engine) as tasks:
            list(tasks)
            spare = os.open("/dev/null", os.O_RDONLY)
            os.close(spare)
            for room in range(40):
                # Descriptors are given from the lowest on: there are as many as room.
                resource.setrlimit(resource.RLIMIT_NOFILE, (spare + room, 4096))
                open_now = len(os.listdir("/proc/self/fd")) if room else None
                try:
                    with TaskIter(engine=engine) as more:
                        list(more)
                    break
                except OSError as error:
                    assert error.errno == errno.EMFILE and "Too many open files" in str(error)
                if open_now is not None:
                    assert len(os.listdir("/proc/self/fd")) == open_now
            else:
                raise AssertionError("39 descriptors were too few")
            assert list(tasks)

    assert in_child(exhaust)


FIRST_LOAD = """
import os, resource, sys
from libbpf_iter import TaskIter, errors
room, engine = int(sys.argv[1]), sys.argv[2]
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
before = os.listdir("/proc/self/fd")
resource.setrlimit(resource.RLIMIT_NOFILE, (len(before) - 1 + room, hard))
try:
    TaskIter(engine=engine)
except errors.KernelError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
assert os.listdir("/proc/self/fd") == before
with TaskIter(engine=engine) as tasks:
    assert tasks.engine == engine and list(tasks)
"""


@pytest.mark.parametrize("room", [2, 3, 4])
@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_first_load_without_descriptors_spoils_no_later_one(room: int, engine: str) -> None:
    """What libbpf once took for a lack of the kernel's it would never ask for again."""
    command = [sys.executable, "-c", FIRST_LOAD, str(room), engine]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Too many open files" in run.stdout


def test_tasks_are_there_without_proc() -> None:
    """In a mount namespace of its own, where nothing is at /proc, as after a chroot."""
    script = """if True:
        import os
        from libbpf_iter import TaskIter
        for engine in ("seq", "snapshot"):
            assert os.getpid() in {task.tid for task in TaskIter(engine=engine)}
            assert [task.tid for task in TaskIter(pid=os.getpid(), engine=engine)] == [os.getpid()]"""
    shell = 'mount -t tmpfs none /proc && exec "$0" -c "$1"'
    subprocess.run(["unshare", "--mount", "sh", "-c", shell, sys.executable, script], check=True)


def test_no_memory_for_a_map_is_said_or_done_without() -> None:
    if not large_maps():
        lacks("large maps", "this kernel has 4 MiB for a walk")
    # Its elements take 64 MiB; libbpf's view of the kernel's types, a few.
    large = Map(2, 4, 8, 4 << 20)  # BPF_MAP_TYPE_ARRAY

    def starve() -> None:
        BpfMapElemIter(large).close()  # all that is imported and kept
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + (32 << 20), resource.RLIM_INFINITY))
        with pytest.raises(errors.KernelError, match=r"\d MiB can't be mapped") as caught:
            BpfMapElemIter(large, engine="snapshot")
        assert caught.value.errno == errno.ENOMEM
        with BpfMapElemIter(large) as elements:
            assert elements.engine == "seq"
            assert next(iter(elements)).key == bytes(4)

    assert in_child(starve)


# mov r4, BPF_LOCAL_STORAGE_GET_F_CREATE; call bpf_task_storage_get. Without the flag there never is any.
CREATES, FINDS = (bytes.fromhex(f"b7040000{flag}000000850000009c000000") for flag in ("01", "00"))
TEXT = [
    *(("task", column, {"tid": os.getpid()}) for column in ("exe", "cwd", "cmdline", "stack")),
    *((target, "path", {"pid": os.getpid()}) for target in ("task_file", "task_vma")),
    *(("cgroup", "path", {"order": order}) for order in ("self_only", "descendants_pre")),
    ("ksym", "name", {}),
]


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
@pytest.mark.parametrize(("target", "column", "given"), TEXT)
def test_text_for_which_there_is_no_memory(
    target: str, column: str, given: dict[str, Any], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error, and never as if there was no such text."""
    if not has("bpf_func_id.BPF_FUNC_task_storage_get"):
        lacks("bpf_func_id.BPF_FUNC_task_storage_get", "the memory for text is there from the load on")
    data = packaged(target)
    assert CREATES in data
    monkeypatch.setattr("libbpf_iter.load.packaged", lambda target: data.replace(CREATES, FINDS))
    walk = Iter(target, columns=[column], engine=engine, **given)
    with walk, pytest.raises(errors.KernelError, match="memory"):
        list(walk)
