"""What the command writes, compared with the iterators, with /proc, and by other readers."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
import pytest
from click.testing import Result
from libbpf_iter._extension import lib

from libbpf_iter import TaskIter, asdict, kinds
from libbpf_iter._libbpf import Fd
from libbpf_iter.cli.output import columns_of
from libbpf_iter.cli.values import CLASSES, whole_schema
from libbpf_iter.cli.views import VIEWS
from libbpf_iter.decode import record_class
from libbpf_iter.schema import Field, Schema

from .conftest import COMMAND

Run = Callable[..., Result]
Spawn = Callable[..., subprocess.CompletedProcess[bytes]]
HOSTILE = "\x1b[31m<b>[red]"  # 15 characters at most: a task's comm


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing, with a name that is somebody's idea of a joke."""
    code = f"import sys; open('/proc/self/comm', 'w').write({HOSTILE!r}); print(flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        yield process
        process.stdin.close()


def test_json_is_what_the_iterator_gives(run: Run, sleeper: subprocess.Popen[bytes]) -> None:
    result = run("task", "--pid", sleeper.pid, "--format", "json")
    assert result.exit_code == 0
    (said,) = json.loads(result.stdout)
    (task,) = TaskIter(pid=sleeper.pid)
    assert list(said) == list(asdict(task))
    moving = {"utime_ns", "stime_ns", "runtime_ns", "minor_faults", "voluntary_switches", "cpu"}
    moving |= {"involuntary_switches", "state", "rss", "policy"}
    for name, value in asdict(task).items():
        if name not in moving:
            assert said[name] == value, name
    assert said["policy"] == "SCHED_NORMAL"
    assert said["comm"] == HOSTILE == Path(f"/proc/{sleeper.pid}/comm").read_text().removesuffix("\n")


def test_formats_agree(run: Run, sleeper: subprocess.Popen[bytes]) -> None:
    asked = ("task", "--pid", sleeper.pid, "--columns", "tid,comm,cmdline,start_time_ns,read_bytes")
    (whole,) = json.loads(run(*asked, "-f", "json").stdout)
    (line,) = run(*asked, "-f", "ndjson").stdout.splitlines()
    assert json.loads(line) == whole
    (row,) = csv.DictReader(io.StringIO(run(*asked, "-f", "csv").stdout))
    assert row.pop("cmdline") == json.dumps(whole.pop("cmdline"))
    assert row == {name: "" if value is None else str(value) for name, value in whole.items()}


def test_an_empty_walk_is_valid_in_each_format(run: Run) -> None:
    asked = ("task", "--where", "tid < 0", "--columns", "tid,comm", "-f")
    assert json.loads(run(*asked, "json").stdout) == []
    assert run(*asked, "ndjson").stdout == ""
    assert run(*asked, "csv").stdout == "tid,comm\n"
    assert run(*asked, "table").stdout == "tid  comm\n"


def test_arrow_is_read_by_pyarrow_polars_and_duckdb(spawn: Spawn) -> None:
    data = spawn("task", "--pid", os.getpid(), "--sort", "-tid", "--format", "arrow").stdout
    arrow = pa.ipc.open_stream(data).read_all()
    tids = sorted(map(int, os.listdir("/proc/self/task")), reverse=True)
    assert arrow["tid"].to_pylist() == tids
    assert polars.read_ipc_stream(data)["tid"].to_list() == tids
    assert arrow.column_names == list(polars.read_ipc_stream(data).columns)
    assert duckdb.sql("select distinct pid from arrow").fetchall() == [(os.getpid(),)]


def test_a_table_shows_no_control_characters_and_no_markup(
    run: Run, sleeper: subprocess.Popen[bytes]
) -> None:
    result = run("task", "--pid", sleeper.pid, "--columns", "comm,tid")
    assert "\x1b" not in result.stdout
    assert result.stdout.splitlines()[1].split() == [r"\x1b[31m<b>[red]", str(sleeper.pid)]


