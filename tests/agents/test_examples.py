"""The notebooks of examples/, run from their first cell to their last on the live kernel."""

from __future__ import annotations

import os
from pathlib import Path

import jupytext
import nbclient
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
# What each has to have shown: parts of some cell's output.
SHOWN = {
    "map": ("'key'", "image/png"),
    "mappings": ("image/png",),
    "memory": ("image/png",),
    "sockets": ("TCP_LISTEN",),
    "tree": ("└─", "image/png"),
}
pytestmark = pytest.mark.usefixtures("needs_bpf", "bpffs")


def test_all_are_run() -> None:
    assert set(SHOWN) == {path.stem for path in EXAMPLES.glob("*.md")}


@pytest.mark.parametrize("name", SHOWN)
def test_notebook(name: str) -> None:
    notebook = jupytext.read(EXAMPLES / f"{name}.md")
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert all(part in str(outputs) for part in SHOWN[name])
    assert not any(output["output_type"] == "stream" and output["name"] == "stderr" for output in outputs)
    if folder := os.environ.get("EXAMPLES_OUTPUT"):
        jupytext.write(notebook, Path(folder) / f"{name}.ipynb")
