"""Walks in an event loop that goes on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from libbpf_iter import BpfMapElemIter, TaskIter, TcpIter, aio
from tests.kernel.network import other_namespace
from tests.kernel.test_engines import threads
from tests.kernel.test_maps import Map

pytestmark = pytest.mark.usefixtures("needs_bpf")


def test_a_walk_gives_what_a_loop_gives() -> None:
    async def ids(tasks: Any) -> list[int]:
        return [task.tid async for task in aio.walk(tasks)]

    with threads(2500) as sentinels, TaskIter(columns=["tid"]) as tasks:
        found = asyncio.run(ids(tasks))
    assert len(found) == len(set(found)) and {*sentinels, os.getpid()} <= set(found)


def test_the_loop_goes_on_while_the_kernel_walks() -> None:
    """A walk of an array from which where= keeps nothing is a single long system call."""
    ticks: list[bool] = []

    async def tick(done: asyncio.Event) -> None:
        while not done.is_set():
            ticks.append(True)
            await asyncio.sleep(0)

    async def both(elements: Any) -> int:
        done = asyncio.Event()
        ticking = asyncio.create_task(tick(done))
        await asyncio.sleep(0)
        before = len(ticks)
        found = [element async for element in aio.walk(elements)]
        done.set()
        await ticking
        assert len(ticks) > before + 100
        return len(found)

    array = Map(2, 4, 8, 2_500_000)  # BPF_MAP_TYPE_ARRAY
    try:
        with BpfMapElemIter(array, columns={"cpu": "cpu"}, where="cpu == 1", engine="seq") as elements:
            assert asyncio.run(both(elements)) == 0
    finally:
        array.close()


def test_sockets_are_those_of_the_loops_thread() -> None:
    async def ports() -> set[int]:
        with TcpIter(columns=["local_port"]) as sockets:
            return {record.local_port async for record in aio.walk(sockets)}

    found: list[set[int]] = []

    def elsewhere(namespace: int) -> None:
        assert ctypes.CDLL(None).setns(namespace, 0) == 0
        found.append(asyncio.run(ports()))

    with other_namespace() as namespace, socket.create_server(("127.0.0.1", 0)) as server:
        mine = server.getsockname()[1]
        assert mine in asyncio.run(ports())
        worker = threading.Thread(target=elsewhere, args=(namespace,))
        worker.start()
        worker.join()
    assert found and mine not in found[0]


def test_a_walk_that_is_cancelled_leaves_nothing(count_fds: Callable[[], int]) -> None:
    async def first(tasks: Any) -> None:
        async for _ in aio.walk(tasks):
            raise asyncio.CancelledError

    async def cut(tasks: Any) -> None:
        walking = asyncio.create_task(anext(aio.walk(tasks)))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        walking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walking

    with TaskIter(engine="seq") as tasks:
        before = count_fds()
        for way in (first, cut) * 20:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(way(tasks))
        assert count_fds() <= before
