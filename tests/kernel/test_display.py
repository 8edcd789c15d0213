"""Records, walks that are held, and iterators, as notebooks and terminals show them."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from libbpf_iter import ObjectIter, PinnedIter, TaskIter, TcpIter, errors, kernel
from libbpf_iter.probes import TASK_LINKS
from libbpf_iter.rows import Rows
from tests.conftest import installed
from tests.kernel.clang import compiled
from tests.kernel.test_foreign import LACKING


def rendered(value: object, width: int = 100) -> str:
    """As rich prints it."""
    file = io.StringIO()
    Console(file=file, width=width).print(value)
    return file.getvalue()


def test_collected_records_are_those_of_the_walk() -> None:
    with TaskIter(pid=os.getpid(), columns=["tid", "comm"]) as tasks:
        rows = tasks.collect()
        assert isinstance(rows, Rows)
        assert list(rows) == list(tasks)
    assert {task.tid for task in rows} == set(map(int, os.listdir("/proc/self/task")))
    assert rows[0].tid == rows[:1][0].tid == os.getpid()
    assert isinstance(rows[:1], Rows)
    assert rows.lost == ()
    assert repr(rows[:1]) == "<1 Task record>"


def test_collected_records_go_where_iterators_go() -> None:
    with TaskIter(columns=["tid", "comm"]) as tasks:
        rows = tasks.collect()
    tids = [task.tid for task in rows]
    assert rows.to_numpy()["tid"].tolist() == tids
    frame = installed("polars").DataFrame(rows)
    assert frame["tid"].to_list() == tids
    assert frame.columns == ["tid", "comm"]


def test_records_that_are_held_show_how_many_and_the_first() -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(30)]
    for thread in threads:
        thread.start()
    try:
        with TaskIter(pid=os.getpid()) as tasks:
            rows = tasks.collect()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    count = f"{len(rows)} Task records, the first 20"
    page = rows._repr_html_()
    assert count in page
    assert page.count("<tr>") == 1 + 20
    lines = rendered(rows, 60).splitlines()
    assert max(map(len, lines)) <= 60
    assert count in " ".join(lines)
    assert "no room for" in " ".join(lines)
    assert str(rows[0].tid) in lines[1]


def called(name: str) -> Rows[Any]:
    """This task, while it has that name."""
    comm = Path("/proc/thread-self/comm")
    before = comm.read_text().removesuffix("\n")
    comm.write_text(name)
    try:
        with TaskIter(tid=threading.get_native_id(), columns=["comm"]) as tasks:
            return tasks.collect()
    finally:
        comm.write_text(before)


def test_a_task_called_as_html_is_none() -> None:
    rows = called("<script>")
    assert rows[0].comm == "<script>"
    for page in (rows._repr_html_(), rows[0]._repr_html_()):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
    assert "<script>" in rendered(rows) and "<script>" in rendered(rows[0])


def test_text_is_no_markup_to_rich() -> None:
    rows = called("[red]\x1b[2J")
    for text in (rendered(rows), rendered(rows[0])):
        assert r"[red]\x1b[2J" in text


def test_an_iterator_shows_what_it_is_without_a_walk() -> None:
    tasks = TaskIter(
        pid=os.getpid(), columns=["tid", "rss"], where="rss > limit and comm != '<b>'", params={"limit": 7}
    )
    page, text = tasks._repr_html_(), rendered(tasks)
    for said in (f"pid: {os.getpid()}", "limit: 7", f"engine: {tasks.engine}", "rec_bytes_count", "bytes"):
        assert said in page and said in text
    assert "rss &gt; limit and comm != &#x27;&lt;b&gt;&#x27;" in page
    tasks.close()
    # A walk would be refused now.
    assert "closed: yes" in tasks._repr_html_()
    with pytest.raises(errors.ClosedError):
        tasks.collect()


def test_a_session_shows_what_it_is_and_takes_no_record() -> None:
    with TaskIter(tid=threading.get_native_id(), columns=["rss"]) as tasks, tasks.session() as session:
        page, text = session._repr_html_(), rendered(session)
        for said in (f"engine: {session.engine}", "lost: nothing so far", "rec_bytes_count"):
            assert said in page and said in text
        assert len(list(session)) == 1


def test_what_this_kernel_lacks_is_said_of_a_column(tmp_path: Path) -> None:
    with ObjectIter(compiled(tmp_path, LACKING), record="event") as events:
        said = "always None: this kernel, Linux"
        assert said in events._repr_html_() and said in rendered(events, 200)


def test_iterators_say_their_namespace_and_pins_their_path(bpffs: Path) -> None:
    with TcpIter(netns="all") as sockets:
        assert "netns: all" in sockets._repr_html_()
    with TaskIter(columns=["tid", "comm"], tid=os.getpid()) as tasks:
        tasks.pin(bpffs / "tasks")
    with PinnedIter(bpffs / "tasks") as pinned:
        assert str(bpffs) in pinned._repr_html_()
        # A link of an old kernel knows of no task: the program looks for it, and doesn't tell.
        assert (f"tid: {os.getpid()}" in pinned._repr_html_()) is kernel.has(TASK_LINKS)
        assert [task.tid for task in pinned.collect()] == [os.getpid()]


def test_paths_complete_and_say_their_types() -> None:
    path = TaskIter.paths()
    assert repr(path) == "<task: struct task_struct *>"
    assert repr(path.mm.total_vm) == "<mm.total_vm: long unsigned int>"
    assert str(path.mm.total_vm) == "mm.total_vm"
    assert "total_vm" in dir(path.mm)
    page = path.mm._repr_html_()
    assert page is not None
    assert "&lt;mm: struct mm_struct *&gt;" in page
    assert '<td style="text-align: left">total_vm</td><td style="text-align: left">long unsigned int' in page
    assert path.comm._repr_html_() is None
    assert path.comm._ipython_key_completions_() == list(range(16))
    assert path.mm._ipython_key_completions_() == []
    # Names that only begin with two underscores are the kernel's.
    assert "__state" not in dir(path) or path.__getattr__("__state") == "__state"