def test_tables_have_units(run: Run) -> None:
    head, row = run("task", "--tid", os.getpid(), "--columns", "rss,start_time_ns").stdout.splitlines()
    assert head.split() == ["rss", "start_time_ns"]
    assert "MiB" in row


def test_dear_columns_paths_and_parameters(run: Run) -> None:
    columns = "tid,run=cmdline,parent=real_parent.tgid"
    params = ("--param", f"me={os.getpid():#x}", "--param", "one=1e0")
    asked = ("task", "-c", columns, "-w", "tid == me * one", *params, "-f", "ndjson")
    said = json.loads(run(*asked).stdout)
    cmdline = Path("/proc/self/cmdline").read_bytes().removesuffix(b"\0").split(b"\0")
    assert said == {"tid": os.getpid(), "run": [os.fsdecode(a) for a in cmdline], "parent": os.getppid()}


def test_the_order_may_be_that_of_a_kernel_path(run: Run) -> None:
    asked = "task", "--where", "mm is not None", "--sort", "-mm.total_vm", "-f", "ndjson", "--columns"
    said = [json.loads(line) for line in run(*asked, "tid,vsize").stdout.splitlines()]
    assert len(said) > 1 and list(said[0]) == ["tid", "vsize"]
    assert [task["vsize"] for task in said] == sorted((task["vsize"] for task in said), reverse=True)
    named = run(*asked, "pages=mm.total_vm").stdout.splitlines()
    assert list(json.loads(named[0])) == ["pages"]


def test_order_and_number(run: Run) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        asked = ("task", "--pid", os.getpid(), "--columns", "comm", "-f", "ndjson")
        tids = sorted(map(int, os.listdir("/proc/self/task")))
        up = run(*asked, "--columns", "tid", "--sort", "pid,tid", "-n", 3)
        assert [json.loads(line) for line in up.stdout.splitlines()] == [{"tid": tid} for tid in tids[:3]]
        down = run(*asked, "--columns", "tid", "--sort", "-tid")
        assert [json.loads(line)["tid"] for line in down.stdout.splitlines()] == tids[::-1]
        # What nobody asked to see is not seen.
        hidden = run(*asked, "--sort", "-tid")
        assert {tuple(json.loads(line)) for line in hidden.stdout.splitlines()} == {("comm",)}
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_order_by_what_has_no_name_but_a_path(run: Run) -> None:
    asked = ("task", "-w", "mm.total_vm > 0", "-f", "ndjson", "-n", 5)
    lines = run(*asked, "-c", "tid,mm.total_vm", "-s", "-mm_total_vm").stdout.splitlines()
    pages = [json.loads(line)["mm_total_vm"] for line in lines]
    assert pages == sorted(pages, reverse=True) and len(pages) > 1
    lines = run(*asked, "-c", "tid,pages=mm.total_vm", "-s", "-pages,rss").stdout.splitlines()
    assert list(json.loads(lines[0])) == ["tid", "pages"]


def test_what_is_missing_comes_last_either_way(run: Run) -> None:
    # A kernel thread has no executable.
    for sort in ("exe", "-exe"):
        assert "exe" not in json.loads(run("task", "--sort", sort, "-f", "ndjson", "-n", 1).stdout)
        lines = run("task", "-c", "tid,exe", "--sort", sort, "-f", "ndjson").stdout.splitlines()
        found = [json.loads(line)["exe"] for line in lines]
        present = [exe for exe in found if exe is not None]
        assert found[: len(present)] == present
        assert present == sorted(present, reverse=sort[0] == "-")


def test_addresses_of_both_families_are_sorted(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)), socket.create_server(("::1", 0), family=socket.AF_INET6):
        result = run("tcp", "--sort", "local_addr", "-c", "local_addr", "-f", "ndjson")
    found = [json.loads(line)["local_addr"] for line in result.stdout.splitlines()]
    assert {"127.0.0.1", "::1"} <= set(found)
    assert [":" in address for address in found] == sorted(":" in address for address in found)


