"""The records of one walk as a few numbers. Imports aggregate, session and errors."""

from __future__ import annotations

import enum
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Protocol

from ..errors import ParameterError
from ..immutable import Immutable
from ..schema import Schema
from ..session import Session
from .aggregate import Metric, Named, snake

__all__ = ["Metrics", "Series", "Walked"]

OTHER = "other"


class Walked(Protocol):
    """What is walked: an iterator, or a pin."""

    @property
    def schema(self) -> Schema: ...
    def session(self) -> Session[Any]: ...


class Series(Immutable):
    """A number of a group: its metric, the group's labels, and the value in base units."""

    named: Named
    labels: tuple[tuple[str, str], ...]
    value: float


class Metrics:
    """Numbers that are made of an iterator's records, all of them in one walk.

    A metric has at most ``most`` groups, the largest: what the others have is
    joined in one whose labels are "other", so that no walk can flood a monitor. A column that isn't
    there, or is no number, raises :class:`~libbpf_iter.errors.ParameterError`.
    """

    def __init__(self, walked: Walked, *metrics: Metric, prefix: str = "", most: int = 100) -> None:
        """``prefix`` stands before each name; the record's name, task say, unless it is given."""
        if not metrics:
            raise ParameterError("metrics", "count(), sum() or another is expected")
        if most < 1:
            raise ParameterError("most", f"at least one group is expected, not {most}")
        self.walked, self._most = walked, most
        self.prefix = prefix or snake(walked.schema.name)
        self.named = [metric.named(walked.schema) for metric in metrics]
        names = [named.name for named in self.named]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ParameterError("metrics", f"{twice.pop()!r} is there twice: give one of them a name=")

    def series(self) -> tuple[list[Series], tuple[str, ...]]:
        """One walk: every number, and what the walk may have left out."""
        groups: list[dict[Any, Any]] = [{} for _ in self.named]
        steps = [_step(named.metric, found) for named, found in zip(self.named, groups, strict=True)]
        with self.walked.session() as session:
            for record in session:
                for step in steps:
                    step(record)
            lost = session.lost
        found = [
            series
            for named, values in zip(self.named, groups, strict=True)
            for series in self._finish(named, values)
        ]
        return found, lost

    def _finish(self, named: Named, values: dict[Any, Any]) -> list[Series]:
        metric = named.metric
        aggregate = metric.aggregate
        # Without labels there is one number, also of nothing: 0. Groups are known once they have been met,
        # so one that has nothing has no series; and of a column that the kernel doesn't tell there is none.
        if not values and not metric.by and named.told and aggregate.empty is not None:
            values = {None: aggregate.empty}
        labelled: dict[tuple[str, ...], Any] = {}
        for key, value in values.items():
            # Values that print alike are one group: an exporter can't tell them from each other.
            labels = tuple(_label(part) for part in (key if len(metric.by) > 1 else (key,)[: len(metric.by)]))
            labelled[labels] = aggregate.join(labelled[labels], value) if labels in labelled else value
        ordered = sorted(labelled.items(), key=lambda item: aggregate.finish(item[1]), reverse=True)
        kept, rest = dict(ordered[: self._most]), ordered[self._most :]
        other = (OTHER,) * len(metric.by)
        for _, value in rest:
            kept[other] = aggregate.join(kept[other], value) if other in kept else value
        return [
            Series(
                named, tuple(zip(named.labels, labels, strict=True)), aggregate.finish(value) * named.factor
            )
            for labels, value in kept.items()
        ]


def _step(metric: Metric, found: dict[Any, Any]) -> Callable[[Any], None]:
    """What a record adds to the groups of a metric."""
    lift, join = metric.aggregate.lift, metric.aggregate.join
    key_of = attrgetter(*metric.by) if metric.by else lambda _: None
    value_of = attrgetter(metric.column) if metric.column else lambda _: 1

    def step(record: Any) -> None:
        value = value_of(record)
        if value is None:
            return  # what the kernel doesn't tell is no zero
        key, value = key_of(record), lift(value)
        found[key] = join(found[key], value) if key in found else value

    return step


def _label(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, enum.Enum):
        return value.name or repr(value)
    if isinstance(value, bytes):
        return value.hex()
    # Anyone may give a task a name that is no UTF-8; exporters write nothing else.
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
