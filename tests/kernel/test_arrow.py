"""Walks as Arrow tables: against the records of the same bytes, and read by those who read Arrow."""

from __future__ import annotations

import gc
import mmap
import os
import random
import socket
import stat
import struct
import threading
from collections.abc import Callable
from contextlib import closing
from enum import IntFlag
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import libbpf_iter
from libbpf_iter import BpfMapElemIter, TaskFileIter, TaskIter, TaskVmaIter, TcpIter, kinds, values
from libbpf_iter.arrow import schema_capsule, stream_capsule
from libbpf_iter.cli.output import columns_of
from libbpf_iter.decode import asdict, records
from libbpf_iter.errors import SchemaError
from libbpf_iter.schema import Field, Schema
from tests.conftest import installed
from tests.kernel.test_maps import ARRAY, PERCPU_ARRAY, Map
from tests.kernel.test_query import sleepers
from tests.unit.test_fuzz import damaged
from tests.unit.test_records import event, event_bytes

ON_REQUEST = {"task": ["exe", "cwd", "cmdline", "stack", "open_fds"]}
EVERY = sorted(set(libbpf_iter.targets()) - {"bpf_map_elem", "bpf_sk_storage_map", "sockmap"})


class Chunk:
    """One chunk's table."""

    def __init__(self, schema: Schema, data: bytes) -> None:
        self._schema, self._data = schema, data

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return stream_capsule(self._schema, self._data)


def plain(value: Any) -> Any:
    """What Arrow makes of a record's value."""
    match value:
        case values.KernelEnum():
            return value.name
        case IntFlag() | values.Device():
            return int(value)
        case IPv4Address() | IPv6Address():
            return str(value)
        case str():
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        case tuple():
            return [plain(item) for item in value]
        case kinds.Group():
            return {name: plain(member) for name, member in value}
    return value


def same(schema: Schema, data: bytes) -> int:
    """Check that the table of a chunk has its records; returns how many there are."""
    table = pa.table(Chunk(schema, data))
    table.validate(full=True)
    found = list(records(schema, data))
    assert table.column_names == [field.name for field in schema.fields]
    assert len(table) == len(found)
    for name in table.column_names:
        for cell, record in zip(table[name].to_pylist(), found, strict=True):
            expected = plain(getattr(record, name))
            if isinstance(expected, int) and isinstance(cell, str):
                expected = str(expected)  # an enum's value without a name
            assert cell == expected, name
    return len(found)


ZEROES = st.just(bytes(2)) | st.binary(min_size=2, max_size=2)
ADDRESSES = st.tuples(
    st.sampled_from([0, socket.AF_INET, socket.AF_INET6, 77]),
    st.lists(ZEROES, min_size=8, max_size=8).map(b"".join)
    | st.binary(min_size=4, max_size=4).map(lambda last: bytes(10) + b"\xff\xff" + last),
)


@pytest.mark.alike
@given(st.lists(ADDRESSES, max_size=20))
def test_addresses_as_text(addresses: list[tuple[int, bytes]]) -> None:
    kind = kinds.Ip(20)
    schema = Schema("Socket", 24, False, (Field("address", 4, kind, "rec_ip"),))
    same(schema, b"".join(struct.pack("=4xI16s", family, raw) for family, raw in addresses))


BEHIND = st.none() | st.binary(max_size=30) | st.lists(st.sampled_from([b"\0", b"a", b"\xff"])).map(b"".join)


@pytest.mark.alike
@pytest.mark.parametrize("meaning", ["text", "bytes", "args", "kptrs"])
@given(st.lists(BEHIND, max_size=20))
def test_what_lies_behind_the_struct(meaning: str, behind: list[bytes | None]) -> None:
    schema = Schema("Task", 12, True, (Field("what", 4, kinds.Span(8, meaning), f"rec_{meaning}"),))
    chunk = b""
    for content in behind:
        place = (0, 0) if content is None else (12, len(content))
        chunk += struct.pack("=III", 12 + place[1], *place) + (content or b"")
    same(schema, chunk)


