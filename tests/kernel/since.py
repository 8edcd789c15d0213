"""What a kernel may lack, and since which version it may not. Only for tests: the library probes."""

from __future__ import annotations

import os
import re
from typing import Any, NoReturn

import pytest

from libbpf_iter import targets
from libbpf_iter.schema import Schema

# The first release that has it: the commit that brings each is in the target's file.
SINCE = {
    "task": (5, 8),
    "task_file": (5, 8),
    "bpf_map": (5, 8),
    "netlink": (5, 8),
    "ipv6_route": (5, 8),
    "bpf_prog": (5, 9),
    "bpf_map_elem": (5, 9),
    "bpf_sk_storage_map": (5, 9),
    "tcp": (5, 9),
    "udp": (5, 9),
    "sockmap": (5, 10),
    "task_vma": (5, 12),
    "unix": (5, 15),
    "bpf_link": (5, 19),
    "ksym": (6, 0),
    "cgroup": (6, 1),
    "kmem_cache": (6, 13),
    "dmabuf": (6, 16),
    # What columns need: progs/*.bpf.c, NEEDS().
    "task_io_accounting.read_bytes": (2, 6),
    "task_io_accounting.write_bytes": (2, 6),
    "cgroup_subsys_id.memory_cgrp_id": (3, 15),
    "cgroup_subsys_id.pids_cgrp_id": (4, 3),
    "bpf_iter__task_vma": (5, 12),
    "bpf_func_id.BPF_FUNC_task_storage_get": (5, 11),
    "bpf_func_id.BPF_FUNC_for_each_map_elem": (5, 13),
    "bpf_prog_aux.verified_insns": (5, 16),
    "bpf_func_id.BPF_FUNC_copy_from_user_task": (5, 18),
    "padded names": (5, 17),  # workarounds.names_keep_rests()
    "options of sockets that are walked": (5, 15),  # 3cee6fb8e69e
    # Expressions of a record's columns: workarounds.faults_panic().
    "queries of columns": (5, 12),
    "threads by tid": (6, 13),  # probes.threads_are_found()
    "large maps": (6, 1),  # probes.large_maps(): from some version between 5.10 and this one
    "processes by pid": (6, 7),  # workarounds.processes_mix_threads_up()
    "walks by programs": (6, 7),  # bpf_iter_task_new(), bpf_iter_css_new()
    # engine.counts()
    "cookies of udp": (6, 16),
    "cookies of tcp": (6, 17),
    # Parameters of the task targets' links: f0d74c4da1f0.
    "task parameters": (6, 1),
    "BPF tokens": (6, 9),
    "BTF by a token": (6, 15),  # 0de445d18e36
}


def running() -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", os.uname().release)
    assert match is not None
    return int(match[1]), int(match[2])


def told(schema: Schema, column: str, value: Any) -> Any:
    """What a column is: that value, or None where the schema says that this kernel can't give it."""
    field = schema[column]
    if field.unavailable is None:
        return value
    assert not has(field.needs), field.unavailable
    return None


def has(feature: str) -> bool:
    return running() >= SINCE[feature]


def needs(target: str) -> None:
    """Skip on a kernel that is too old for a target."""
    if target not in targets():
        lacks(target, f"this kernel has no {target} iterator")


def lacks(feature: str, why: object) -> NoReturn:
    """Skip for what this kernel is too old for; fail where it is new enough."""
    if has(feature):
        since = ".".join(map(str, SINCE[feature]))
        pytest.fail(f"{feature} is said to be missing, and Linux {since} has it: {why}", pytrace=False)
    pytest.skip(str(why))
