"""Objects that aren't ours: compiled here from what a stranger would write."""

from __future__ import annotations

import os
import random
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cbuild.tools import find_tool
from libbpf_iter import BpfMapElemIter, ObjectIter, PinnedIter, UdpIter, _libbpf, asdict, errors
from libbpf_iter.cli import cli
from libbpf_iter.kernel import has
from libbpf_iter.objects import packaged
from libbpf_iter.rewrite import Elf
from tests.kernel.clang import compiled
from tests.kernel.since import lacks

HEAD = """
#include "kernel.h"
#include "record.h"
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));
"""
LICENSE = 'char _license[] SEC("license") = "GPL";'

TYPED = (
    HEAD
    + """
struct event { int tid; char comm[16]; enum { ODD, EVEN } parity; };
struct event *unused_event __attribute__((unused));
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct event event = {};
	if (!task)
		return 0;
	event.tid = task->pid;
	event.parity = task->pid % 2 ? ODD : EVEN;
	__builtin_memcpy(event.comm, task->comm, 16);
	bpf_seq_write(ctx->meta->seq, &event, sizeof(event));
	return 0;
}
"""
    + LICENSE
)
TEXT = (
    HEAD
    + """
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	static const char format[] = "task %d\\n";
	struct task_struct *task = ctx->task;
	__u64 pid;
	if (!task)
		return 0;
	pid = task->pid;
	bpf_seq_printf(ctx->meta->seq, format, sizeof(format), &pid, sizeof(pid));
	return 0;
}
"""
    + LICENSE
)
REFUSED = TYPED.replace("if (!task)", "if (0)")
# With a column that no kernel gives.
LACKING = TYPED.replace(
    "struct event { int tid;",
    'struct event { int tid; rec_opt_u32 power NEEDS("no_such_type", "flux capacitor (since 1985)");',
).replace("event.tid =", "event.power = -1; event.tid =")


def test_a_symbol_that_may_be_there_twice_is_said(tmp_path: Path) -> None:
    source = """
#include "kernel.h"
#include "record.h"
struct kallsym_iter { unsigned long value; } __attribute__((preserve_access_index));
struct bpf_iter__ksym {
	struct bpf_iter_meta *meta;
	struct kallsym_iter *ksym;
} __attribute__((preserve_access_index));
struct symbol { unsigned long address; %s };
RECORD(symbol);
SEC("iter/ksym") int dump(struct bpf_iter__ksym *ctx)
{
	struct kallsym_iter *ksym = ctx->ksym;
	struct symbol symbol = {};
	if (!ksym)
		return 0;
	symbol.address = ksym->value;
	%s;
	bpf_seq_write(ctx->meta->seq, &symbol, sizeof(symbol));
	return 0;
}
"""
    mine = compiled(tmp_path, source % ("", "") + LICENSE)
    with ObjectIter(mine) as symbols, symbols.session() as session:
        twice = [symbol.address for symbol in session]
        assert any("twice" in sentence for sentence in session.lost)
    numbered = source % ("unsigned long seq_num;", "symbol.seq_num = ctx->meta->seq_num")
    with ObjectIter(compiled(tmp_path, numbered + LICENSE)) as symbols, symbols.session() as session:
        numbers = [symbol.seq_num for symbol in session]
        assert not any("twice" in sentence for sentence in session.lost)
        assert numbers == list(range(len(numbers)))
    assert twice[-1] == twice[-2]


SETTINGS = TYPED.replace("{ int tid;", "{ int tid, costly; unsigned long page;").replace(
    "event.tid =", "event.costly = SETTING(want_costly, 0); event.page = host_page_size; event.tid ="
)


def test_settings_are_numbers_in_instructions(tmp_path: Path) -> None:
    mine = compiled(tmp_path, SETTINGS)
    with ObjectIter(mine, record="event") as events:
        event = next(iter(events))
        assert event.page == os.sysconf("SC_PAGESIZE")
        assert not hasattr(event, "costly")
    labels = {name.rpartition("_")[0] for name in Elf(mine.read_bytes()).labels("setting_")}
    assert labels == {"setting_want_costly", "setting_host_page_size"}


def test_a_setting_that_is_no_constant_is_refused(tmp_path: Path) -> None:
    moved = 'asm volatile("setting_host_page_size_1: r1 = 1" ::: "r1"); event.tid ='
    with pytest.raises(errors.ObjectError, match="no constant"):
        ObjectIter(compiled(tmp_path, TYPED.replace("event.tid =", moved)), record="event")


def test_a_refusal_is_its_reason_not_what_follows(tmp_path: Path) -> None:
    endless = """
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	for (volatile int i = 0;; i++)
		;
	return 0;
}
"""
    with pytest.raises(errors.VerifierError, match="infinite loop"):
        ObjectIter(compiled(tmp_path, HEAD + endless + LICENSE))


