"""What only a terminal sees: colours, width, --watch, Ctrl-C."""

from __future__ import annotations

import fcntl
import operator
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace

from libbpf_iter import TaskIter
from libbpf_iter.cli.output import Column
from libbpf_iter.cli.watch import Watch

from .conftest import COMMAND

DEADLINE = 30.0  # seconds in which something that must happen has happened


class Terminal:
    """A pseudo-terminal with the command in it."""

    def __init__(self, words: Sequence[str], columns: int, lines: int, env: dict[str, str]) -> None:
        self.master, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
        self.process = subprocess.Popen(
            words,
            stdin=side,
            stdout=side,
            stderr=side,
            env={**clean, "TERM": "xterm-256color", **env},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(side)
        self.seen = ""

    def until(self, done: Callable[[str], object]) -> str:
        """All that was written, as soon as ``done`` says so of it, or at its end."""
        end = time.monotonic() + DEADLINE
        while not done(self.seen):
            assert time.monotonic() < end, self.seen
            if not select.select([self.master], [], [], 1.0)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:  # EIO: nobody has the other side any more
                break
            if not data:
                break
            self.seen += data.decode(errors="replace")
        return self.seen

    def end(self) -> int:
        self.until(lambda _: False)
        return self.process.wait(DEADLINE)


@contextmanager
def terminal(
    *words: str,
    columns: int = 80,
    lines: int = 24,
    env: dict[str, str] | None = None,
    command: Sequence[str] = (str(COMMAND),),
) -> Iterator[Terminal]:
    shown = Terminal([*command, *words], columns, lines, env or {})
    try:
        yield shown
    finally:
        shown.process.kill()
        shown.process.wait()
        os.close(shown.master)


def test_a_terminal_has_colours_and_no_line_is_wider_than_it() -> None:
    with terminal("task_file", "--pid", str(os.getpid()), columns=50) as shown:
        assert shown.end() == 0
    assert "\x1b[1m" in shown.seen
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.seen).splitlines()
    assert max(map(len, lines[:-1])) <= 50
    assert lines[-1].startswith("no room for: ")


def test_no_color_is_respected() -> None:
    with terminal("task", "--limit", "1", env={"NO_COLOR": "1"}) as shown:
        assert shown.end() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown.seen)


def test_a_pipe_has_neither(spawn: Callable[..., subprocess.CompletedProcess[bytes]]) -> None:
    done = spawn("task_file", "--pid", os.getpid())
    assert b"\x1b" not in done.stdout
    assert b"inode" in done.stdout.splitlines()[0]


def test_arrow_is_not_written_to_a_terminal() -> None:
    with terminal("task", "--format", "arrow") as shown:
        assert shown.end() == 2
    assert "binary" in shown.seen


def test_watch_marks_what_differs_and_ctrl_c_ends_it() -> None:
    stop = threading.Event()
    where = f"pid == {os.getpid()}"
    with terminal("task", "-c", "tid,voluntary_switches", "-w", where, "--watch", "0.05") as shown:
        shown.until(lambda seen: "0 new, 0 gone" in seen)
        thread = threading.Thread(target=stop.wait)
        thread.start()
        try:
            shown.until(lambda seen: "1 new, 0 gone" in seen)
            (tid,) = (task.tid for task in TaskIter(tid=thread.native_id))
            # Green, and bold: it wasn't there before.
            shown.until(lambda seen: re.search(rf"\x1b\[1;32m *{tid}\x1b\[0m", seen))
        finally:
            stop.set()
            thread.join()
        shown.until(lambda seen: "0 new, 1 gone" in seen)
        os.write(shown.master, b"\x03")
        assert shown.end() == 0
    assert "Traceback" not in shown.seen
    assert "\x1b[?1049l" in shown.seen  # the screen that was there before is back
    assert "\x1b[?25h" in shown.seen  # and so is the cursor


def test_watch_follows_a_change() -> None:
    with terminal(
        "task", "-c", "tid,voluntary_switches", "--watch", "0.05", "--sort", "-voluntary_switches"
    ) as shown:
        shown.until(lambda seen: re.search(r"\x1b\[1;33m *\d+\x1b\[0m", seen))
        os.write(shown.master, b"\x03")
        assert shown.end() == 0


def test_ctrl_c_ends_a_walk_quietly() -> None:
    # What it writes is read by nobody, so it waits in the middle of the walk.
    with subprocess.Popen(
        [COMMAND, "ksym", "--format", "ndjson"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        said = process.stderr.read()
        assert process.wait(DEADLINE) == 130
    assert said.strip() == b""


IMPATIENT = """
import os, sys
from libbpf_iter.cli import main, output
output._PATIENCE = 0.0
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
sys.exit(main())
"""


def test_a_long_walk_is_counted_on_standard_error() -> None:
    with terminal("ksym", command=(sys.executable, "-c", IMPATIENT)) as shown:
        assert shown.end() == 0
    counts = [int(text.replace(",", "")) for text in re.findall(r"([\d,]+) ksym", shown.seen)]
    assert counts == sorted(counts) and counts[-1] > 10_000
    assert "\x1b[?25h" in shown.seen


def test_rows_that_nothing_tells_apart_are_all_shown() -> None:
    watch = Watch([Column("comm")], operator.attrgetter("comm"))
    twins = [SimpleNamespace(comm="a"), SimpleNamespace(comm="a")]
    assert len(watch.table(twins, 80, 24).renderables) == 2 + 2
    head, *_ = watch.table(twins[:1], 80, 24).renderables
    assert "1 records: 0 new, 1 gone" in str(head)
