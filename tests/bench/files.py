"""10,000 open files of one process: against /proc/PID/fd by hand, find, psutil, and C over the iterator."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

from libbpf_iter import TaskFileIter

from .measure import Report, command, timed
from .native import same_reader
from .scenes import opened_files


def by_hand(folder: str) -> list[tuple[int, str]]:
    found = []
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):  # the listing's own
            found.append((int(name), os.readlink(f"{folder}/{name}")))
    return found


def main() -> None:
    report = Report("the open files of one process, with their paths")
    pid = os.getpid()
    folder = f"/proc/{pid}/fd"
    for wanted in (100, 1_000, 10_000):
        count = report.size(wanted)
        with opened_files(count), TaskFileIter(pid=pid, columns=["fd", "path"]) as files:
            records = timed(lambda files=files: [(file.fd, file.path) for file in files])
            hand = timed(lambda: by_hand(folder))
            report.compare(f"{count:,} as records: /proc/PID/fd by hand", records, hand, count=count)
            if wanted < 10_000:
                continue
            # Our own pipe to it is closed meanwhile.
            find = command("find", folder, "-ignore_readdir_race", "-type", "l", "-printf", "%f %l\n")
            report.compare(f"{count:,} as records: find /proc/PID/fd", records, find)
            process = psutil.Process(pid)
            report.compare("as records: psutil's open_files()", records, timed(process.open_files))
            with same_reader(files) as c:
                chunks = timed(lambda files=files: sum(map(len, files.chunks())))
                report.compare("as chunks: C over the same iterator", chunks, c)
            with TaskFileIter(pid=pid, columns=["fd", "inode", "flags"]) as numbers:
                report.compare(f"{count:,} to NumPy, without paths: by hand", timed(numbers.to_numpy), hand)
    report.finish()


if __name__ == "__main__":
    main()
