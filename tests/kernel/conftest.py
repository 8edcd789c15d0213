"""Every test here loads programs."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from libbpf_iter.errors import UnsupportedTarget

from .since import lacks


@pytest.fixture(autouse=True)
def _bpf(needs_bpf: None) -> None:
    """Skips, or fails where that was promised not to happen."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """A target that the kernel is too old for is no failure; one that it has, and that is refused, is."""
    try:
        return (yield)
    except UnsupportedTarget as error:
        lacks(error.target, error)
