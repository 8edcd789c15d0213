"""The README's examples, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from libbpf_iter._extension import lib

from libbpf_iter._libbpf import Fd

README = Path(__file__).parents[2] / "README.md"
HASH = 1  # include/uapi/linux/bpf.h
PIN = Path("/sys/fs/bpf/tasks")


def example(word: str) -> str:
    """The one that has it."""
    examples = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (found,) = [text for text in examples if word in text]
    return str(found)


def run(text: str) -> None:
    exec(compile(text, str(README), "exec"), {})


def test_the_first_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """With records that look like those shown; the bound is one that this process satisfies."""
    _, shown = README.read_text().split("mm.total_vm > 50_000")
    run(example("for process in").replace("mm.total_vm > 50_000", "mm.total_vm > 0"))
    columns = re.compile(r"(\w+)=")
    line = capsys.readouterr().out.splitlines()[0]
    assert columns.findall(line) == columns.findall(shown[shown.index("Task(") :].partition("\n")[0])


def test_the_tour_runs(bpffs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, value = (7).to_bytes(4, "little"), (12).to_bytes(8, "little")
    with Fd(lib.lbi_map_create, HASH, b"my_map", 4, 8, 10, 0, 0, 0, 0) as map_:
        assert lib.bpf_map_update_elem(map_.number, key, value, 0) == 0
        text = example("my_map")
        assert str(PIN) in text
        run(text.replace(str(PIN), str(bpffs / PIN.name)))
    said = capsys.readouterr().out
    assert f"{key!r} {value!r}" in said
    assert "Task(tid=" in said
    assert said.endswith("'unix']\n")


def test_the_example_of_queries_runs(capsys: pytest.CaptureFixture[str]) -> None:
    run(example("explain"))
    assert "columns: parent" in capsys.readouterr().out
