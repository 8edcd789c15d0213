"""Kernel functions that are linked here, not by libbpf: the same program, without its reading the BTF."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from libbpf_iter import errors, kernel
from libbpf_iter._libbpf import Object
from libbpf_iter.btf import Btf
from libbpf_iter.kfuncs import declared, link
from libbpf_iter.objects import packaged
from libbpf_iter.rewrite import Elf

# include/uapi/linux/bpf.h: what the source register of a wide load says.
MAPS, BTF_ID = (1, 2), 3
WIDE, CALL = 0x18, 0x85
KFUNC = 2  # what the source register of a call says
NO_HELPER = 1 << 20  # there are some 200
PROGRAMS = [("task", "dump_task"), ("task", "walk_task"), ("cgroup", "walk_cgroup"), ("tcp", "dump_tcp")]


def load(obj: Object, program: str) -> None:
    if not kernel.has("bpf_func_id.BPF_FUNC_task_storage_get"):
        obj.use_per_cpu_scratch()
    done = obj.load(program, sleepable=False, without_maps=frozenset())
    for fd in (done.program, *done.maps.values()):
        fd.close()


def linked(target: str, find: Callable[[Collection[str]], Mapping[str, int]]) -> bytes:
    elf = Elf(packaged(target))
    link(elf, find)
    return elf.finish()


def given(data: bytes, program: str) -> list[tuple[int, int, int, int]]:
    """The instructions that are loaded, without what differs from load to load."""
    with Object(data, "test") as obj:
        with suppress(errors.KernelError):  # a walk that is told of no map to fill is refused
            load(obj, program)
        found = list(struct.iter_unpack("=BBhi", obj.instructions(program)))
    for at, (opcode, registers, offset, imm) in enumerate(found):
        if opcode == WIDE and registers >> 4 in MAPS:
            found[at] = (opcode, registers, offset, 0)
        elif opcode == WIDE and registers >> 4 == BTF_ID:
            # That there is such a function: libbpf gives its address, which is some number, too.
            found[at] = (opcode, registers & 15, offset, 1)
        elif opcode == CALL and (imm > NO_HELPER or (registers >> 4 == KFUNC and not imm)):
            found[at] = (
                opcode,
                0,
                0,
                0,
            )  # That there is none; libbpf's number differs from version to version.
    return found


@pytest.mark.parametrize(("target", "program"), PROGRAMS)
def test_calls_are_as_libbpf_links_them(target: str, program: str) -> None:
    names: set[str] = set()
    ids: dict[str, int] = {}

    def find(wanted: Collection[str]) -> dict[str, int]:
        names.update(wanted)
        ids.update(kernel.functions(names))
        return ids

    data = linked(target, find)
    assert names and names <= declared(Btf(Elf(packaged(target)).section(".BTF")))
    ours = given(data, program)
    assert ours == given(packaged(target), program)
    called = {imm for opcode, registers, _, imm in ours if opcode == CALL and registers >> 4 == KFUNC}
    assert called <= set(ids.values())
    assert called or ids.keys() < names


def test_what_the_kernel_lacks_is_neither_called_nor_needed() -> None:
    if not kernel.has("bpf_prog_type.BPF_PROG_TYPE_SYSCALL"):
        pytest.skip("this kernel's programs are all iterators, and none of them calls functions unasked")
    data = linked("task", lambda names: {})
    with Object(data, "test") as obj:
        load(obj, "dump_task")
    with Object(data, "test") as obj, pytest.raises(errors.VerifierError, match="invalid func"):
        load(obj, "walk_task")


def test_an_object_without_calls_stays_as_it_is() -> None:
    assert linked("bpf_link", kernel.functions) == packaged("bpf_link")


def test_libbpf_does_not_need_the_kernels_types(tmp_path: Path) -> None:
    """It loads where nobody finds them any longer: most of its time was for reading them."""
    if not kernel.functions(["bpf_task_from_vpid"]):
        pytest.skip("this kernel's tasks are walked by an iterator, whose target libbpf looks for")
    code = """
import os, subprocess
from libbpf_iter import TaskIter, kernel
len(kernel.btf())
subprocess.run(["mount", "-t", "tmpfs", "none", "/sys/kernel/btf"], check=True)
assert os.getpid() in {task.tid for task in TaskIter()}
"""
    subprocess.run(["unshare", "--mount", sys.executable, "-c", code], check=True, cwd=tmp_path)
