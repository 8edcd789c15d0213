"""Two sides in one run, in turns: what a ratio is made of. Times alone say nothing on a busy machine.

Each round has a turn of both, and gives one ratio; the answer is their median, and how far they lie apart.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator

Side = Callable[[], float]  # does the work once; its seconds
Turn = tuple[float, float]  # seconds cold and warm

# How long a side runs in a row, and how often at most: in one run more of it is warm than in the last.
TURN_SECONDS = 0.05
TURN_RUNS = 50

# As many rounds as there is time for, within these; an odd number, so that one of them is the median.
ROUNDS_LEAST, ROUNDS_MOST = 3, 15
QUESTION_SECONDS = 10


def timed(work: Callable[[], object]) -> Side:
    """A side in Python: what ``work`` returns is dropped outside of the time."""

    def run() -> float:
        start = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - start
        del result
        return seconds

    return run


def command(*words: str) -> Side:
    """A side that is a program; its output is thrown away."""
    return timed(lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True))


def _turn(side: Side) -> Turn:
    """Its first run, with the caches as the other side left them, and the median of those that follow."""
    first, warm = side(), [side()]
    while sum(warm) < TURN_SECONDS and len(warm) < TURN_RUNS:
        warm.append(side())
    return first, statistics.median(warm)


def _rounds(ours: Side, theirs: Side, least: int, most: int, seconds: float) -> Iterator[tuple[Turn, Turn]]:
    """Both sides in turns; who begins takes turns, too, so that what grows or fades favours neither."""
    end = time.perf_counter() + seconds
    for number in itertools.count():
        if number >= most or (number >= least and number % 2 and time.perf_counter() > end):
            return
        if number % 2:
            their, our = _turn(theirs), _turn(ours)
        else:
            our, their = _turn(ours), _turn(theirs)
        yield our, their


class Report:
    """The results of one question; the last line of its output is JSON.

    With ``--small`` on the command line there is little of everything, and one round: what is found out
    then is whether it runs.
    """

    def __init__(self, question: str) -> None:
        parser = argparse.ArgumentParser(description=question)
        parser.add_argument("--small", action="store_true", help="only see whether it runs")
        self._small = parser.parse_args().small
        self._question = question
        self._results: list[dict[str, object]] = []
        print(question)

    def size(self, count: int) -> int:
        """How many of something there are to be."""
        return max(count // 1000, 10) if self._small else count

    def compare(
        self,
        name: str,
        ours: Side,
        theirs: Side,
        *,
        bar: float | None = None,
        count: int | None = None,
    ) -> None:
        """How many times faster we are: the median over rounds, each side warm.

        ``cold`` is the same where neither is: with a side's first run after the other's. ``count``
        objects make it nanoseconds each, too.
        """
        least, most = (1, 1) if self._small else (ROUNDS_LEAST, ROUNDS_MOST)
        turns = list(_rounds(ours, theirs, least, most, QUESTION_SECONDS))
        ratios = sorted(their_warm / our_warm for (_, our_warm), (_, their_warm) in turns)
        ratio = statistics.median(ratios)
        our_ms = statistics.median(warm for (_, warm), _ in turns) * 1e3
        their_ms = statistics.median(warm for _, (_, warm) in turns) * 1e3
        result: dict[str, object] = {
            "name": name,
            "ratio": round(ratio, 3),
            "quartiles": [round(ratios[place * (len(ratios) - 1) // 4], 3) for place in (1, 3)],
            "spread": [round(ratios[0], 3), round(ratios[-1], 3)],
            "rounds": len(ratios),
            "cold": round(statistics.median(their / our for (our, _), (their, _) in turns), 3),
            "ours_ms": round(our_ms, 4),
            "theirs_ms": round(their_ms, 4),
        }
        if count is not None:
            result |= {"count": count, "ours_ns_each": round(our_ms * 1e6 / count, 1)}
        if bar is not None:
            result["bar"] = bar
        self._results.append(result)
        said = "" if bar is None else f"   (at least {bar:g}: {'yes' if ratio >= bar else 'NO'})"
        times = f"{our_ms:10.3f} ms against {their_ms:.3f} ms, cold {result['cold']} x"
        spread = f"{ratios[0]:.2f}..{ratios[-1]:.2f}"
        print(f"  {ratio:9.2f} x  {spread:16} {name:56} {times}{said}", flush=True)

    def note(self, name: str, value: object) -> None:
        self._results.append({"name": name, "value": value})
        print(f"  {name}: {value}")

    def finish(self) -> None:
        print(json.dumps({"question": self._question, "results": self._results}))
