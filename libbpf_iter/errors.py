"""The exception tree. Imports typed.

::

    Error
    ├── BtfError            (ValueError)       type information that is malformed or contradicts itself
    ├── ObjectError         (ValueError)       an ELF object that can't be used
    ├── SchemaError         (ValueError)       a record that can't be decoded as asked
    ├── ParameterError      (ValueError)       an argument that makes no sense: .parameter
    │   ├── UnsupportedEngine                      a walk that this engine= can't do
    │   └── UnsupportedQuery                       columns= or where= that this kernel can't do
    ├── ClosedError         (ValueError)       use after close(), or in a forked child
    └── KernelError         (OSError)          the kernel refused: .call, .log
        ├── MissingCapability (PermissionError)    .capability
        ├── UnsupportedTarget                      .target
        ├── VerifierError                          .program, .log holds the verifier's whole log
        ├── NoSuchProcess   (ProcessLookupError)   a task, or its namespace, is gone
        ├── NoSuchObject    (FileNotFoundError)    a map, cgroup, pin or namespace doesn't exist
        ├── RecordTooLarge                         larger than what one read of the descriptor can carry
        └── WalkCut                                the kernel ended a walk before its last object

    LossWarning             (RuntimeWarning)   a walk went on, and may have left something out

Each class is also a subclass of the built-in one that a Python user would catch already.
"""

from __future__ import annotations

import errno as _errno
import os

from .typed import Any, Self

__all__ = [
    "BtfError",
    "ClosedError",
    "Error",
    "KernelError",
    "LossWarning",
    "MissingCapability",
    "NoSuchObject",
    "NoSuchProcess",
    "ObjectError",
    "ParameterError",
    "RecordTooLarge",
    "SchemaError",
    "UnsupportedEngine",
    "UnsupportedQuery",
    "UnsupportedTarget",
    "VerifierError",
    "WalkCut",
]


class Error(Exception):
    """The base of everything that this package raises on purpose."""


class BtfError(Error, ValueError):
    """BTF that is malformed, of a foreign byte order, or inconsistent."""


class ObjectError(Error, ValueError):
    """An object file that isn't BPF ELF, is damaged, or lacks what was asked of it."""


class SchemaError(Error, ValueError):
    """A type that can't be laid out as a record, or bytes that don't fit one."""


class ParameterError(Error, ValueError):
    """An argument that makes no sense; ``parameter`` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(parameter, message)
        self.parameter = parameter

    def __str__(self) -> str:
        return f"{self.parameter}: {self.args[1]}"


class UnsupportedEngine(ParameterError):
    """A walk that the requested engine can't make; another engine may."""


class UnsupportedQuery(ParameterError):
    """Columns or a filter that the running kernel can't compute; a newer one can."""


class ClosedError(Error, ValueError):
    """An iterator, link or session was used after ``close()``, or in a child of the process that began it."""

    @classmethod
    def forked(cls, process: int) -> Self:
        """For a child that tries to go on with a walk that belongs to its parent, ``process``."""
        return cls(f"this walk is that of process {process}, which was forked: begin another")


class KernelError(Error, OSError):
    """The kernel refused a call.

    ``errno`` and ``strerror`` are those of :class:`OSError`. ``call`` names the call that failed, and ``log``
    is what libbpf and the verifier printed meanwhile.
    """

    errno: int
    call: str
    log: str

    def __init__(self, errno: int, message: str, *, call: str = "", log: str = "") -> None:
        super().__init__(errno, message)
        self.call = call
        self.log = log

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError keeps its own arguments, which aren't those that subclasses take.
        return _restore, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        text = str(self.strerror)
        if self.errno in (0, None):
            return text
        return f"{text} [{_errno.errorcode.get(self.errno, self.errno)}: {os.strerror(self.errno)}]"


def _restore(cls: type[KernelError], args: tuple[Any, ...], state: dict[str, Any]) -> KernelError:
    error = cls.__new__(cls, *args)
    OSError.__init__(error, *args)
    error.__dict__.update(state)
    return error


class MissingCapability(KernelError, PermissionError):
    """The process lacks a privilege; ``capability`` names it."""

    def __init__(
        self,
        capability: str,
        message: str,
        *,
        errno: int = _errno.EPERM,
        call: str = "",
        log: str = "",
    ) -> None:
        super().__init__(errno, message, call=call, log=log)
        self.capability = capability


class UnsupportedTarget(KernelError):
    """The running kernel has no such iterator target; ``target`` names it."""

    def __init__(self, target: str, message: str, *, call: str = "", log: str = "") -> None:
        super().__init__(_errno.EOPNOTSUPP, message, call=call, log=log)
        self.target = target


class VerifierError(KernelError):
    """The verifier refused ``program``; ``log`` is the verifier's whole log."""

    def __init__(self, program: str, message: str, *, errno: int, call: str = "", log: str = "") -> None:
        super().__init__(errno, message, call=call, log=log)
        self.program = program


class NoSuchProcess(KernelError, ProcessLookupError):
    """A task has exited, and what was asked of it is gone."""


class NoSuchObject(KernelError, FileNotFoundError):
    """A map, cgroup, pin or namespace doesn't exist."""


class RecordTooLarge(KernelError):
    """One object's output exceeds the 32,767 bytes that a read can carry."""


class WalkCut(KernelError):
    """The kernel ended a walk before its last object."""


class LossWarning(RuntimeWarning):
    """A walk may have left objects out; the message says which and why."""
