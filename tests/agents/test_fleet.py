"""The example of a fleet, on a cluster whose two hosts are this one under two addresses."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from dask.distributed import Client, wait

FLEET = Path(__file__).parents[2] / "examples/fleet.py"
pytestmark = [pytest.mark.usefixtures("needs_bpf"), pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Client]:
    """A scheduler, and a worker on each address."""
    meeting = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    with ExitStack() as running:

        def start(*words: str) -> None:
            command = [sys.executable, "-m", "distributed.cli." + words[0], *words[1:], "--no-dashboard"]
            process = running.enter_context(subprocess.Popen(command, **quiet))  # type: ignore[call-overload]
            running.callback(process.terminate)

        start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(meeting))
        for host in ("127.0.0.1", "127.0.0.2"):
            start("dask_worker", "--scheduler-file", str(meeting), "--host", host, "--no-nanny")
        with Client(scheduler_file=str(meeting), timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            yield client


def test_each_host_walks_once(cluster: Client) -> None:
    example = runpy.run_path(str(FLEET))
    found = example["of_all_hosts"](cluster, ["pid", "comm", "rss"], f"tid == {os.getpid()}")
    # A worker has it before we do, and makes more of it there.
    assert len(cluster.who_has(wait(found).done)[found.key]) == 1
    answer = cluster.submit(example["by_command"], found).result()
    table = found.result()
    assert answer["rss_sum"].to_pylist() == [sum(table["rss"].to_pylist())]
    assert table["pid"].to_pylist() == [os.getpid()] * 2
    assert table["host"].to_pylist() == [os.uname().nodename] * 2
    assert min(table["rss"].to_pylist()) > 1 << 20
