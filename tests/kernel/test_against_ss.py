"""The sockets of this namespace as ss shows them: of all kinds and states, some hundreds of them.

Others' sockets come and go meanwhile, so ss is asked before and after a walk: what it says twice, our walk
must say too; and what two walks have in common, ss must have seen in between.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import Ipv6RouteIter, NetlinkIter, TcpIter, UdpIter, UnixIter
from libbpf_iter.netns import open_namespace
from tests.conftest import environment_skip
from tests.kernel import ss
from tests.kernel.network import inode, other_namespace

UID = 4321
LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listen(stack: ExitStack, family: int, host: str, backlog: int = 128) -> socket.socket:
    server = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
    server.bind((host, 0))
    server.listen(backlog)
    return server


def connect(stack: ExitStack, server: socket.socket) -> socket.socket:
    client = stack.enter_context(socket.socket(server.family, server.type))
    client.connect(server.getsockname())
    return client


def connection(stack: ExitStack, server: socket.socket) -> tuple[socket.socket, socket.socket]:
    client = connect(stack, server)
    accepted, _ = server.accept()
    return client, stack.enter_context(accepted)


def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(100):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to that state")


def tcp_sockets(stack: ExitStack) -> set[str]:
    """Make sockets in as many states as loopback allows; gives the names of the states."""
    for family, host in LOOPBACK:
        server = listen(stack, family, host)
        for number in range(100):
            client, accepted = connection(stack, server)
            if number % 3:
                client.sendall(b"x" * number * 50)
            if number % 3 and number % 5 == 0:
                accepted.recv(1 << 16)
            if number % 10 == 0:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # TIME_WAIT: both ends closed, this one first.
        for _ in range(20):
            client, accepted = connection(stack, server)
            client.close()
            accepted.close()
        # FIN_WAIT2 and CLOSE_WAIT: one way closed.
        client, _ = connection(stack, server)
        client.shutdown(socket.SHUT_WR)
    # Not accepted, and beyond the backlog: SYN_SENT, which waits to send again.
    full = listen(stack, socket.AF_INET, "127.0.0.1", backlog=0)
    connect(stack, full)
    waiting = stack.enter_context(socket.socket())
    waiting.setblocking(False)
    waiting.connect_ex(full.getsockname())
    # A listener that wants data first leaves the connection a request.
    reluctant = listen(stack, socket.AF_INET, "127.0.0.1")
    reluctant.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
    connect(stack, reluctant)
    # What an IPv4 peer looks like to an IPv6 socket; a device; a mark; an owner; an algorithm.
    dual = listen(stack, socket.AF_INET6, "::")
    mapped = stack.enter_context(socket.create_connection(("127.0.0.1", dual.getsockname()[1])))
    mapped.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
    bound = stack.enter_context(socket.socket())
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x77)
    bound.bind(("0.0.0.0", 0))
    os.fchown(bound.fileno(), UID, -1)
    bound.listen(3)
    return {
        "TCP_ESTABLISHED",
        "TCP_TIME_WAIT",
        "TCP_FIN_WAIT2",
        "TCP_CLOSE_WAIT",
        "TCP_SYN_SENT",
        "TCP_SYN_RECV",
        "TCP_LISTEN",
    }


def same_address(ours: object, theirs: str) -> None:
    host, _ = ss.address(theirs)
    if host:
        assert str(ours) == host
    else:
        assert str(ours) in ("::", "0.0.0.0")


def common(record: Any, said: ss.Said) -> None:
    """What is compared for TCP and UDP alike."""
    same_address(record.local_addr, said["local"])
    same_address(record.remote_addr, said["remote"])
    assert record.local_port == int(said["local_port"].replace("*", "0"))
    assert record.remote_port == int(said["remote_port"].replace("*", "0"))
    assert record.inode == int(said.get("ino", 0))
    assert record.uid in (None, int(said.get("uid", 0)))
    assert record.mark == int(said.get("fwmark", "0"), 16)
    device = ss.address(said["local"])[1]
    assert record.ifindex == (socket.if_nametoindex(device) if device else 0)


def unchanged(before: dict[int, ss.Said], after: dict[int, ss.Said]) -> dict[int, ss.Said]:
    """What both agreed on, without what depends on the time."""
    moving = {"lastsnd", "lastrcv", "lastack", "expires", "tokens"}

    def still(said: ss.Said) -> ss.Said:
        return {key: value for key, value in said.items() if key not in moving}

    return {
        key: after[key] for key, said in before.items() if key in after and still(said) == still(after[key])
    }


ALGORITHMS = "/proc/sys/net/ipv4/tcp_available_congestion_control"


def compare_tcp(record: Any, said: ss.Said, algorithms: set[str]) -> None:
    common(record, said)
    # What has no file left is TCP_NEW_SYN_RECV to the kernel, and SYN-RECV to ss.
    assert repr(record.state).replace("_NEW_", "_") == said["state"]
    if said["state"] == "TCP_LISTEN":
        assert (record.backlog, record.backlog_max) == (int(said["rx"]), int(said["tx"]))
    else:
        assert record.backlog is record.backlog_max is None
        assert (record.rx_queue, record.tx_queue) == (int(said["rx"]), int(said["tx"]))
    assert {record.congestion} - {""} == algorithms & set(said["tokens"].split())
    assert repr(record.timer) == said.get("timer", "TIMER_OFF")
    if "expires" in said:
        assert record.timer_expires_ns / 1e9 == pytest.approx(ss.seconds(said["expires"]), abs=61)
    assert record.retransmits == int(said.get("retransmits", 0)) or record.timer == 2
    if record.cwnd is None:
        assert "cwnd" not in said
        return
    assert record.cwnd == int(said["cwnd"])
    if said["state"] == "TCP_LISTEN":
        return
    # ss leaves out what is 0, and an rto that no measurement has changed yet.
    assert record.rto_ns == float(said.get("rto", 3000)) * 1e6
    assert f"{record.srtt_ns / 1e6:g}/{record.rttvar_ns / 1e6:g}" == said.get("rtt", "0/250")
    for name, key in (
        ("bytes_acked", "bytes_acked"),
        ("bytes_received", "bytes_received"),
        ("bytes_sent", "bytes_sent"),
        ("segs_in", "segs_in"),
        ("segs_out", "segs_out"),
        ("snd_wnd", "snd_wnd"),
        ("mss", "mss"),
    ):
        assert getattr(record, name) == int(said.get(key, 0)), name
    assert (record.ssthresh or 0) == int(said.get("ssthresh", 0))
    assert record.total_retrans == int(said.get("retrans", "0/0").partition("/")[2])


def test_tcp(stack: ExitStack) -> None:
    states = tcp_sockets(stack)
    algorithms = set(Path(ALGORITHMS).read_text().split())
    sockets = stack.enter_context(TcpIter())
    # Requests get their cookie when somebody asks for it.
    eventually(lambda: states <= {said["state"] for said in ss.internet("-t").values()})
    first = {record.cookie for record in sockets}
    before = ss.internet("-t")
    ours = {record.cookie: record for record in sockets}
    said = unchanged(before, ss.internet("-t"))
    assert states <= {one["state"] for one in said.values()}
    assert len(said) >= 400
    assert set(said) <= set(ours)
    assert first & set(ours) <= set(before)
    for cookie, one in said.items():
        compare_tcp(ours[cookie], one, algorithms)
    assert sum(1 for record in ours.values() if record.uid == UID) == 1


def test_udp(stack: ExitStack) -> None:
    for family, host in LOOPBACK:
        server = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
        server.bind((host, 0))
        for number in range(100):
            client = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            client.connect(server.getsockname())
            client.send(b"x" * number)
    any_of_both = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    any_of_both.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x77)
    any_of_both.bind(("::", 0))
    os.fchown(any_of_both.fileno(), UID, -1)
    sockets = stack.enter_context(UdpIter())

    ss.internet("-u")
    first = {record.cookie for record in sockets}
    before = ss.internet("-u")
    ours = {record.cookie: record for record in sockets}
    said = unchanged(before, ss.internet("-u"))
    assert len(said) >= 203
    assert set(said) <= set(ours)
    assert first & set(ours) <= set(before)
    for cookie, one in said.items():
        record = ours[cookie]
        common(record, one)
        assert repr(record.state) == one["state"]
        assert (record.rx_queue, record.tx_queue) == (int(one["rx"]), int(one["tx"]))
        assert f",d{record.drops})" in one["tokens"]
    assert sum(1 for record in ours.values() if record.uid == UID) == 1


def test_unix(stack: ExitStack, tmp_path: Path) -> None:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        for number in range(50):
            for end in (pair := socket.socketpair(type=kind)):
                stack.enter_context(end)
            if number % 3:
                pair[0].send(b"x" * number)
        half, _ = (stack.enter_context(end) for end in socket.socketpair(type=kind))
        half.shutdown(socket.SHUT_WR)
    names = [str(tmp_path / "plain"), str(tmp_path / "with blanks"), "\0libbpf_iter abstract"]
    wanted = set()
    for backlog, name in enumerate(names, 3):
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(name)
        server.listen(backlog)
        client = stack.enter_context(socket.socket(socket.AF_UNIX))
        client.connect(name)
        client, accepted = connection(stack, server)
        client.send(b"x" * 10)
        connect(stack, server)
        wanted |= {inode(server), inode(accepted)}
    sockets = stack.enter_context(UnixIter())

    first = {record.inode for record in sockets} - {0}
    before = ss.unix()
    ours = {record.inode: record for record in sockets}
    after = ss.unix()
    said = {key: one for key, one in after.items() if before.get(key) == one}
    assert wanted <= set(said)
    assert len(said) >= 300
    assert set(said) <= set(ours)
    assert first & set(ours) <= set(before)
    kinds = {"u_str": "SOCK_STREAM", "u_dgr": "SOCK_DGRAM", "u_seq": "SOCK_SEQPACKET"}
    for key, one in said.items():
        record = ours[key]
        assert repr(record.type) == kinds[one["type"]]
        assert repr(record.state) == one["state"]
        name = record.path if record.abstract is None else "@" + record.abstract
        assert (name or "*") == one["name"]
        assert record.peer_inode == int(one["peer_inode"])
        if one["state"] == "TCP_LISTEN":
            assert (record.backlog, record.backlog_max) == (int(one["rx"]), int(one["tx"]))
        else:
            assert (record.rx_queue, record.tx_queue) == (int(one["rx"]), int(one["tx"]))
        # < and > are the ways that are still open.
        closed = int(record.shutdown)
        assert one["shutdown"] == ("-" if closed & 1 else "<") + "-" + ("-" if closed & 2 else ">")


def test_netlink(stack: ExitStack) -> None:
    """Against /proc/net/netlink: ss loses the socket at which the kernel cuts its answer in two."""
    made = {}
    for protocol in (0, 4, 15, 16):  # NETLINK_ROUTE, SOCK_DIAG, KOBJECT_UEVENT, GENERIC
        for number in range(50):
            sock = stack.enter_context(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol))
            # Groups that nobody sends to, so that the queues stay as they are.
            groups = (number % 2) << 30 if protocol == 0 else 0
            sock.bind((0, groups))
            made[inode(sock)] = (protocol, sock.getsockname()[0], groups, 0, 0, 0)
    with NetlinkIter() as sockets:
        ours = {
            r.inode: (int(r.protocol), r.portid, r.groups, r.rx_queue, r.tx_queue, r.drops) for r in sockets
        }
    theirs = {}
    for line in Path("/proc/net/netlink").read_text().splitlines()[1:]:
        _, protocol, port, groups, rx, tx, _, _, drops, number = line.split()
        theirs[int(number)] = (int(protocol), int(port), int(groups, 16), int(rx), int(tx), int(drops))
    assert made.items() <= theirs.items()
    assert made.items() <= ours.items()


def test_ipv6_routes() -> None:
    """In a namespace of its own, with routes of several kinds and tables."""
    with other_namespace() as namespace:

        def ip(*words: str) -> str:
            return ss.run("nsenter", f"--net=/proc/{os.getpid()}/fd/{namespace}", "ip", "-6", *words)

        ip("link", "set", "lo", "up")
        try:
            ip("link", "add", "veth7", "type", "veth", "peer", "name", "veth8")
        except subprocess.CalledProcessError as error:
            environment_skip(f"two devices that are one link need the module veth: {error.stderr}")
        ip("link", "set", "veth7", "up")
        ip("link", "set", "veth8", "up")
        ip("address", "add", "2001:db8::1/64", "dev", "veth7", "nodad")
        for number in range(200):
            table = str(100 + number % 3)
            ip("route", "add", f"2001:db8:{number + 1:x}::/48", "via", "2001:db8::2", "table", table)
        ip("route", "add", "blackhole", "2001:db8:ffff::/48", "metric", "77")
        ip("route", "add", "default", "via", "2001:db8::3", "metric", "5")
        said = json.loads(ip("-j", "-N", "route", "show", "table", "all"))
        descriptor = open_namespace(f"/proc/{os.getpid()}/fd/{namespace}")
        with descriptor, Ipv6RouteIter(netns=descriptor) as routes:
            ours = {
                (
                    f"{r.destination}/{r.prefix_len}",
                    str(r.gateway) if r.gateway else None,
                    r.device,
                    r.metric,
                    r.table,
                )
                for r in routes
            }
    theirs = set()
    for route in said:
        destination = "::/0" if route["dst"] == "default" else route["dst"]
        destination += "" if "/" in destination else "/128"
        table = int(route.get("table", 254))
        theirs.add((destination, route.get("gateway"), route["dev"], route["metric"], table))
    assert len(theirs) >= 205
    assert theirs <= ours
    # What else there is are the kernel's own: the null route of each table, which ip leaves out.
    assert {one for one in ours - theirs if one[2] != "lo"} == set()
