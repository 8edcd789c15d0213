"""An exception that comes from outside, as KeyboardInterrupt does, at whatever moment: nothing is left."""

from __future__ import annotations

import dis
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import libbpf_iter
from libbpf_iter import BpfMapElemIter, CgroupIter, Iter, PinnedIter, TaskFileIter, TaskIter, TcpIter
from libbpf_iter.kernel import mount_of
from tests.kernel.test_maps import ARRAY, Map

PACKAGE = str(Path(libbpf_iter.__file__).parent)
# Emulated, the work takes some twenty times as long: seconds, and moments.
LONGEST, LEAST = 15, 10
# Files and the like that were interrupted where Python had them open are closed with their owners.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


class Interrupt(BaseException):
    """What nobody expects."""


class Interrupted:
    """Work with an Interrupt at one of the moments at which CPython looks for signals.

    These are after a call, where a function begins and where a loop turns: Python/ceval.c,
    CHECK_EVAL_BREAKER. Only the package's own functions are interrupted.
    """

    def __init__(self, moment: int = sys.maxsize) -> None:
        self._moment = moment
        self.moments = 0  # that have been
        self._came = False

    def __call__(self, work: Callable[[], object]) -> bool:
        """Whether the signal came; work with fewer moments runs to its end."""
        before, told = sys.gettrace(), sys.unraisablehook
        # One that comes in a destructor is told there; pytest would keep what it had at hand.
        sys.unraisablehook = lambda _: None
        sys.settrace(self._enter)
        try:
            work()
        except Interrupt:
            pass
        finally:
            sys.settrace(before)
            sys.unraisablehook = told
        return self._came

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        last: int | None = None

        def step(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            if event == "opcode":
                if last is not None and looks_for_signals(frame.f_code.co_code[last]):
                    self._look()
                last = frame.f_lasti
            return step

        return step

    def _look(self) -> None:
        self.moments += 1
        if self.moments > self._moment and not self._came:
            self._came = True
            raise Interrupt


def looks_for_signals(opcode: int) -> bool:
    name = dis.opname[opcode]
    return name.startswith("CALL") or name in ("RESUME", "JUMP_BACKWARD")


@pytest.fixture(autouse=True)
def _no_memory_is_left() -> Iterator[None]:
    """Of what is shared with the kernel; tests/conftest.py looks for descriptors. Both hold its objects."""
    yield
    gc.collect()
    assert "bpf-map" not in Path("/proc/self/maps").read_text()


def interrupt(work: Callable[[], object], *, most: int = 60) -> None:
    """At every moment of the work, or at a given number of them; at fewer if that takes long."""
    work()
    whole = Interrupted()
    begun = time.monotonic()
    whole(work)
    affordable = int(LONGEST / (time.monotonic() - begun))
    step = -(-whole.moments // max(LEAST, min(most, affordable)))
    moment = 0
    while Interrupted(moment)(work):
        work()  # nothing is locked
        moment += step
    assert moment > whole.moments // 2


@pytest.mark.alike
def test_closing_after_a_walk_into_arrays() -> None:
    """As a with block does, while the traceback still holds what reads the memory."""
    came, moment = True, 0
    while came:
        tasks = TaskIter(tid=os.getpid(), columns=["tid"], engine="snapshot")

        def walk(tasks: TaskIter = tasks) -> None:
            with tasks:
                tasks.to_numpy()

        came = Interrupted(moment)(walk)
        moment += 1
    assert moment > 50


@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_session(engine: str) -> None:
    with TaskIter(tid=os.getpid(), columns=["tid"], engine=engine) as tasks:
        interrupt(lambda: list(tasks), most=1000)
        interrupt(lambda: next(tasks.session()), most=1000)


@pytest.mark.alike
def test_a_walk_into_arrays() -> None:
    with TaskIter(columns=["tid"], engine="snapshot") as tasks:
        list(tasks)

        def walk() -> None:
            # Lent memory counts until it is back: with too much of it counted there would be copies alone.
            assert not tasks.to_numpy().flags.writeable

        interrupt(walk, most=1000)


def test_a_session_in_another_namespace() -> None:
    with TcpIter(netns=os.getpid(), columns=["inode"]) as sockets:
        interrupt(lambda: list(sockets))
    with TcpIter(netns="all", columns=["inode"]) as sockets:
        interrupt(lambda: list(sockets))


def test_a_pin(bpffs: Path) -> None:
    with TaskIter(tid=os.getpid(), columns=["tid"]) as tasks:

        def pin() -> None:
            try:
                tasks.pin(bpffs / "pin")
                list(PinnedIter(bpffs / "pin"))
            finally:
                (bpffs / "pin").unlink(missing_ok=True)

        interrupt(pin)


@pytest.mark.alike
def test_a_pin_is_there_with_its_types_or_not_at_all(bpffs: Path) -> None:
    def pin() -> None:
        tasks.pin(bpffs / "pin", mode=0o444)

    with TaskIter(tid=os.getpid(), columns=["tid"]) as tasks:
        for _ in range(2):  # the first keeps much for those after it
            whole = Interrupted()
            whole(pin)
            tasks.unpin(bpffs / "pin")
        # The last ones are about the pins themselves, most others about the program that shows the types.
        for moment in [*range(0, whole.moments - 60, 100), *range(whole.moments - 60, whole.moments)]:
            assert Interrupted(moment)(pin)
            assert list(bpffs.iterdir()) == []
        pin()
        assert {entry.name for entry in bpffs.iterdir()} == {"pin", "pin_types"}


@pytest.mark.alike
def test_a_program_that_is_compiled() -> None:
    def walk() -> None:
        with Iter("task", columns={"tid": "tid"}, where="tid == pid", engine="seq") as tasks:
            list(tasks)

    interrupt(walk, most=20)


@pytest.mark.alike
@pytest.mark.parametrize("engine", ["seq", "snapshot"])
def test_a_program_that_is_loaded(engine: str) -> None:
    def walk() -> None:
        with TaskFileIter(pid=os.getpid(), engine=engine) as files:
            next(iter(files))

    interrupt(walk, most=20)


@pytest.mark.alike
def test_what_a_map_and_a_cgroup_need() -> None:
    table = Map(ARRAY, 4, 4, 3, btf=True)
    mount = mount_of("cgroup2")
    try:
        interrupt(lambda: BpfMapElemIter(table).close())
        if mount is not None:
            interrupt(lambda: CgroupIter(mount, order="self_only").close())
    finally:
        table.close()
