"""A map walked in one run, by bpf_for_each_map_elem(), against its iterator and what was put into it."""

from __future__ import annotations

import gc
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from libbpf_iter import BpfMapElemIter, Iter, PinnedIter, _libbpf, errors
from libbpf_iter._libbpf import Fd
from libbpf_iter.probes import large_maps
from tests.conftest import open_fds

from .since import has
from .test_maps import ARRAY, HASH, PERCPU_ARRAY, Map

LRU_HASH, PERCPU_HASH = 9, 5  # include/uapi/linux/bpf.h
ROOT = Path(__file__).parents[2]


def runs(elements: Any) -> bool:
    """Whether a snapshot is made in one run, and not by an iterator."""
    return elements._snapshots is not None and elements._snapshots._output.runs


def in_one_run() -> bool:
    """Whether this kernel goes through a map in one run."""
    return has("bpf_func_id.BPF_FUNC_for_each_map_elem")


def key_of(number: int, size: int) -> bytes:
    return number.to_bytes(size, sys.byteorder)


def filled(kind: int, key: int, value: int, count: int) -> tuple[Map, dict[bytes, bytes]]:
    """A map whose values differ in each byte, and its contents."""
    held = {key_of(n, key): bytes((n + at) % 251 for at in range(value)) for n in range(count)}
    table = Map(kind, key, value, count if kind == ARRAY else count * 4)
    for name, content in held.items():
        table[name] = content
    return table, held


@pytest.mark.parametrize(
    "value", [8, 4096, *(pytest.param(n, marks=pytest.mark.many) for n in (1, 3, 4, 12, 100))]
)
@pytest.mark.parametrize(
    ("kind", "key"),
    [(ARRAY, 4)] + [(kind, key) for kind in (HASH, LRU_HASH) for key in (1, 2, 4, 7, 8, 16, 64)],
)
def test_sizes_and_kinds_by_each_engine(kind: int, key: int, value: int) -> None:
    table, held = filled(kind, key, value, 100)
    try:
        with (
            BpfMapElemIter(table, engine="seq") as seq,
            BpfMapElemIter(table, engine="snapshot") as run,
            Iter("bpf_map_elem", map=table, engine="snapshot") as by_name,
        ):
            assert runs(run) == runs(by_name) == in_one_run()
            found = list(run)
            assert {element.key: element.value for element in found} == held
            assert len(found) == len(held) and {element.cpu for element in found} == {None}
            for other in (seq, by_name):
                assert {element._data for element in other} == {element._data for element in found}
            array = run.to_numpy()
            assert dict(zip(array["key"].tolist(), array["value"].tolist(), strict=True)) == held
    finally:
        table.close()


@pytest.mark.parametrize("kind", [ARRAY, HASH, LRU_HASH])
@pytest.mark.parametrize(
    "query",
    [
        {"where": "key % 3 == 1"},
        {"columns": ["value", "key"]},
        {"columns": {"twice": "key * 2", "right": "value.right"}, "where": "value.left > 100"},
        {"columns": {"id": "map.id", "key": "key"}, "where": "key < limit", "params": {"limit": 7}},
    ],
)
def test_queries_by_each_engine(kind: int, query: dict[str, Any]) -> None:
    # An LRU map that is nearly full lets go of what it holds.
    table = Map(kind, 4, 8, 2000 if kind == LRU_HASH else 500, btf=True)
    try:
        for number in range(500):
            table[struct.pack("=I", number)] = struct.pack("=Ii", number * 2, -number)
        with (
            BpfMapElemIter(table, engine="seq", **query) as seq,
            BpfMapElemIter(table, engine="snapshot", **query) as run,
        ):
            assert runs(run) == in_one_run()
            one, other = list(seq), list(run)
            assert 0 < len(one) <= 500
            assert sorted(map(repr, one)) == sorted(map(repr, other))
    finally:
        table.close()


