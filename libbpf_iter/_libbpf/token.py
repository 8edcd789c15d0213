"""BPF tokens: what a process in a user namespace loads by.

The capabilities that it has there count for nothing with bpf(2). Whoever has them outside can mount a bpffs
inside that delegates some of it, and which gives tokens to those within: kernel/bpf/token.c, Linux 6.9.
libbpf takes one for an object since 1.4. What we ask of the kernel without an object takes it here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from .._extension import lib
from .fd import Fd

# Where libbpf looks, and what tells it to look elsewhere, or (empty) not at all.
_BPFFS, _ELSEWHERE = "/sys/fs/bpf", "LIBBPF_BPF_TOKEN_PATH"
_INITIAL_NAMESPACE = 0xEFFFFFFD  # include/linux/proc_ns.h, PROC_USER_INIT_INO


def by_token(call: Callable[[], Fd], with_token: Callable[[Fd], Fd]) -> Fd:
    """What a call gives; where it is refused, and there is a token, what it gives with that."""
    result = call()
    if result.error == errno.EPERM:
        try:
            token = _create()
        except OSError:
            return result
        with token:
            return with_token(token)
    return result


def in_user_namespace() -> bool:
    """Whether this process is in another one than the system's first."""
    try:
        return os.stat("/proc/self/ns/user").st_ino != _INITIAL_NAMESPACE
    except FileNotFoundError:
        return False  # the kernel has none


def token_obstacle() -> str:
    """Why nothing can be loaded by a token here; empty where it can."""
    if not lib.lbi_objects_take_tokens():
        return f"libbpf {lib.libbpf_major_version()}.{lib.libbpf_minor_version()} knows none, 1.4 does"
    where = _place()
    try:
        _create().close()
    except OSError as error:
        if error.filename is not None:
            return f"{where or _ELSEWHERE} can't be opened: {error.strerror}"
        said = {
            errno.EINVAL: f"{where} is no bpffs, or Linux {os.uname().release} is older than tokens (6.9)",
            errno.ENOENT: f"the bpffs at {where} delegates nothing (delegate_cmds= and so on, at its mount)",
            errno.EPERM: f"the bpffs at {where} is another user namespace's, or CAP_BPF is missing here",
        }
        return said.get(error.errno or 0, f"{where} gives none: {error.strerror}")
    return ""


def _place() -> str:
    return os.environ.get(_ELSEWHERE, _BPFFS)


def _create() -> Fd:
    with Fd(os.open, _place(), os.O_DIRECTORY | os.O_CLOEXEC) as bpffs:
        token = Fd(lib.lbi_token_create, bpffs.number)
    if token.error:
        raise OSError(token.error, os.strerror(token.error))
    return token
