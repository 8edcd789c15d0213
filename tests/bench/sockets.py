"""10,000 TCP sockets on loopback: against ss, psutil and pyroute2, and with the owner of each joined in."""

from __future__ import annotations

import socket

import numpy as np
import psutil
from pyroute2 import DiagSocket

from libbpf_iter import TaskFileIter, TcpIter

from .measure import Report, command, timed
from .native import same_reader
from .scenes import connections

COLUMNS = ["local_addr", "local_port", "remote_addr", "remote_port", "state", "inode"]


def owned(files: TaskFileIter, sockets: TcpIter) -> list[tuple[object, ...]]:
    owners = {file.inode: file for file in files}
    return [(s.local_port, s.remote_port, s.state, owners.get(s.inode)) for s in sockets]


def owned_in_numpy(files: TaskFileIter, sockets: TcpIter) -> tuple[object, ...]:
    """The same join by column: for each socket the row of the file that it is."""
    held, found = files.to_numpy(), sockets.to_numpy()
    order = np.argsort(held["inode"])
    rows = order[np.searchsorted(held["inode"], found["inode"], sorter=order).clip(max=len(held) - 1)]
    owner = np.where(held["inode"][rows] == found["inode"], held["pid"][rows], 0)
    return found, held["fd"][rows], owner


def diagnosed(netlink: DiagSocket) -> list[object]:
    return [found for family in (socket.AF_INET, socket.AF_INET6) for found in netlink.get_sock_stats(family)]


def main() -> None:
    report = Report("TCP sockets")
    for wanted in (1_000, 10_000):
        count, most = report.size(wanted), wanted == 10_000
        with connections(count), TcpIter(columns=COLUMNS) as sockets:
            records = timed(lambda sockets=sockets: [(s.local_port, s.remote_port, s.state) for s in sockets])
            theirs = timed(lambda: psutil.net_connections("tcp"))
            name = f"{count:,} as records: psutil.net_connections('tcp')"
            report.compare(name, records, theirs, bar=10 if most else None, count=count)
            ss = command("ss", "-tan")
            report.compare(f"{count:,} as records: ss -tan", records, ss, bar=2 if most else None)
            if not most:
                continue
            with DiagSocket() as netlink:
                report.compare("as records: pyroute2", records, timed(lambda: diagnosed(netlink)))
            with TaskFileIter(columns=["pid", "fd", "inode", "comm"], where="kind == 'SOCKET'") as files:
                with_owner = command("ss", "-tanp")
                joined = timed(lambda: owned(files, sockets))
                report.compare("with pid and fd, as records: ss -tanp", joined, with_owner, bar=4)
                by_column = timed(lambda: owned_in_numpy(files, sockets))
                report.compare("with pid and fd, in NumPy: ss -tanp", by_column, with_owner)
            report.compare("to NumPy: ss -tan", timed(sockets.to_numpy), ss)
            with same_reader(sockets) as c:
                raw = timed(lambda: sum(map(len, sockets.chunks())))
                report.compare("as chunks: C over the same iterator", raw, c)
    report.finish()


if __name__ == "__main__":
    main()
