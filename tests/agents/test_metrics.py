"""Numbers of walks, as Prometheus scrapes them and OpenTelemetry observes them."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from libbpf_iter import BpfMapElemIter, ObjectIter, TaskFileIter, TaskIter, errors, metrics
from tests.kernel.clang import compiled
from tests.kernel.test_engines import threads
from tests.kernel.test_foreign import LACKING
from tests.kernel.test_maps import Map

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("needs_bpf")


class Counted:
    """An iterator that counts its walks."""

    def __init__(self, walked: Any) -> None:
        self._walked, self.walks = walked, 0

    @property
    def schema(self) -> Any:
        return self._walked.schema

    def session(self) -> Any:
        self.walks += 1
        return self._walked.session()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(*collectors: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return samples(generate_latest(registry).decode())


def test_a_scrape_is_one_walk_and_counts_what_is_there() -> None:
    with threads(300) as ids, TaskIter(columns=["pid", "comm", "rss", "start_time_ns"]) as tasks:
        counted = Counted(tasks)
        numbers = metrics.Metrics(
            counted,
            metrics.count(by="pid"),
            metrics.distinct("pid", name="processes"),
            metrics.max("rss", by="pid"),
            metrics.min("start_time_ns", by="pid"),
            most=5000,
        )
        collector = metrics.prometheus(numbers)
        registry = CollectorRegistry()
        registry.register(collector)
        assert counted.walks == 0
        found = samples(generate_latest(registry).decode())
        assert counted.walks == 1
        me = (("pid", str(os.getpid())),)
        assert found["task_objects", me] == len(os.listdir("/proc/self/task")) >= len(ids)
        processes = sum(name.isdigit() for name in os.listdir("/proc"))
        assert abs(found["task_processes", ()] - processes) < processes / 2
        assert found["task_rss_max_bytes", me] > 1 << 20
        started = next(task.start_time_ns for task in tasks if task.pid == os.getpid())
        assert found["task_start_time_min_seconds", me] <= started / 1e9 + 1
        assert (found["task_up", ()], found["task_lost", ()]) == (1, 0)


def test_what_is_beyond_most_is_one_series() -> None:
    with TaskFileIter(pid=os.getpid(), columns=["fd", "kind", "pos"]) as files:
        kinds = Counter(file.kind.name for file in files)
        one = scrape(metrics.prometheus(metrics.Metrics(files, metrics.count(by="kind"), most=1)))
        every = scrape(metrics.prometheus(metrics.Metrics(files, metrics.count(by="kind"))))
    assert {labels[0][1]: value for (name, labels), value in every.items() if labels} == kinds
    ((largest, most),) = kinds.most_common(1)
    counts = {labels[0][1]: value for (name, labels), value in one.items() if labels}
    assert counts.pop("other") == kinds.total() - most
    assert list(counts.values()) == [most] and kinds[next(iter(counts))] == kinds[largest]


def test_nothing_there_is_a_count_of_none() -> None:
    with TaskIter(tid=2**30, columns=["pid", "rss"]) as tasks:
        numbers = metrics.Metrics(
            tasks,
            metrics.count(),
            metrics.distinct("pid"),
            metrics.sum("rss"),
            metrics.max("rss"),
            metrics.count(by="pid", name="threads"),
        )
        found = scrape(metrics.prometheus(numbers))
    # The largest of none is no number; and which groups there could be, nobody knows.
    assert found == {
        ("task_objects", ()): 0,
        ("task_pid_distinct", ()): 0,
        ("task_rss_bytes", ()): 0,
        ("task_up", ()): 1,
        ("task_lost", ()): 0,
    }


def test_a_group_that_nothing_is_in_any_more_has_no_series() -> None:
    with TaskIter(columns=["comm"]) as tasks:
        collector = metrics.prometheus(metrics.Metrics(tasks, metrics.count(by="comm"), most=5000))
        name = f"t{os.getpid()}"
        series = "task_objects", (("comm", name),)
        with threads(1) as (tid,):
            Path(f"/proc/self/task/{tid}/comm").write_text(name)
            assert scrape(collector)[series] == 1
        assert series not in scrape(collector)


def test_a_column_that_no_kernel_gives_is_no_zero(tmp_path: Path) -> None:
    with ObjectIter(compiled(tmp_path, LACKING), record="event", tid=os.getpid()) as events:
        numbers = metrics.Metrics(events, metrics.count(), metrics.sum("power"), metrics.distinct("power"))
        found = scrape(metrics.prometheus(numbers))
    assert found == {("event_objects", ()): 1, ("event_up", ()): 1, ("event_lost", ()): 0}


def test_members_of_a_maps_values_are_columns() -> None:
    pairs = Map(1, 4, 8, 8, btf=True)  # BPF_MAP_TYPE_HASH of struct pair
    try:
        for key in range(4):
            pairs[struct.pack("=I", key)] = struct.pack("=iI", key, 10 * key)
        with BpfMapElemIter(pairs) as elements:
            numbers = metrics.Metrics(elements, metrics.sum("value.left"), metrics.count(by="value.right"))
            found = scrape(metrics.prometheus(numbers))
            with pytest.raises(errors.ParameterError, match=r"no member 'lefty'.*left"):
                metrics.Metrics(elements, metrics.sum("value.lefty"))
    finally:
        pairs.close()
    assert found["bpf_map_elem_value_left", ()] == 6
    assert found["bpf_map_elem_objects", (("value_right", "30"),)] == 1


def test_a_walk_that_fails_is_seen_and_no_zero(caplog: pytest.LogCaptureFixture) -> None:
    tasks = TaskIter(columns=["rss"])
    collector = metrics.prometheus(metrics.Metrics(tasks, metrics.sum("rss")))
    tasks.close()
    assert scrape(collector) == {("task_up", ()): 0, ("task_lost", ()): 0}
    assert "task can't be walked" in caplog.text and "TaskIter is closed" in caplog.text


def test_a_name_that_is_no_text_does_not_stop_the_scrape() -> None:
    with threads(1) as (tid,), TaskIter(tid=tid, columns=["comm"]) as tasks:
        Path(f"/proc/self/task/{tid}/comm").write_bytes(b"\xff caf\xc3\xa9")
        found = scrape(metrics.prometheus(metrics.Metrics(tasks, metrics.count(by="comm"))))
    assert found["task_objects", (("comm", "\ufffd café"),)] == 1


def test_opentelemetry_tries_a_walk_that_fails_once_a_collection() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    tasks = TaskIter(columns=["rss"])
    counted = Counted(tasks)
    numbers = metrics.Metrics(counted, metrics.count(), metrics.sum("rss"), metrics.max("rss"))
    metrics.opentelemetry(numbers, provider.get_meter("test"))
    tasks.close()
    for walks in (1, 2):
        assert reader.get_metrics_data() is None and counted.walks == walks
    provider.shutdown()


def test_opentelemetry_observes_one_walk_a_collection() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    with TaskIter(columns=["state", "rss", "threads"]) as tasks:
        counted = Counted(tasks)
        numbers = metrics.Metrics(
            counted,
            metrics.count(by="state"),
            metrics.sum("rss"),
            metrics.max("threads"),
            metrics.distinct("state", name="states"),
            prefix="linux.task",
        )
        metrics.opentelemetry(numbers, provider.get_meter("test"))
        for walks in (1, 2):
            data = reader.get_metrics_data()
            assert data is not None and counted.walks == walks
        (found,) = data.resource_metrics[0].scope_metrics
        by_name = {metric.name: metric for metric in found.metrics}
        # Counts have annotations of what they count, as OpenTelemetry's conventions for metrics ask.
        assert {name.removeprefix("linux.task."): metric.unit for name, metric in by_name.items()} == {
            "objects": "{task}",
            "rss": "By",
            "threads_max": "1",
            "states": "{state}",
            "lost": "{way}",
        }
        assert by_name["linux.task.lost"].data.data_points[0].value == 0
        states = {p.attributes["state"]: p.value for p in by_name["linux.task.objects"].data.data_points}
        assert states["R"] >= 1 and sum(states.values()) >= len(os.listdir("/proc/self/task"))
    provider.shutdown()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda tasks: metrics.Metrics(tasks), "metrics: at least one"),
        (lambda tasks: metrics.Metrics(tasks, metrics.sum("comm")), "comm isn't a number"),
        (lambda tasks: metrics.Metrics(tasks, metrics.sum("rs")), "no column 'rs'.*rss"),
        (lambda tasks: metrics.Metrics(tasks, metrics.count(by="nothing")), "no column 'nothing'"),
        (lambda tasks: metrics.Metrics(tasks, metrics.count(), metrics.count(by="comm")), "two are named"),
        (lambda tasks: metrics.Metrics(tasks, metrics.count(), most=0), "most"),
    ],
)
def test_nonsense_is_refused_before_any_scrape(made: Any, said: str) -> None:
    with TaskIter() as tasks, pytest.raises(errors.ParameterError, match=said):
        made(tasks)


# Nobody may not even read this interpreter's folders here, so privileges are dropped once all is imported.
AS_NOBODY = """
import encodings.idna, os, sys
sys.path.insert(0, "examples")
import prometheus_agent
os.setgroups([]), os.setgid(65534), os.setuid(65534)
prometheus_agent.main()
"""


@contextmanager
def agent(*words: str) -> Iterator[dict[Any, float]]:
    """What the example's agent answers to one scrape over HTTP."""
    command = [sys.executable, *words, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/metrics", url)
            with urllib.request.urlopen(url) as answer:
                yield samples(answer.read().decode())
        finally:
            process.send_signal(signal.SIGTERM)


def test_the_example_agent_is_scraped_over_http() -> None:
    with agent("examples/prometheus_agent.py") as found:
        assert found["task_up", ()] == found["tcp_up", ()] == 1
        assert found["tcp_objects", (("family", "AF_INET"), ("state", "TCP_LISTEN"))] >= 1
        assert sum(value for (name, _), value in found.items() if name == "task_objects") > 1


def test_the_agent_runs_as_nobody_on_a_pin_of_roots(bpffs: Path) -> None:
    with TaskIter() as tasks:
        tasks.pin(bpffs / "tasks", mode=0o444)
        bpffs.chmod(0o755)
        with agent("-c", AS_NOBODY, "--pin", str(bpffs / "tasks")) as found:
            assert found["task_up", ()] == 1
            assert found["task_processes", ()] > 1
