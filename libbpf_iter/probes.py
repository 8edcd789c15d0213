"""What only trying can tell about the running kernel. Imports kernel, link, program and workarounds."""

from __future__ import annotations

import os
import struct
from contextlib import closing
from functools import lru_cache

from . import _libbpf, kernel
from .link import Link
from .program import Query
from .workarounds import tid_may_find_leaders_alone

__all__ = ["TASK_LINKS", "finds", "threads_are_found"]

# What the BTF of kernels has whose links take a task: since f0d74c4da1f0, Linux 6.1.
TASK_LINKS = "bpf_iter_link_info.task"


@lru_cache(maxsize=1)
def threads_are_found() -> bool:
    """Whether a link for a thread that doesn't lead its process walks that thread."""
    if not kernel.has(TASK_LINKS):
        return False
    if not tid_may_find_leaders_alone():
        return True
    import threading  # slow to import, and few kernels need the try

    done = threading.Event()
    other = threading.Thread(target=done.wait, daemon=True)  # the calling thread may lead
    other.start()
    try:
        return finds(other.native_id or 0)
    finally:
        done.set()
        other.join()


def finds(tid: int) -> bool:
    """Whether a link for this tid walks any task."""
    from .compiled import load_query

    program = load_query("task", Query(columns=("task.pid",)))
    with (
        closing(program),
        # include/uapi/linux/bpf.h, union bpf_iter_link_info: its task begins with the tid.
        closing(Link(program, struct.pack("=IIII", tid, 0, 0, 0), {"tid": tid})) as link,
        _libbpf.iter_create(link.fd) as walk,
    ):
        return bool(os.read(walk.number, os.sysconf("SC_PAGESIZE")))
