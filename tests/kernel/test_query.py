"""columns= and where= on the live kernel, against what Python makes of all records."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import libbpf_iter
from libbpf_iter import (
    BpfMapElemIter,
    BpfProgIter,
    CgroupIter,
    Iter,
    KsymIter,
    ObjectIter,
    PinnedIter,
    TaskFileIter,
    TaskIter,
    TaskVmaIter,
    TcpIter,
    UdpIter,
    UnixIter,
    _libbpf,
    asdict,
    fields,
    kernel,
    kinds,
)
from libbpf_iter.compiled import load_asked, scope
from libbpf_iter.errors import ClosedError, ParameterError, VerifierError
from libbpf_iter.program import Query
from libbpf_iter.query import tree
from libbpf_iter.query.ask import Asked, ask
from libbpf_iter.values import KernelEnum, KernelPointer
from tests.kernel.clang import compiled
from tests.kernel.test_maps import ARRAY, HASH, PERCPU_ARRAY, Map
from tests.unit.expressions import expressions

pytestmark = pytest.mark.usefixtures("needs_bpf")

ME = os.getpid()


@contextmanager
def sleepers(count: int) -> Iterator[list[int]]:
    """Threads of this process that wait until they are let go; their tids."""
    go, tids = threading.Event(), []
    ready = threading.Barrier(count + 1)

    def sleep() -> None:
        tids.append(threading.get_native_id())
        ready.wait()
        go.wait()

    threads = [threading.Thread(target=sleep) for _ in range(count)]
    for thread in threads:
        thread.start()
    ready.wait()
    try:
        yield tids
    finally:
        go.set()
        for thread in threads:
            thread.join()


# ---- columns ----------------------------------------------------------------


def test_kernel_paths_are_columns() -> None:
    with TaskIter(ME, columns=["tid", "comm", "mm.total_vm", "real_parent.tgid", "cred.uid.val"]) as tasks:
        (task,) = tasks
    page = os.sysconf("SC_PAGESIZE")
    assert (task.tid, task.real_parent_tgid, task.cred_uid_val) == (ME, os.getppid(), os.getuid())
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    assert abs(task.mm_total_vm - pages) * page < 64 << 20
    assert task.comm == Path("/proc/self/comm").read_text().strip()


def test_a_query_without_a_column_of_ours_needs_no_object_file() -> None:
    columns = {
        "id": "task.tgid",
        "name": "task.comm",
        "nice": "static_prio - 120",
        "files": "files.fdt.max_fds",
    }
    with TaskIter(columns=columns, engine="seq") as tasks:
        assert "arguments" in tasks.explain()
    with TaskIter(ME, columns=columns) as tasks:
        (task,) = tasks
    assert (task.id, task.name) == (ME, Path("/proc/self/comm").read_text().strip())
    assert task.nice == os.nice(0)
    assert asdict(task).keys() == columns.keys()


def test_limits_pointers_arrays_and_nested_structs() -> None:
    import resource

    columns = {
        "soft": "signal.rlim[7].rlim_cur",
        "limit": "signal.rlim[7]",
        "parent": "real_parent",
        "start": "mm.arg_start",
    }
    with TaskIter(ME, columns=columns) as tasks:
        (task,) = tasks
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert task.soft == soft
    assert (task.limit.rlim_cur, task.limit.rlim_max) == (soft, hard)
    assert isinstance(task.parent, KernelPointer) and task.parent > 1 << 63
    with TaskIter(os.getppid(), columns={"self": "task.group_leader"}) as parents:
        assert next(iter(parents)).self == task.parent


def test_text_behind_a_pointer_is_text() -> None:
    with open(__file__) as file, TaskFileIter(pid=ME, columns={
        "fd": "fd",
        "name": "text(file.f_path.dentry.d_name.name, 64)",
        "type": "file.f_inode.i_sb.s_type.name",
    }) as files:  # fmt: skip
        found = {f.fd: f for f in files}
        assert found[file.fileno()].name == Path(__file__).name
        assert found[file.fileno()].type


def test_text_beside_columns_of_variable_length() -> None:
    with (
        open(__file__) as file,
        TaskFileIter(pid=ME, columns=["fd", "path", "file.f_inode.i_ino"], where="path is not None") as files,
    ):
        found = {f.fd: f for f in files}
        assert found[file.fileno()].path == __file__
        assert found[file.fileno()].file_f_inode_i_ino == os.fstat(file.fileno()).st_ino


def test_a_cast_reaches_what_the_type_hides() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with TcpIter(
            columns={"backlog": "cast('struct sock', sk_common).sk_max_ack_backlog", "port": "local_port"},
            where="local_port == port",
            params={"port": port},
        ) as sockets:
            assert [(s.port, s.backlog > 0) for s in sockets] == [(port, True)]


def test_dear_columns_are_computed_where_a_query_names_them() -> None:
    with TaskIter(where=f"exe == {os.path.realpath(sys.executable)!r}", columns=["tid", "pid"]) as tasks:
        assert ME in {task.pid for task in tasks}
    with TaskIter(ME, columns={"n": "(open_fds if open_fds is not None else 0) + 1000"}) as tasks:
        (task,) = tasks
        assert abs(task.n - 1000 - len(os.listdir("/proc/self/fd"))) <= 2


def test_records_of_a_query_pickle_and_compare() -> None:
    with TaskIter(ME, columns={"uid": "cred.uid.val", "policy": "policy"}) as tasks:
        (one,), (other,) = tasks, tasks
    assert one == other and pickle.loads(pickle.dumps(one)) == one
    assert isinstance(one.policy, KernelEnum)
    assert [field.c_type for field in fields(one)] == ["uid_t", "enum sched_policy"]


def test_every_iterator_takes_a_query() -> None:
    with UnixIter(columns=["inode", "sk.sk_type"], where="sk.sk_type == 1") as sockets:
        assert {s.sk_sk_type for s in sockets} <= {1}
    with CgroupIter(columns=["path", "kn.id", "id"]) as groups:
        assert all(group.kn_id == group.id for group in groups)
    with KsymIter(
        columns=["name", "address"], where="name == 'schedule' or name.startswith('bpf_iter_ru')"
    ) as symbols:
        assert {"schedule", "bpf_iter_run_prog"} <= {s.name for s in symbols}
    with TaskVmaIter(pid=ME, columns=["start", "vma.vm_end"], where="path == '[heap]'") as areas:
        lines = [line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[heap]")]
        assert [f"{a.start:x}-{a.vma_vm_end:x}" for a in areas] == [line.split()[0] for line in lines]
    with BpfProgIter(where="type == 'PROG_TYPE_TRACING'") as programs:
        assert {p.type.name for p in programs} == {"PROG_TYPE_TRACING"}


def test_map_elements_by_their_own_types() -> None:
    table = Map(HASH, 4, 8, 5000, btf=True)
    try:
        for number in range(5000):
            table[struct.pack("=I", number)] = struct.pack("=Ii", number * 2, -number)
        with BpfMapElemIter(
            table, where="value.left % 7 == 0 and key > 100 and value.right < -200"
        ) as elements:
            found = {e.key: e.value.right for e in elements}
        assert found == {n: -n for n in range(5000) if n * 2 % 7 == 0 and n > 200}
        with BpfMapElemIter(table, columns={"k": "key", "sum": "value.left + value.right"}) as elements:
            assert {e.k: e.sum for e in elements} == {n: n for n in range(5000)}
        with BpfMapElemIter(table, columns=["key", "value"], where="key == 7") as elements:
            assert [(e.key, e.value.left, e.value.right) for e in elements] == [(7, 14, -7)]
    finally:
        table.close()


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_map_without_types_has_bytes(engine: str) -> None:
    table = Map(HASH, 4, 8, 10)
    try:
        for number in range(10):
            table[struct.pack("=I", number)] = struct.pack("=Q", number * 1000)
        with BpfMapElemIter(table, columns=["key"], where="key[0] == 7", engine=engine) as elements:
            assert [e.key for e in elements] == [struct.pack("=I", 7)]
        low = {"value": "value", "low": "value[0] + 256 * value[1]"}
        with BpfMapElemIter(table, columns=low, where="value[1] >= 4", engine=engine) as elements:
            assert {(int.from_bytes(e.value, sys.byteorder), e.low) for e in elements} == {
                (n, n) for n in range(0, 10_000, 1000) if n >= 1024
            }
        with pytest.raises(ParameterError, match=r"a whole __u8\[8\] can't be compared .* an element of it"):
            BpfMapElemIter(table, where="value > 3")
        with pytest.raises(ParameterError, match=r"key has 4 elements, so there is no \[4\]"):
            BpfMapElemIter(table, where="key[4] == 0")
    finally:
        table.close()


def test_values_of_a_per_cpu_map_are_not_for_queries() -> None:
    table = Map(PERCPU_ARRAY, 4, 8, 10)
    try:
        with pytest.raises(ParameterError, match="a per-CPU map has several"):
            BpfMapElemIter(table, where="value[0] == 3")
        with BpfMapElemIter(table, columns=["key"], where="key[0] == 7") as elements:
            assert {e.key for e in elements} == {struct.pack("=I", 7)}
    finally:
        table.close()


def test_iter_takes_any_target() -> None:
    with Iter("bpf_prog", columns=["aux.id", "aux.name"]) as programs:
        assert any(p.aux_name == "query" for p in programs)
    with Iter("task", tid=ME) as tasks:
        assert [task.tid for task in tasks] == [ME]
    with pytest.raises(ParameterError, match="tid"):
        Iter("tcp", tid=1)


def test_members_whose_names_python_keeps_to_itself() -> None:
    device = "inet.sk.sk_dst_cache.dev.dev"
    columns = {"kind": f"text({device}['class'].name, 8)", "at": "meta.seq['from']"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", 9))  # by the loopback device
        with UdpIter(columns=columns, where=f"inode == {os.fstat(sock.fileno()).st_ino}") as sockets:
            assert [(record.kind, record.at) for record in sockets] == [("net", 0)]
    path = UdpIter.paths().inet.sk.sk_dst_cache.dev.dev
    assert getattr(path, "class") == path["class"] == f"{device}['class']"
    with pytest.raises(ParameterError, match=r"a member of that name is written \['class'\]"):
        UdpIter(where=f"{device}.class is None")
    with pytest.raises(ParameterError, match="struct device has no member 'klass'; did you mean class"):
        UdpIter(where=f"{device}['klass'] is None")


# ---- where ------------------------------------------------------------------

EXPRESSIONS = [
    "tid == me",
    "tid != me",
    "pid == me and tid != me",
    "nice < 0 or policy == 'SCHED_IDLE'",
    "0 < tid <= me",
    "tid in (1, me, me + 1)",
    "tid not in (me,)",
    "comm == 'python'",
    "comm.startswith('k')",
    "comm != 'python' and not comm.startswith('kw')",
    "rss > 1e7",
    "start_time_ns // 4096 % 3 == 1",
    "(tid << 3 ^ pid) & 8",
    "-tid < -me",
    "~tid == ~me",
    "flags & 'PF_KTHREAD'",
    "vsize > rss if rss > 1e6 else tid % 2",
    "tid * tid % 1000 > 500",
    "prio - 20 == nice",
    "uid",
    "not uid",
    "nice // 7 == -3 or nice % 7 == 2",
    "start_time_ns > 0 and start_time_ns >= vsize",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_where_agrees_with_python(text: str) -> None:
    with sleepers(20) as tids:
        known = {ME, *tids}
        python = text
        for name in ("'SCHED_IDLE'", "'PF_KTHREAD'"):
            python = python.replace(name, str({"'SCHED_IDLE'": 5, "'PF_KTHREAD'": 0x200000}[name]))
        with TaskIter(pid=ME) as tasks:
            everything = list(tasks)
        assert known <= {task.tid for task in everything}
        expected = {task.tid for task in everything if eval(python, {"me": ME}, asdict(task))}
        with TaskIter(pid=ME, where=text, params={"me": ME}) as tasks:
            assert {task.tid for task in tasks} & known == expected & known


def test_a_parameter_is_changed_without_a_new_load() -> None:
    with TaskIter(where="tid == wanted", params={"wanted": ME}) as tasks:
        before = tasks.link.info.program_id
        assert [task.tid for task in tasks] == [ME]
        tasks.params["wanted"] = os.getppid()
        assert [task.tid for task in tasks] == [os.getppid()]
        assert tasks.link.info.program_id == before
        params = tasks.params
        with pytest.raises(ParameterError, match="did you mean wanted"):
            params["wante"] = 1
        with pytest.raises(ParameterError, match="64 bits"):
            params["wanted"] = 1 << 63
    with pytest.raises(ClosedError):
        params["wanted"] = 1
    assert repr(params) == "Params(closed)"
    with pytest.raises(ClosedError):
        _ = tasks.params


@pytest.mark.parametrize("name", ["tid", "comm", "rss", "task", "meta"])
def test_a_parameter_hides_nothing(name: str) -> None:
    with pytest.raises(ParameterError, match=f"'{name}' is .*: give the parameter another name") as caught:
        TaskIter(where="tid == pid", params={name: 1})
    assert caught.value.parameter == "params"


def test_a_parameter_goes_before_a_member_of_the_kernels() -> None:
    """A newer kernel may have a member of any name."""
    with TaskIter(where="static_prio == tid and task.static_prio >= 0", params={"static_prio": ME}) as tasks:
        assert [task.tid for task in tasks] == [ME]


def test_a_filter_that_refuses_millions_still_finds_the_last() -> None:
    array = Map(ARRAY, 4, 4, 2_500_000, btf=True)
    try:
        with BpfMapElemIter(array, where="key == 2499999") as elements:
            assert [e.key for e in elements] == [2_499_999]
    finally:
        array.close()


# ---- errors -----------------------------------------------------------------


@pytest.mark.alike
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mm.totl_vm", "struct mm_struct has no member 'totl_vm'; did you mean total_vm"),
        ("m.total_vm", "did you mean mm"),
        ("rs > 1", "no member of struct task_struct; did you mean rss"),
        ("__import__('os')", "the only functions"),
        ("comm > 3", "text can't be compared"),
        ("rss / 2", "// divides"),
        ("rss ==", "isn't an expression"),
        ("mm", None),
        ("comm == 'a name of more than 16 characters'", "longer than the 16"),
        ("signal.rlim[99].rlim_cur", "has 16 elements"),
        ("tid is None", "never None"),
        ("policy == 'SCHED_IDEL'", "did you mean SCHED_IDLE"),
        ("1 << 64", "0 to 63"),
        ("2 ** 3", "no such operator"),
        ("rss > 1e30", "doesn't fit 64 bits"),
        ("lambda: 1", "can't run in the kernel"),
        ("cast('struct tcp_sok', mm).x", "the kernel has no"),
        ("cast('int', mm)", "'struct NAME' is expected"),
        ("comm", "compare"),
        ("(" * 90 + "1" + ")" * 90 + " == rss" + "+1" * 90, "nested deeper"),
        ("(" * 500 + "1" + ")" * 500, "isn't an expression"),
        ("rss == " + "1" * 20000, "too long"),
        ("tid == 1\0", "null bytes"),
        ("open_fds + 1 > 2", "it may be None"),
        ("mm + 1", "not a pointer to struct mm_struct"),
    ],
)
def test_a_bad_expression_says_what_is_wrong(text: str, said: str | None) -> None:
    if said is None:
        TaskIter(where=text).close()
        return
    with pytest.raises(ParameterError, match="where") as caught:
        TaskIter(where=text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([], "at least one"),
        (["mm", "mm"], "twice"),
        ("tid", "a list of names"),
        ({"a b": "tid"}, "can't be named"),
        ({"class": "tid"}, "can't be named"),
        ({"x": "'text'"}, "can't be a column"),
        ({f"c{i}": "tid" for i in range(10_000)}, "at most"),
        (["task", *(f"signal.rlim[{i}].rlim_cur" for i in range(17))], "has 16 elements"),
        ({"x": 3}, "expression as text"),
    ],
)
def test_bad_columns_say_what_is_wrong(columns: object, said: str) -> None:
    with pytest.raises(ParameterError, match="columns") as caught:
        TaskIter(columns=columns)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_a_refusal_of_the_verifier_names_the_clause() -> None:
    query = Query()
    names = scope("task", query, None, None)
    good = ask(names, {"good": "task.tgid", "bad": "mm"}, None)
    (name, node), (bad, pointer) = good.columns or ()
    # Multiplying an address: what the parser would have refused.
    asked = Asked(((name, node), (bad, tree.Binary("*", pointer, tree.Constant(3)))), None, names)
    with pytest.raises(VerifierError, match="columns: bad") as caught:
        load_asked("task", asked, query)
    assert caught.value.log


# ---- beyond -----------------------------------------------------------------


def test_explain_says_where_names_lead() -> None:
    with TaskIter(columns={"vm": "mm.total_vm", "id": "tid"}, where="rss > 0") as tasks:
        text = tasks.explain()
    assert "task.mm.total_vm" in text or "mm.total_vm: long unsigned int" in text
    assert "rss: rec_bytes_count, column of" in text
    assert "; where" in text and "; columns: vm" in text


def test_fields_and_paths_lead_on() -> None:
    places = {place.name: place for place in TaskIter.fields("mm")}
    assert places["total_vm"].c_type == "long unsigned int" and places["total_vm"].size == 8
    assert {"comm", "mm"} <= {place.name for place in TaskIter.fields()}
    path = TaskIter.paths()
    assert "total_vm" in dir(path.mm)
    with TaskIter(ME, columns=[path.mm.total_vm, path.signal.rlim[7].rlim_cur]) as tasks:
        (task,) = tasks
        assert task.mm_total_vm and task.signal_rlim_7_rlim_cur
    with pytest.raises(AttributeError, match="did you mean total_vm"):
        path.mm.total_v  # noqa: B018 - the look-up is what fails


def test_a_pinned_query_is_typed(bpffs: Path) -> None:
    for columns in ({"id": "tid", "vm": "mm.total_vm"}, {"id": "task.tgid", "vm": "mm.total_vm"}):
        path = bpffs / f"q{len(list(bpffs.iterdir()))}"
        with TaskIter(ME, columns=columns) as tasks:
            tasks.pin(path)
            (ours,) = tasks
        with PinnedIter(path) as pinned:
            (theirs,) = pinned
        assert (theirs.id, theirs.vm) == (ours.id, ours.vm)


OBJECT = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "record.h"
#include "emit.h"
char _license[] SEC("license") = "GPL";
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };
struct mine_record { __s32 number; __u32 pad; };
RECORD(mine_record);
struct mine_slot {
	struct bpf_iter_meta *meta; struct task_struct *task; struct mine_record *record; void *result;
};
SLOT(mine_slot)
SEC("iter/task") int mine(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct mine_record record = {};
	struct mine_slot slot = { .meta = ctx->meta, .task = task, .record = &record };
	struct output out;

	if (!task)
		return 0;
	record.number = task->pid;
	out = output_begin(ctx->meta->seq);
	if (query_keeps(&slot))
		output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
"""


