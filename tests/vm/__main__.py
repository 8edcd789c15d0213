"""Run the live-kernel tests on other kernels, under emulation: python -m tests.vm [SERIES...]

Without arguments these are the series below and the newest that the archive has. 6.12-rt is the
build with PREEMPT_RT of a series, 6.12-generic that for real machines.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cbuild.apt import Unfetched

from . import archive, image, machine, report

SERIES = ("5.10", "6.1", "6.12", "6.16", "6.18")
NEWEST = 2
# All but what is marked (pyproject.toml), since a machine is some twenty times slower than this one. The
# questions of tests/bench are about this machine, and what they are compared with isn't on the others.
TESTS = ("tests/kernel", "--ignore=tests/kernel/test_bench.py")
# With a bundled wheel bpftool and ss don't run: they want the libraries that the machine is to lack.
WHEEL_TESTS = (
    "tests/kernel/test_every_target.py",
    "tests/kernel/test_task.py",
    "tests/kernel/test_token.py",
)
# Of one kernel, on a busy machine; on a quiet one it takes a fifth of that.
SECONDS = 3000

SCRIPT = f"""#!/bin/busybox sh
cd {image.PROJECT}
export PYTHONPATH={image.PROJECT}
options="--color=no -o timeout=600 -p no:cacheprovider --junitxml=/tmp/results.xml"
exec {sys.executable} -m pytest -q $options -m "not many and not alike" """


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.vm", description=__doc__)
    parser.add_argument("series", nargs="*", help="such as 6.1; more than one may be given")
    parser.add_argument("--folder", type=Path, default=image.PROJECT / "build" / "vm")
    parser.add_argument("--tests", help="what pytest is given")
    parser.add_argument("--wheel", type=Path, help="test this bundled wheel, without the libraries")
    parser.add_argument("--least", type=int, default=1, help="how many kernels have to run")
    given = parser.parse_args()
    script = SCRIPT + (given.tests or " ".join(WHEEL_TESTS if given.wheel else TESTS)) + "\n"
    kernels = archive.Archive(given.folder)
    outcomes = []
    try:
        kernels.update()
    except Unfetched as error:
        # What was fetched before, and what other parts of the archive have, is there all the same.
        print(f"the archive's index is incomplete, or old: {error}")
    builds = kernels.builds()
    initramfs = image.build(given.folder / ("wheel" if given.wheel else "image"), script, given.wheel)
    newest = [series for series in builds if "-" not in series][-NEWEST:]
    chosen = given.series or dict.fromkeys((*SERIES, *newest))
    run = _runner(kernels, builds, initramfs, given.folder)
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
        for outcome in pool.map(run, chosen):
            print(outcome.line, flush=True)
            outcomes.append(outcome)
    print(report.table(outcomes))
    return report.exit_code(outcomes, given.least)


def _runner(
    kernels: archive.Archive, builds: dict[str, archive.Build], initramfs: Path, folder: Path
) -> Callable[[str], report.Outcome]:
    def run(series: str) -> report.Outcome:
        build = builds.get(series)
        if build is None:
            return report.Outcome(series, "", None, "the archive has no kernel of this series")
        try:
            kernel = kernels.fetch(build)
        except Unfetched as error:
            return report.Outcome(series, build.version, None, str(error))
        done = machine.run(kernel, initramfs, folder / "runs" / series, SECONDS)
        return report.Outcome(series, build.version, done, "")

    return run


if __name__ == "__main__":
    sys.exit(main())
