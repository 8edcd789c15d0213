"""What lies beside a pin: the types of its records, for those who may read it and nothing else."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from libbpf_iter import (
    BpfMapElemIter,
    KsymIter,
    PinnedIter,
    SockmapIter,
    TaskIter,
    _libbpf,
    asdict,
    errors,
    pins,
    records,
)
from libbpf_iter.cli import cli

from .children import start, succeeded
from .test_maps import ARRAY, HASH, PERCPU_ARRAY, SOCKMAP, Map
from .test_sessions import as_nobody

# include/uapi/linux/bpf.h, enum bpf_map_type
PERF_EVENT_ARRAY = 4


@pytest.fixture
def pin(bpffs: Path) -> Path:
    bpffs.chmod(0o755)
    return bpffs / "pin"


def test_a_record_that_a_pin_contradicts_is_refused(pin: Path) -> None:
    """Both are of eight bytes: each number would stand under the other's name."""
    with TaskIter(columns=["pid", "tid"]) as other, TaskIter(columns=["tid", "pid"]) as tasks:
        tasks.pin(pin, mode=0o444)
        given = other.record
        assert given.__schema__.size == tasks.schema.size == 8

        def refused() -> bool:
            with pytest.raises(errors.ParameterError, match="their columns are tid, pid"):
                PinnedIter(pin, record=given)
            return True

        assert PinnedIter(pin).record.__name__ == "Task"
        assert refused()
        assert as_nobody(refused)
        same = tasks.record
        assert as_nobody(lambda: type(next(iter(PinnedIter(pin, record=same)))) is same)


@pytest.mark.parametrize("kind", [HASH, ARRAY, PERCPU_ARRAY])
def test_the_unprivileged_are_told_the_types_of_a_maps_elements(pin: Path, kind: int) -> None:
    table = Map(kind, 4, 8, 1, btf=True)
    cpus = 1 if kind != PERCPU_ARRAY else len(list(BpfMapElemIter(table)))
    table[struct.pack("=I", 0)] = struct.pack("=Ii", 7, -7) * cpus
    with BpfMapElemIter(table) as elements:
        elements.pin(pin, mode=0o444)
        expected = list(map(asdict, elements))
        assert (expected[0]["key"], expected[0]["value"].right) == (0, -7)
        assert as_nobody(lambda: list(map(asdict, PinnedIter(pin))) == expected)
        elements.unpin(pin)
        assert not list(pin.parent.iterdir())
    table.close()


def test_elements_without_types_are_bytes_for_all(pin: Path) -> None:
    table = Map(HASH, 4, 8, 1)
    table[b"abcd"] = b"01234567"
    with BpfMapElemIter(table) as elements:
        elements.pin(pin, mode=0o444)
        assert as_nobody(lambda: [(e.key, e.value) for e in PinnedIter(pin)] == [(b"abcd", b"01234567")])
    table.close()


def test_the_sockets_of_a_map(pin: Path) -> None:
    table = Map(SOCKMAP, 4, 4, 1)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        table[struct.pack("=I", 0)] = struct.pack("=I", client.fileno())
        port = client.getsockname()[1]
        with SockmapIter(table) as sockets:
            sockets.pin(pin, mode=0o444)
            expected = [socket.key for socket in sockets]
            assert as_nobody(
                lambda: [(s.key, s.local_port) for s in PinnedIter(pin)] == [(expected[0], port)]
            )
    table.close()


def test_types_that_are_none_are_said_to_be_none(pin: Path) -> None:
    with TaskIter(columns=["tid"]) as tasks:
        tasks.pin(pin, mode=0o444)
        types = pin.with_name("pin_types")
        types.unlink()
        table = Map(ARRAY, 4, 4096, 1)
        for content in (b"", b"\xff" * 16, struct.pack("=I4sI3sI1s", 4, b"task", 3, b"BTF", 1, b"?")):
            table[bytes(4)] = content.ljust(4096, b"\0")
            with BpfMapElemIter(table) as elements:
                elements.pin(types)
                types.chmod(0o444)

            def refused() -> bool:
                with pytest.raises(errors.SchemaError, match="doesn't say what the records"):
                    PinnedIter(pin)
                return True

            assert as_nobody(refused)
            types.unlink()
        table.close()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, True),
        ({"columns": {"name": "name", "seq_num": "seq_num"}}, True),
        ({"columns": {"a": "name"}}, False),
    ],
)
def test_the_last_symbol_of_a_pin_is_there_once(pin: Path, asked: dict[str, Any], told: bool) -> None:
    """Or the session says that it can't tell: kernel/kallsyms.c shows the last one twice."""
    with KsymIter(**asked) as symbols:
        symbols.pin(pin)
        with PinnedIter(pin).session() as session:
            *_, first, second = session
        if told:
            assert first.seq_num + 1 == second.seq_num
        # Others' programs, which have symbols, may come and go: the session says that, too.
        assert any("seq_num" in sentence for sentence in session.lost) is not told