def test_a_strangers_object_takes_queries_by_our_header(tmp_path: Path) -> None:
    mine = compiled(tmp_path, OBJECT)
    with ObjectIter(mine, where="number == me", params={"me": ME}) as tasks:
        assert [task.number for task in tasks] == [ME]
    with ObjectIter(
        mine, columns=iter(["number", "task.comm"]), where="number == me", params={"me": ME}
    ) as tasks:
        (task,) = tasks
        assert (task.number, task.task_comm) == (ME, Path("/proc/self/comm").read_text().strip())


NUMBERS = ["tid", "rss", "policy", "flags", "cred.uid.val", "mm.total_vm", "signal.rlim[7].rlim_cur"]
NUMBERS += ["meta.seq_num", "sched_reset_on_fork", "limit", "mm.mm_count.counter", "task[1].pid"]
TEXTS = ["comm", "exe", "real_parent.comm", "mm.exe_file.f_path.dentry.d_name.name"]
POINTERS = ["mm", "task", "real_parent", "files.fdt.fd", "cast('struct sock', mm)", "open_fds", "exe"]


@pytest.mark.many
@settings(max_examples=150, deadline=None)
@given(expressions(NUMBERS, TEXTS, POINTERS), st.sampled_from(["where", "columns"]))
def test_what_the_parser_takes_the_verifier_takes(text: str, parameter: str) -> None:
    query: dict[str, Any] = {"where": text} if parameter == "where" else {"columns": {"x": text}}
    try:
        with TaskIter(ME, params={"limit": 3}, **query) as tasks:
            list(tasks)
    except ParameterError as error:
        assert error.parameter in ("where", "columns")


