"""Map targets on maps that the tests create, and what is said of them against bpftool."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from libbpf_iter._extension import lib

from libbpf_iter import (
    BpfLinkIter,
    BpfMapElemIter,
    BpfMapIter,
    BpfProgIter,
    BpfSkStorageMapIter,
    SockmapIter,
    TaskIter,
    _libbpf,
    errors,
)
from tests.conftest import environment_skip
from tests.unit.btf_writer import Writer

# include/uapi/linux/bpf.h
HASH, ARRAY, PERCPU_ARRAY, QUEUE, SOCKMAP, SK_STORAGE = 1, 2, 6, 22, 15, 24
NO_PREALLOC = 1


def bpftool(*arguments: str) -> Any:
    path = shutil.which("bpftool", path=os.environ["PATH"] + ":/usr/sbin")
    if path is None:
        environment_skip("bpftool is not installed")
    run = subprocess.run([path, "-j", *arguments], capture_output=True, check=True)
    return json.loads(run.stdout)


class Map:
    """A map of the test's own."""

    def __init__(self, kind: int, key: int, value: int, entries: int, *, btf: bool = False, flags: int = 0):
        self.btf = None
        types = (0, 0, 0)
        if btf:
            writer = Writer()
            number = writer.int("__u32", 4)
            signed = writer.int("int", 4, 1)
            pair = writer.struct("pair", 8, [("left", number, 0), ("right", signed, 32)])
            self.btf = _libbpf.load_btf(writer.build())
            types = (self.btf.number, number, pair if value == 8 else signed)
        sizes = key, value, entries
        made = _libbpf.Fd(lib.lbi_map_create, kind, b"libbpf_iter_t", *sizes, flags, *types)
        self.fd = _libbpf.checked(made, "bpf_map_create", "no map")
        self.id = _libbpf.map_info(self.fd).id

    def fileno(self) -> int:
        return self.fd.number

    def __setitem__(self, key: bytes, value: bytes) -> None:
        _libbpf.check(lib.bpf_map_update_elem(self.fd.number, key, value, 0), "update", "update")

    def close(self) -> None:
        self.fd.close()
        if self.btf:
            self.btf.close()


@pytest.fixture
def make() -> Iterator[Any]:
    made: list[Map] = []

    def create(*arguments: Any, **options: Any) -> Map:
        made.append(Map(*arguments, **options))
        return made[-1]

    yield create
    for one in made:
        one.close()


def test_a_hash_is_typed_by_its_btf(make: Any, bpffs: Path) -> None:
    table = make(HASH, 4, 8, 5000, btf=True)
    for number in range(5000):
        table[struct.pack("=I", number)] = struct.pack("=Ii", number * 2, -number)
    path = bpffs / "table"
    _libbpf.Pin(str(path)).give(table.fd, 0o600)
    for reference in (table, table.id, path, str(path)):
        with BpfMapElemIter(reference) as elements:
            found = {e.key: (e.value.left, e.value.right, e.cpu) for e in elements}
        assert found == {n: (n * 2, -n, None) for n in range(5000)}


def test_a_map_without_btf_gives_bytes(make: Any) -> None:
    array = make(ARRAY, 4, 24, 3)
    array[struct.pack("=I", 1)] = b"x" * 24
    with BpfMapElemIter(array) as elements:
        assert [(e.key, e.value) for e in elements] == [
            (struct.pack("=I", n), b"x" * 24 if n == 1 else bytes(24)) for n in range(3)
        ]


def test_per_cpu_values_come_one_by_one(make: Any) -> None:
    cpus = _libbpf.possible_cpus()
    array = make(PERCPU_ARRAY, 4, 4, 2, btf=True)
    array[struct.pack("=I", 1)] = b"".join(struct.pack("=iI", 10 + cpu, 0) for cpu in range(cpus))
    with BpfMapElemIter(array) as elements:
        found = [(e.key, e.cpu, e.value) for e in elements]
    assert found == [(0, cpu, 0) for cpu in range(cpus)] + [(1, cpu, 10 + cpu) for cpu in range(cpus)]


