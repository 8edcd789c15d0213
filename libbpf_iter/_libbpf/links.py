"""Links, iterator sessions, pins."""

from __future__ import annotations

import errno
import os
from collections import deque

from .._extension import ffi, lib
from ..errors import ObjectError, ParameterError
from .calls import c_path, check, checked, logged
from .fd import Fd


def link_create(program: Fd, info: bytes) -> Fd:
    """Attach an iterator program. ``info`` is a union bpf_iter_link_info, empty for no parameters."""
    what = "the iterator can't be attached"
    with logged() as log:
        link = Fd(lib.lbi_link_create, program.number, info or ffi.NULL, len(info))
    return checked(link, "bpf_link_create", what, log())


def link_update(link: Fd, program: Fd) -> None:
    result = lib.bpf_link_update(link.number, program.number, ffi.NULL)
    check(result, "bpf_link_update", "the link can't take that program: is it for the same target?")


def iter_create(link: Fd) -> Fd:
    return checked(Fd(lib.bpf_iter_create, link.number), "bpf_iter_create", "no session can be opened")


def iter_create_in(netns: Fd, link: Fd) -> Fd:
    """Open a session in a network namespace, without moving this thread there."""
    entered = ffi.new("bool *", True)
    session = Fd(lib.lbi_iter_create_in, netns.number, link.number, entered)
    if not entered[0]:
        return checked(session, "setns", "the network namespace can't be entered")
    return checked(session, "bpf_iter_create", "no session can be opened")


class Pin:
    """A new path in a bpffs, which is removed again only if it was made here.

    As with :class:`Fd`, nothing but C runs between the call and the cell that remembers its result.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._result = ffi.new("int *", -1)

    def give(self, fd: Fd, mode: int) -> None:
        """Pin what the descriptor refers to. Even if this raises, the path may exist then."""
        if isinstance(mode, bool) or not 0 <= mode <= 0o777:
            raise ParameterError("mode", f"permissions from 0 to 0o777 are expected, not {mode!r}")
        path, descriptor, name = self.path, fd.number, c_path(self.path)
        deque(map(self._result.__setitem__, (0,), map(lib.bpf_obj_pin, (descriptor,), (name,))), 0)
        result = self._result[0]
        folder, last = os.path.split(path)
        if result == -errno.EPERM and os.access(folder or ".", os.W_OK, effective_ids=True):
            # EPERM for other reasons: kernel/bpf/inode.c, bpf_obj_do_pin() and bpf_lookup().
            why = "a pin's name can't have a dot" if "." in last else "a path in a mounted bpffs is expected"
            raise ParameterError("path", f"{path} can't be pinned: {why}")
        check(result, "bpf_obj_pin", f"{path} can't be pinned: a new path in a mounted bpffs is expected")
        os.chmod(path, mode)

    def take_back(self) -> None:
        if self._result[0] == 0:
            os.unlink(self.path)


def get_pinned(path: str) -> Fd:
    found = Fd(lib.bpf_obj_get, c_path(path))
    if found.error == errno.EACCES and os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        # Also the error for a file that isn't a pin: kernel/bpf/inode.c, bpf_inode_type().
        raise ObjectError(f"{path} isn't a pin: a path in a mounted bpffs is expected")
    return checked(found, "bpf_obj_get", f"{path} can't be opened")
