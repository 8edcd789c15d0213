"""Links, iterators, pins, and the namespace they are made in."""

from __future__ import annotations

import errno
import os

from .._extension import ffi, lib
from ..errors import KernelError, MissingCapability, ObjectError, ParameterError
from .calls import Fd, c_path, check, logged, owned

CLONE_NEWNET = 0x40000000  # include/uapi/linux/sched.h


def link_create(program: Fd, info: bytes) -> Fd:
    """A link of an iterator program; ``info`` is a union bpf_iter_link_info, empty for none."""
    what = "the iterator can't be attached"
    with logged() as log:
        result = lib.lbi_link_create(program.number, info or ffi.NULL, len(info))
    return owned(result, "bpf_link_create", what, log())


def link_update(link: Fd, program: Fd) -> None:
    result = lib.bpf_link_update(link.number, program.number, ffi.NULL)
    check(result, "bpf_link_update", "the link can't take that program: is it of the same target?")


def iter_create(link: Fd) -> Fd:
    return owned(lib.bpf_iter_create(link.number), "bpf_iter_create", "no session can be opened")


def pin(fd: Fd, path: str) -> None:
    result = lib.bpf_obj_pin(fd.number, c_path(path))
    folder, name = os.path.split(path)
    if result == -errno.EPERM and os.access(folder or ".", os.W_OK, effective_ids=True):
        # kernel/bpf/inode.c, bpf_obj_do_pin() and bpf_lookup(), where no privilege is missing.
        why = "a pin's name has no dot" if "." in name else "a path in a mounted bpffs is expected"
        raise ParameterError("path", f"{path} can't be pinned: {why}")
    check(result, "bpf_obj_pin", f"{path} can't be pinned: a new name in a mounted bpffs is expected")


def get_pinned(path: str) -> Fd:
    result = lib.bpf_obj_get(c_path(path))
    if result == -errno.EACCES and os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        # kernel/bpf/inode.c, bpf_inode_type(): the kernel says so of what is no object of BPF, too.
        raise ObjectError(f"{path} is no pin: a path in a mounted bpffs is expected")
    return owned(result, "bpf_obj_get", f"{path} can't be opened")


def setns(fd: int, kind: int) -> None:
    """Move the calling thread, and it alone, into a namespace."""
    if lib.setns(fd, kind) < 0:
        number = ffi.errno
        if number == errno.EPERM:
            message = "entering a network namespace needs CAP_SYS_ADMIN"
            raise MissingCapability("CAP_SYS_ADMIN", message, call="setns")
        raise KernelError(number, "the network namespace can't be entered", call="setns")
