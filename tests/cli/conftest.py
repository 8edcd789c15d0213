"""The command, in this process and as one of its own; every test here loads programs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from libbpf_iter.cli import cli

COMMAND = Path(sys.executable).parent / "libbpf-iter"


@pytest.fixture(autouse=True)
def _bpf(needs_bpf: None) -> None:
    """Skip, or fail if the environment promises that nothing has to be skipped."""


@pytest.fixture
def run() -> Callable[..., Result]:
    """The command in this process."""

    def invoke(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="libbpf-iter")

    return invoke


@pytest.fixture
def spawn() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """The command as a process, which has to come to its end."""

    def start(*args: object, **how: object) -> subprocess.CompletedProcess[bytes]:
        words = [str(COMMAND), *map(str, args)]
        return subprocess.run(words, capture_output=True, timeout=60, **how)  # type: ignore[call-overload]

    return start
