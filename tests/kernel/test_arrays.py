"""to_numpy() against the records of the same objects."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from libbpf_iter import BpfMapIter, KsymIter, TaskFileIter, TaskIter, TaskVmaIter, TcpIter, errors
from libbpf_iter.workarounds import names_keep_rests

from .test_engines import threads


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_each_column_is_a_field(engine: str) -> None:
    with threads(300) as ids, TaskIter(engine=engine) as tasks:
        found = tasks.to_numpy()
        records = {task.tid: task for task in tasks}
    assert list(found.dtype.names) == [field.name for field in tasks.schema.fields]
    chosen = found[np.isin(found["tid"], ids)]
    assert sorted(chosen["tid"]) == sorted(ids)
    for row in chosen:
        record = records[row["tid"]]
        for name in ("pid", "ppid", "sid", "nice", "flags", "uid", "start_time_ns", "cgroup_id", "net_ns"):
            assert row[name] == getattr(record, name), name
        assert row["comm"].decode() == record.comm


def test_a_snapshot_is_not_copied() -> None:
    # Text that has to be cut is copied.
    columns = ["tid", "pid"] if names_keep_rests() else None
    with TaskIter(columns=columns, engine="snapshot") as tasks:
        found = tasks.to_numpy()
        assert found.base is not None and not found.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            found["tid"][0] = 1
        # What columns= chooses alone leaves the kernel.
        with TaskIter(columns=["tid", "comm"]) as few:
            assert few.to_numpy().dtype.itemsize <= 32


def test_an_array_keeps_its_memory_to_itself(count_fds: Callable[[], int]) -> None:
    tasks = TaskIter(columns=["tid", "start_time_ns"])
    before = count_fds()
    kept = [tasks.to_numpy() for _ in range(10)]
    copies = [array.copy() for array in kept]
    part = kept[0]["tid"]
    for _ in range(10):
        tasks.to_numpy()
        list(tasks)
    assert all((one == other).all() for one, other in zip(kept, copies, strict=True))
    del kept
    gc.collect()
    list(tasks)
    assert (part == copies[0]["tid"]).all()
    assert count_fds() <= before + 12  # three walkers at most, of a program, a map and its memory
    tasks.close()
    assert (part == copies[0]["tid"]).all()
    del part
    gc.collect()
    assert count_fds() < before


def test_what_has_a_length_of_its_own_is_an_object() -> None:
    with TaskVmaIter(pid=os.getpid(), columns=["start", "end", "path"]) as mappings:
        found = mappings.to_numpy()
        expected = {vma.start: (vma.end, vma.path) for vma in mappings}
    assert found.dtype["path"].hasobject
    libraries = [row for row in found if row["path"] and row["path"].endswith(".so")]
    assert libraries
    for row in libraries:
        assert expected[row["start"]] == (row["end"], row["path"])


def test_addresses_are_a_family_and_bytes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, TcpIter() as sockets:
        found = sockets.to_numpy()
        (row,) = found[found["local_port"] == server.getsockname()[1]]
    assert row["local_addr"]["family"] == socket.AF_INET
    assert bytes(row["local_addr"]["address"])[:4] == socket.inet_aton("127.0.0.1")


def test_an_empty_walk_is_an_empty_array() -> None:
    with TaskFileIter(tid=os.getpid(), where="fd == 1 << 30", columns=["tid", "fd"]) as files:
        assert files.to_numpy().shape == (0,)


def test_none_is_all_bits_and_a_closed_iterator_says_so() -> None:
    with TaskIter(columns=["tid", "open_fds"]) as tasks:
        found = tasks.to_numpy()
        counts = {task.tid: task.open_fds for task in tasks}
    for row in found[found["open_fds"] == 2**32 - 1]:
        assert counts.get(row["tid"]) is None
    with pytest.raises(errors.ClosedError):
        tasks.to_numpy()
    with BpfMapIter() as maps:
        before = {each.id for each in maps}
        found = set(maps.to_numpy()["id"].tolist())
        assert before & {each.id for each in maps} <= found  # others come and go


@pytest.mark.filterwarnings("ignore:.*came or went:libbpf_iter.errors.LossWarning")  # programs of others, say
@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_the_last_symbol_is_there_once(engine: str) -> None:
    """The kernel shows it twice (kernel/kallsyms.c, bpf_iter_ksym_seq_stop())."""
    with KsymIter(columns=["address", "seq_num"], engine=engine) as symbols:
        numbers = symbols.to_numpy()["seq_num"]
        table = pa.table(symbols)["seq_num"].to_numpy()
    for column in (numbers, table):
        assert column[-1] == column[-2] + 1
