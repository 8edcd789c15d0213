"""The network targets against sockets that the tests open, in namespaces that they make."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import Ipv6RouteIter, NetlinkIter, TcpIter, UdpIter, UnixIter, errors
from libbpf_iter.netns import open_namespace
from tests.kernel.network import CLONE_NEWNET, inode, other_namespace

MS_BIND = 4096  # include/uapi/linux/mount.h


def test_tcp_connection() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=7))
        client = stack.enter_context(socket.create_connection(server.getsockname()))
        accepted, _ = server.accept()
        stack.enter_context(accepted)
        client.sendall(b"x" * 1000)
        with TcpIter() as sockets:
            found = {record.inode: record for record in sockets}
        listening, receiving = found[inode(server)], found[inode(accepted)]
        assert repr(listening.state) == "TCP_LISTEN"
        assert (listening.backlog, listening.backlog_max) == (0, 7)
        assert repr(receiving.state) == "TCP_ESTABLISHED"
        assert receiving.bytes_received == receiving.rx_queue == 1000
        assert str(receiving.remote_addr) == "127.0.0.1"
        assert receiving.remote_port == client.getsockname()[1]
        assert receiving.local_port == server.getsockname()[1]
        assert receiving.uid == os.getuid()
        congestion = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
        assert receiving.congestion == congestion.rstrip(b"\0").decode()
        assert receiving.netns == os.stat("/proc/self/ns/net").st_ino


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_udp_socket(family: int, address: str) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))
        with UdpIter() as sockets:
            (record,) = [r for r in sockets if r.inode == inode(sock)]
        assert str(record.local_addr) == address
        assert record.local_port == sock.getsockname()[1]
        assert record.netns == os.stat("/proc/self/ns/net").st_ino


@pytest.mark.many
def test_thousands_of_unix_sockets_are_all_there() -> None:
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(1500)]
        for pair in pairs:
            for end in pair:
                stack.enter_context(end)
        named = stack.enter_context(socket.socket(socket.AF_UNIX))
        named.bind("\0libbpf_iter test")
        wanted = {inode(end) for pair in pairs for end in pair}
        peer_of_first = inode(pairs[0][1])
        first = inode(pairs[0][0])
        with UnixIter() as sockets:
            assert sockets.engine == "snapshot"
            found = list(sockets)
            assert len(list(sockets)) >= len(wanted)
        by_inode = {record.inode: record for record in found}
        assert wanted <= set(by_inode)
        assert len(found) == len({record.cookie for record in found})
        assert by_inode[first].peer_inode == peer_of_first
        assert by_inode[inode(named)].abstract == "libbpf_iter test"
        assert by_inode[inode(named)].path is None


def test_netlink_and_routes_answer() -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.bind((0, 0))
        with NetlinkIter() as sockets:
            (record,) = [r for r in sockets if r.inode == inode(sock)]
        assert record.portid == sock.getsockname()[0]
    with Ipv6RouteIter() as routes, open("/proc/net/ipv6_route") as lines:
        theirs = sorted((line.split()[0], int(line.split()[1], 16)) for line in lines)
        ours = sorted((r.destination.packed.hex(), r.prefix_len) for r in routes if r.destination)
    assert ours == theirs


def test_another_namespace_is_walked_and_left() -> None:
    here = os.stat("/proc/thread-self/ns/net").st_ino
    with other_namespace() as namespace:
        there = os.fstat(namespace).st_ino
        path = f"/proc/self/fd/{namespace}"
        with TcpIter(netns=path) as sockets:
            assert {record.netns for record in sockets} <= {there}
        with open(path) as opened, NetlinkIter(netns=opened) as sockets:
            assert {record.netns for record in sockets} == {there}
        assert os.stat("/proc/thread-self/ns/net").st_ino == here


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_session_is_in_the_namespace_of_the_thread_that_made_it(engine: str) -> None:
    with other_namespace() as namespace, NetlinkIter(engine=engine) as sockets:
        made: list[Any] = []

        def make() -> None:
            assert ctypes.CDLL(None).setns(namespace, 0) == 0
            made.append(sockets.session())

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        assert {record.netns for record in made[0]} == {os.fstat(namespace).st_ino}


def test_a_walk_that_outgrows_its_memory_stays_where_it_began() -> None:
    """Whichever thread reads it, and finds that another session is needed."""
    wide = {"inode": "inode", **{f"copy{number}": "inode" for number in range(250)}}
    with (
        other_namespace() as namespace,
        UnixIter(columns=wide, engine="snapshot") as sockets,
        ExitStack() as held,
    ):
        made: list[Any] = []

        def make() -> None:
            assert ctypes.CDLL(None).setns(namespace, 0) == 0
            for _ in range(300):
                made.extend(held.enter_context(one) for one in socket.socketpair())
            made.append(sockets.session())

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        session = made.pop()
        assert {record.inode for record in session} == set(map(inode, made))
        assert session.lost == ()


def test_all_namespaces() -> None:
    here = os.stat("/proc/thread-self/ns/net").st_ino
    stop, ready = threading.Event(), threading.Event()
    inodes: list[int] = []

    def live_elsewhere() -> None:
        ctypes.CDLL(None).unshare(CLONE_NEWNET)
        inodes.append(os.stat("/proc/thread-self/ns/net").st_ino)
        ready.set()
        stop.wait()

    thread = threading.Thread(target=live_elsewhere)
    thread.start()
    try:
        ready.wait()
        with NetlinkIter(netns="all") as sockets:
            seen = {record.netns for record in sockets}
    finally:
        stop.set()
        thread.join()
    assert {here, *inodes} <= seen


@pytest.mark.parametrize("name", ["blue", "no task's", "zürich", "\\134 and\ttab", os.fsdecode(b"\xff")])
def test_a_namespace_that_no_task_is_in_is_found_by_its_mount(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    target.touch()
    mount = ctypes.CDLL(None, use_errno=True).mount
    with other_namespace() as namespace:
        there = os.fstat(namespace).st_ino
        source = f"/proc/self/fd/{namespace}".encode()
        assert mount(source, os.fsencode(target), None, MS_BIND, None) == 0, os.strerror(ctypes.get_errno())
    try:
        with NetlinkIter(netns="all") as sockets:
            assert there in {record.netns for record in sockets}
    finally:
        subprocess.run(["umount", os.fsencode(target)], check=True)


def test_namespaces_that_are_none() -> None:
    with pytest.raises(errors.NoSuchObject, match="netns"):
        TcpIter(netns="/run/netns/nobody-has-this")
    with pytest.raises(errors.NoSuchProcess, match="netns"):
        TcpIter(netns=2**30)
    with pytest.raises(errors.ParameterError):
        open_namespace(True)
