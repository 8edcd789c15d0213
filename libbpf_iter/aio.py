"""A walk in an event loop that goes on meanwhile. Imports session.

The kernel walks without the GIL, and in a thread of the walk's own; records come
to the loop in batches.
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
# Made in a tenth of a millisecond or so, for which the loop waits for the GIL.
_BATCH = 1000


class Walkable(Protocol[R_co]):
    """An iterator, or a pin."""

    def session(self) -> Session[R_co]: ...


async def walk(iterator: Walkable[R]) -> AsyncGenerator[R, None]:
    """One walk: ``async for task in walk(tasks)``.

    What ends the loop early, a cancellation too, closes the session; a part of the
    walk that the kernel is in comes to its end in its thread first. It raises what the walk does.
    """
    session = iterator.session()
    loop = asyncio.get_running_loop()
    # It is in the namespaces of the thread that makes it, which is the loop's; a pool's may not be.
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
