"""Network namespaces: opening one, listing all, opening sessions in them. Imports _libbpf, kernel, errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator

from . import _libbpf, kernel
from ._libbpf import Fd
from .errors import NoSuchObject, NoSuchProcess, ParameterError
from .typed import Protocol


class HasFileno(Protocol):
    def fileno(self) -> int: ...


NetNs = int | str | os.PathLike[str] | HasFileno
Opener = Callable[[Fd], Fd]  # opens a session on a link


def chosen_namespace(netns: NetNs | None) -> Fd | str | None:
    """What a user chose: an open namespace, "all", or None for that of the thread that opens a session."""
    return netns if netns is None or netns == "all" else open_namespace(netns)


def open_namespace(netns: NetNs) -> Fd:
    """Open a namespace by path (``/run/netns/blue``), by a task's pid, or by anything with ``fileno()``."""
    if hasattr(netns, "fileno"):
        return _libbpf.duplicate("netns", netns.fileno())
    if isinstance(netns, bool) or not isinstance(netns, int | str | os.PathLike):
        what = "a path, a pid, an object with fileno(), or 'all'"
        raise ParameterError("netns", f"{what} is expected, not {netns!r}")
    path = f"/proc/{netns}/ns/net" if isinstance(netns, int) else os.fspath(netns)
    try:
        return Fd(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        number = error.errno or 0
        if isinstance(netns, int):
            raise NoSuchProcess(errno.ESRCH, f"netns: there is no task {netns}") from None
        raise NoSuchObject(number, f"netns: there is no {path}") from None


def every_namespace() -> Iterator[Fd]:
    """Each namespace that a task is in or that is mounted; one that disappears meanwhile is left out."""
    for inode, path in list(kernel.net_namespaces()):
        try:
            fd = Fd(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        if os.fstat(fd.number).st_ino == inode:
            yield fd
        else:
            fd.close()


def opener(namespace: Fd | str | None, *, several: bool = False) -> Opener:
    """A function that opens sessions in a chosen namespace, or in that of the thread which calls it.

    If it is to open ``several``, all are in the namespace of the thread which is here now.
    """
    if not isinstance(namespace, Fd):
        return _opener_here() if several else _libbpf.iter_create
    own = Fd(os.dup, namespace.number)  # The iterator may be closed before the session is opened.
    return lambda link: _libbpf.iter_create_in(own, link)


def _opener_here() -> Opener:
    path = "/proc/thread-self/ns/net"
    try:
        here = Fd(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return _libbpf.iter_create  # /proc isn't mounted: there is no way back to where a thread was

    def create(link: Fd) -> Fd:
        if os.path.samestat(os.fstat(here.number), os.stat(path)):
            return _libbpf.iter_create(link)  # to enter one takes CAP_SYS_ADMIN, even from within
        return _libbpf.iter_create_in(here, link)

    return create
