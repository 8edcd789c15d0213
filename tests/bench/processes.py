"""Processes as monitoring agents ask for them: against psutil, ps, and /proc read by hand."""

from __future__ import annotations

import os
from operator import attrgetter
from pathlib import Path

import psutil

from libbpf_iter import TaskIter

from .measure import Report, command, timed
from .scenes import parked_processes

# The same of each process: what psutil splits in objects of its own, we have in columns.
ATTRIBUTES = ["pid", "ppid", "name", "status", "num_threads", "uids"]
ATTRIBUTES += ["memory_info", "cpu_times", "create_time"]
COLUMNS = ["tid", "ppid", "comm", "state", "threads", "uid", "euid", "vsize", "rss"]
COLUMNS += ["utime_ns", "stime_ns", "start_time_ns"]


def by_hand() -> list[tuple[object, ...]]:
    """The same columns out of stat, but for the users, which are in status."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            head, _, tail = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")
            status = Path(f"/proc/{name}/status").read_bytes()
        except OSError:
            continue  # it has ended
        at = status.index(b"Uid:")
        uid, euid, _ = status[at + 4 : status.index(b"\n", at)].split(maxsplit=2)
        stat = tail.split()
        comm = head[head.index(b"(") + 1 :].decode()
        numbers = [int(stat[field]) for field in (1, 17, 20, 21, 11, 12, 19)]
        found.append((int(name), comm, stat[0], int(uid), int(euid), *numbers))
    return found


def main() -> None:
    report = Report("processes with the attributes that agents read")
    by_psutil = timed(lambda: [process.info for process in psutil.process_iter(ATTRIBUTES)])
    for wanted in (200, 2_000):
        count = report.size(wanted)
        with (
            parked_processes(count),
            TaskIter(columns=COLUMNS, where="tid == pid", engine="snapshot") as tasks,
            TaskIter(columns=COLUMNS, where="tid == pid", engine="seq") as seq,
        ):
            numpy = timed(tasks.to_numpy)
            records = timed(lambda tasks=tasks: list(tasks))
            read = timed(lambda tasks=tasks: list(map(attrgetter(*COLUMNS), tasks)))
            name = f"{count:,} to NumPy: psutil.process_iter"
            report.compare(name, numpy, by_psutil, bar=200 if wanted == 2_000 else None, count=count)
            if wanted < 2_000:
                continue
            report.compare("as records: psutil.process_iter", records, by_psutil)
            report.compare("as records, all columns read: psutil.process_iter", read, by_psutil)
            by_seq = timed(lambda seq=seq: list(seq))
            report.compare("as records of the descriptor: psutil.process_iter", by_seq, by_psutil)
            ps = command("ps", "-eo", "pid,ppid,comm,stat,nlwp,uid,euid,vsz,rss,time,lstart")
            report.compare("as records, all columns read: ps -eo", read, ps)
            report.compare("as records, all columns read: /proc by hand", read, timed(by_hand))
    report.finish()


if __name__ == "__main__":
    main()
