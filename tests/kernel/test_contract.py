"""What the kernel's own tests of iterators check (tools/testing/selftests/bpf), by programs of strangers."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import struct
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import (
    BpfMapElemIter,
    BpfSkStorageMapIter,
    ObjectIter,
    PinnedIter,
    TaskFileIter,
    TaskIter,
    TaskVmaIter,
    TcpIter,
    asdict,
    errors,
)
from libbpf_iter.kernel import has, mount_of
from libbpf_iter.workarounds import processes_mix_threads_up
from tests.conftest import environment_skip
from tests.kernel.clang import compiled
from tests.kernel.since import lacks
from tests.kernel.test_engines import threads
from tests.kernel.test_maps import Map

# include/uapi/linux/bpf.h
HASH, ARRAY, SK_STORAGE = 1, 2, 24
NO_PREALLOC = 1

HEAD = """
#include "kernel.h"
#include "record.h"
char _license[] SEC("license") = "GPL";
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));
struct bpf_map;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key, *value;
} __attribute__((preserve_access_index));
"""


@pytest.fixture
def make() -> Iterator[Any]:
    made: list[Map] = []

    def create(*arguments: Any, **options: Any) -> Map:
        made.append(Map(*arguments, **options))
        return made[-1]

    yield create
    for map_ in made:
        map_.close()


# ---- the file ---------------------------------------------------------------

LARGE = """
struct large { int tid; char filler[%d]; };
RECORD(large);
static struct large large;
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	large.tid = task->pid;
	bpf_seq_write(ctx->meta->seq, &large, sizeof(large));
	return 0;
}
"""


def test_records_that_fill_a_read_are_each_there_once(tmp_path: Path) -> None:
    """Two don't fit a read, so the program runs twice for most, and is seen once."""
    with threads(20) as ids, ObjectIter(compiled(tmp_path, HEAD + LARGE % 20_000)) as tasks:
        seen = Counter(record.tid for record in tasks)
    assert {seen[tid] for tid in (*ids, os.getpid())} == {1}


def test_a_record_that_no_read_can_carry_is_said(tmp_path: Path) -> None:
    with ObjectIter(compiled(tmp_path, HEAD + LARGE % 32_760)) as tasks:
        assert os.getpid() in {record.tid for record in tasks}  # 32,764 bytes
    with ObjectIter(compiled(tmp_path, HEAD + LARGE % 32_761)) as tasks:
        with pytest.raises(errors.RecordTooLarge, match="32767") as caught:
            list(tasks)
        assert caught.value.errno == errno.E2BIG


AGAIN = """
struct small { int tid; };
RECORD(small);
static int left = %d;
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct small small = {};

	if (!task)
		return 0;
	small.tid = task->pid;
	bpf_seq_write(ctx->meta->seq, &small, sizeof(small));
	if (left > 0) {
		left--;
		return 1;
	}
	return 0;
}
"""


def test_an_object_that_is_asked_for_again_is_there_once(tmp_path: Path) -> None:
    with threads(20) as ids, ObjectIter(compiled(tmp_path, HEAD + AGAIN % 7)) as tasks:
        seen = Counter(record.tid for record in tasks)
    assert {seen[tid] for tid in (*ids, os.getpid())} == {1}


def test_a_program_that_never_has_enough_is_said(tmp_path: Path) -> None:
    with ObjectIter(compiled(tmp_path, HEAD + AGAIN % 2_000_000_000)) as tasks:
        with pytest.raises(errors.KernelError, match="keeps asking for the same") as caught:
            list(tasks)
        assert caught.value.errno == errno.EAGAIN


def test_a_pin_gives_what_its_link_was_updated_to(bpffs: Path) -> None:
    me = os.getpid()
    with TaskIter(tid=me, columns=["tid"]) as one, TaskIter(tid=me, columns=["comm", "tid"]) as other:
        one.pin(bpffs / "task")
        with PinnedIter(bpffs / "task") as before:
            running = before.session()
            assert [asdict(record) for record in before] == [{"tid": me}]
            one.update(other)
            assert [asdict(record) for record in running] == [{"tid": me}]
            comm = Path("/proc/self/comm").read_text().removesuffix("\n")
            assert [asdict(record) for record in before] == [{"comm": comm, "tid": me}]
        with PinnedIter(bpffs / "task") as after:
            assert [record.tid for record in after] == [me]
            assert [field.name for field in after.schema.fields] == ["comm", "tid"]


# ---- tasks ------------------------------------------------------------------

READS_TASKS = "bpf_func_id.BPF_FUNC_copy_from_user_task"
ARGUMENT = """
struct first { int tid; char word[16]; long result; };
RECORD(first);
SEC("iter.s/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct first first = {};

	if (!task)
		return 0;
	first.tid = task->pid;
	first.result = bpf_copy_from_user_task(first.word, 15, (void *)%s, task, 0);
	bpf_seq_write(ctx->meta->seq, &first, sizeof(first));
	return 0;
}
"""


