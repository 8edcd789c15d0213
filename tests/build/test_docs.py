"""The documentation: it builds without a warning, and what it shows can be done."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import PinnedIter
from libbpf_iter.base import BpfIter
from tests.conftest import environment_skip
from tests.kernel.network import run

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    try:
        import sphinx  # noqa: F401
    except ImportError:
        environment_skip("building the documentation takes sphinx")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run([*command, str(DOCS), str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "targets/task.html").read_text()
    assert "start_time_ns" in page and "since boot, time asleep included" in page


@pytest.fixture
def my_map(bpffs: Path) -> Iterator[None]:
    """The map that examples name."""
    words = ["type", "hash", "key", "4", "value", "4", "entries", "8", "name", "my_map"]
    run("bpftool", "map", "create", str(bpffs / "my_map"), *words)
    yield


@pytest.mark.parametrize("page", ["index", "tutorial", "queries", "privileges"])
def test_examples_run(page: str, needs_bpf: None, my_map: None, bpffs: Path) -> None:
    names: dict[str, Any] = {}
    text = (DOCS / f"{page}.md").read_text().replace("/sys/fs/bpf/", f"{bpffs}/")
    blocks = BLOCK.findall(text)
    assert blocks
    for block in blocks:
        exec(compile(block, f"{page}.md", "exec"), names)
    for value in names.values():
        if isinstance(value, BpfIter | PinnedIter):
            value.close()
