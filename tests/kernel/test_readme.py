"""The README's second example, word for word; the first needs a map of the reader's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def test_the_example_of_queries_runs(capsys: pytest.CaptureFixture[str]) -> None:
    examples = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (query,) = [example for example in examples if "where=" in example]
    exec(compile(query, str(README), "exec"), {})
    assert "columns: parent" in capsys.readouterr().out
