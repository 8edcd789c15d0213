"""Two sides in one run, in turns: what a ratio is made of. Times alone say nothing on a busy machine.

Each round has a turn of both, and gives one ratio; the answer is their median, and how far they lie apart.
Where others want the processor, too, the ratio of its seconds is nearer to what a quiet machine would say.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds: what the clock says, and for how long a processor was busy with it."""

    elapsed: float
    busy: float


Side = Callable[[], Cost]  # does the work once
Turn = tuple[Cost, Cost]  # cold and warm

# How long a side runs in a row, and how often at most: in one run more of it is warm than in the last.
TURN_SECONDS = 0.05
TURN_RUNS = 50

# As many rounds as there is time for, within these; an odd number, so that one of them is the median.
ROUNDS_LEAST, ROUNDS_MOST = 3, 15
COMPARISON_SECONDS = 10


def timed(work: Callable[[], object], busy: Callable[[], float] = time.process_time) -> Side:
    """A side in Python: what ``work`` returns is dropped outside of the time."""

    def run() -> Cost:
        before, start = busy(), time.perf_counter()
        result = work()
        cost = Cost(time.perf_counter() - start, busy() - before)
        del result
        return cost

    return run


def command(*words: str) -> Side:
    """A side that is a program; its output is thrown away."""
    return timed(lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True), with_children)


def with_children() -> float:
    """The processor's seconds of this process and of those that it has waited for."""
    who = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in who)


def _turn(side: Side) -> Turn:
    """Its first run, with the caches as the other side left them, and the best of those that follow.

    What a processor was busy with is booked by the scheduler, now and then to the wrong run: its median.
    """
    first, warm = side(), [side()]
    while sum(cost.elapsed for cost in warm) < TURN_SECONDS and len(warm) < TURN_RUNS:
        warm.append(side())
    return first, Cost(min(cost.elapsed for cost in warm), statistics.median(cost.busy for cost in warm))


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


class Ratios:
    """How many times more theirs is than ours, a pair a round."""

    def __init__(self, pairs: list[tuple[float, float]]) -> None:
        ratios = [theirs / max(ours, 1e-9) for ours, theirs in pairs]
        self.median = round(statistics.median(ratios), 3)
        self.spread = [round(min(ratios), 3), round(max(ratios), 3)]
        self.ours, self.theirs = map(statistics.median, zip(*pairs, strict=True))

    def __str__(self) -> str:
        return f"{self.median:7.2f} x ({self.spread[0]:.2f} to {self.spread[1]:.2f})"


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
        turns = list(_rounds(ours, theirs, least, most, COMPARISON_SECONDS))
        warm = Ratios([(our.elapsed, their.elapsed) for (_, our), (_, their) in turns])
        cold = Ratios([(our.elapsed, their.elapsed) for (our, _), (their, _) in turns])
        busy = Ratios([(our.busy, their.busy) for (_, our), (_, their) in turns])
        result: dict[str, object] = {
            "name": name,
            "rounds": len(turns),
            "ratio": warm.median,
            "spread": warm.spread,
            "cold": cold.median,
            "busy": busy.median,
            "busy_spread": busy.spread,
            "ours_ms": round(warm.ours * 1e3, 4),
            "theirs_ms": round(warm.theirs * 1e3, 4),
        }
        if count is not None:
            result |= {"count": count, "ours_ns_each": round(warm.ours * 1e9 / count, 1)}
        said = ""
        if bar is not None:
            result["bar"] = bar
            clock, processor = ("yes" if ratios.median >= bar else "NO" for ratios in (warm, busy))
            said = f"   (at least {bar:g}: {clock}; processor: {processor})"
        self._results.append(result)
        times = f"{warm.ours * 1e3:.3f} ms against {warm.theirs * 1e3:.3f} ms"
        print(f"  {warm}  {name}\n{'':31}{times}; cold {cold.median} x; processor {busy}{said}", flush=True)

    def note(self, name: str, value: object) -> None:
        self._results.append({"name": name, "value": value})
        print(f"  {name}: {value}")

    def finish(self) -> None:
        print(json.dumps({"question": self._question, "results": self._results}))
