"""Numbers of a walk for monitoring: sums and counts of records by group, scraped or observed.

::

    from libbpf_iter import TaskIter, metrics
    from prometheus_client import REGISTRY

    tasks = metrics.Metrics(
        TaskIter(columns=["tid", "state", "comm", "rss"], where="tid == pid"),
        metrics.count(by="state"),
        metrics.sum("rss", by="comm"),
    )
    REGISTRY.register(metrics.prometheus(tasks))

Each scrape is one walk, however many numbers are made of it. Imports whatever is in
this folder; prometheus_client and opentelemetry are imported by those that use them.
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
