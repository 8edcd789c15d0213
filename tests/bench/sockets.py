"""10,000 TCP sockets on loopback: against ss and psutil, and with the owner of each joined in."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import psutil

from libbpf_iter import TaskFileIter, TcpIter

from .measure import Report, command, timed

COUNT = 10_000
COLUMNS = ["local_addr", "local_port", "remote_addr", "remote_port", "state", "inode"]


@contextmanager
def connections(count: int) -> Iterator[None]:
    """That many sockets: both ends of half as many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 1000), max(hard, count + 1000)))
    with ExitStack() as open_, socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        for _ in range(count // 2):
            open_.enter_context(socket.create_connection(server.getsockname()))
            open_.enter_context(server.accept()[0])
        yield


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


def main() -> None:
    report = Report("10,000 TCP sockets")
    with connections(COUNT), TcpIter(columns=COLUMNS) as sockets:
        records = timed(lambda: [(s.local_port, s.remote_port, s.state) for s in sockets])
        theirs = timed(lambda: psutil.net_connections("tcp"))
        report.compare("psutil.net_connections('tcp')", records, theirs, bar=10)
        report.compare("ss -tan", records, command("ss", "-tan"), bar=2)
        with TaskFileIter(columns=["pid", "fd", "inode", "comm"], where="kind == 'SOCKET'") as files:
            joined = timed(lambda: owned(files, sockets))
            report.compare("with pid and fd, as records: ss -tanp", joined, command("ss", "-tanp"))
            by_column = timed(lambda: owned_in_numpy(files, sockets))
            report.compare("with pid and fd, in NumPy: ss -tanp", by_column, command("ss", "-tanp"), bar=4)
        raw = timed(lambda: sum(map(len, sockets.chunks())))
        report.compare("raw chunks: ss -tan", raw, command("ss", "-tan"))
        report.compare("to NumPy: ss -tan", timed(sockets.to_numpy), command("ss", "-tan"))
    report.finish()


if __name__ == "__main__":
    main()
