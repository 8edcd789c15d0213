"""What ss says of sockets, one dict for each: its columns as text, its key:value pairs as they stand."""

from __future__ import annotations

import re
from ipaddress import ip_address

from tests.conftest import environment_skip
from tests.kernel.network import run

Said = dict[str, str]

# As ss names them, misc/ss.c, sstate_name.
STATES = {
    "ESTAB": "TCP_ESTABLISHED",
    "SYN-SENT": "TCP_SYN_SENT",
    "SYN-RECV": "TCP_SYN_RECV",
    "FIN-WAIT-1": "TCP_FIN_WAIT1",
    "FIN-WAIT-2": "TCP_FIN_WAIT2",
    "TIME-WAIT": "TCP_TIME_WAIT",
    "UNCONN": "TCP_CLOSE",
    "CLOSE-WAIT": "TCP_CLOSE_WAIT",
    "LAST-ACK": "TCP_LAST_ACK",
    "LISTEN": "TCP_LISTEN",
    "CLOSING": "TCP_CLOSING",
}
_TIMERS = {
    "on": "TIMER_RETRANSMIT",
    "keepalive": "TIMER_KEEPALIVE",
    "timewait": "TIMER_TIMEWAIT",
    "persist": "TIMER_PROBE",
}
_SECONDS = {"ms": 0.001, "sec": 1.0, "min": 60.0, "hour": 3600.0}
_PAIR = re.compile(r"(?:^|\s)([a-z_]+):([^\s(:]+)")
# A path may hold blanks, so the columns are found by the numbers behind it.
_UNIX = re.compile(
    r"(?P<type>u_\w+) +(?P<state>\S+) +(?P<rx>\d+) +(?P<tx>\d+) +"
    r"(?P<name>.*?) +(?P<inode>\d+) +(?P<peer_name>.*?) +(?P<peer_inode>\d+) +(?P<shutdown>[<-]-[>-])"
)


def internet(protocol: str) -> dict[int, Said]:
    """The sockets of -t or -u, by cookie."""
    found = {}
    lines = run("ss", "-HOanpeimo", protocol)
    if lines and "skmem:" not in lines:
        environment_skip("without the kernel's module inet_diag, ss says what /proc says")
    for line in lines.splitlines():
        state, rx, tx, local, remote, *rest = line.split()
        text = " ".join(rest)
        said = {"state": STATES[state], "rx": rx, "tx": tx, "tokens": text}
        said["local"], said["local_port"] = local.rsplit(":", 1)
        said["remote"], said["remote_port"] = remote.rsplit(":", 1)
        said |= {key: value for key, value in _PAIR.findall(text) if value}
        if timer := re.search(r"timer:\((\w+),([^,]*),(\d+)\)", text):
            said["timer"], said["retransmits"] = _TIMERS[timer[1]], timer[3]
            said["expires"] = timer[2]
        found[int(said["sk"], 16)] = said
    return found


def unix() -> dict[int, Said]:
    """The Unix sockets, by inode; those before accept() have none and are left out."""
    found = {}
    for line in run("ss", "-HOxae").splitlines():
        columns = _UNIX.match(line)
        if columns is None:
            environment_skip(f"without the kernel's module unix_diag, ss says what /proc says: {line}")
        said = columns.groupdict() | {"state": STATES[columns["state"]]}
        if int(said["inode"]):
            found[int(said["inode"])] = said
    return found


def address(text: str) -> tuple[str, str]:
    """An address as Python writes it, and the device that it is bound to; "" for ss's * of any family."""
    host, _, device = text.strip("[]").partition("%")
    host = host.rstrip("]")
    return ("" if host == "*" else str(ip_address(host))), device.rstrip("]")


def seconds(text: str) -> float:
    """1min29sec, 59sec, 200ms or 9.960ms; "" where it is due this moment."""
    parts = re.findall(r"([\d.]+)(ms|sec|min|hour)", text)
    assert parts or not text, text
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