@pytest.mark.alike
@pytest.mark.parametrize("place", [(12, 5), (16, 1), (17, 0), (1 << 31, 1 << 31), (2**32 - 1, 2**32 - 1)])
@pytest.mark.parametrize("meaning", ["text", "bytes", "args", "kptrs"])
def test_no_cell_comes_from_another_record(meaning: str, place: tuple[int, int]) -> None:
    schema = Schema("Task", 12, True, (Field("what", 4, kinds.Span(8, meaning), f"rec_{meaning}"),))
    whole = struct.pack("=III4s", 16, *place, b"abcd")
    for chunk in (whole, whole + struct.pack("=III4s", 16, 12, 4, b"efgh")):
        with pytest.raises(ValueError, match="leaves its record"):
            stream_capsule(schema, chunk)
        with pytest.raises(SchemaError, match="leaves a record"):
            _ = [record.what for record in records(schema, chunk)]  # type: ignore[attr-defined]


@pytest.mark.alike
def test_damaged_records_are_refused_as_columns_too() -> None:
    schema, chance, refused = event(), random.Random(0), 0
    for _ in range(400):
        data = damaged(event_bytes() * 3, chance)
        try:
            for record in records(schema, data):
                asdict(record)
        except SchemaError:
            refused += 1
            with pytest.raises(ValueError):
                stream_capsule(schema, data)
        else:
            same(schema, data)
    assert 50 < refused < 350


def test_a_device_is_one_number_wherever_it_leaves(tmp_path: Path) -> None:
    """That of stat(2), by which people join; the kernel itself has major and minor at other bits."""
    node = tmp_path / "node"
    os.mknod(node, stat.S_IFCHR, os.makedev(200, 70_000))  # a minor of more than 8 bits
    fd = os.open(node, os.O_PATH)  # there is no driver to open it
    try:
        status = os.fstat(fd)
        expected = (status.st_dev, status.st_rdev)
        columns, where = ["device", "rdevice"], f"fd == {fd} and rdevice == {status.st_rdev}"
        with TaskFileIter(pid=os.getpid(), columns=columns, where=where) as files:
            (record,) = files
            assert (record.device, record.rdevice) == expected
            assert repr(record.rdevice) == "200:70000"
            assert [tuple(map(int, row)) for row in files.to_numpy()] == [expected]
            (row,) = pa.table(files).to_pylist()
            assert tuple(row.values()) == expected
            said = {
                column.name: column.plain(getattr(record, column.name))
                for column in columns_of(files.schema.fields)
            }
            assert tuple(said.values()) == expected
    finally:
        os.close(fd)
    with node.with_name("file").open("w+b") as file:
        file.truncate(mmap.PAGESIZE)
        with mmap.mmap(file.fileno(), 0) as _:
            inode = os.fstat(file.fileno()).st_ino
            with TaskVmaIter(pid=os.getpid(), where=f"inode == {inode}") as mappings:
                assert {record.device for record in mappings} == {os.fstat(file.fileno()).st_dev}


@pytest.mark.alike
@pytest.mark.filterwarnings("ignore:.*came or went:libbpf_iter.errors.LossWarning")  # programs of others, say
@pytest.mark.parametrize("target", EVERY)
def test_a_table_is_what_the_records_are(target: str) -> None:
    make: Any = getattr(libbpf_iter, "".join(word.capitalize() for word in target.split("_")) + "Iter")
    with closing(Map(ARRAY, 4, 4, 1)), make() as whole:  # there may be no other map
        count = same(whole.schema, b"".join(whole.chunks()))
    assert count or target in ("dmabuf", "ipv6_route", "udp", "tcp", "unix", "netlink")
    if target in ON_REQUEST:
        with make(columns=["tid", *ON_REQUEST[target]]) as more:
            assert same(more.schema, b"".join(more.chunks()))


