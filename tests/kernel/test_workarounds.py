"""Kernel bugs that are worked around: that they are, on the kernels that have them."""

from __future__ import annotations

import os

import pytest

from libbpf_iter import Iter, TaskIter, errors, targets
from libbpf_iter.engine import counts
from libbpf_iter.workarounds import faults_panic, tid_may_find_leaders_alone
from tests.kernel.since import has
from tests.kernel.test_task import threads

WITHOUT_PARAMETERS = ("task", "task_file", "task_vma", "bpf_map", "bpf_prog", "tcp", "udp", "unix", "netlink")


@pytest.mark.parametrize("target", ["tcp", "udp"])
def test_sockets_that_are_counted_are_walked_in_one_read(target: str) -> None:
    with Iter(target) as walk, Iter(target, engine="seq") as read:
        counted = counts(target, None)
        assert walk.engine == ("snapshot" if counted else "seq")
        session = read.session()
        list(session)
        assert session.lost == ()  # one read was enough
    assert not (counted and has(f"cookies of {target}"))


def test_a_thread_is_found_that_leads_no_process() -> None:
    assert tid_may_find_leaders_alone() == (not has("threads by tid"))
    with threads(3) as tids:
        for tid in tids:
            with TaskIter(tid, columns=["tid", "pid"]) as tasks:
                assert [(task.tid, task.pid) for task in tasks] == [(tid, os.getpid())]


def test_where_faults_panic_is_known() -> None:
    assert faults_panic() == (not has("queries of columns"))


@pytest.mark.parametrize("target", WITHOUT_PARAMETERS)
def test_where_faults_panic_programs_have_one_function(target: str) -> None:
    if not faults_panic():
        pytest.skip("this kernel's programs may have several functions")
    if target not in targets():
        pytest.skip(f"this kernel has no {target} iterator")
    names = ["path"] if target == "task_file" else None
    with Iter(target, engine="seq", columns=names) as walk, Iter("bpf_prog", columns=["id"]) as programs:
        mine = walk.link.info.program_id
        assert mine in {program.id for program in programs}
        with Iter("bpf_prog", columns={"n": "aux.func_cnt"}, where=f"aux.id == {mine}") as counted:
            (record,) = counted
    assert record.n == 0


def test_where_faults_panic_queries_of_columns_are_refused() -> None:
    if not faults_panic():
        pytest.skip("this kernel's programs may have several functions")
    with pytest.raises(errors.UnsupportedQuery, match="where: here the record's columns"):
        TaskIter(where="nice == 0")
    with TaskIter(where="static_prio == 120", columns={"tid": "task.pid"}) as tasks:
        assert list(tasks)
