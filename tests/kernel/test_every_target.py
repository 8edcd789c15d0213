"""Each target by each engine against what the kernel says of the same object elsewhere.

Small enough to be run on every kernel (tests/vm); the names of these tests say target and engine.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

from libbpf_iter import Iter, TaskIter, _libbpf, asdict, targets
from libbpf_iter.base import BpfIter
from libbpf_iter.kernel import mount_of
from libbpf_iter.load import here
from libbpf_iter.objects import object_schema, packaged, packaged_targets
from libbpf_iter.workarounds import faults_panic
from tests.conftest import environment_skip
from tests.kernel.since import has, lacks, told
from tests.kernel.test_maps import HASH, NO_PREALLOC, SK_STORAGE, SOCKMAP, Map

TICK = 10**9 // os.sysconf("SC_CLK_TCK")
PAGE = mmap.PAGESIZE
DUMP_TASK = "dump_task_alone" if faults_panic() else "dump_task"


class Near(NamedTuple):
    """A number that moves while it is looked at."""

    value: int
    by: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and abs(other - self.value) <= self.by

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]


class Seen(NamedTuple):
    """An object as an independent source describes it: how to walk to it, and what its record must be."""

    given: dict[str, Any]
    key: str  # the column that tells it from others
    columns: dict[str, Any]
    path: str  # a kernel path, and what is there
    value: Any


def fields_of(path: str) -> dict[str, str]:
    """A file of /proc that has a name and a value in each line."""
    lines = Path(path).read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def task(_: ExitStack) -> Seen:
    stat = Path(f"/proc/self/task/{os.getpid()}/stat").read_text().rpartition(")")[2].split()
    said = fields_of("/proc/self/status")
    columns = {
        "tid": os.getpid(),
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "pgid": os.getpgid(0),
        "sid": os.getsid(0),
        "comm": said["Name"],
        "state": "R",
        "uid": os.getuid(),
        "nice": os.nice(0),
        "threads": Near(int(said["Threads"]), 2),
        "vsize": Near(int(stat[20]), 64 << 20),
        "rss": Near(int(stat[21]) * PAGE, 32 << 20),
        "start_time_ns": Near(int(stat[19]) * TICK, TICK),
        "minor_faults": Near(int(stat[7]), 10_000),  # with what is imported for the walk
        "voluntary_switches": Near(int(said["voluntary_ctxt_switches"]), 1000),
        "read_bytes": Near(int(fields_of("/proc/self/io")["read_bytes"]), 1 << 28),
        "exe": os.readlink("/proc/self/exe"),
        "cwd": os.getcwd(),
        "cmdline": tuple(Path("/proc/self/cmdline").read_text().split("\0")[:-1]),
        "open_fds": Near(len(os.listdir("/proc/self/fd")), 8),
    }
    for name in ("pid", "mnt", "net", "uts", "ipc", "cgroup", "user"):
        columns[f"{name}_ns"] = os.stat(f"/proc/self/ns/{name}").st_ino
    return Seen({}, "tid", columns, "real_parent.tgid", os.getppid())


def _file(stack: ExitStack, contents: bytes) -> IO[bytes]:
    path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "file"
    path.write_bytes(contents)
    return stack.enter_context(path.open("rb"))


def task_file(stack: ExitStack) -> Seen:
    file = _file(stack, b"x" * 100)
    file.seek(33)
    status = os.fstat(file.fileno())
    columns = {
        "fd": file.fileno(),
        "pid": os.getpid(),
        "inode": status.st_ino,
        "mode": status.st_mode,
        "flags": int(fields_of(f"/proc/self/fdinfo/{file.fileno()}")["flags"], 8) & ~os.O_CLOEXEC,
        "pos": 33,
        "size": 100,
        "device": status.st_dev,
        "path": file.name,
    }
    return Seen({"pid": os.getpid()}, "fd", columns, "file.f_inode.i_size", 100)


def task_vma(stack: ExitStack) -> Seen:
    file = _file(stack, bytes(4 * PAGE))
    memory = stack.enter_context(mmap.mmap(file.fileno(), PAGE, prot=mmap.PROT_READ, offset=PAGE))
    line = next(line for line in Path("/proc/self/maps").read_text().splitlines() if file.name in line)
    start, end = (int(part, 16) for part in line.split()[0].split("-"))
    columns = {
        "start": start,
        "end": end,
        "pid": os.getpid(),
        "permissions": line.split()[1],
        "offset": PAGE,
        "inode": os.fstat(file.fileno()).st_ino,
        "device": os.fstat(file.fileno()).st_dev,
        "path": file.name,
    }
    assert len(memory) == end - start
    return Seen({"pid": os.getpid()}, "start", columns, "vma.vm_end", end)


def bpf_map(stack: ExitStack) -> Seen:
    table = Map(HASH, 4, 8, 17, btf=True)
    stack.callback(table.close)
    said = fields_of(f"/proc/self/fdinfo/{table.fileno()}")
    columns = {
        "id": table.id,
        "name": "libbpf_iter_t",
        "type": int(said["map_type"]),
        "key_size": int(said["key_size"]),
        "value_size": int(said["value_size"]),
        "max_entries": int(said["max_entries"]),
        "map_flags": int(said["map_flags"], 16),
        "frozen": bool(int(said["frozen"])),
        "btf_id": _libbpf.map_info(table.fd).btf_id,
        "usercnt": 1,
    }
    return Seen({}, "id", columns, "map.max_entries", 17)


def _program(stack: ExitStack) -> tuple[BpfIter[Any], dict[str, str]]:
    tasks = stack.enter_context(TaskIter(engine="seq"))
    return tasks, fields_of(f"/proc/self/fdinfo/{tasks.link.program.fd.number}")


def bpf_prog(stack: ExitStack) -> Seen:
    _, said = _program(stack)
    columns = {
        "id": int(said["prog_id"]),
        "name": DUMP_TASK,
        "attach_to": "bpf_iter_task",
        "type": int(said["prog_type"]),
        "jited": bool(int(said["prog_jited"])),
        "tag": bytes.fromhex(said["prog_tag"]),
        "verified_insns": int(said.get("verified_insns", 0)),
        "uid": os.getuid(),
        "gpl_compatible": True,
    }
    return Seen({}, "id", columns, "prog.aux.id", columns["id"])


def bpf_link(stack: ExitStack) -> Seen:
    tasks, program = _program(stack)
    said = fields_of(f"/proc/self/fdinfo/{tasks.link.fileno()}")
    columns = {
        "id": int(said["link_id"]),
        "prog_id": int(said["prog_id"]),
        "prog_name": DUMP_TASK[:15],
        "target": said["target_name"],
    }
    return Seen({}, "id", columns, "link.prog.aux.id", int(program["prog_id"]))


def bpf_map_elem(stack: ExitStack) -> Seen:
    table = Map(HASH, 4, 4, 100, btf=True)
    stack.callback(table.close)
    for number in range(100):
        table[struct.pack("=I", number)] = struct.pack("=i", -number)
    columns = {"key": 41, "value": -41, "cpu": None}
    return Seen({"map": table}, "key", columns, "map.max_entries", 100)


def _connection(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=7))
    return server, stack.enter_context(socket.create_connection(server.getsockname()))


def _ends(sock: socket.socket) -> dict[str, Any]:
    inode = os.fstat(sock.fileno()).st_ino
    return {"inode": inode, "local_port": sock.getsockname()[1], "netns": os.stat("/proc/self/ns/net").st_ino}


def bpf_sk_storage_map(stack: ExitStack) -> Seen:
    storage = Map(SK_STORAGE, 4, 4, 0, btf=True, flags=NO_PREALLOC)
    stack.callback(storage.close)
    server, _ = _connection(stack)
    storage[struct.pack("=i", server.fileno())] = struct.pack("=i", -7)
    columns = {**_ends(server), "value": -7, "uid": os.getuid()}
    return Seen({"map": storage}, "inode", columns, "sk.sk_type", socket.SOCK_STREAM)


def sockmap(stack: ExitStack) -> Seen:
    sockets = Map(SOCKMAP, 4, 4, 5)
    stack.callback(sockets.close)
    server, client = _connection(stack)
    sockets[struct.pack("=I", 3)] = struct.pack("=I", client.fileno())
    columns = {**_ends(client), "key": struct.pack("=I", 3), "remote_port": server.getsockname()[1]}
    return Seen({"map": sockets}, "inode", columns, "sk.sk_type", socket.SOCK_STREAM)


def tcp(stack: ExitStack) -> Seen:
    server, client = _connection(stack)
    accepted, _ = server.accept()
    stack.enter_context(accepted)
    client.sendall(b"x" * 1000)
    # include/uapi/linux/tcp.h, struct tcp_info
    info = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 144)
    rto, _, mss, _ = struct.unpack_from("=4I", info, 8)
    rtt, rttvar, _, cwnd = struct.unpack_from("=4I", info, 68)
    received, out, into = struct.unpack_from("=QII", info, 128)
    columns = {
        **_ends(accepted),
        "cookie": cookie(accepted),
        "remote_port": client.getsockname()[1],
        "state": 1,  # TCP_ESTABLISHED
        "uid": os.getuid(),
        "rx_queue": 1000,
        "bytes_received": received,
        "segs_out": out,
        "segs_in": into,
        "mss": mss,
        "cwnd": cwnd,
        "rto_ns": rto * 1000,
        "srtt_ns": rtt * 1000,
        "rttvar_ns": rttvar * 1000,
        "backlog": None,
    }
    return Seen({}, "inode", columns, "sk_common.skc_num", server.getsockname()[1])


def cookie(sock: socket.socket) -> int:
    """SO_COOKIE, include/uapi/asm-generic/socket.h."""
    return int(struct.unpack("=Q", sock.getsockopt(socket.SOL_SOCKET, 57, 8))[0])


def udp(stack: ExitStack) -> Seen:
    sock = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    sock.bind(("::1", 0))
    columns = {**_ends(sock), "cookie": cookie(sock), "uid": os.getuid(), "drops": 0, "state": 7}
    return Seen({}, "inode", columns, "udp_sk.inet.sk.sk_type", socket.SOCK_DGRAM)


def unix(stack: ExitStack) -> Seen:
    one, other = map(stack.enter_context, socket.socketpair())
    other.send(b"x" * 10)
    columns = {
        "inode": os.fstat(one.fileno()).st_ino,
        "peer_inode": os.fstat(other.fileno()).st_ino,
        "cookie": cookie(one),
        "rx_queue": 10,
        "path": None,
    }
    return Seen({}, "inode", columns, "unix_sk.sk.sk_type", socket.SOCK_STREAM)


def netlink(stack: ExitStack) -> Seen:
    sock = stack.enter_context(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
    sock.bind((0, 0))
    portid = sock.getsockname()[0]
    columns = {
        "inode": os.fstat(sock.fileno()).st_ino,
        "portid": portid,
        "protocol": 0,
        "cookie": cookie(sock),
        "bound": True,
        "drops": 0,
        "netns": os.stat("/proc/self/ns/net").st_ino,
    }
    return Seen({}, "inode", columns, "sk.portid", portid)


def ipv6_route(_: ExitStack) -> Seen:
    """Routes to the same place may be many; the walk's whole answer is compared in test_sockets.py."""
    line = Path("/proc/net/ipv6_route").read_text().splitlines()[0].split()
    index = socket.if_nametoindex(line[9])
    columns = {"ifindex": index, "device": line[9], "netns": os.stat("/proc/self/ns/net").st_ino}
    return Seen({}, "ifindex", columns, "rt.fib6_ref.refs.counter > 0", 1)


