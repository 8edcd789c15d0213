"""The documentation: it builds without a warning, and every example in it is run as it stands."""

from __future__ import annotations

import html
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import prometheus_client
import pytest

import libbpf_iter
from cbuild.comments import comments, unit, what
from libbpf_iter import (
    ObjectIter,
    PinnedIter,
    aio,
    base,
    errors,
    kernel,
    kinds,
    metrics,
    objects,
    rows,
    session,
    values,
)
from libbpf_iter.base import BpfIter
from libbpf_iter.btf.types import Kind
from libbpf_iter.cli import cli
from libbpf_iter.cli.values import CLASSES
from tests.cli.conftest import COMMAND
from tests.conftest import environment_skip
from tests.kernel.network import run

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# Members that a kernel has or not, by its configuration and age; a column has others to come from.
NOT_IN_EVERY_BUILD = {
    ("vm_area_struct", "anon_name"),  # CONFIG_ANON_VMA_NAME
    ("sock", "sk_ino"),  # since Linux 6.18
    ("sock", "sk_drop_counters"),  # since Linux 6.18
}
BLOCK = re.compile(r"^```(\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# The README's are run by tests/kernel/test_readme.py and tests/cli/test_commands.py.
BLOCKS = {page.stem: BLOCK.findall(page.read_text()) for page in DOCS.glob("*.md")}


def pages(language: str) -> list[str]:
    """Those that have an example in it."""
    return sorted(page for page, blocks in BLOCKS.items() if language in dict(blocks))


def examples(page: str, language: str) -> list[str]:
    return [text for written_in, text in BLOCKS[page] if written_in == language]


def test_the_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    try:
        import sphinx  # noqa: F401
    except ImportError:
        environment_skip("building the documentation takes sphinx")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run([*command, str(DOCS), str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    cells = [
        "start_time_ns",
        "when it was created: time since boot, suspend included, in the initial time namespace",
        "int rec_ns",
        "ns",
        "loads",
        "task_struct.start_boottime",
    ]
    assert cells in cells_of(tmp_path / "targets/task.html")
    parts = ["tid: int | None = None", "columns: Iterable[str] | Mapping[str, str] | None = None"]
    assert all(part in texts(tmp_path / "targets/task.html") for part in parts)
    # Each command has a page of its own, with its options.
    assert "--where <EXPRESSION>" in texts(tmp_path / "commands/task.html")
    assert {page.stem for page in (tmp_path / "commands").iterdir()} == set(cli.commands) | set(CLASSES)
    # Members that records share are explained where they are defined.
    assert "IPPROTO_*" in (tmp_path / "targets/sockmap.html").read_text()


def texts(page: Path) -> str:
    """A page without its markup."""
    return html.unescape(re.sub(r"<.*?>", "", page.read_text()))


def cells_of(page: Path) -> list[list[str]]:
    """The texts of a page's tables, cell by cell."""
    tables = re.findall(r"<tr.*?</tr>", page.read_text(), re.DOTALL)
    cells = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in tables]
    return [
        [re.sub(r"<br ?/?>|\n", " ", re.sub(r"<(?!br).*?>", "", cell)).strip() for cell in row]
        for row in cells
    ]


def public(where: Any, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Names that people use, and those of what they name."""
    for name in names:
        thing = getattr(where, name)
        yield f"{where.__name__}.{name}", thing
        if isinstance(thing, type):
            own = [
                n
                for n, value in vars(thing).items()
                if n[0] != "_" and (callable(value) or hasattr(value, "fget"))
            ]
            yield from public(thing, own)


@pytest.mark.parametrize("module", [libbpf_iter, aio, base, errors, metrics, rows, session, values])
def test_every_public_name_is_explained(module: ModuleType) -> None:
    names = getattr(module, "__all__", None) or ["BpfIter" if module is base else "Session"]
    assert [name for name, thing in public(module, names) if not inspect.getdoc(thing)] == []


@pytest.mark.parametrize("target", objects.packaged_targets())
def test_every_column_is_explained(target: str) -> None:
    said = comments(target)
    for field in objects.object_schema(objects.packaged(target), target).fields:
        assert field.name in said, (
            f"progs/{target}.bpf.c: no comment as cbuild/comments.py says above {field.name}"
        )
        comment = said[field.name]
        if isinstance(getattr(field.kind, "inner", field.kind), kinds.Integer):
            assert unit(field, comment), f"{field.name}: what does the number count?"
        if "None" in field.kind.annotation:
            assert "None" in what(field, comment), f"{field.name}: when is it None?"


@pytest.mark.parametrize("target", objects.packaged_targets())
def test_what_a_column_comes_from_is_in_the_kernel(target: str, needs_bpf: None) -> None:
    types = kernel.btf()
    for name, comment in comments(target).items():
        members = re.findall(r"(\w+)\.(\w+)", comment.source)
        assert members, f"{name}: which member of which struct?"
        for struct, member in set(members) - NOT_IN_EVERY_BUILD:
            known = types.flat_members(types.find(struct, Kind.STRUCT))
            assert member in {m.name for m in known}, f"{name}: struct {struct} has no {member}"


def test_no_example_is_left_out() -> None:
    directives = {"{eval-rst}", "{include}", "{toctree}"}
    assert {language for blocks in BLOCKS.values() for language, _ in blocks} <= {
        "python",
        "sh",
        "c",
    } | directives
    assert pages("c") == ["programs"]


@pytest.fixture
def here(bpffs: Path) -> Iterator[dict[str, str]]:
    """What the examples call a map and a folder, and what they are here: others may run them, too."""
    name = f"docs_{os.getpid()}"
    words = ["type", "hash", "key", "4", "value", "4", "entries", "8", "name", name]
    run("bpftool", "map", "create", str(bpffs / name), *words)
    yield {"my_map": name, "/sys/fs/bpf/": f"{bpffs}/"}


def replaced(text: str, names: dict[str, str]) -> str:
    for name, other in names.items():
        text = text.replace(name, other)
    return text


@pytest.mark.parametrize("page", pages("python"))
def test_python_runs(
    page: str, needs_bpf: None, here: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page's blocks one after the other, as one reads them."""
    names: dict[str, Any] = {}
    monkeypatch.setattr(prometheus_client, "REGISTRY", prometheus_client.CollectorRegistry())
    for block in examples(page, "python"):
        exec(compile(replaced(block, here), f"{page}.md", "exec"), names)
    for value in names.values():
        if isinstance(value, BpfIter | PinnedIter):
            value.close()


def in_shell(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As somebody types it who has the package's environment on the path."""
    env = {**os.environ, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", text], cwd=folder, env=env, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("page", pages("sh"))
def test_shell_lines_run(page: str, needs_bpf: None, here: dict[str, str], tmp_path: Path) -> None:
    """Each by itself, beside the page's C program if it has one."""
    (tmp_path / "mine.bpf.c").write_text("".join(examples(page, "c")))
    for line in "".join(examples(page, "sh")).splitlines():
        if line.startswith("make "):
            # Whoever is here has run make: of the two that a page names, one is this suite.
            assert f"\n{line.split()[1]}:" in (ROOT / "Makefile").read_text()
            continue
        # What is watched has no end: tests/cli/test_terminal.py watches.
        done = in_shell(re.sub(r" --watch \S+", "", replaced(line, here)), tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), line


def test_the_program_of_ones_own_gives_records(needs_bpf: None, tmp_path: Path) -> None:
    (source,) = examples("programs", "c")
    (tmp_path / "mine.bpf.c").write_text(source)
    *build, _ = "".join(examples("programs", "sh")).splitlines()
    done = in_shell("\n".join(build), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    with ObjectIter(tmp_path / "mine.bpf.o") as tasks:
        assert os.getpid() in {task.tid for task in tasks}
