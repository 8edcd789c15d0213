"""Processes as monitoring agents ask for them: against psutil, ps, and /proc read by hand."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from libbpf_iter import TaskIter

from .measure import Report, command, parked_processes, timed

ATTRIBUTES = ["pid", "ppid", "name", "status", "num_threads", "uids"]
ATTRIBUTES += ["memory_info", "cpu_times", "create_time"]
COLUMNS = ["tid", "ppid", "comm", "state", "threads", "uid", "euid", "vsize", "rss"]
COLUMNS += ["utime_ns", "stime_ns", "start_time_ns"]


def by_hand() -> list[list[bytes]]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found.append(Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split())
            except OSError:
                continue
    return found


def main() -> None:
    report = Report("1,000 processes with the attributes that agents read")
    with parked_processes(1_000), TaskIter(columns=COLUMNS, where="tid == pid") as tasks:
        ours = timed(lambda: [(t.tid, t.comm, t.rss, t.utime_ns, t.uid) for t in tasks])
        psutil_side = timed(lambda: [process.info for process in psutil.process_iter(ATTRIBUTES)])
        report.compare("psutil.process_iter", ours, psutil_side, bar=200, rounds=7)
        report.compare("ps -eo", ours, command("ps", "-eo", "pid,ppid,comm,stat,uid,vsz,rss,time"), rounds=7)
        report.compare("/proc/PID/stat by hand", ours, timed(by_hand), rounds=7)
    report.finish()


if __name__ == "__main__":
    main()
