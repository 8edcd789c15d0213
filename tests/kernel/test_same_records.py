"""Each target gives the same records by each engine: all columns, some, a filter, expressions."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from libbpf_iter import Iter, TaskIter, asdict, kinds
from libbpf_iter.base import BpfIter
from libbpf_iter.kernel import mount_of
from libbpf_iter.objects import packaged_targets
from tests.conftest import environment_skip
from tests.kernel.since import needs
from tests.kernel.test_maps import HASH, NO_PREALLOC, SK_STORAGE, SOCKMAP, Map

# A member of each target's own object.
PATHS = {
    "bpf_link": "link.id",
    "bpf_map": "map.id",
    "bpf_map_elem": "map.id",
    "bpf_prog": "prog.aux.id",
    "bpf_sk_storage_map": "sk.sk_type",
    "cgroup": "cgroup.level",
    "dmabuf": "dmabuf.size",
    "ipv6_route": "rt.fib6_metric",
    "kmem_cache": "s.size",
    "ksym": "ksym.value",
    "netlink": "sk.portid",
    "sockmap": "sk.sk_type",
    "task": "task.tgid",
    "task_file": "file.f_flags",
    "task_vma": "vma.vm_end",
    "tcp": "sk_common.skc_family",
    "udp": "udp_sk.inet.sk.sk_type",
    "unix": "unix_sk.sk.sk_type",
}


@contextmanager
def cgroups() -> Iterator[Path]:
    """A cgroup with some below it."""
    mount = mount_of("cgroup2")
    if mount is None or not os.access(mount, os.W_OK):
        environment_skip("a writable cgroup2 hierarchy is needed")
    top = Path(tempfile.mkdtemp(dir=mount, prefix="libbpf_iter_"))
    try:
        for name in ("a", "a/b", "c"):
            (top / name).mkdir()
        yield top
    finally:
        for folder in (*sorted(top.rglob("*/"), reverse=True), top):
            folder.rmdir()


@contextmanager
def objects(target: str) -> Iterator[dict[str, Any]]:
    """Objects of a target that stay as they are, and the parameters of a walk that has them."""
    with ExitStack() as stack:
        if target.startswith("task"):
            child = stack.enter_context(subprocess.Popen(["sleep", "600"]))
            stack.callback(child.kill)
            yield {"pid": child.pid} if target == "task_vma" else {}
        elif target == "bpf_map_elem":
            table = Map(HASH, 4, 8, 100, btf=True)
            stack.callback(table.close)
            for number in range(100):
                table[struct.pack("=I", number)] = struct.pack("=Ii", number * 2, -number)
            yield {"map": table}
        elif target in ("bpf_sk_storage_map", "sockmap"):
            kind, flags = (SOCKMAP, 0) if target == "sockmap" else (SK_STORAGE, NO_PREALLOC)
            table = Map(kind, 4, 4, 5 if target == "sockmap" else 0, btf=target != "sockmap", flags=flags)
            stack.callback(table.close)
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            client = stack.enter_context(socket.create_connection(server.getsockname()))
            number = struct.pack("=I", client.fileno())
            table[struct.pack("=I", 3) if target == "sockmap" else number] = number
            yield {"map": table}
        elif target.startswith("bpf"):
            stack.enter_context(TaskIter(engine="seq"))
            stack.callback(Map(HASH, 4, 8, 1).close)
            yield {}
        elif target == "cgroup":
            yield {"cgroup": stack.enter_context(cgroups())}
        else:
            for family in (socket.AF_INET, socket.AF_INET6):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    bound = stack.enter_context(socket.socket(family, kind))
                    bound.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
                    if kind == socket.SOCK_STREAM:
                        bound.listen()
            for end in socket.socketpair():
                stack.enter_context(end)
            stack.enter_context(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)).bind((0, 0))
            yield {}


def walked(iterator: BpfIter[Any]) -> Counter[Any]:
    """The records of a walk, without reference counts, which the walk itself raises."""
    return Counter(repr(asdict(record) | {"refcnt": None}) for record in iterator)


def asked(target: str, what: str, given: dict[str, Any]) -> dict[str, Any]:
    """A query of some kind that any target can answer."""
    if what == "all columns":
        return {}
    with Iter(target, **given) as whole:
        names = [field.name for field in whole.schema.fields]
        numbers = [field.name for field in whole.schema.fields if isinstance(field.kind, kinds.Integer)]
        number = numbers[0] if numbers else "key"
        parity = next((getattr(record, number) % 2 for record in whole), 0)
    path = PATHS[target]
    return {
        "some columns": {"columns": list(dict.fromkeys([number, names[-1], names[0]]))},
        "a filter": {"where": f"{number} % 2 == {parity}"},
        "expressions": {"columns": {"more": f"{number} + 1", "path": path}, "where": f"{number} >= 0"},
        "kernel paths": {"columns": {"path": path}, "where": f"{path} != 1 << 20"},
    }[what]


# On other kernels test_every_target.py looks at queries.
QUERIES = ("some columns", "a filter", "expressions", "kernel paths")
WHAT = ["all columns", *(pytest.param(what, marks=pytest.mark.alike) for what in QUERIES)]
TARGETS = [pytest.param(name, marks=[pytest.mark.many] * (name == "ksym")) for name in packaged_targets()]


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("target", TARGETS)
def test_each_engine_gives_the_same_records(target: str, what: str) -> None:
    """Records that one engine sees unchanged before and after are what the others see in between.

    What others do may be so, too, and different in between: but not the same each time.
    """
    needs(target)
    with ExitStack() as stack:
        given = stack.enter_context(objects(target))
        query = asked(target, what, given)
        seq, snapshot, auto = (
            stack.enter_context(Iter(target, engine=engine, **given, **query))
            for engine in ("seq", "snapshot", "auto")
        )
        assert (seq.engine, snapshot.engine) == ("seq", "snapshot")
        assert auto.session().engine == auto.engine
        for walk in (snapshot, auto):
            missing: Counter[Any] | None = None
            for _ in range(5):
                before, between = walked(seq), walked(walk)
                steady = before & walked(seq)
                # No buffer is shared with a device here, and what a filter kept may have gone.
                assert steady or target == "dmabuf" or what == "a filter"
                gone = steady - between
                missing = gone if missing is None else missing & gone
                if not missing:
                    break
            assert not missing


@pytest.mark.alike
@pytest.mark.parametrize("last", [-1, -2])
@pytest.mark.parametrize("engine", ["seq", "snapshot"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_column_says_the_same_wherever_it_lies(target: str, engine: str, last: int) -> None:
    """Every other column, from the last: each is at another place than in the whole record."""
    needs(target)
    with ExitStack() as stack:
        given = stack.enter_context(objects(target))
        whole = stack.enter_context(Iter(target, engine=engine, **given))
        plain = [field.name for field in whole.schema.fields if not isinstance(field.kind, kinds.Span)]
        chosen = plain[last::-2]
        turned = stack.enter_context(Iter(target, engine=engine, columns=chosen, **given))

        def said(iterator: BpfIter[Any]) -> Counter[Any]:
            return Counter(
                repr([(name, getattr(record, name)) for name in chosen if name != "refcnt"])
                for record in iterator
            )

        for _ in range(5):
            before, between = said(whole), said(turned)
            steady = before & said(whole)
            if steady and steady <= between:
                break
        else:
            assert not steady and target == "dmabuf"
