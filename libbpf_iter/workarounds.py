"""Bugs that some kernels have: a function for each, which looks for what came with the fix. Imports kernel.

Bugs that no kernel has fixed are handled where they matter: :mod:`.ends`, :mod:`.session`, :mod:`.engine`.
"""

from __future__ import annotations

from . import kernel

__all__ = ["faults_panic", "names_keep_rests", "processes_mix_threads_up", "tid_may_find_leaders_alone"]


def faults_panic() -> bool:
    """Whether a program with more than one function must not be loaded.

    The kernel registers the main function twice, once without the table of loads that may fault. A fault
    that is looked up there is a panic, as seen on 5.10.262. 0108a4e9f358, "bpf: ensure main program has an
    extable", fixes it, but not all stable kernels have that. Before 4c5de127598e (Linux 5.12) every load
    through NULL faults; since then it is tested for first, and our programs, which follow the kernel's own
    pointers, don't fault. No type tells, but the iterator over mappings came in the same version.
    """
    return not kernel.has("bpf_iter__task_vma")


def names_keep_rests() -> bool:
    """Whether the name of a thread may be followed by what is left of a longer one, behind a NUL.

    06c5088aeeda, "fs/exec: replace strlcpy with strscpy_pad in __set_task_comm", of Linux 5.17, clears it. No
    type tells, but bpf_loop() came in the same version.
    """
    return not kernel.has("bpf_func_id.BPF_FUNC_loop")


def tid_may_find_leaders_alone() -> bool:
    """Whether a link for a thread that doesn't lead its process may walk nothing.

    f0d74c4da1f0 (Linux 6.1) looks up a tid among processes only. "bpf: Fix iter/task tid filtering" fixes
    that, in 6.13 and in late stable kernels before it. No type tells, but the iterator over slab caches came
    in 6.13 as well.
    """
    return not kernel.has("bpf_iter__kmem_cache")


def processes_mix_threads_up() -> bool:
    """Whether a link of one process leaves out files of threads, or shows those of its leader once more.

    f0d74c4da1f0, of Linux 6.1, asks of the thread before whether it shares its leader's files, and the read
    that is to find the end may go back to a thread that was passed by. "bpf: task_group_seq_get_next: fix
    the skip_if_dup_files check" and those around it came in 6.7, as open-coded iterators over tasks did.
    """
    return not kernel.has("bpf_iter_task_new")
