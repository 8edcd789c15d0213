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
    with parked_processes(1_000), TaskIter(columns=COLUMNS, where="tid == pid", engine="snapshot") as tasks:
        records = timed(lambda: [(t.tid, t.comm, t.rss, t.utime_ns, t.uid) for t in tasks])
        by_psutil = timed(lambda: [process.info for process in psutil.process_iter(ATTRIBUTES)])
        report.compare("as NumPy: psutil.process_iter", timed(tasks.to_numpy), by_psutil, bar=200, rounds=7)
        report.compare("as records: psutil.process_iter", records, by_psutil, rounds=7)
        ps = command("ps", "-eo", "pid,ppid,comm,stat,uid,vsz,rss,time")
        report.compare("ps -eo", records, ps, rounds=7)
        report.compare("/proc/PID/stat by hand", records, timed(by_hand), rounds=7)
    report.finish()


if __name__ == "__main__":
    main()