def ksym(_: ExitStack) -> Seen:
    lines = [line.split() for line in Path("/proc/kallsyms").read_text().splitlines()]
    (line,) = [line for line in lines if line[2] == "bpf_seq_read"]
    columns = {"name": line[2], "type": line[1], "module": None, "address": int(line[0], 16)}
    return Seen({}, "name", columns, "ksym.value", int(line[0], 16))


def cgroup(stack: ExitStack) -> Seen:
    mount = mount_of("cgroup2")
    if mount is None or not os.access(mount, os.W_OK):
        environment_skip("a writable cgroup2 hierarchy is needed")
    top = Path(tempfile.mkdtemp(dir=mount, prefix="libbpf_iter_"))
    stack.callback(top.rmdir)
    (top / "below").mkdir()
    stack.callback((top / "below").rmdir)
    columns = {
        "id": top.stat().st_ino,
        "parent_id": os.stat(mount).st_ino,
        "level": 1,
        "path": f"/{top.name}",
        "descendants": 1,
        "populated": False,
        "frozen": False,
    }
    return Seen({"cgroup": top}, "id", columns, "cgroup.nr_descendants", 1)


def kmem_cache(_: ExitStack) -> Seen:
    try:
        lines = Path("/proc/slabinfo").read_text().splitlines()
    except FileNotFoundError:
        environment_skip("the kernel has no /proc/slabinfo")
    line = next(line.split() for line in lines if line.startswith("task_struct"))
    size, objects, pages = (int(word) for word in line[3:6])
    columns = {"name": line[0], "size": size, "objects_per_slab": objects, "pages_per_slab": pages}
    columns["total_objects"] = Near(int(line[2]), 2000)
    return Seen({}, "name", columns, "s.size", size)


