"""A hash of 1,000,000 elements: against C looking them up in batches, C over the iterator, and bpftool."""

from __future__ import annotations

from libbpf_iter import BpfMapElemIter

from .measure import Report, command, timed
from .native import elements, same_reader


def main() -> None:
    report = Report("all elements of a hash")
    for wanted in (1_000, 10_000, 100_000, 1_000_000):
        count = report.size(wanted)
        most = wanted == 1_000_000
        with elements(count) as (map_id, batch, walk), BpfMapElemIter(map_id) as ours:
            records = timed(lambda ours=ours: [(e.key, e.value) for e in ours])
            name = f"{count:,} to NumPy: C with BPF_MAP_LOOKUP_BATCH"
            report.compare(name, timed(ours.to_numpy), batch, bar=2 if most else None, count=count)
            if not most:
                continue
            report.compare(f"{count:,} to NumPy: C over the iterator", timed(ours.to_numpy), walk)
            arrow = timed(lambda ours=ours: ours.__arrow_c_stream__())
            report.compare(f"{count:,} to Arrow: C with BPF_MAP_LOOKUP_BATCH", arrow, batch)
            report.compare(f"{count:,} records, key and value: the same", records, batch)
            with BpfMapElemIter(map_id, engine="snapshot") as run:
                held = timed(lambda run=run: [(e.key, e.value) for e in run])
                report.compare(f"{count:,} records of a snapshot: the same", held, batch)
            with BpfMapElemIter(map_id, engine="seq") as seq, same_reader(seq) as same:
                chunks = timed(lambda seq=seq: sum(map(len, seq.chunks())))
                report.compare(f"{count:,} as chunks: C over the same iterator", chunks, same)
            dump = command("bpftool", "map", "dump", "id", str(map_id))
            report.compare(f"{count:,} records: bpftool map dump", records, dump)
    report.finish()


if __name__ == "__main__":
    main()
