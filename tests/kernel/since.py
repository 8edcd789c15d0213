"""What a kernel may lack, and from which one on it may not: for tests alone, the library probes."""

from __future__ import annotations

import os
import re
from typing import NoReturn

import pytest

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
    # Parameters of the task targets' links: f0d74c4da1f0.
    "task parameters": (6, 1),
}


def running() -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", os.uname().release)
    assert match is not None
    return int(match[1]), int(match[2])


def has(feature: str) -> bool:
    return running() >= SINCE[feature]


def lacks(feature: str, why: object) -> NoReturn:
    """Skip for what this kernel is too old for; fail where it is new enough."""
    if has(feature):
        since = ".".join(map(str, SINCE[feature]))
        pytest.fail(f"{feature} is said to be missing, and Linux {since} has it: {why}", pytrace=False)
    pytest.skip(str(why))