@pytest.mark.parametrize("kind", [PERCPU_HASH, PERCPU_ARRAY])
def test_values_of_each_cpu_are_the_iterators(kind: int) -> None:
    """bpf_for_each_map_elem() shows only this CPU's value."""
    table = Map(kind, 4, 8, 10)
    try:
        with BpfMapElemIter(table, engine="snapshot") as elements:
            assert not runs(elements)
    finally:
        table.close()


def test_values_of_all_cpus_that_no_read_could_carry() -> None:
    values = _libbpf.possible_cpus()
    table = Map(PERCPU_ARRAY, 4, 32_000, 2)
    table[key_of(1, 4)] = b"".join(bytes([cpu + 1]) * 32_000 for cpu in range(values))
    with BpfMapElemIter(table) as elements:
        found = {element.cpu: element.value for element in elements if element.key == key_of(1, 4)}
        assert found == {cpu: bytes([cpu + 1]) * 32_000 for cpu in range(values)}
        assert len(elements.to_numpy()) == 2 * values


@pytest.mark.parametrize("engine", ["auto", "seq", "snapshot"])
def test_a_value_that_no_record_can_carry_is_said(engine: str) -> None:
    table = Map(ARRAY, 4, 65_536, 4)
    with (
        BpfMapElemIter(table, engine=engine) as elements,
        pytest.raises(errors.RecordTooLarge, match="32767"),
    ):
        list(elements)


@pytest.mark.parametrize("engine", ["auto", "seq", "snapshot"])
@pytest.mark.parametrize(("kind", "value"), [(ARRAY, 65_536), (HASH, 70_000), (PERCPU_ARRAY, 32_000)])
def test_keys_alone_take_no_room_for_values(kind: int, value: int, engine: str, bpffs: Path) -> None:
    table = Map(kind, 4, value, 4)
    if kind == HASH:
        for number in (1, 3):
            table[key_of(number, 4)] = b"\xff" * value
    keys = [key_of(number, 4) for number in ((1, 3) if kind == HASH else range(4))]
    shown = [key for key in keys for _ in range(_libbpf.possible_cpus() if kind == PERCPU_ARRAY else 1)]
    with BpfMapElemIter(table, columns=["key"], engine=engine) as elements:
        assert elements.schema.size == 8
        assert sorted(element.key for element in elements) == shown
        assert sorted(elements.to_numpy()["key"].tolist()) == shown
        assert elements._snapshots is None or elements._snapshots._output.size <= 1 << 20
        elements.pin(bpffs / "keys", mode=0o444)
    with PinnedIter(bpffs / "keys") as pinned:
        assert sorted(element.key for element in pinned) == shown
    table.close()


def test_keys_alone_may_be_chosen_by_their_values() -> None:
    table = Map(HASH, 4, 8, 10, btf=True)
    try:
        for number in range(10):
            table[key_of(number, 4)] = struct.pack("=Ii", number, -number)
        for engine in ("seq", "snapshot"):
            with BpfMapElemIter(table, columns=["key"], where="value.right <= -8", engine=engine) as elements:
                assert sorted(element.key for element in elements) == [8, 9]
    finally:
        table.close()


def test_a_map_that_outgrows_its_first_memory_is_walked_again() -> None:
    """A hash may have room for much more than it holds, so nothing says how much memory is needed."""
    count = 3000  # 3 MB of records, where 1 MiB is tried first
    large = Map(HASH, 8, 1000, count)
    try:
        with BpfMapElemIter(large, engine="snapshot") as elements:
            assert list(elements) == [] and elements.to_numpy().size == 0
            before = elements._snapshots._output.size  # type: ignore[union-attr]
            for number in range(count):
                large[key_of(number, 8)] = key_of(number, 1000)
            keys = np.frombuffer(elements.to_numpy()["key"].tobytes(), "u8")
            assert (np.sort(keys) == np.arange(count)).all()
            assert elements._snapshots._output.size > before  # type: ignore[union-attr]
            session = elements.session()
            assert sum(1 for _ in session) == count and session.lost == ()
    finally:
        large.close()


