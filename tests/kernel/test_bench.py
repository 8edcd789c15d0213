"""The questions of tests/bench at a small size: that they run, and clean up; times are no part of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
QUESTIONS = sorted(file.stem for file in BENCH.glob("*.py") if "\ndef main()" in file.read_text())


def left_behind() -> set[Path]:
    """Pins and control groups that only a bench makes."""
    return {
        path
        for root in (Path("/sys/fs/bpf"), Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
        for path in root.glob("libbpf_iter_bench_*")
    }


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_gets_its_answer(question: str) -> None:
    before = left_behind()
    command = [sys.executable, "-m", f"tests.bench.{question}", "--small"]
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}  # bpftool's place
    run = subprocess.run(command, capture_output=True, text=True, cwd=BENCH.parents[1], env=environment)
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout.splitlines()[-1])
    assert answer["results"]
    for result in answer["results"]:
        assert result.get("ratio", 1) >= 0, result  # of ten tasks on a busy machine, it rounds to 0
    assert left_behind() <= before


def test_make_bench_asks_them_all() -> None:
    makefile = (BENCH.parents[1] / "Makefile").read_text()
    (line,) = [line for line in makefile.splitlines() if line.startswith("BENCH ?=")]
    assert sorted(line.split()[2:]) == QUESTIONS
