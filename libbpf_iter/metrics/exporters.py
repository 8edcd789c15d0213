"""Metrics for Prometheus and OpenTelemetry, each imported only where it is used. Imports groups."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import Error
from ..forks import Locked
from ..typed import Later
from .aggregate import Named
from .groups import Metrics, Series

if TYPE_CHECKING:
    from opentelemetry import metrics as otel
    from prometheus_client import core
else:
    otel, core = Later("opentelemetry.metrics"), Later("prometheus_client.core")

__all__ = ["opentelemetry", "prometheus"]

_log = logging.getLogger(__name__)
# What Unified Code for Units of Measure calls them, as OpenTelemetry asks; what is counted is an annotation.
_UCUM = {"bytes": "By", "seconds": "s", "": "1"}


class _Prometheus:
    """A collector for ``prometheus_client``'s registries: one walk per scrape."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> list[core.GaugeMetricFamily]:
        """The names, by which a registry refuses duplicates; without them it would walk to learn them."""
        return [*map(self._family, self._metrics.named), *self._state(0, 0)]

    def collect(self) -> Iterator[core.GaugeMetricFamily]:
        try:
            series, lost = self._metrics.series()
        except Error:
            # No numbers rather than wrong ones; NAME_up says so.
            _log.exception("%s can't be walked", self._metrics.prefix)
            yield from self._state(0, 0)
            return
        families = {id(named): self._family(named) for named in self._metrics.named}
        for one in series:
            families[id(one.named)].add_metric([value for _, value in one.labels], one.value)
        yield from families.values()
        yield from self._state(1, len(lost))

    def _family(self, named: Named) -> core.GaugeMetricFamily:
        name = f"{self._metrics.prefix}_{named.name}"
        return core.GaugeMetricFamily(name, named.help, labels=named.labels, unit=named.unit)

    def _state(self, up: int, lost: int) -> list[core.GaugeMetricFamily]:
        prefix, family = self._metrics.prefix, core.GaugeMetricFamily
        return [
            family(f"{prefix}_up", "1 where the last walk came to its end", value=up),
            family(f"{prefix}_lost", "Ways in which the last walk may be incomplete", value=lost),
        ]


def prometheus(metrics: Metrics) -> Any:
    """A collector: ``REGISTRY.register(prometheus(metrics))``.

    Names are PREFIX_NAME_UNIT. Besides the metrics there are PREFIX_up, 0 where
    the walk failed (the log says why), and PREFIX_lost, see :attr:`Session.lost`.
    """
    return _Prometheus(metrics)


class _Observed(Locked):
    """One walk for all of a collection's callbacks, which come one after the other."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._metrics = metrics
        self._waiting: dict[int, list[Series]] = {}
        self._lost: list[int] = []

    def lost(self) -> list[int]:
        """In how many ways the last walk may be incomplete; empty if it failed, or if there was none."""
        return self._lost

    def take(self, named: Named) -> list[Series]:
        """A metric's numbers. Asking for the same metric again means that the next collection has started."""
        with self._lock:
            if id(named) not in self._waiting:
                # Set before the walk, so that one that fails isn't repeated for each of the other metrics.
                self._waiting = {id(each): [] for each in self._metrics.named}
                self._lost = []
                try:
                    series, lost = self._metrics.series()
                except BaseException:
                    self._waiting.pop(id(named))
                    raise
                self._lost = [len(lost)]
                for one in series:
                    self._waiting[id(one.named)].append(one)
            return self._waiting.pop(id(named))


def opentelemetry(metrics: Metrics, meter: otel.Meter) -> None:
    """Create observable gauges PREFIX.NAME on a meter: one walk per collection.

    A walk that fails is an exception of the callback, which the SDK logs, and no number.
    PREFIX.lost is what the walk before it may have left out, see :attr:`Session.lost`.
    """
    observed = _Observed(metrics)
    for named in metrics.named:
        name = f"{metrics.prefix}.{named.name}"
        callback = _callback(observed, named)
        unit = f"{{{named.counted}}}" if named.counted else _UCUM[named.unit]
        meter.create_observable_gauge(name, [callback], unit=unit, description=named.help)
    lost = "Ways in which the last walk may be incomplete"
    tell = [lambda _: map(otel.Observation, observed.lost())]
    meter.create_observable_gauge(f"{metrics.prefix}.lost", tell, unit="{way}", description=lost)


def _callback(
    observed: _Observed, named: Named
) -> Callable[[otel.CallbackOptions], Iterable[otel.Observation]]:
    def observe(_: otel.CallbackOptions) -> Iterable[otel.Observation]:
        return [otel.Observation(one.value, dict(one.labels)) for one in observed.take(named)]

    return observe
