"""Metrics for monitoring: counts and sums over the records of a walk, by group.

::

    from libbpf_iter import TaskIter, metrics
    from prometheus_client import REGISTRY

    tasks = metrics.Metrics(
        TaskIter(columns=["tid", "state", "comm", "rss"], where="tid == pid"),
        metrics.count(by="state"),
        metrics.sum("rss", by="comm"),
    )
    REGISTRY.register(metrics.prometheus(tasks))

Each scrape is one walk, however many metrics are made from it. prometheus_client and opentelemetry are
imported only when they are used.
"""

from .aggregate import Metric, count, distinct, max, min, sum
from .exporters import opentelemetry, prometheus
from .groups import Metrics, Series

__all__ = [
    "Metric",
    "Metrics",
    "Series",
    "count",
    "distinct",
    "max",
    "min",
    "opentelemetry",
    "prometheus",
    "sum",
]
