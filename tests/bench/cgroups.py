"""2,000 control groups: against a walk over cgroupfs that reads what each group says of itself."""

from __future__ import annotations

import os
from pathlib import Path

from libbpf_iter import CgroupIter

from .measure import Report, command, timed
from .scenes import cgroups


def by_hand(top: Path) -> list[tuple[str, int, int, int]]:
    """Path, id, descendants, and whether a task is in it."""
    found = []
    for folder, _, _ in os.walk(top):
        stat = dict(line.split() for line in Path(folder, "cgroup.stat").read_text().splitlines())
        events = dict(line.split() for line in Path(folder, "cgroup.events").read_text().splitlines())
        entry = (folder, os.stat(folder).st_ino, int(stat["nr_descendants"]), int(events["populated"]))
        found.append(entry)
    return found


def main() -> None:
    report = Report("control groups")
    for wanted in (200, 2_000):
        count = report.size(wanted)
        with cgroups(count) as top, CgroupIter(top) as groups:
            records = timed(
                lambda groups=groups: [(g.path, g.id, g.descendants, g.populated) for g in groups]
            )
            hand = timed(lambda top=top: by_hand(top))
            report.compare(f"{count:,} as records: cgroupfs by hand", records, hand, count=count)
            if wanted == 2_000:
                find = command("find", str(top), "-type", "d", "-printf", "%p %i\n")
                report.compare("as records: find, for paths and ids alone", records, find)
    report.finish()


if __name__ == "__main__":
    main()
