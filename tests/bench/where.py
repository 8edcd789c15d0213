"""What a filter costs: few objects kept, or all, against a walk without one; and text to first record."""

from __future__ import annotations

import os
import statistics
from typing import Any

from libbpf_iter import TaskFileIter, TaskIter
from libbpf_iter.base import BpfIter

from .measure import Report, Side, timed
from .scenes import opened_files, parked_threads

FIRST_MS = 25
FILTERS = {"1 of all": "tid == {pid}", "1 of 100": "tid % 100 == 7", "all": "rss >= 0"}
QUERIES = {
    "kernel paths": {"columns": {"vm": "mm.total_vm"}, "where": "mm.total_vm > 0"},
    "columns of ours": {"columns": ["tid", "comm"], "where": "rss > 0"},
    "both": {"columns": {"vm": "mm.total_vm", "rss": "rss"}, "where": "comm != ''"},
}


def walk(objects: BpfIter[Any]) -> Side:
    return timed(lambda: sum(map(len, objects.chunks())))


def main() -> None:
    report = Report("a filter in the kernel, against the walk without it")
    columns = ["tid", "comm", "rss"]
    with parked_threads(report.size(10_000)) as pid:
        for engine in ("seq", "snapshot"):
            with TaskIter(columns=columns, engine=engine) as tasks:
                for name, where in FILTERS.items():
                    with TaskIter(columns=columns, engine=engine, where=where.format(pid=pid)) as kept:
                        bar = None if name == "all" else 1
                        report.compare(f"tasks by {engine}: {name} kept", walk(kept), walk(tasks), bar=bar)
    with opened_files(report.size(5_000)), TaskFileIter(pid=os.getpid()) as files:
        for name, where in {"none": "fd < 0", "all": "fd >= 0"}.items():
            with TaskFileIter(pid=os.getpid(), where=where) as kept:
                report.compare(f"files with their paths: {name} kept", walk(kept), walk(files))
    for name, query in QUERIES.items():

        def first(query: dict[str, object] = query) -> object:
            with TaskIter(**query) as tasks:
                return next(iter(tasks))

        side = timed(first)
        side()
        took = statistics.median(side().elapsed for _ in range(15)) * 1e3
        report.note(f"{name}: text to first record, ms (at most {FIRST_MS})", round(took, 1))
    report.finish()


if __name__ == "__main__":
    main()