def test_a_sleepable_program_reads_a_tasks_memory(tmp_path: Path) -> None:
    if not has(READS_TASKS):
        lacks(READS_TASKS, "this kernel's programs read no other task's memory")
    with subprocess.Popen(["sleep", "600"]) as child:
        try:
            source = ARGUMENT % "BPF_CORE_READ(task, mm, arg_start)"
            with ObjectIter(compiled(tmp_path, HEAD + source), tid=child.pid) as tasks:
                (record,) = tasks
            assert (record.word, record.result) == ("sleep", 0)
            with ObjectIter(compiled(tmp_path, HEAD + ARGUMENT % "8"), tid=child.pid) as tasks:
                (record,) = tasks
            assert (record.word, record.result) == ("", -errno.EFAULT)
        finally:
            child.kill()


def test_a_sleepable_program_fits_no_target_that_may_not_sleep(tmp_path: Path, make: Any) -> None:
    if not has(READS_TASKS):
        lacks(READS_TASKS, "this kernel asks no target whether it may sleep")
    source = """
    SEC("iter.s/bpf_map_elem") int dump(struct bpf_iter__bpf_map_elem *ctx) { return 0; }
    struct nothing { int x; };
    RECORD(nothing);
    """
    with pytest.raises(errors.Error, match="sleep"):
        ObjectIter(compiled(tmp_path, HEAD + source), map=make(ARRAY, 4, 8, 1))


def test_threads_with_files_of_their_own_are_walked_and_others_are_not() -> None:
    shown, done = threading.Barrier(3), threading.Event()
    ids = {}

    def wait(name: str, unshare: bool) -> None:
        if unshare:
            unshare_files()
        ids[name] = threading.get_native_id()
        shown.wait()
        done.wait()

    workers = [threading.Thread(target=wait, args=args) for args in (("shared", False), ("own", True))]
    for worker in workers:
        worker.start()
    shown.wait()
    try:
        with TaskFileIter(pid=os.getpid(), columns=["tid", "fd"]) as files:
            found = {record.tid for record in files}
        assert {os.getpid(), ids["own"]} <= found and ids["shared"] not in found
    finally:
        done.set()
        for worker in workers:
            worker.join()


@pytest.mark.parametrize("own", [False, True])
def test_a_thread_with_files_of_its_own_that_exits_may_end_the_walk(own: bool) -> None:
    """Which says so; others are passed by, and can't."""
    if processes_mix_threads_up():
        pytest.skip("here the program looks for the process, in a walk of all")
    gate, ready = threading.Event(), threading.Event()

    def wait() -> None:
        if own:
            unshare_files()
        ready.set()
        gate.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    ready.wait()
    tid = thread.native_id
    with TaskFileIter(pid=os.getpid(), columns=["tid", "fd"]) as files, files.session() as session:
        next(session)
        gate.set()
        thread.join()
        while os.path.exists(f"/proc/self/task/{tid}"):
            pass  # joined, and not yet gone
        list(session)
        assert ["one exited meanwhile" in sentence for sentence in session.lost] == [True] * own


def unshare_files() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(0x400) == 0  # include/uapi/linux/sched.h, CLONE_FILES


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_mappings_of_tasks_that_die_meanwhile(engine: str) -> None:
    with TaskVmaIter(columns=["tid", "start"], engine=engine) as mappings:
        for _ in range(20):
            with subprocess.Popen(["sleep", "600"]) as child:
                session = mappings.session()
                next(session)
                child.send_signal(signal.SIGKILL)
                assert os.getpid() in {record.tid for record in session}


# ---- sockets ----------------------------------------------------------------


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_walk_goes_on_where_sockets_vanished_meanwhile(left: int) -> None:
    """On one port, and so in one hash bucket, a third of which is removed while the walk is in it."""
    first = socket.socket()
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    first.bind(("127.0.0.1", 0))
    first.listen()
    sockets = [first]
    try:
        for _ in range(299):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind(first.getsockname())
            one.listen()
            sockets.append(one)
        inodes = [os.fstat(one.fileno()).st_ino for one in sockets]
        with TcpIter(engine="seq") as tcp:
            session = tcp.session()
            seen = Counter([next(session).inode])
            for one in sockets[left::3]:
                one.close()
            seen.update(record.inode for record in session)
            steady = [inode for number, inode in enumerate(inodes) if number % 3 != left]
            assert all(seen[inode] == 1 for inode in steady) or session.lost
    finally:
        for one in sockets:
            one.close()


