"""10,000 mappings of one process: against /proc/PID/maps and smaps, psutil, and C over the iterator."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from libbpf_iter import TaskVmaIter

from .measure import Report, command, timed
from .native import same_reader
from .scenes import mappings

COLUMNS = ["start", "end", "permissions", "offset", "device", "inode", "path"]


def by_hand(file: Path) -> list[tuple[int, int, str, str | None]]:
    found = []
    for line in file.read_text().splitlines():
        addresses, permissions, _, _, _, *path = line.split(maxsplit=5)
        start, _, end = addresses.partition("-")
        found.append((int(start, 16), int(end, 16), permissions, path[0] if path else None))
    return found


def main() -> None:
    report = Report("the mappings of one process")
    pid = os.getpid()
    count = report.size(10_000)
    with mappings(count), TaskVmaIter(pid=pid, columns=COLUMNS) as ours:
        records = timed(lambda: [(vma.start, vma.end, vma.permissions, vma.path) for vma in ours])
        chunks = timed(lambda: sum(map(len, ours.chunks())))
        maps, smaps = f"/proc/{pid}/maps", f"/proc/{pid}/smaps"
        hand = timed(lambda: by_hand(Path(maps)))
        report.compare(f"{count:,} as records: /proc/PID/maps by hand", records, hand, count=count)
        report.compare("as chunks: cat /proc/PID/maps", chunks, command("cat", maps))
        report.compare("as chunks: cat /proc/PID/smaps, which counts pages", chunks, command("cat", smaps))
        by_psutil = timed(lambda: psutil.Process(pid).memory_maps(grouped=False))
        report.compare("as records: psutil's memory_maps(), from smaps", records, by_psutil)
        with TaskVmaIter(pid=pid, columns=COLUMNS, engine="seq") as seq, same_reader(seq) as c:
            chunks = timed(lambda: sum(map(len, seq.chunks())))
            report.compare("as chunks: C over the same iterator", chunks, c)
    report.finish()


if __name__ == "__main__":
    main()
