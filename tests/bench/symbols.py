"""The kernel's symbols: against /proc/kallsyms through cat and by hand, and C over the iterator."""

from __future__ import annotations

from pathlib import Path

from libbpf_iter import KsymIter

from .measure import Report, command, timed
from .native import same_reader

KALLSYMS = Path("/proc/kallsyms")


def by_hand() -> list[tuple[int, str]]:
    lines = (line.split(maxsplit=2) for line in KALLSYMS.read_text().splitlines())
    return [(int(address, 16), name) for address, _, name in lines]


def main() -> None:
    report = Report("the kernel's symbols")
    with KsymIter(columns=["address", "type", "name", "module"]) as symbols:
        records = timed(lambda: [(symbol.address, symbol.name) for symbol in symbols])
        count = len(list(symbols))
        cat = command("cat", str(KALLSYMS))
        report.compare("as chunks: cat /proc/kallsyms", timed(lambda: sum(map(len, symbols.chunks()))), cat)
        report.compare("as records: cat /proc/kallsyms", records, cat, count=count)
        report.compare("as records: /proc/kallsyms by hand", records, timed(by_hand))
        with same_reader(symbols) as c:
            chunks = timed(lambda: sum(map(len, symbols.chunks())))
            report.compare("as chunks: C over the same iterator", chunks, c)
    report.finish()


if __name__ == "__main__":
    main()