def dmabuf(stack: ExitStack) -> Seen:
    """Of a memfd: include/uapi/linux/udmabuf.h, UDMABUF_CREATE."""
    if not os.path.exists("/dev/udmabuf"):
        pytest.skip("this kernel makes no buffer without a device: it has no /dev/udmabuf")
    size = 4 * PAGE
    with open(os.memfd_create("test", os.MFD_ALLOW_SEALING), "r+b") as memory, open("/dev/udmabuf") as device:
        memory.truncate(size)
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        create = bytearray(struct.pack("=IIQQ", memory.fileno(), 0, 0, size))
        buffer = stack.enter_context(_libbpf.Fd(fcntl.ioctl, device, 0x40187542, create))
    columns = {"inode": os.fstat(buffer.number).st_ino, "size": size, "exporter": "udmabuf"}
    return Seen({}, "inode", columns, "dmabuf.size", size)


OBJECTS = {
    make.__name__: make
    for make in (
        *(task, task_file, task_vma, bpf_map, bpf_prog, bpf_link, bpf_map_elem, bpf_sk_storage_map),
        *(sockmap, tcp, udp, unix, netlink, ipv6_route, ksym, cgroup, kmem_cache, dmabuf),
    )
}
each = pytest.mark.parametrize(("target", "engine"), [(t, e) for t in OBJECTS for e in ("seq", "snapshot")])