@pytest.mark.parametrize("columns", [["tid", "comm"], ["exe"], ["cmdline", "stack"]])
def test_a_walk_of_nothing_is_an_empty_table(columns: list[str]) -> None:
    for engine in ("seq", "snapshot"):
        with TaskIter(tid=2**31 - 1, columns=columns, engine=engine) as tasks:
            table = pa.table(tasks)
            assert len(table) == len(tasks.to_numpy()) == 0 and table.column_names == columns


def test_structs_and_per_cpu_values() -> None:
    for kind, size in ((ARRAY, 8), (PERCPU_ARRAY, 4)):
        made = Map(kind, 4, size, 70, btf=True)
        try:
            if kind == ARRAY:
                for number in range(70):
                    made[struct.pack("=I", number)] = struct.pack("=Ii", number * 3, -number)
            with BpfMapElemIter(made) as elements:
                assert same(elements.schema, b"".join(elements.chunks())) >= 70
            if kind == ARRAY:
                table = pa.table(BpfMapElemIter(made))
                assert table["value"].to_pylist()[9] == {"left": 27, "right": -9}
                assert table["cpu"].null_count == 70
        finally:
            made.close()


def test_bytes_that_are_no_text_are_replaced() -> None:
    done, go = threading.Event(), threading.Event()

    def odd() -> None:
        with open(f"/proc/self/task/{threading.get_native_id()}/comm", "wb") as comm:
            comm.write(b"\xff\xfe caf\xc3\xa9")
        done.set()
        go.wait()

    thread = threading.Thread(target=odd)
    thread.start()
    done.wait()
    try:
        with TaskIter(pid=os.getpid(), columns=["comm"]) as tasks:
            assert "\ufffd\ufffd café" in pa.table(tasks)["comm"].to_pylist()
    finally:
        go.set()
        thread.join()


READERS: list[Callable[[Any], Any]] = [
    lambda tasks: [row["tid"] for row in pa.table(tasks).to_pylist()],
    lambda tasks: installed("polars").DataFrame(tasks)["tid"].to_list(),
    lambda tasks: [tid for (tid,) in installed("duckdb").sql("select tid from tasks").fetchall()],
]


@pytest.mark.parametrize("read", READERS, ids=["pyarrow", "polars", "duckdb"])
def test_who_reads_arrow_reads_a_walk(read: Callable[[Any], list[int]]) -> None:
    with sleepers(20) as tids, TaskIter(columns=["tid", "comm", "policy"]) as tasks:
        found = read(tasks)
    assert set(tids) <= set(found)
    assert len(found) == len(set(found))


def test_the_schema_asks_no_kernel() -> None:
    tasks = TaskIter(columns=["tid", "policy"])
    tasks.close()
    assert pa.schema(tasks).names == ["tid", "policy"]
    with TcpIter() as sockets:
        assert pa.schema(sockets).field("local_addr").type == pa.string()


@pytest.mark.alike
def test_what_nobody_reads_is_released() -> None:
    with TaskIter(columns=["tid", "comm", "policy", "exe"]) as tasks:
        schema, chunk = tasks.schema, b"".join(tasks.chunks())

        def use(times: int) -> int:
            for _ in range(times):
                stream_capsule(schema, chunk)
                schema_capsule(schema)
                reader = pa.RecordBatchReader.from_stream(Chunk(schema, chunk))
                del reader
                pa.table(Chunk(schema, chunk))
            gc.collect()
            with open("/proc/self/statm") as statm:
                return int(statm.read().split()[1])

        use(300)
        before = use(300)
        assert use(3000) - before < 1024  # pages: 4 MiB


def test_a_table_outlives_its_iterator_and_threads_share_it() -> None:
    with TaskIter(columns=["tid", "comm"]) as tasks:
        tables = [pa.table(tasks) for _ in range(4)]
    threads = [threading.Thread(target=tables.pop) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert os.getpid() in tables[0]["tid"].to_pylist()
