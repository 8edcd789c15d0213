"""BPF tokens, with which a process in a user namespace may load programs.

Capabilities in a user namespace other than the initial one don't count for bpf(2). A privileged process can
mount a bpffs there that delegates some commands; from it, processes in that namespace get tokens:
kernel/bpf/token.c, Linux 6.9. Since 1.4 libbpf uses one when it loads an object. For calls that don't go
through an object, this module does.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from .._extension import lib
from .fd import Fd

# As in libbpf: the default, and the variable that overrides it; empty, it disables tokens.
_BPFFS, _ELSEWHERE = "/sys/fs/bpf", "LIBBPF_BPF_TOKEN_PATH"
_INITIAL_NAMESPACE = 0xEFFFFFFD  # include/linux/proc_ns.h, PROC_USER_INIT_INO


def by_token(call: Callable[[], Fd], with_token: Callable[[Fd], Fd]) -> Fd:
    """The result of a call; if that is EPERM and there is a token, the result of the call with the token."""
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
    """Whether this process is in a user namespace other than the initial one."""
    try:
        return os.stat("/proc/self/ns/user").st_ino != _INITIAL_NAMESPACE
    except FileNotFoundError:
        return False  # a kernel without CONFIG_USER_NS


def token_obstacle() -> str:
    """Why no token can be had here; empty if one can."""
    if not lib.lbi_objects_take_tokens():
        version = f"{lib.libbpf_major_version()}.{lib.libbpf_minor_version()}"
        return f"libbpf {version} doesn't support tokens (1.4 or later does)"
    where = _place()
    try:
        _create().close()
    except OSError as error:
        if error.filename is not None:
            return f"{where or _ELSEWHERE} can't be opened: {error.strerror}"
        said = {
            errno.EINVAL: f"{where} isn't a bpffs, or Linux {os.uname().release} has no tokens (since 6.9)",
            errno.ENOENT: f"the bpffs at {where} delegates nothing: mount it with delegate_cmds= and so on",
            errno.EPERM: f"the bpffs at {where} belongs to another user namespace, or CAP_BPF is missing",
        }
        return said.get(error.errno or 0, f"{where} gives no token: {error.strerror}")
    return ""


def _place() -> str:
    return os.environ.get(_ELSEWHERE, _BPFFS)


def _create() -> Fd:
    with Fd(os.open, _place(), os.O_DIRECTORY | os.O_CLOEXEC) as bpffs:
        token = Fd(lib.lbi_token_create, bpffs.number)
    if token.error:
        raise OSError(token.error, os.strerror(token.error))
    return token