def test_a_struct_that_is_named(tmp_path: Path) -> None:
    with ObjectIter(compiled(tmp_path, TYPED), record="event") as events:
        (event,) = (event for event in events if event.tid == os.getpid())
    assert (type(event).__name__, event.tid) == ("Event", os.getpid())
    assert repr(event.parity) == ("ODD" if os.getpid() % 2 else "EVEN")


def test_a_program_of_ours_that_another_loader_loads_gives_whole_records(tmp_path: Path, bpffs: Path) -> None:
    """What the library patches only selects columns: without it, the program outputs whole records."""
    if not has("bpf_func_id.BPF_FUNC_task_storage_get"):
        lacks("bpf_func_id.BPF_FUNC_task_storage_get", "our loader alone does without maps of tasks")
    file, pin = tmp_path / "udp.bpf.o", bpffs / "udp"
    file.write_bytes(packaged("udp"))
    subprocess.run([find_tool("bpftool", "BPFTOOL", "bpftool"), "iter", "pin", file, pin], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound, PinnedIter(pin) as sockets:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        (found,) = (asdict(record) for record in sockets if record.local_port == port)
        with UdpIter() as udp:
            assert found in map(asdict, udp)
    assert str(found["local_addr"]) == "127.0.0.1"


def test_text_comes_as_lines(tmp_path: Path) -> None:
    with ObjectIter(compiled(tmp_path, TEXT)) as lines:
        assert list(lines).count(f"task {os.getpid()}") == 1
        asks = (
            lines.collect,
            lines.session,
            lines.to_numpy,
            lines.__arrow_c_schema__,
            lines.__arrow_c_stream__,
        )
        for ask in asks:
            with pytest.raises(errors.SchemaError, match="lines"):
                ask()
    with pytest.raises(errors.UnsupportedEngine, match="the program prints lines"):
        ObjectIter(tmp_path / "mine.bpf.o", engine="snapshot")


def test_lines_that_another_tool_pinned(tmp_path: Path, bpffs: Path) -> None:
    pin, line = bpffs / "text", f"task {os.getpid()}"
    bpftool = find_tool("bpftool", "BPFTOOL", "bpftool")
    subprocess.run([bpftool, "iter", "pin", compiled(tmp_path, TEXT), pin], check=True)
    with PinnedIter(pin) as lines:
        assert lines.prints and lines.target == "task" and line in list(lines)
        with pytest.raises(errors.SchemaError, match="lines"):
            lines.collect()
    run = CliRunner().invoke
    assert line in run(cli, ["read", str(pin)]).output.splitlines()
    assert "lines" in run(cli, ["info", str(pin)]).output
    assert run(cli, ["read", str(pin), "--format", "json"]).exit_code == 2


def test_records_that_another_tool_pinned(tmp_path: Path, bpffs: Path) -> None:
    """Which struct they are, the program doesn't say."""
    pin = bpffs / "typed"
    bpftool = find_tool("bpftool", "BPFTOOL", "bpftool")
    subprocess.run([bpftool, "iter", "pin", compiled(tmp_path, TYPED), pin], check=True)
    with PinnedIter(pin, record="event") as events:
        assert not events.prints and os.getpid() in {event.tid for event in events}
    with pytest.raises(errors.ParameterError, match="no struct 'evnt'"):
        PinnedIter(pin, record="evnt")
    read = CliRunner().invoke(cli, ["read", str(pin), "--record", "event", "--format", "csv"])
    assert str(os.getpid()) in {line.partition(",")[0] for line in read.output.splitlines()}


def test_a_refusal_is_one_line_and_keeps_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(errors.VerifierError) as caught:
        ObjectIter(compiled(tmp_path, REFUSED), record="event")
    assert caught.value.program == "dump"
    assert "\n" not in str(caught.value)
    assert "PROG LOAD LOG" in caught.value.log
    assert capfd.readouterr().err == ""


GLOBALS = (
    HEAD
    + """
enum colour { RED = 1, BLUE };
struct point { int x; unsigned long y; };
int count = 3;
static char name[12] = "initial";
enum colour colours[2] = { BLUE, RED };
struct point zero;
const volatile long limit = -5;
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	static volatile unsigned long calls;
	if (ctx->task)
		return 0;
	calls += 2;
	count += limit;
	zero.y = calls;
	zero.x = colours[0];
	*(volatile char *)name = 'I';
	return 0;
}
"""
    + LICENSE
)


def test_global_variables_are_elements_of_their_sections(tmp_path: Path) -> None:
    with ObjectIter(compiled(tmp_path, GLOBALS)) as tasks:
        assert list(tasks) == []
        values: dict[str, Any] = {}
        for number in _libbpf.maps_of(tasks.link.program.fd):
            with BpfMapElemIter(number) as elements:
                (element,) = elements
                assert len(elements.to_numpy()) == 1
                values |= dict(element.value)
        point = values["zero"]
        assert (values["count"], values["limit"], values["name"]) == (-2, -5, "Initial")
        assert [colour.name for colour in values["colours"]] == ["BLUE", "RED"]
        assert (point.x, point.y, values["dump_calls"]) == (2, 2, 2)
        found = []
        for number in _libbpf.maps_of(tasks.link.program.fd):
            query: dict[str, Any] = {"columns": {"y": "value.zero.y"}, "where": "value.dump_calls == 2"}
            try:
                elements = BpfMapElemIter(number, **query)
            except errors.UnsupportedQuery:
                raise  # what this kernel is too old for
            except errors.ParameterError:
                continue  # another section
            with elements:
                found += [element.y for element in elements]
        assert found == [2]


def test_names_that_are_not_there(tmp_path: Path) -> None:
    path = compiled(tmp_path, TYPED)
    with pytest.raises(errors.ParameterError, match="event"):
        ObjectIter(path, record="evnt")
    with pytest.raises(errors.ParameterError, match="dump"):
        ObjectIter(path, program="other")
    with pytest.raises(errors.ParameterError, match="doesn't take it"):
        ObjectIter(path, netns="all")
    subprocess.run([find_tool("llvm-objcopy", "LLVM_OBJCOPY", "llvm"), "-R", ".BTF", str(path)], check=True)
    with pytest.raises(errors.ObjectError, match="BTF"):
        ObjectIter(path)


@pytest.mark.alike
def test_damaged_objects_raise_our_errors_alone(tmp_path: Path) -> None:
    """With bytes changed at random, it is attached or refused; in a child process, since libbpf may crash."""
    whole = compiled(tmp_path, TYPED).read_bytes()
    chance = random.Random(7)
    path = tmp_path / "damaged.bpf.o"
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 2, 5, 30])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                ObjectIter(path, record="event").close()
                status = 0
            except errors.Error:
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0