OPTIONS = """
struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	unsigned int uid;
} __attribute__((preserve_access_index));
struct set { long result; int port; };
RECORD(set);
SEC("iter/tcp") int dump(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct set set = {};
	int size = 54321;

	if (!common)
		return 0;
	set.port = common->skc_num;
	if (set.port != %d)
		return 0;
	set.result = bpf_setsockopt(common, 1 /* SOL_SOCKET */, 7 /* SO_SNDBUF */, &size, sizeof(size));
	bpf_seq_write(ctx->meta->seq, &set, sizeof(set));
	return 0;
}
"""


def test_a_program_sets_options_of_the_sockets_it_walks(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = HEAD + '#include "kernel_net.h"\n' + OPTIONS % server.getsockname()[1]
        before = server.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        try:
            sockets = ObjectIter(compiled(tmp_path, source))
        except errors.VerifierError as error:
            lacks("options of sockets that are walked", error)
        with sockets:
            (record,) = sockets
        assert record.result == 0
        # The kernel doubles what is asked for.
        assert server.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 54321 != before


STORAGE = """
struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
} __attribute__((preserve_access_index));
struct doubled { unsigned int before; };
RECORD(doubled);
SEC("iter/bpf_sk_storage_map") int dump(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	unsigned int *value = ctx->value;
	struct doubled doubled = {};

	if (!ctx->sk || !value)
		return 0;
	doubled.before = *value;
	*value *= 2;
	bpf_seq_write(ctx->meta->seq, &doubled, sizeof(doubled));
	return 0;
}
"""


def test_a_program_writes_the_values_it_walks(tmp_path: Path, make: Any) -> None:
    storage = make(SK_STORAGE, 4, 4, 0, btf=True, flags=NO_PREALLOC)
    source = HEAD + '#include "kernel_net.h"\n' + STORAGE
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        for number, each in enumerate((one, other), 20):
            storage[struct.pack("=i", each.fileno())] = struct.pack("=i", number)
        with ObjectIter(compiled(tmp_path, source), map=storage) as values:
            assert sorted(record.before for record in values) == [20, 21]
        with BpfSkStorageMapIter(storage) as values:
            assert sorted(record.value for record in values) == [40, 42]


# ---- maps -------------------------------------------------------------------


def test_a_map_may_be_closed_once_attached(make: Any) -> None:
    for kind in (HASH, ARRAY):
        map_ = make(kind, 4, 8, 3)
        for key in range(3):
            map_[struct.pack("=I", key)] = struct.pack("=Q", key)
        for engine in ("seq", "snapshot"):
            second = os.dup(map_.fileno())
            with BpfMapElemIter(os.fdopen(second, "rb", closefd=False), engine=engine) as elements:
                os.close(second)
                assert len(list(elements)) == len(list(elements)) == 3


BEYOND = """
struct word { unsigned long long word; };
RECORD(word);
SEC("iter/bpf_map_elem") int dump(struct bpf_iter__bpf_map_elem *ctx)
{
	void *key = ctx->key, *value = ctx->value;
	struct word word = {};

	if (!key || !value)
		return 0;
	word.word = *(unsigned long long *)(%s + %d);
	bpf_seq_write(ctx->meta->seq, &word, sizeof(word));
	return 0;
}
"""


@pytest.mark.parametrize(("what", "offset"), [("key", 0), ("value", 1)])
def test_a_program_that_reads_beyond_an_element_is_refused(
    tmp_path: Path, make: Any, what: str, offset: int
) -> None:
    source = compiled(tmp_path, HEAD + BEYOND % (what, offset))
    with pytest.raises(errors.ParameterError, match="map: the program reads beyond"):
        ObjectIter(source, map=make(ARRAY, 4, 8, 1))


# ---- cgroups ----------------------------------------------------------------

UNTIL = """
struct cgroup;
struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
	struct cgroup *cgroup;
} __attribute__((preserve_access_index));
struct number { unsigned long long number; };
RECORD(number);
SEC("iter/cgroup") int dump(struct bpf_iter__cgroup *ctx)
{
	struct number number = {};

	if (!ctx->cgroup)
		return 0;
	number.number = ctx->meta->seq_num;
	bpf_seq_write(ctx->meta->seq, &number, sizeof(number));
	return number.number == 3;
}
"""


def test_a_program_ends_a_walk_of_cgroups(tmp_path: Path) -> None:
    mount = mount_of("cgroup2")
    if mount is None or not os.access(mount, os.W_OK):
        environment_skip("no unified cgroup hierarchy is mounted that could be written to")
    root = Path(mount) / f"libbpf_iter_until_{os.getpid()}"
    made = [root, *(root / str(number) for number in range(8))]
    for group in made:
        group.mkdir()
    try:
        with ObjectIter(
            compiled(tmp_path, HEAD + UNTIL), cgroup=str(root), order="descendants_pre"
        ) as groups:
            assert [record.number for record in groups] == [0, 1, 2, 3]
    finally:
        for group in reversed(made):
            group.rmdir()
