"""What came of the runs: kernel by target by engine, and what failed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple
from xml.etree import ElementTree

from .machine import Run

# The tests of tests/kernel/test_every_target.py say in their names which target and engine they are of.
CELL = re.compile(r"^test_every_target::\w+\[(\w+)-(seq|snapshot)\b")
PASSED, UNSUPPORTED, FAILED = "passed", "unsupported", "FAILED"


class Case(NamedTuple):
    name: str
    outcome: str
    said: str  # why it was skipped, or how it failed


class Outcome:
    """Of one kernel; without a run it says why there is none."""

    def __init__(self, series: str, version: str, run: Run | None, reason: str) -> None:
        self.series, self.version, self.run, self.reason = series, version, run, reason

    @cached_property
    def cases(self) -> list[Case]:
        if self.run is None or self.run.results is None:
            return []
        return [_case(node) for node in ElementTree.fromstring(self.run.results).iter("testcase")]

    def count(self, outcome: str) -> int:
        return sum(case.outcome == outcome for case in self.cases)

    @property
    def failed(self) -> bool:
        """Whether it ran and isn't right; a kernel that couldn't be had hasn't failed."""
        return self.run is not None and (self.run.exit_code != 0 or not self.count(PASSED))

    @property
    def line(self) -> str:
        if self.run is None:
            return f"{self.series}: not run: {self.reason}"
        counts = ", ".join(f"{self.count(o)} {o}" for o in (PASSED, UNSUPPORTED, FAILED))
        boots = f", booted {self.run.boots} times" if self.run.boots > 1 else ""
        line = f"{self.series} ({self.version}): {counts} in {self.run.seconds:.0f} s{boots}"
        return f"{line}\n{self.run.problem}" if self.run.problem else line


def _case(node: ElementTree.Element) -> Case:
    name = f"{node.get('classname', '').rpartition('.')[2]}::{node.get('name')}"
    for kind, outcome in (("failure", FAILED), ("error", FAILED), ("skipped", UNSUPPORTED)):
        found = node.find(kind)
        if found is not None:
            return Case(name, outcome, (found.get("message") or "").strip())
    return Case(name, PASSED, "")


def table(outcomes: Sequence[Outcome]) -> str:
    """A row for each target and engine, a column for each kernel that ran; then reasons and failures."""
    ran = [outcome for outcome in outcomes if outcome.cases]
    cells: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for outcome in ran:
        for case in outcome.cases:
            if match := CELL.search(case.name):
                row = cells[match[1], match[2]]
                row[outcome.series] = _worse(row.get(outcome.series), case.outcome)
    widths = [max(len(UNSUPPORTED), len(outcome.series)) for outcome in ran]
    lines = [_row("target", "engine", [outcome.series for outcome in ran], widths)]
    for (target, engine), row in sorted(cells.items()):
        lines.append(_row(target, engine, [row.get(outcome.series, "") for outcome in ran], widths))
    return "\n".join(["", *lines, "", *_said(ran, UNSUPPORTED), *_said(ran, FAILED)])


def _worse(one: str | None, other: str) -> str:
    # A target that passes in part does, with what is unsupported in the list below.
    order = (UNSUPPORTED, PASSED, FAILED)
    return other if one is None else max(one, other, key=order.index)


def _row(target: str, engine: str, words: Iterable[str], widths: Iterable[int]) -> str:
    cells = "  ".join(word.ljust(width) for word, width in zip(words, widths, strict=True))
    return f"{target:20}{engine:10}{cells}".rstrip()


def _said(ran: Iterable[Outcome], wanted: str) -> list[str]:
    """What was said of an outcome, once for all kernels and tests that said it."""
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for outcome in ran:
        for case in outcome.cases:
            if case.outcome == wanted:
                # A kernel's release differs where the reason is the same.
                first = re.sub(r" \(Linux \S+\)| \[E\w+: .*\]$", "", case.said.partition("\n")[0])
                said[first][outcome.series].append(case.name)
    lines = []
    for reason, kernels in said.items():
        tests = sorted({name for names in kernels.values() for name in names})
        more = f" and {len(tests) - 3} more" if len(tests) > 3 else ""
        lines += [f"{wanted} on {', '.join(kernels)}: {reason}", f"    {', '.join(tests[:3])}{more}"]
    return lines


def exit_code(outcomes: Sequence[Outcome], least: int) -> int:
    ran = sum(outcome.run is not None for outcome in outcomes)
    failed = [outcome.series for outcome in outcomes if outcome.failed]
    if failed:
        print(f"failed on {', '.join(failed)}")
    if ran < least:
        print(f"{ran} kernels ran, and {least} are needed")
    return bool(failed) or ran < least
