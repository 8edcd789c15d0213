"""Eight columns of all tasks against C reading the iterator's descriptor, and how the cost grows."""

from __future__ import annotations

from libbpf_iter import TaskIter

from .measure import Report, parked_threads, reader, timed

COLUMNS = ["tid", "pid", "ppid", "uid", "comm", "vsize", "rss", "start_time_ns"]


def main() -> None:
    report = Report("tasks, eight columns, against C reading the iterator's descriptor")
    with reader("tasks.bpf.c") as c:
        for count in (1_000, 10_000, 20_000):
            with parked_threads(count), TaskIter(columns=COLUMNS) as tasks:
                seq = TaskIter(columns=COLUMNS, engine="seq")
                bars = count == 10_000
                report.compare(f"{count} to NumPy", timed(tasks.to_numpy), c, bar=5 if bars else None)
                report.compare(
                    f"{count} records, three attributes read",
                    timed(lambda tasks=tasks: [(t.tid, t.comm, t.rss) for t in tasks]),
                    c,
                    bar=1 if bars else None,
                )
                report.compare(
                    f"{count} as raw chunks of the descriptor",
                    timed(lambda seq=seq: sum(map(len, seq.chunks()))),
                    c,
                    bar=0.95 if bars else None,
                )
                seq.close()
    report.finish()


if __name__ == "__main__":
    main()