def test_sockets_of_all_namespaces_say_theirs(run: Run) -> None:
    own = os.stat("/proc/thread-self/ns/net").st_ino
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = run("tcp", "--netns", "all", "-w", f"local_port == {server.getsockname()[1]}")
        assert result.exit_code == 0
        head, row = result.stdout.splitlines()
    assert head.split()[0] == "netns"
    assert row.split()[:2] == [str(own), "TCP_LISTEN"]


def test_elements_of_a_map_by_name(run: Run) -> None:
    name = f"cli_{os.getpid()}"
    with Fd(lib.lbi_map_create, 2, name.encode(), 4, 8, 3, 0, 0, 0, 0):
        result = run("bpf_map_elem", "--map", name, "-f", "ndjson")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["key"] for row in rows] == [n.to_bytes(4, sys.byteorder).hex() for n in range(3)]
    assert {row["value"] for row in rows} == {"00" * 8}


@pytest.mark.parametrize("target", sorted(CLASSES))
def test_views_name_columns_that_are_there(target: str) -> None:
    names = {field.name for field in whole_schema(target).fields}
    view = VIEWS[target]
    assert names.issuperset([*view.columns, *view.key])


@pytest.mark.parametrize(
    "target", ["task", "task_file", "tcp", "unix", "netlink", "ipv6_route", "bpf_map", "cgroup", "kmem_cache"]
)
def test_keys_tell_records_apart(target: str) -> None:
    with CLASSES[target](columns=VIEWS[target].key) as iterator:
        keys = list(iterator)
    assert len(set(keys)) == len(keys)


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    for format_ in ("ndjson", "table", "csv", "arrow"):
        words = f"{COMMAND} ksym --format {format_} | head -c 100 > /dev/null; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, timeout=60)
        assert (done.stdout, done.stderr) == ("0\n", ""), format_


def test_what_cannot_be_written_is_said() -> None:
    words = f"{COMMAND} task --limit 1 > /dev/full; echo $?; {COMMAND} task >&-; echo $?"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, timeout=60)
    assert done.stdout == "1\n1\n"
    full, closed = done.stderr.splitlines()
    assert full == "libbpf-iter: No space left on device"
    assert closed == "libbpf-iter: there is no standard output"


def _as_json(value: object) -> object:
    """What JSON writes otherwise than Arrow: bytes."""
    return value.hex() if isinstance(value, bytes) else value


@pytest.mark.parametrize(
    "target",
    ["task", "task_file", "task_vma", "bpf_prog", "tcp", "unix", "ipv6_route", "cgroup", "kmem_cache"],
)
def test_machines_read_what_arrow_has(target: str) -> None:
    with CLASSES[target]() as iterator:
        rows = iterator.collect()
    columns = columns_of(rows.schema.fields)
    said = [
        {column.name: column.plain(getattr(record, column.name)) for column in columns} for record in rows
    ]
    arrow = pa.table(rows).to_pylist()
    assert said == [{name: _as_json(value) for name, value in row.items()} for row in arrow]


def test_a_maps_structs_are_objects_with_names_of_enums() -> None:
    state = kinds.EnumValue(4, "state", False, False, (("OFF", 0), ("ON", 1)))
    pair = kinds.Nested(
        12, "pair", (("state", 0, state), ("ports", 4, kinds.Array(8, kinds.Integer(4, False), 2)))
    )
    schema = Schema("Thing", 12, False, (Field("value", 0, pair, "struct pair"),))
    record = record_class(schema)(b"".join(n.to_bytes(4, sys.byteorder) for n in (1, 80, 443)))
    (column,) = columns_of(schema.fields)
    assert column.plain(record.value) == {"state": "ON", "ports": [80, 443]}
    assert column.text(record.value) == "state=ON ports=80 443"
