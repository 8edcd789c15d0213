"""Eight columns of all tasks against C reading the iterator's descriptor, and how the cost grows."""

from __future__ import annotations

from libbpf_iter import TaskIter

from .measure import Report, timed
from .native import reader, same_reader
from .scenes import parked_threads

COLUMNS = ["tid", "pid", "ppid", "uid", "comm", "vsize", "rss", "start_time_ns"]


def main() -> None:
    report = Report("tasks, eight columns, against C reading the iterator's descriptor")
    with reader("tasks.bpf.c") as c:
        for wanted in (1_000, 10_000, 20_000):
            count, bars = report.size(wanted), wanted == 10_000
            with (
                parked_threads(count),
                TaskIter(columns=COLUMNS) as tasks,
                TaskIter(columns=COLUMNS, engine="seq") as seq,
            ):
                numpy = timed(tasks.to_numpy)
                report.compare(f"{count:,} to NumPy", numpy, c, bar=5 if bars else None, count=count)
                arrow = timed(tasks.__arrow_c_stream__)
                report.compare(f"{count:,} to Arrow", arrow, c, bar=5 if bars else None, count=count)
                report.compare(
                    f"{count:,} records, three attributes read",
                    timed(lambda tasks=tasks: [(t.tid, t.comm, t.rss) for t in tasks]),
                    c,
                    bar=1 if bars else None,
                    count=count,
                )
                chunks = timed(lambda seq=seq: sum(map(len, seq.chunks())))
                name = f"{count:,} as chunks of the descriptor"
                report.compare(name, chunks, c, bar=0.95 if bars else None, count=count)
                with same_reader(seq) as same:
                    report.compare(f"{name}: C over the same iterator", chunks, same)
    report.finish()


if __name__ == "__main__":
    main()