@pytest.mark.parametrize("forced", [False, True])
def test_a_map_that_outgrows_what_the_kernel_maps(forced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """5.10 has 4 MiB for a walk: kernel/bpf/arraymap.c, array_map_alloc_check()."""
    if forced:
        monkeypatch.setattr("libbpf_iter.probes.large_maps", lambda: False)
    assert large_maps() or not has("large maps")
    with closing(Map(HASH, 8, 1000, 5000)) as large, BpfMapElemIter(large, engine="snapshot") as elements:
        for number in range(5000):
            large[key_of(number, 8)] = key_of(number, 1000)
        if large_maps() and not forced:
            assert len(list(elements)) == 5000
        else:
            with pytest.raises(errors.KernelError, match="exceed 4 MiB: engine='seq' has no such limit"):
                list(elements)
        with BpfMapElemIter(large) as auto:
            assert auto.engine == "seq" and len(list(auto)) == 5000


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_sessions_that_nobody_began_before_the_iterator_was_closed(
    engine: str, count_fds: Callable[[], int]
) -> None:
    """Each gets what it needs, including more memory, which is freed with the last of them."""
    before = count_fds()
    large, empty = Map(HASH, 8, 16, 100_000), Map(HASH, 8, 16, 10)
    try:
        elements = BpfMapElemIter(large, where="map.id > least", params={"least": 0}, engine=engine)
        sessions = [elements.session() for _ in range(3)]
        elements.close()
        for number in range(100_000):
            large[key_of(number, 8)] = key_of(number, 16)
        large.close()
        # Numbers of descriptors that were let go are somebody else's soon.
        others = [Fd(os.dup, empty.fileno()) for _ in range(32)]
        for session in sessions:
            assert sum(1 for _ in session) == 100_000
        others.clear()
    finally:
        large.close()
        empty.close()
    assert count_fds() == before


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_what_nobody_closes_goes_with_its_last_holder(engine: str, count_fds: Callable[[], int]) -> None:
    """Without the collector's help, and in whatever order."""
    table, held = filled(HASH, 4, 8, 50)
    gc.disable()
    try:
        count_fds()
        before = len(open_fds())
        elements = BpfMapElemIter(table, where="map.id > least", params={"least": 0}, engine=engine)
        begun, unread = elements.session(), elements.session()
        next(begun)
        del elements
        assert len(open_fds()) > before
        assert len(list(begun)) == len(held) - 1
        assert len(list(unread)) == len(held)
        del begun, unread
        assert len(open_fds()) == before
    finally:
        gc.enable()
        table.close()


def test_walks_at_once_do_not_mix() -> None:
    """Eight threads over two maps, and two walks at once of each."""
    tables = [filled(HASH, 4, 8, 2000), filled(HASH, 4, 8, 3000)]
    failures: list[int] = []

    def walk(elements: Any, held: dict[bytes, bytes]) -> None:
        for _ in range(20):
            found = list(elements)
            if len(found) != len(held) or {e.key: e.value for e in found} != held:
                failures.append(len(found))

    iterators = [(BpfMapElemIter(table, engine="snapshot"), held) for table, held in tables]
    try:
        threads = [threading.Thread(target=walk, args=iterators[n % 2]) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for elements, _ in iterators:
            elements.close()
        for table, _ in tables:
            table.close()
    assert not failures


OTHER = """
from tests.kernel.test_map_walks import HASH, filled
table, held = filled(HASH, 4, 8, 300)
print(table.id, flush=True)
input()
"""


def test_a_map_of_another_process_by_its_id() -> None:
    words = [sys.executable, "-c", OTHER]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:
        assert other.stdin is not None and other.stdout is not None
        with BpfMapElemIter(int(other.stdout.readline()), engine="snapshot") as elements:
            assert runs(elements) == in_one_run()
            other.communicate("\n")  # it is gone, and the map is ours alone
            assert other.returncode == 0
            assert {element.key for element in elements} == {key_of(n, 4) for n in range(300)}
            assert elements.to_numpy().size == 300
