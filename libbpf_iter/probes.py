"""What only trying can tell about the running kernel. Imports kernel, link, program and workarounds."""

from __future__ import annotations

import errno
import os
import struct
from contextlib import closing
from functools import lru_cache

from . import _libbpf, kernel
from .errors import KernelError
from .link import Link
from .program import LARGEST_OUTPUT, SNAPSHOT_HEADER, Query
from .workarounds import tid_may_find_leaders_alone

__all__ = ["TASK_LINKS", "bounded", "finds", "large_maps", "threads_are_found"]

# In the BTF of kernels whose links take a task: since f0d74c4da1f0, Linux 6.1.
TASK_LINKS = "bpf_iter_link_info.task"
# KMALLOC_MAX_SIZE where a page has 4 KiB: array_map_alloc_check() of kernels such as 5.10 takes no more.
_SMALL_VALUE = 4 << 20


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


def bounded(size: int) -> int:
    """As much of an output's size as the kernel gives one map."""
    small = _SMALL_VALUE - SNAPSHOT_HEADER
    return min(size, LARGEST_OUTPUT if size <= small or large_maps() else small)


@lru_cache(maxsize=1)
def large_maps() -> bool:
    """Whether an array's value may have more than KMALLOC_MAX_SIZE."""
    try:
        _libbpf.create_array("probe", _SMALL_VALUE + 1).close()
    except KernelError as error:
        if error.errno != errno.E2BIG:
            raise
        return False
    return True