GROUPS = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "record.h"
#include "emit.h"
char _license[] SEC("license") = "GPL";
struct cgroup { int level; } __attribute__((preserve_access_index));
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__cgroup { struct bpf_iter_meta *meta; struct cgroup *cgroup; };
struct group_record { char room[512]; __s32 level; };
struct group_record *unused_record __attribute__((unused));
RECORD(group_record);
SEC("iter/cgroup") int groups(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgroup = ctx->cgroup;
	__s32 level;
	if (!cgroup)
		return 0;
	level = cgroup->level;
	WRITE
}
"""
BY_HEADER = """
	struct output out = output_begin(ctx->meta->seq);
	char room[64] = {};
	for (int i = 0; i < 8; i++)
		output_put(&out, room, sizeof(room));
	output_put(&out, &level, sizeof(level));
	return output_end(&out);
"""
BY_ITSELF = """
	char room[64] = {};
	for (int i = 0; i < 8; i++)
		bpf_seq_write(ctx->meta->seq, room, sizeof(room));
	bpf_seq_write(ctx->meta->seq, &level, sizeof(level));
	return 0;
"""


def test_a_strangers_walk_is_complete_by_our_header(tmp_path: Path, tree: Path) -> None:
    """1,202 cgroups of 516 bytes don't fit a session of the descriptor."""
    mine = compiled(tmp_path, GROUPS.replace("WRITE", BY_HEADER))
    with ObjectIter(mine, cgroup=tree) as groups:
        assert groups.engine == "snapshot"
        assert len([group.level for group in groups]) == 1202
    with ObjectIter(mine, cgroup=tree, engine="seq") as groups, pytest.raises(errors.WalkCut):
        list(groups)


@pytest.mark.parametrize(
    ("source", "options"),
    [(GROUPS.replace("WRITE", BY_ITSELF), {"order": "self_only"}), (TYPED, {"record": "event"})],
    ids=["with the header", "without"],
)
def test_an_object_that_knows_of_no_map_is_read_plainly(
    source: str, options: dict[str, Any], tmp_path: Path
) -> None:
    """Both for an object that includes the header without using it, and for one that doesn't include it."""
    path = compiled(tmp_path, source)
    with ObjectIter(path, **options) as walk:
        assert walk.engine == "seq" and list(walk)
    with pytest.raises(errors.UnsupportedEngine, match=r"mine doesn't output its records with emit\.h"):
        ObjectIter(path, engine="snapshot", **options)
