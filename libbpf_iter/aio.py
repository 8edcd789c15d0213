"""Walks that don't block an event loop. Imports session.

The kernel walks in a thread of its own, without the GIL; records come to the event loop in batches.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

from .session import Session

__all__ = ["walk"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
# Making so many records takes about a tenth of a millisecond, for which the loop waits for the GIL.
_BATCH = 1000


class Walkable(Protocol[R_co]):
    """An iterator, or a pin."""

    def session(self) -> Session[R_co]: ...


async def walk(iterator: Walkable[R]) -> AsyncGenerator[R, None]:
    """One walk: ``async for task in walk(tasks)``.

    Leaving the loop early, by cancellation for example, closes the session, once the thread has finished the
    batch that it is working on. Whatever the walk raises is raised here.
    """
    session = iterator.session()
    loop = asyncio.get_running_loop()
    # A new thread is in the namespaces of the one that creates it, the loop's; those of a pool may not be.
    thread = ThreadPoolExecutor(1, "libbpf_iter.aio")
    part: asyncio.Future[list[R]] | None = None
    try:
        while True:
            part = loop.run_in_executor(thread, partial(list, islice(session, _BATCH)))
            records = await asyncio.shield(part)
            if not records:
                return
            for record in records:
                yield record
    finally:
        if part is None or part.done():
            session.close()
        else:
            part.add_done_callback(lambda _: session.close())
        thread.shutdown(wait=False)
