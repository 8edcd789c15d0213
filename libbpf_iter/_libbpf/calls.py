"""From return values to exceptions, with libbpf's log.

The two return conventions are decoded by :func:`check` and :func:`checked` alone.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .._extension import ffi, lib
from ..errors import KernelError, MissingCapability, NoSuchObject, ParameterError
from ..typed import Any
from .fd import Fd
from .token import in_user_namespace, token_obstacle


def text(string: Any) -> str:
    """Decode a C string; in a damaged object, names may not be UTF-8."""
    raw: bytes = ffi.string(string)
    return raw.decode("utf-8", "replace")


def c_path(path: str) -> bytes:
    """Encode a path for C; one with a NUL in it would be cut there."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("embedded null byte")  # as os.open() says
    return encoded


def _take_log() -> str:
    records = bytearray(lib.lbi_log_end())
    lib.lbi_log_take(ffi.from_buffer(records))
    # Each record is a digit for its level, its text, and a NUL.
    return "".join(part[1:].decode("utf-8", "replace") for part in records.split(b"\0") if part)


@contextmanager
def logged() -> Iterator[Callable[[], str]]:
    """Collect what libbpf logs in the block; the function that it yields returns that."""
    said: list[str] = []

    def take() -> str:
        if not said:
            said.append(_take_log())
        return said[0]

    lib.lbi_log_begin(0)
    try:
        yield take
    finally:
        take()


# The capabilities that kernel/bpf/syscall.c checks for; its errno doesn't say which.
_LOADING = "CAP_BPF and CAP_PERFMON"
_NEEDS = {
    "bpf_object__load": _LOADING,
    "bpf_btf_load": _LOADING,
    "bpf_map_create": _LOADING,
    "bpf_prog_get_fd_by_id": "CAP_SYS_ADMIN",
    "bpf_map_get_fd_by_id": "CAP_SYS_ADMIN",
    "bpf_btf_get_fd_by_id": "CAP_SYS_ADMIN",
    "bpf_map_get_next_id": "CAP_SYS_ADMIN",
    "bpf_prog_get_next_id": "CAP_SYS_ADMIN",
    "setns": "CAP_SYS_ADMIN",
}


def failure(number: int, call: str, what: str, log: str = "") -> KernelError:
    """The exception for an errno."""
    if number in (errno.EPERM, errno.EACCES):
        need = _NEEDS.get(call)
        if need is None:
            # A file's permissions, say: there is no capability to name.
            return MissingCapability("", f"{what}: no permission", errno=number, call=call, log=log)
        takes = need
        if need == _LOADING and in_user_namespace():
            why = token_obstacle() or "the one here doesn't allow it"
            takes = f"{need}, in a user namespace by a BPF token: {why}"
        return MissingCapability(need, f"{what}: it takes {takes}", errno=number, call=call, log=log)
    if number == errno.ENOENT:
        return NoSuchObject(number, what, call=call, log=log)
    return KernelError(number, what, call=call, log=log)


def check(result: int, call: str, what: str, log: str = "") -> int:
    """The result of a call that returns a value or a negative errno, as all of libbpf 1.x does."""
    if result < 0:
        raise failure(-result, call, what, log)
    return result


def checked(fd: Fd, call: str, what: str, log: str = "") -> Fd:
    """The descriptor, unless the call that was to return it failed."""
    if fd.error:
        raise failure(fd.error, call, what, log)
    return fd


def open_file(path: str, what: str) -> Fd:
    """Open a file or directory for reading."""
    try:
        return Fd(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise failure(error.errno or errno.EIO, "open", what) from error


def duplicate(parameter: str, number: Any) -> Fd:
    """A descriptor of our own for a user's, which may be closed at any time and reused for something else."""
    try:
        return Fd(os.dup, number)
    except (OSError, OverflowError, TypeError):
        raise ParameterError(parameter, f"an open descriptor is expected, not {number!r}") from None