@contextmanager
def seen(target: str) -> Iterator[Seen]:
    if target not in targets():
        lacks(target, f"this kernel has no iterator over {target!r}")
    with ExitStack() as stack:
        yield OBJECTS[target](stack)


def test_each_target_is_tested() -> None:
    assert set(OBJECTS) == set(packaged_targets())


def matching(walk: BpfIter[Any], key: str, value: Any) -> list[dict[str, Any]]:
    return [record for record in map(asdict, walk) if record[key] == value]


@each
def test_every_column(target: str, engine: str) -> None:
    with seen(target) as said:
        names = [field.name for field in object_schema(packaged(target), target).fields]
        if target in ("bpf_map_elem", "bpf_sk_storage_map", "sockmap"):
            names = list(said.columns)
        with Iter(target, engine=engine, columns=names, **said.given) as walk:
            assert walk.engine == engine
            found = matching(walk, said.key, said.columns[said.key])
            expected = {name: told(walk.schema, name, value) for name, value in said.columns.items()}
    assert found and (len(found) == 1 or target == "ipv6_route")
    assert {name: found[0][name] for name in expected} == expected


@each
def test_some_columns(target: str, engine: str) -> None:
    with seen(target) as said:
        names = [said.key, list(said.columns)[-1], list(said.columns)[1]]
        with Iter(target, engine=engine, columns=list(dict.fromkeys(names)), **said.given) as walk:
            found = matching(walk, said.key, said.columns[said.key])
            expected = {name: told(walk.schema, name, said.columns[name]) for name in names}
    assert found and found[0] == expected


@each
def test_a_filter(target: str, engine: str) -> None:
    with seen(target) as said:
        value = said.columns[said.key]
        with Iter(target, engine=engine, where=f"{said.key} == {value!r}", **said.given) as walk:
            found = [asdict(record) for record in walk]
    assert found and {record[said.key] for record in found} == {value}
    assert len(found) == 1 or target == "ipv6_route"


@each
def test_expressions(target: str, engine: str) -> None:
    with seen(target) as said:
        value = said.columns[said.key]
        asked = {"columns": {"it": said.key, "there": said.path}, "where": f"{said.key} == {value!r}"}
        with Iter(target, engine=engine, **said.given, **asked) as walk:
            found = {(record.it, int(record.there)) for record in walk}
    assert found == {(value, said.value)}


@each
def test_kernel_paths_alone(target: str, engine: str) -> None:
    with seen(target) as said, Iter(target, engine=engine, columns={"v": said.path}, **said.given) as walk:
        assert said.value in {int(record.v) for record in walk}


@pytest.mark.parametrize("target", packaged_targets())
def test_what_this_kernel_lacks_is_none_and_said(target: str) -> None:
    """A column is unavailable only on kernels that are too old for what it needs."""
    if target not in targets():
        lacks(target, f"this kernel has no iterator over {target!r}")
    for field in here(object_schema(packaged(target), target)).fields:
        if field.needs:
            assert (field.unavailable is None) == has(field.needs), field