def test_each_cpus_copy_or_why_not() -> None:
    """The parts of a task's counters that its CPUs hold back: /proc/PID/smaps_rollup has their sum."""
    if kernel.has("mm_rss_stat"):
        pytest.skip("this kernel counts a task's memory without parts (until f1a7941243c1)")
    with subprocess.Popen(["sleep", "600"]) as process:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        cpus = range(_libbpf.possible_cpus())
        columns = {f"of_{n}": f"mm.rss_stat[{n}].count" for n in (0, 1, 3)}
        columns |= {
            f"of_{n}_{cpu}": f"percpu(mm.rss_stat[{n}].counters, {cpu})[0]" for n in (0, 1, 3) for cpu in cpus
        }
        columns["nowhere"] = "percpu(mm.rss_stat[0].counters, 60000)[0]"
        try:
            if " this_cpu_off\n" not in Path("/proc/kallsyms").read_text():
                with pytest.raises(VerifierError, match=r"columns: of_0_0: .*'this_cpu_off'"):
                    TaskIter(process.pid, columns=columns)
                return
            with TaskIter(process.pid, columns=columns) as tasks:
                (task,) = tasks
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        finally:
            process.kill()
    assert task.nowhere == 0
    (resident,) = [int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Rss:")]
    assert sum(asdict(task).values()) * os.sysconf("SC_PAGESIZE") == resident << 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("percpu(tid, 0) == 1", "takes a pointer"),
        ("percpu(mm, tid) == 1", "the number of a CPU"),
        ("percpu(mm) == 1", "takes two arguments"),
    ],
)
def test_percpu_says_what_it_takes(text: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        TaskIter(where=text)


EVERY = sorted(set(libbpf_iter.targets()) - {"bpf_map_elem", "bpf_sk_storage_map", "sockmap"})


@pytest.mark.parametrize("target", EVERY)
def test_every_target_takes_expressions_beside_its_columns(target: str) -> None:
    """The first number of a record, and a number at a kernel path, with a filter that keeps all or none."""
    name = "".join(word.capitalize() for word in target.split("_")) + "Iter"
    make: Any = getattr(libbpf_iter, name)
    with make() as whole:
        number = next(f.name for f in whole.schema.fields if isinstance(f.kind, kinds.Integer))
    columns = {"same": number, "more": f"{number} + 1", "seq_num_": "meta.seq_num"}
    with make(columns=columns, where=f"{number} == {number}") as some:
        found = list(some)
    assert all(record.more == record.same + 1 for record in found)
    with make(columns=columns, where=f"{number} != {number}") as none:
        assert list(none) == []
