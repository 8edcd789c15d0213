"""The commands that aren't walks, what is said of mistakes, and the examples of the help texts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libbpf_iter._extension import lib

from libbpf_iter import ObjectIter, TaskIter, targets
from libbpf_iter._libbpf import Fd
from libbpf_iter.cli import cli
from libbpf_iter.cli.values import CLASSES, whole_schema
from libbpf_iter.cli.views import VIEWS
from libbpf_iter.load import here
from libbpf_iter.objects import packaged
from tests.kernel.clang import compiled
from tests.kernel.test_foreign import LACKING, TEXT

from .conftest import COMMAND

Run = Callable[..., Result]
README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("name", ["task_file", "task-file"])
def test_targets_are_named_as_people_type_them(run: Run, name: str) -> None:
    result = run(name, "--pid", os.getpid(), "-f", "ndjson", "-c", "fd")
    fds = {json.loads(line)["fd"] for line in result.stdout.splitlines()}
    assert {0, 1, 2} <= fds


def test_targets_are_those_of_the_kernel(run: Run) -> None:
    rows = json.loads(run("targets", "-f", "json").stdout)
    assert {row["target"] for row in rows if row["kernel"]} == set(targets())
    assert {row["target"] for row in rows if row["program"]} == set(CLASSES)
    assert next(row for row in rows if row["target"] == "bpf_map_elem")["options"] == "--map"


def test_fields_are_the_records_columns_and_then_the_kernels(run: Run) -> None:
    columns = json.loads(run("fields", "task", "-f", "json").stdout)
    assert [row["column"] for row in columns] == [field.name for field in whole_schema("task").fields]
    assert next(row for row in columns if row["column"] == "rss")["unit"] == "bytes"
    members = json.loads(run("fields", "task", "mm", "-f", "json").stdout)
    assert [m["name"] for m in members] == [place.name for place in TaskIter.fields("mm")]
    assert json.loads(run("fields", "task", ".", "-f", "json").stdout)[0]["offset"] == 0


def test_explain_says_where_names_lead(run: Run) -> None:
    said = run("explain", "task", "--where", "mm.total_vm > 5").stdout
    assert "mm.total_vm: long unsigned int" in said
    assert "r0 = " in said or "exit" in said


def test_a_pin_is_made_described_read_and_removed(run: Run, bpffs: Path) -> None:
    pin = bpffs / "tasks"
    assert (
        run("pin", "task", pin, "-c", "tid,comm", "-w", f"pid == {os.getpid()}", "--mode", "0640").exit_code
        == 0
    )
    assert pin.stat().st_mode & 0o777 == 0o640
    said = run("info", pin).stdout
    assert re.search(r"^target +task$", said, re.MULTILINE)
    assert "-rw-r-----" in said and "tid, comm" in said
    tids = {json.loads(line)["tid"] for line in run("read", pin, "-f", "ndjson").stdout.splitlines()}
    assert tids == set(map(int, os.listdir("/proc/self/task")))
    assert run("unpin", pin).exit_code == 0
    assert not pin.exists()


def test_only_pins_are_removed(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    result = run("unpin", file)
    assert result.exit_code == 1
    assert "isn't a pin" in result.stderr
    assert file.exists()


def test_the_unprivileged_read_a_pin_that_lets_them(run: Run, bpffs: Path) -> None:
    bpffs.chmod(0o755)
    pin = bpffs / "tasks"
    run("pin", "task", pin, "--pid", os.getpid(), "--mode", "0444")
    for words in ((), ("--record", "task")):
        done = _as_nobody("read", pin, *words, "--format", "ndjson")
        assert done.returncode == 0, done.stderr
        assert {json.loads(line)["pid"] for line in done.stdout.splitlines()} == {os.getpid()}
    (bpffs / "tasks_types").unlink()
    assert "read --record" in _as_nobody("read", pin).stderr


def test_a_pin_of_all_columns_shows_those_that_its_target_does(run: Run, bpffs: Path) -> None:
    pin = bpffs / "tasks"
    run("pin", "task", pin, "--tid", os.getpid())
    assert run("read", pin).stdout.split()[: len(VIEWS["task"].columns)] == list(VIEWS["task"].columns)
    (whole,) = json.loads(run("read", pin, "--format", "json").stdout)
    assert list(whole) == [field.name for field in whole_schema("task").fields]


def test_a_pin_of_chosen_columns_is_no_record_of_its_target(run: Run, bpffs: Path) -> None:
    pin = bpffs / "tasks"
    run("pin", "task", pin, "--columns", "pid,tid", "--mode", "0444")
    result = run("read", pin, "--record", "task")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "their columns are pid, tid" in result.stderr


def _as_nobody(*words: object) -> subprocess.CompletedProcess[str]:
    """In a Python that anybody may run, with what is installed here on its path."""
    paths = [str(Path(__file__).parents[2]), *(path for path in sys.path if "site-packages" in path)]
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    return subprocess.run(
        [*nobody, sys.executable, "-m", "libbpf_iter", *map(str, words)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
    )


def test_without_privileges_one_line_says_what_to_do() -> None:
    done = _as_nobody("task")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("libbpf-iter: ")
    assert "CAP_BPF and CAP_PERFMON" in line and "doctor" in line
    done = _as_nobody("doctor")
    assert done.returncode == 1
    assert re.search(r"^capabilities +NO +CAP_BPF and CAP_PERFMON missing$", done.stdout, re.MULTILINE)


def test_doctor_tries_each_engine_of_each_target(run: Run) -> None:
    result = run("doctor")
    assert result.exit_code == 0, result.stdout
    assert re.search(r"^task +ok +ok$", result.stdout, re.MULTILINE)
    offered = [name for name in CLASSES if name in targets()]
    assert all(re.search(rf"^{name} +(ok|-) +(ok|-)", result.stdout, re.MULTILINE) for name in offered)


def test_a_program_of_ones_own_runs(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.bpf.o"
    mine.write_bytes(packaged("task"))
    result = run("run", mine, "--pid", os.getpid(), "-c", "tid,pid", "-f", "ndjson")
    assert {json.loads(line)["pid"] for line in result.stdout.splitlines()} == {os.getpid()}


def test_why_this_kernel_does_not_give_a_column(run: Run, tmp_path: Path) -> None:
    why = f"this kernel, Linux {os.uname().release}, has no flux capacitor (since 1985)"
    asked = "run", compiled(tmp_path, LACKING), "--record", "event", "--tid", os.getpid()
    result = run(*asked)
    assert result.stderr == f"libbpf-iter: power is None: {why}\n"
    assert result.stdout.splitlines()[1].split()[1] == "-"
    assert run(*asked, "-f", "csv").stderr == ""
    with ObjectIter(asked[1], record="event") as events:
        assert f"    power: rec_opt_u32; always None: {why}\n" in events.explain() + "\n"


def test_fields_say_what_columns_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("fields", "tcp", "state").stdout.splitlines()[-1].startswith("TCP_ESTABLISHED, TCP_SYN_SENT, ")
    assert "PF_KTHREAD = 0x200000" in run("fields", "task", "flags").stdout.splitlines()[-1]
    assert [row["column"] for row in json.loads(run("fields", "task", "rss", "-f", "json").stdout)] == ["rss"]
    rows = {row["column"]: row for row in json.loads(run("fields", "task", "-f", "json").stdout)}
    assert rows["cmdline"]["on_request"] and rows["prio"]["source"] == "task_struct.prio"
    lacking = {field.name for field in here(whole_schema("task")).fields if field.unavailable}
    assert {name for name, row in rows.items() if row["unavailable"]} == lacking
    assert re.search(
        r"^runtime_ns +int +CPU time, as the scheduler measured it \[ns\]$",
        run("fields", "task").stdout,
        re.M,
    )


def test_what_a_program_prints_comes_as_lines(run: Run, tmp_path: Path) -> None:
    result = run("run", compiled(tmp_path, TEXT), "--tid", os.getpid())
    assert result.stdout == f"task {os.getpid()}\n"
    assert run("run", tmp_path / "mine.bpf.o", "--limit", 0).stdout == ""
    assert run("run", tmp_path / "mine.bpf.o", "--format", "json").exit_code == 2


# ---- mistakes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["taks"], "did you mean task"),
        (["task", "--where", "rsss > 1"], "did you mean rss"),
        (["task", "--columns", "tid,"], "columns: "),
        (["task", "--columns", "a=tid,a=pid"], "there twice"),
        (["task", "--sort", "rsss"], "rsss"),
        (["task", "--param", "limit"], "NAME=NUMBER"),
        (["task", "--tid", "1", "--pid", "1"], "can't be combined"),
        (["bpf_map_elem"], "--map"),
        (["fields", "taks"], "did you mean task"),
        (["task", "--watch", "1"], "for a terminal"),
        (["pin", "task", "/sys/fs/bpf/x", "--mode", "9"], "octal"),
        (["pin", "tsk", "/sys/fs/bpf/x"], "No such target 'tsk'; did you mean task"),
        (["pin", "task", "/tmp/libbpf_iter_pin"], "a path in a mounted bpffs is expected"),
        (["pin", "task", "/sys/fs/bpf/a.b"], "a pin's name can't have a dot"),
        (["task", "--columns", "nme"], "--columns: 'nme' is no column"),
        (["task", "--where", "rss > limit", "--param", "limt=1"], "--param: no expression uses 'limt'"),
        (["task", "--columns", "nme"], "see: libbpf-iter fields task"),
        (["task", "--sort", "-nme"], "--sort: 'nme' is no column"),
        (["task", "--where", "comm = 'x'"], "== compares"),
        (["fields", "nonesuch"], "see: libbpf-iter targets"),
    ],
)
def test_a_command_line_without_sense_is_code_2(run: Run, words: list[str], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bpf_map_elem", "--map", "no_such_map"], "no map named"),
        (["tcp", "--netns", "/nowhere"], "/nowhere"),
        (["info", "/sys/fs/bpf/no_such_pin"], "no pin"),
        (["run", "/etc/passwd"], "ELF"),
        (["run", "/nowhere"], "/nowhere: No such file or directory"),
        (["read", "/nowhere"], "there is no pin /nowhere"),
        (["cgroup", "--cgroup", str(2**60)], f"none with id {2**60}"),
    ],
)
def test_what_fails_is_code_1_and_one_line(run: Run, words: list[str], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("libbpf-iter: ") and said in line


PARTS = [*"tid,comm=mm.total_vm>1()[]'\" \0é-", "rss", "and ", "cast("]
WORDS = st.lists(st.sampled_from(PARTS), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS.map("".join), st.sampled_from(["--columns", "--where", "--sort", "--param"]))
def test_whatever_is_typed_there_is_an_answer(run: Run, text: str, option: str) -> None:
    result = run("task", "--tid", os.getpid(), option, text)
    assert result.exit_code in (0, 1, 2)
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert "Traceback" not in result.output


def test_without_the_extra_one_line_says_which() -> None:
    code = "import sys; sys.modules['click'] = None; from libbpf_iter.__main__ import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "libbpf-iter: click is not installed: pip install 'libbpf_iter[cli]'\n"


def test_arrow_without_pyarrow_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None; sys.argv[1:] = ['task', '-f', 'arrow'];"
        "from libbpf_iter.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "libbpf-iter: --format arrow needs pyarrow: pip install pyarrow\n"


# ---- completion -----------------------------------------------------------------------


def _completed(line: str) -> list[str]:
    words = line.split(" ")
    env = {"_LIBBPF_ITER_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run([COMMAND], env={**os.environ, **env}, capture_output=True, text=True, timeout=60)
    return [answer.partition(",")[2] for answer in done.stdout.splitlines()]


def test_completion() -> None:
    assert _completed("libbpf-iter task_") == ["task_file", "task_vma"]
    assert _completed("libbpf-iter task --columns tid,com")[0] == "tid,comm"
    assert "tid,pages=mm.total_vm" in _completed("libbpf-iter task --columns tid,pages=mm.total")
    assert _completed("libbpf-iter task --sort uid,-rs") == ["uid,-rss"]
    assert _completed("libbpf-iter task-f") == ["task_file"]
    assert _completed("libbpf-iter task --where rs")[0] == "rss"
    assert _completed("libbpf-iter task --where tid==pid&mm.total_v") == ["tid==pid&mm.total_vm"]
    assert _completed("libbpf-iter read --record task_v") == ["task_vma"]
    name = f"comp_{os.getpid()}"
    with Fd(lib.lbi_map_create, 2, name.encode(), 4, 8, 3, 0, 0, 0, 0):
        assert _completed(f"libbpf-iter bpf_map_elem --map {name[:8]}") == [name]
    assert "mm.total_vm" in _completed("libbpf-iter fields task mm.tot")
    assert _completed("libbpf-iter fields task vsi") == ["vsize"]
    assert _completed("libbpf-iter explain task-file --engine sn") == ["snapshot"]


# ---- the help texts' examples ------------------------------------------------------------


def _commands(group: click.Group, before: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found[*before, name] = command
        if isinstance(command, click.Group) and not before:
            found |= _commands(command, (name,))
    return found


def _examples() -> list[str]:
    texts = [cli.help or "", *(command.help or "" for command in _commands(cli).values())]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return sorted({re.split(r"   +", line)[0] for line in lines if line.startswith("libbpf-iter ")})


def test_there_are_examples_of_every_target() -> None:
    examples = " ".join(_examples())
    assert all(f"libbpf-iter {name} " in examples + " " for name in CLASSES)


def _in_shell(line: str) -> subprocess.CompletedProcess[str]:
    """A line as it is typed in a shell that has the command on its PATH."""
    env = {**os.environ, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, timeout=60)


NEEDS = {"mine.bpf.o", "my_map", "my_storage", "my_sockmap", "/sys/fs/bpf/tasks", "--watch"}


@pytest.mark.parametrize("line", [line for line in _examples() if not any(word in line for word in NEEDS)])
def test_examples_run(line: str) -> None:
    assert len(line) < 78, "it doesn't fit a terminal"
    done = _in_shell(line)
    # Of symbols, since others load programs, too.
    said = [line for line in done.stderr.splitlines() if "came or went meanwhile" not in line]
    assert (done.returncode, said) == (0, [])


def test_the_readmes_examples_run() -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    lines = [line.partition("  #")[0] for line in block.splitlines() if "--watch" not in line]
    assert len(lines) == 4
    for line in lines:
        done = _in_shell(line)
        assert (done.returncode, done.stderr) == (0, ""), line
        assert done.stdout


def test_the_examples_of_pins_run(bpffs: Path) -> None:
    lines = [line for line in _examples() if "/sys/fs/bpf/tasks" in line and "--record" not in line]
    order = {"pin": 0, "read": 1, "unpin": 2}
    for line in sorted(lines, key=lambda line: order[line.split()[1]]):
        line = line.replace("/sys/fs/bpf/tasks", str(bpffs / "tasks"))
        assert _in_shell(line).returncode == 0, line
    assert len(lines) == 3


def test_the_example_of_maps_runs() -> None:
    name = f"cli_{os.getpid()}"
    (line,) = [line for line in _examples() if "my_map" in line]
    with Fd(lib.lbi_map_create, 2, name.encode(), 4, 8, 3, 0, 0, 0, 0):
        done = _in_shell(line.replace("my_map", name))
    assert len(done.stdout.splitlines()) == 4


def test_help_of_every_command_fits_a_terminal(run: Run) -> None:
    for words in _commands(cli):
        result = run(*words, "--help")
        assert result.exit_code == 0, words
        assert [line for line in result.stdout.splitlines() if len(line) > 80] == [], words
