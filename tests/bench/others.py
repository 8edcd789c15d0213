"""Processes against drgn and osquery, which are not installed with the package, nor wanted by `make setup`.

drgn (`pip install drgn`) reads the kernel's memory, so it takes /proc/kcore and the kernel's debugging
information; osquery's `osqueryi` has to be on the PATH. What can't be measured says why.
"""

from __future__ import annotations

import shutil

from libbpf_iter import TaskIter

from .measure import Report, command, timed
from .scenes import parked_processes


def with_drgn(report: Report, count: int) -> None:
    try:
        import drgn
        from drgn.helpers.linux.pid import for_each_task
    except ImportError as error:
        report.note("drgn is not measured", str(error))
        return
    program = drgn.Program()
    try:
        program.set_kernel()
        program.load_default_debug_info()
    except (OSError, drgn.MissingDebugInfoError) as error:
        report.note("drgn is not measured", str(error))
        return

    def theirs() -> list[tuple[int, bytes, int]]:
        tasks = for_each_task(program)
        return [(task.pid.value_(), task.comm.string_(), task.tgid.value_()) for task in tasks]

    with TaskIter(columns=["tid", "comm", "pid"]) as tasks:
        ours = timed(lambda: [(task.tid, task.comm, task.pid) for task in tasks])
        report.compare("all tasks, three attributes: drgn", ours, timed(theirs), count=count)


def with_osquery(report: Report, count: int) -> None:
    osqueryi = shutil.which("osqueryi")
    if osqueryi is None:
        report.note("osquery is not measured", "there is no osqueryi on the PATH")
        return
    columns = ["tid", "comm", "rss"]
    with TaskIter(columns=columns, where="tid == pid") as tasks:
        ours = timed(lambda: [(task.tid, task.comm, task.rss) for task in tasks])
        query = "select pid, name, resident_size from processes"
        theirs = command(osqueryi, "--json", query)
        report.compare("all processes: osqueryi, its start included", ours, theirs, count=count)


def main() -> None:
    report = Report("processes, against drgn and osquery")
    count = report.size(2_000)
    with parked_processes(count):
        with_drgn(report, count)
        with_osquery(report, count)
    report.finish()


if __name__ == "__main__":
    main()