def test_maps_that_have_no_elements_to_walk(make: Any) -> None:
    for walk in (BpfMapElemIter, SockmapIter):
        with pytest.raises(errors.ParameterError, match="libbpf_iter_t is a BPF_MAP_TYPE_QUEUE") as caught:
            walk(make(QUEUE, 0, 4, 10))
        assert caught.value.parameter == "map"
    with pytest.raises(errors.NoSuchObject, match="no map with id"):
        BpfMapElemIter(2**31)
    with pytest.raises(errors.NoSuchObject, match="no map named"):
        BpfMapElemIter("nobody_has_this")
    with pytest.raises(errors.ParameterError, match="map"):
        BpfMapElemIter(None)  # type: ignore[arg-type]


def test_socket_storage(make: Any) -> None:
    storage = make(SK_STORAGE, 4, 8, 0, btf=True, flags=NO_PREALLOC)
    with socket.create_server(("127.0.0.1", 0)) as server:
        storage[struct.pack("=i", server.fileno())] = struct.pack("=Ii", 7, -8)
        with BpfSkStorageMapIter(storage) as sockets:
            (record,) = sockets
        assert (record.value.left, record.value.right) == (7, -8)
        assert record.inode == os.fstat(server.fileno()).st_ino
        assert record.local_port == server.getsockname()[1]
        with BpfSkStorageMapIter(storage) as whole, BpfSkStorageMapIter(storage, columns=["inode"]) as short:
            assert short.schema.size == whole.schema.size - 8
            assert [record.inode for record in short] == [os.fstat(server.fileno()).st_ino]


def test_sockmap(make: Any) -> None:
    sockets = make(SOCKMAP, 4, 4, 5)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        sockets[struct.pack("=I", 3)] = struct.pack("=I", client.fileno())
        with SockmapIter(sockets) as shown:
            (record,) = shown
        assert record.key == struct.pack("=I", 3)
        assert record.remote_port == server.getsockname()[1]
        assert record.inode == os.fstat(client.fileno()).st_ino


def test_maps_as_bpftool_shows_them(make: Any) -> None:
    table = make(HASH, 4, 8, 17, btf=True)
    with BpfMapIter() as maps:
        (record,) = [r for r in maps if r.id == table.id]
    shown = bpftool("map", "show", "id", str(table.id))
    assert (record.name, record.key_size, record.value_size) == ("libbpf_iter_t", 4, 8)
    assert record.max_entries == shown["max_entries"] == 17
    assert record.btf_id == shown["btf_id"]
    assert repr(record.type).removeprefix("MAP_TYPE_").lower() == shown["type"]


def test_programs_and_links_as_bpftool_shows_them() -> None:
    with TaskIter() as tasks:
        info = tasks.link.info
        with BpfProgIter() as programs:
            (program,) = [p for p in programs if p.id == info.program_id]
        with BpfLinkIter() as links:
            (link,) = [entry for entry in links if entry.id == info.id]
        shown = bpftool("prog", "show", "id", str(info.program_id))
    assert program.name == shown["name"] == "dump_task"
    assert program.tag.hex() == shown["tag"]
    assert (program.xlated_size, program.jited_size) == (shown["bytes_xlated"], shown["bytes_jited"])
    assert (program.uid, program.btf_id) == (shown["uid"], shown["btf_id"])
    assert (link.target, link.prog_id) == ("task", info.program_id)
    assert repr(link.type) == "LINK_TYPE_ITER"


def test_what_is_no_map_is_refused(bpffs: Path) -> None:
    """The kernel also describes other BPF objects, but not in the way that it describes a map."""
    with TaskIter(engine="seq") as tasks, open("/dev/null") as null:
        tasks.pin(bpffs / "link")
        for other in (tasks.link, tasks.link.program.fd, null, bpffs / "link"):
            with pytest.raises(errors.ParameterError, match="isn't a BPF map"):
                BpfMapElemIter(other)
    for number in (-1, 1 << 40, 999_999, "3"):
        with pytest.raises(errors.ParameterError, match="map: an open descriptor is expected"):
            BpfMapElemIter(SimpleNamespace(fileno=lambda number=number: number))
