"""Every test here loads programs."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from libbpf_iter.errors import UnsupportedQuery, UnsupportedTarget
from libbpf_iter.kernel import mount_of
from tests.conftest import environment_skip

from .since import lacks


@pytest.fixture(autouse=True)
def _bpf(needs_bpf: None) -> None:
    """Skip, or fail if the environment promises that nothing has to be skipped."""


@contextmanager
def lacks_are_told() -> Iterator[None]:
    """What the kernel is too old for is no failure; what it has, and is said not to, is."""
    try:
        yield
    except UnsupportedTarget as error:
        lacks(error.target, error)
    except UnsupportedQuery as error:
        lacks("queries of columns", error)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    with lacks_are_told():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    with lacks_are_told():
        return (yield)


@pytest.fixture
def tree() -> Iterator[Path]:
    """A cgroup with 1,200 below it: more than a session can read from the descriptor."""
    mount = mount_of("cgroup2")
    if mount is None or not os.access(mount, os.W_OK):
        environment_skip("a writable cgroup2 hierarchy is needed")
    top = Path(mount) / f"libbpf_iter_{os.getpid()}"
    top.mkdir()
    children = [top / f"child{number}" for number in range(1200)]
    try:
        for child in children:
            child.mkdir()
        (children[0] / "grandchild").mkdir()
        yield top
    finally:
        (children[0] / "grandchild").rmdir()
        for child in children:
            child.rmdir()
        top.rmdir()
