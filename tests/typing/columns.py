"""Checked by mypy, never run: what a column is, is known without running anything."""

from typing import assert_type

from libbpf_iter import TaskIter, TcpIter
from libbpf_iter.values import KernelFlags


def task_columns() -> None:
    for task in TaskIter(pid=1):
        assert_type(task.tid, int)
        assert_type(task.comm, str)
        assert_type(task.flags, KernelFlags)
        assert_type(task.exe, str | None)
        assert_type(task.cmdline, tuple[str, ...] | None)


def held() -> None:
    rows = TaskIter().collect()
    assert_type(rows[0].tid, int)
    assert_type(rows[:3][0].comm, str)
    for task in rows:
        assert_type(task.comm, str)


def tcp_columns() -> None:
    for socket in TcpIter(netns="all"):
        assert_type(socket.local_port, int)
