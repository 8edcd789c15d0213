"""The metrics of one walk, by group. Imports aggregate, session and errors."""

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
    """The number of one group: its metric, the group's labels, and the value in base units."""

    named: Named
    labels: tuple[tuple[str, str], ...]
    value: float


class Metrics:
    """Metrics over an iterator's records, all of them from one walk.

    A metric has at most ``most`` groups, the largest. All others are aggregated into one whose labels are
    "other", so that no walk can flood your monitoring. A column that doesn't exist, or isn't a number, raises
    :class:`~libbpf_iter.errors.ParameterError`.
    """

    def __init__(self, walked: Walked, *metrics: Metric, prefix: str = "", most: int = 100) -> None:
        """``prefix`` is put before each name; by default it is the record's name, such as "task"."""
        if not metrics:
            raise ParameterError("metrics", "at least one is expected: count(), sum() and so on")
        if most < 1:
            raise ParameterError("most", f"at least one group is expected, not {most}")
        self.walked, self._most = walked, most
        self.prefix = prefix or snake(walked.schema.name)
        self.named = [metric.named(walked.schema) for metric in metrics]
        names = [named.name for named in self.named]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ParameterError("metrics", f"two are named {twice.pop()!r}: give one of them a name=")

    def series(self) -> tuple[list[Series], tuple[str, ...]]:
        """Walk once; returns every number, and what the walk may have left out."""
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
        # A metric without labels has a value even if there is nothing: 0. A group is only known if something
        # is in it, so empty groups have no series; nor has a column that the kernel doesn't provide.
        if not values and not metric.by and named.told and aggregate.empty is not None:
            values = {None: aggregate.empty}
        labelled: dict[tuple[str, ...], Any] = {}
        for key, value in values.items():
            # Values that print alike are one group, since exporters can't tell them apart.
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
            return  # unknown, which isn't zero
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
    # Anyone may give a task a name that isn't UTF-8, but exporters can write nothing else.
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
