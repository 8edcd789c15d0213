"""What works with which capabilities, tried in a process that has only those, and what the error says."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable
from typing import Any

import pytest

from libbpf_iter import (
    BpfMapElemIter,
    CgroupIter,
    KsymIter,
    TaskFileIter,
    TaskIter,
    TcpIter,
    UnixIter,
    errors,
)
from tests.conftest import CAPABILITIES, environment_skip
from tests.kernel.children import in_child
from tests.kernel.test_maps import Map

NOBODY = 65534
# include/uapi/linux/prctl.h and capability.h
PR_SET_KEEPCAPS, VERSION_3 = 8, 0x20080522


def keep(capabilities: set[str]) -> None:
    """Give up all other capabilities for good."""
    bits = sum(1 << CAPABILITIES[name] for name in capabilities)
    low, high = bits & 0xFFFFFFFF, bits >> 32
    # Effective, permitted and inheritable, of the lower and the upper half.
    data = struct.pack("=6I", low, low, 0, high, high, 0)
    assert ctypes.CDLL(None).capset(struct.pack("=Ii", VERSION_3, 0), data) == 0


def only_with(capabilities: set[str], work: Callable[[], object]) -> bool:
    """Whether a child of the user nobody can do it with only these capabilities."""
    if os.geteuid():
        environment_skip("only root can become somebody else and keep some capabilities")

    def reduced() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        keep(capabilities)
        work()

    return in_child(reduced)


WALKS: list[Callable[[], Any]] = [
    lambda: TaskIter(tid=os.getpid(), engine="seq"),
    lambda: TaskIter(engine="snapshot"),
    lambda: TaskIter(columns={"pages": "mm.total_vm"}, where="tid > 0", engine="seq"),
    lambda: TaskIter(columns=["tid", "exe", "cmdline"]),
    lambda: TaskFileIter(pid=os.getpid()),
    lambda: TcpIter(),
    lambda: UnixIter(),
    lambda: CgroupIter(),
    lambda: KsymIter(),
]


@pytest.fixture(autouse=True)
def imported() -> None:
    """The user nobody can't read the interpreter's directories, so root imports all that walks need."""
    for made in WALKS:
        with made() as iterator:
            list(iterator)


def test_these_two_are_enough_to_walk() -> None:
    def walk() -> None:
        for made in WALKS:
            with made() as iterator:
                assert iterator.record
                list(iterator)

    assert only_with({"CAP_BPF", "CAP_PERFMON"}, walk)


@pytest.mark.parametrize("capabilities", [set(), {"CAP_BPF"}, {"CAP_PERFMON"}])
def test_one_of_them_is_not_and_the_error_names_both(capabilities: set[str]) -> None:
    def refused() -> None:
        for made in WALKS:
            with pytest.raises(errors.MissingCapability, match="CAP_BPF and CAP_PERFMON") as caught:
                made()
            assert caught.value.capability == "CAP_BPF and CAP_PERFMON"

    assert only_with(capabilities, refused)


def test_what_was_made_with_them_is_walked_without() -> None:
    def walk() -> None:
        with TaskIter(columns=["tid"], engine="seq") as seq, TaskIter(columns=["tid"]) as snapshot:
            keep(set())
            for tasks in (seq, snapshot):
                assert os.getpid() in {task.tid for task in tasks}

    assert only_with({"CAP_BPF", "CAP_PERFMON"}, walk)


def test_a_map_by_its_descriptor_takes_no_more_but_its_types_do() -> None:
    plain, typed = Map(2, 4, 8, 2), Map(2, 4, 8, 2, btf=True)  # BPF_MAP_TYPE_ARRAY
    try:

        def walk() -> None:
            with BpfMapElemIter(plain) as elements:
                assert [element.value for element in elements] == [bytes(8), bytes(8)]
            with pytest.raises(errors.MissingCapability, match="CAP_SYS_ADMIN"):
                BpfMapElemIter(typed)

        assert only_with({"CAP_BPF", "CAP_PERFMON"}, walk)
    finally:
        plain.close()
        typed.close()
