"""A child in a user namespace of its own, as a container without root has it."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Callable, Mapping

from tests.kernel.children import start, succeeded

NOBODY = 65534
# include/uapi/linux/sched.h, mount.h
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE = 1, 6
MOVE_MOUNT_F_EMPTY_PATH, AT_FDCWD = 4, -100
# The same on all architectures: scripts/syscall.tbl.
MOVE_MOUNT, FSOPEN, FSCONFIG, FSMOUNT = 429, 430, 431, 432

# What iterators need of a bpffs that gives tokens: docs/privileges.md.
DELEGATED = {
    "delegate_cmds": "map_create:prog_load:btf_load:btf_get_fd_by_id",
    "delegate_maps": "array:percpu_array:task_storage",
    "delegate_progs": "tracing:syscall:socket_filter",
    "delegate_attachs": "trace_iter:cgroup_inet_ingress",
}

_libc = ctypes.CDLL(None, use_errno=True)


def _call(function: Callable[..., int], *arguments: object) -> int:
    result = function(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _system(*arguments: object) -> int:
    return _call(_libc.syscall, *arguments)


def in_user_namespace(
    work: Callable[[], object], bpffs: Mapping[str, str] | None, *, uid: int = NOBODY
) -> bool:
    """Whether a child that is root there, and ``uid`` outside, does it.

    ``bpffs`` are the options of one at /sys/fs/bpf; with None it is the
    system's. It is the child's, and only we may let it delegate: so the child
    opens it, we set and create it, and the child mounts it.
    """
    ours, theirs = socket.socketpair()

    def inside() -> None:
        ours.close()
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        _call(_libc.unshare, CLONE_NEWUSER | CLONE_NEWNS)
        theirs.send(b"unshared")
        theirs.recv(1)
        if bpffs is not None:
            opened = _system(FSOPEN, b"bpf", 0)
            socket.send_fds(theirs, [b"opened"], [opened])
            theirs.recv(1)
            _call(_libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)
            mounted = _system(FSMOUNT, opened, 0, 0)
            _system(MOVE_MOUNT, mounted, b"", AT_FDCWD, b"/sys/fs/bpf", MOVE_MOUNT_F_EMPTY_PATH)
            os.close(mounted)
            os.close(opened)
        theirs.close()
        work()

    child = start(inside)
    theirs.close()
    try:
        if ours.recv(16):
            for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {uid} 1")):
                with open(f"/proc/{child}/{name}", "w") as file:
                    file.write(text)
            ours.send(b"!")
        _, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
        for opened in descriptors:
            for option, value in (bpffs or {}).items():
                _system(FSCONFIG, opened, FSCONFIG_SET_STRING, option.encode(), value.encode(), 0)
            _system(FSCONFIG, opened, FSCONFIG_CMD_CREATE, None, None, 0)
            os.close(opened)
            ours.send(b"!")
    finally:
        ours.close()
        done = succeeded(child)
    return done
