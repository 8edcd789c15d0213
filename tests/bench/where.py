"""What a filter costs: one object of 10,000 kept, against a walk that keeps all; and text to first record."""

from __future__ import annotations

import statistics

from libbpf_iter import TaskIter

from .measure import Report, timed
from .scenes import parked_threads

FIRST_MS = 25
QUERIES = {
    "kernel paths": {"columns": {"vm": "mm.total_vm"}, "where": "mm.total_vm > 0"},
    "columns of ours": {"columns": ["tid", "comm"], "where": "rss > 0"},
    "both": {"columns": {"vm": "mm.total_vm", "rss": "rss"}, "where": "comm != ''"},
}


def main() -> None:
    report = Report("a filter in the kernel, against the walk itself")
    with parked_threads(report.size(10_000)) as pid:
        for engine in ("seq", "snapshot"):
            columns = ["tid", "comm", "rss"]
            every = TaskIter(columns=columns, engine=engine)
            one = TaskIter(columns=columns, engine=engine, where=f"tid == {pid}")
            with every, one:
                assert [task.tid for task in one] == [pid]
                ours = timed(lambda one=one: list(one))
                theirs = timed(lambda every=every: sum(map(len, every.chunks())))
                report.compare(f"{engine}: one record of all kept", ours, theirs, bar=1)
    for name, query in QUERIES.items():

        def first(query: dict[str, object] = query) -> object:
            with TaskIter(**query) as tasks:
                return next(iter(tasks))

        side = timed(first)
        side()
        took = statistics.median(side() for _ in range(15)) * 1e3
        report.note(f"{name}: text to first record, ms (at most {FIRST_MS})", round(took, 1))
    report.finish()


if __name__ == "__main__":
    main()
