"""Bugs that some kernels have: a function each, which looks for what came with the mending. Imports kernel.

What all kernels have is where it matters: :mod:`.session`, :mod:`.losses`, :mod:`.engine`.
"""

from __future__ import annotations

from . import kernel

__all__ = ["faults_panic", "tid_may_find_leaders_alone"]


def faults_panic() -> bool:
    """Whether a program of several functions must not be loaded.

    Its first function is known twice to the kernel, and once without its table of
    loads that may fault: a fault that finds that one is a panic, as seen on 5.10.262
    (mended by 0108a4e9f358, "bpf: ensure main program has an extable", which not all
    stable kernels have). Every load through NULL faults until 4c5de127598e, of Linux
    5.12, which tests for it first; from there on ours, which follow the kernel's own
    pointers, don't. No type tells of it: the iterator over mappings came in that version.
    """
    return not kernel.has("bpf_iter__task_vma")


def tid_may_find_leaders_alone() -> bool:
    """Whether a link with the number of a thread that leads no process may walk nothing.

    f0d74c4da1f0, of Linux 6.1, looks for the number among processes; "bpf: Fix iter/task
    tid filtering", which is in all of 6.13 and in later stable kernels before it, doesn't.
    No type tells of it either, but the iterator over slab caches came in that version.
    """
    return not kernel.has("bpf_iter__kmem_cache")
