"""What every call needs: descriptors that are owned, exceptions with libbpf's log.

Each return convention is decoded by :func:`check` and :func:`owned`.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from .._extension import ffi, lib
from ..errors import ClosedError, KernelError, MissingCapability, NoSuchObject
from .token import in_user_namespace, token_obstacle


class Fd:
    """A descriptor that is closed exactly once: by ``close()``, at ``with``'s end, or with its owner."""

    __slots__ = ("_close", "_lock", "_number")

    def __init__(self, number: int) -> None:
        self._number = number
        self._lock = threading.Lock()
        # At the interpreter's exit the module's globals may be gone before the last owner is.
        self._close: Callable[[int], None] = os.close

    @property
    def number(self) -> int:
        if self._number < 0:
            raise ClosedError("it is closed")
        return self._number

    def fileno(self) -> int:
        return self.number

    @property
    def closed(self) -> bool:
        return self._number < 0

    def close(self) -> None:
        with self._lock:
            number, self._number = self._number, -1
        if number >= 0:
            self._close(number)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an open descriptor can be neither copied nor pickled")

    def __enter__(self) -> Fd:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def text(string: Any) -> str:
    """A C string; a damaged object's names need not be UTF-8."""
    raw: bytes = ffi.string(string)
    return raw.decode("utf-8", "replace")


def c_path(path: str) -> bytes:
    """A path as C takes it, which would end it at a NUL."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("embedded null byte")  # as os.open() says
    return encoded


def _take_log() -> str:
    size = ffi.new("size_t *")
    records = lib.lbi_log_take(size)
    if records == ffi.NULL:
        return ""
    try:
        raw: bytes = ffi.buffer(records, size[0])[:]
    finally:
        lib.lbi_log_free(records)
    # Each record is a level's digit, its text, a NUL.
    return "".join(part[1:].decode("utf-8", "replace") for part in raw.split(b"\0") if part)


@contextmanager
def logged() -> Iterator[Callable[[], str]]:
    """Collect what libbpf has to say meanwhile; the function gives it."""
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


# What the kernel checks in kernel/bpf/syscall.c, and can't say in an errno.
_LOADING = "CAP_BPF and CAP_PERFMON"
_NEEDS = {
    "bpf_object__load": _LOADING,
    "bpf_btf_load": _LOADING,
    "bpf_map_create": _LOADING,
    "bpf_prog_get_fd_by_id": "CAP_SYS_ADMIN",
    "bpf_map_get_fd_by_id": "CAP_SYS_ADMIN",
    "bpf_btf_get_fd_by_id": "CAP_SYS_ADMIN",
    "bpf_map_get_next_id": "CAP_SYS_ADMIN",
}


def failure(number: int, call: str, what: str, log: str = "") -> KernelError:
    """The exception for an errno."""
    if number in (errno.EPERM, errno.EACCES):
        need = _NEEDS.get(call)
        if need is None:
            # Of the file, say, that is to be opened: no capability that we could name.
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
    """libbpf 1.x: an int is a value, or a negative errno."""
    if result < 0:
        raise failure(-result, call, what, log)
    return result


def owned(result: int, call: str, what: str, log: str = "") -> Fd:
    return Fd(check(result, call, what, log))


def open_file(path: str, what: str) -> Fd:
    """A file or a folder, to read."""
    try:
        return Fd(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        raise failure(error.errno or errno.EIO, "open", what) from error
