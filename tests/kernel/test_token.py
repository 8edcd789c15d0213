"""What a process in a user namespace can do with a BPF token, and what the error says without one."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from libbpf_iter._extension import lib

import libbpf_iter
from libbpf_iter import BpfMapElemIter, PinnedIter, TaskIter, _libbpf, errors
from tests.conftest import environment_skip
from tests.kernel.since import has, lacks
from tests.kernel.test_maps import Map
from tests.kernel.test_privileges import WALKS
from tests.kernel.userns import DELEGATED, in_user_namespace

# Debian 12's doesn't; a bundled wheel's has to, and is tested on a kernel that has tokens: .ci/run.
LIBBPF_TAKES_TOKENS = bool(lib.lbi_objects_take_tokens())
BUNDLED = (Path(libbpf_iter.__file__).parents[1] / "libbpf_iter.libs").exists()


@pytest.fixture(autouse=True, scope="module")
def tokens() -> None:
    if os.geteuid():
        environment_skip("only root can let a bpffs delegate")
    if not has("BPF tokens"):
        lacks("BPF tokens", "this kernel has no BPF tokens")
    # Nobody may not even read this interpreter's folders, so all that walks need is imported by root.
    for made in WALKS:
        with made() as iterator:
            list(iterator)


@pytest.mark.skipif(not BUNDLED, reason="libbpf is the system's")
def test_the_bundled_libbpf_takes_them() -> None:
    assert LIBBPF_TAKES_TOKENS


def pages() -> int:
    """A walk of all tasks, by a program that is compiled here, with a parameter, which is a map."""
    columns, least = {"pages": "mm.total_vm"}, {"least": 1}
    with TaskIter(columns=columns, where="mm.total_vm >= least", params=least, engine="seq") as tasks:
        return sum(task.pages for task in tasks)


def test_programs_types_and_maps_of_our_own() -> None:
    """The kernel is asked for these by ourselves, so that any libbpf will do."""

    def walk() -> None:
        assert pages() > 0

    pages()
    assert in_user_namespace(walk, DELEGATED)


def test_object_files_and_pins() -> None:
    pin = "/sys/fs/bpf/tasks"

    def walk() -> None:
        for made in WALKS:
            with made() as iterator:
                list(iterator)
        with TaskIter(columns=["tid"]) as tasks:
            tasks.pin(pin, mode=0o444)
        assert os.getpid() in {task.tid for task in PinnedIter(pin)}

    def refused() -> None:
        for made in WALKS:
            with pytest.raises(errors.MissingCapability, match=r"by a BPF token: libbpf \S+ doesn.t support"):
                made()

    assert in_user_namespace(walk if LIBBPF_TAKES_TOKENS else refused, DELEGATED)


@pytest.mark.skipif(not LIBBPF_TAKES_TOKENS, reason=f"libbpf {_libbpf.version()} knows no BPF tokens")
def test_where_no_program_may_walk_by_itself_an_iterator_does() -> None:
    """One of type syscall does, which a token may not allow."""

    def walk() -> None:
        for wanted, engine in (("auto", "seq"), ("snapshot", "snapshot")):
            with TaskIter(engine=wanted) as tasks:
                session = tasks.session()
                assert tasks.engine == session.engine == engine
                assert os.getpid() in {task.tid for task in session}

    with TaskIter() as tasks:
        assert tasks.engine == "snapshot"
    assert in_user_namespace(walk, {**DELEGATED, "delegate_progs": "tracing:socket_filter"})


@pytest.mark.skipif(not LIBBPF_TAKES_TOKENS, reason=f"libbpf {_libbpf.version()} knows no BPF tokens")
def test_the_types_of_a_map() -> None:
    if not has("BTF by a token"):
        lacks("BTF by a token", "here only CAP_SYS_ADMIN asks for a map's types")
    typed = Map(2, 4, 8, 2, btf=True)  # BPF_MAP_TYPE_ARRAY
    try:

        def walk() -> None:
            with BpfMapElemIter(typed) as elements:
                assert [element.key for element in elements] == [0, 1]

        walk()
        assert in_user_namespace(walk, DELEGATED)
    finally:
        typed.close()


@pytest.mark.parametrize(
    ("bpffs", "said"),
    [
        (None, "belongs to another user namespace"),
        ({}, "delegates nothing"),
        ({**DELEGATED, "delegate_progs": "0x1"}, "the one here doesn't allow it"),
    ],
)
def test_what_is_in_the_way_is_said(bpffs: dict[str, str] | None, said: str) -> None:
    said = said if LIBBPF_TAKES_TOKENS else r"libbpf \S+ doesn't support tokens"

    def refused() -> None:
        for made in (TaskIter, pages):
            with pytest.raises(errors.MissingCapability, match=said) as caught:
                made()
            assert caught.value.capability == "CAP_BPF and CAP_PERFMON"

    pages()
    assert in_user_namespace(refused, bpffs)


@pytest.mark.skipif(not LIBBPF_TAKES_TOKENS, reason=f"libbpf {_libbpf.version()} knows no BPF tokens")
def test_another_place_and_none_as_libbpf_has_it() -> None:
    def walk() -> None:
        os.environ["LIBBPF_BPF_TOKEN_PATH"] = ""
        for made in (TaskIter, pages):
            with pytest.raises(errors.MissingCapability, match="LIBBPF_BPF_TOKEN_PATH"):
                made()
        os.environ["LIBBPF_BPF_TOKEN_PATH"] = "/sys/fs/bpf"
        TaskIter().close()
        pages()

    pages()
    assert in_user_namespace(walk, DELEGATED)


@pytest.mark.parametrize(("bpffs", "said"), [(DELEGATED, "BPF token ok"), ({}, "BPF token NO")])
def test_the_doctor_looks_at_it(bpffs: dict[str, str], said: str) -> None:
    if not any(metadata.distributions(name="libbpf_iter")):
        environment_skip("the package isn't installed, and the doctor says its version")
    if not LIBBPF_TAKES_TOKENS:
        said = f"BPF token NO libbpf {_libbpf.version()} doesn't support tokens"
    command = [sys.executable, "-m", "libbpf_iter", "doctor"]

    def look() -> None:
        run = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
        assert said in " ".join(run.stdout.split()), run.stdout + run.stderr

    assert in_user_namespace(look, bpffs, uid=0)