def test_a_record_makes_do_where_nothing_is_told(pin: Path) -> None:
    with TaskIter(tid=os.getpid()) as tasks:
        tasks.pin(pin)
        pin.chmod(0o444)
        task, me = records.Task, os.getpid()
        assert as_nobody(lambda: [t.tid for t in PinnedIter(pin, record=task)] == [me])


def test_a_reader_of_a_pin_is_told_of_an_update(pin: Path) -> None:
    """Both records have eight bytes: each number would stand under the other's name."""
    me, parent = os.getpid(), os.getppid()
    begun, updated = os.pipe(), os.pipe()
    with (
        TaskIter(tid=me, columns=["tid", "ppid"]) as tasks,
        TaskIter(tid=me, columns=["ppid", "tid"]) as other,
    ):
        tasks.pin(pin, mode=0o444)

        def both(before: Callable[[], object], after: Callable[[], object]) -> bool:
            reader = PinnedIter(pin)
            running = reader.session()
            before()
            after()
            found = [*running, *reader, *reader]
            return [(task.tid, task.ppid) for task in found] == [(me, parent)] * 3

        child = start(
            lambda: as_nobody(lambda: both(lambda: os.write(begun[1], b"."), lambda: os.read(updated[0], 1)))
        )
        os.read(begun[0], 1)
        assert both(lambda: tasks.update(other), lambda: os.write(updated[1], b"."))
        assert succeeded(child)
    for end in (*begun, *updated):
        os.close(end)


def test_what_is_no_pin_is_said(pin: Path) -> None:
    for read in (PinnedIter, BpfMapElemIter):
        with pytest.raises(errors.ObjectError, match="/etc/passwd isn't a pin"):
            read("/etc/passwd")
    table = Map(PERF_EVENT_ARRAY, 4, 4, 1)  # of type 4, as the links of iterators are
    _libbpf.Pin(str(pin)).give(table.fd, 0o600)
    with pytest.raises(errors.ObjectError, match="isn't an iterator's link"):
        PinnedIter(pin)


def test_what_is_no_pin_is_not_removed(pin: Path, tmp_path: Path) -> None:
    kept = [tmp_path / "file", tmp_path / "file_types"]
    for path in kept:
        path.write_text("mine")
    (tmp_path / "link").symlink_to(pin)
    with TaskIter(columns=["tid"]) as tasks:
        tasks.pin(pin)
        for path in (kept[0], tmp_path / "link"):
            with pytest.raises(errors.ObjectError, match=f"{path} isn't a pin"):
                tasks.unpin(path)
            assert CliRunner().invoke(cli, ["unpin", str(path)]).exit_code
        assert [path.read_text() for path in kept] == ["mine", "mine"] and pin.exists()
        with pytest.raises(FileNotFoundError):
            tasks.unpin(tmp_path / "nothing")
        tasks.unpin(pin)
    assert not pin.exists()


@pytest.mark.parametrize("mode", [-1, 0o1000, 1 << 40, True])
def test_a_mode_is_permissions(pin: Path, mode: int) -> None:
    with TaskIter(columns=["tid"]) as tasks, pytest.raises(errors.ParameterError, match="mode: permissions"):
        tasks.pin(pin, mode=mode)
    assert not pin.exists()


def test_a_record_is_a_class_or_a_name(pin: Path) -> None:
    with TaskIter(columns=["tid"]) as tasks:
        tasks.pin(pin)
        for record in (3, int, tasks):
            with pytest.raises(errors.ParameterError, match="record: a class of records"):
                PinnedIter(pin, record=record)  # type: ignore[arg-type]


def test_a_path_is_not_cut_at_a_nul(pin: Path) -> None:
    with TaskIter(engine="seq") as tasks, pytest.raises(ValueError, match="null byte"):
        tasks.pin(f"{pin}\0other")
    assert not pin.exists()
    with pytest.raises(ValueError, match="null byte"):
        BpfMapElemIter(f"{pin}\0other")


@pytest.mark.parametrize(
    "said", [b"", b"x", bytes(8 + 4096), b"\xff" * (8 + 4096), struct.pack("=IIII", 0, 0, 1, 0)]
)
def test_nonsense_beside_a_pin_is_said(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "pin"
    path.touch()
    (tmp_path / "pin_types").write_bytes(said)
    with pytest.raises(errors.SchemaError, match="doesn't say what the records"):
        pins.published(str(path))


def test_what_is_no_file_beside_a_pin_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.touch()
    os.mkfifo(tmp_path / "pin_types")
    assert pins.published(str(path)) is None
