"""A program attached to its target, on which sessions are opened. Imports _libbpf, program, errors."""

from __future__ import annotations

import os

from . import _libbpf
from ._libbpf import Fd, LinkInfo, Pin
from .errors import ParameterError, UnsupportedTarget
from .program import Program

__all__ = ["Link", "LinkInfo"]


class Link:
    """A BPF link of type iter. It keeps the program loaded; a session keeps both."""

    def __init__(self, program: Program, parameters: bytes, expected: dict[str, int]) -> None:
        self.program = program
        self._fd = _libbpf.link_create(program.fd, parameters)
        self._parameters = parameters
        try:
            self._verify(expected)
        except BaseException:
            self._fd.close()
            raise

    def _verify(self, expected: dict[str, int]) -> None:
        """Check that the kernel took the parameters: task before Linux 6.1, for one, ignores them."""
        given = self.info.argument if expected else {}
        for name, value in expected.items():
            if given.get(name) != value:
                target = self.program.target
                message = f"this kernel's {target} iterator ignores {name}= (since Linux 6.1)"
                raise UnsupportedTarget(target, message, call="bpf_link_create")

    @property
    def fd(self) -> Fd:
        """Its descriptor, which the link owns."""
        return self._fd

    def fileno(self) -> int:
        """Its descriptor's number, for anything else that takes a link."""
        return self._fd.number

    @property
    def info(self) -> LinkInfo:
        """What the kernel says about it: ids, target, and the target's argument."""
        return _libbpf.link_info(self._fd)

    def update(self, program: Program) -> None:
        """Give it another program for the same target; sessions in progress keep the old one."""
        if program.target != self.program.target:
            message = f"a {self.program.target} link can't take a program for {program.target}"
            raise ParameterError("program", message)
        _libbpf.link_update(self._fd, program.fd)
        self.program = program

    def pin(self, path: str | os.PathLike[str], mode: int = 0o600) -> None:
        """Pin it in a bpffs, where open(2) of ``path`` starts a session.

        Whoever may read the file sees what the program shows, and needs no capability for that: hence the
        default ``mode``. A path that can't be pinned raises :class:`~libbpf_iter.errors.KernelError`, an
        OSError.
        """
        pin = Pin(os.fspath(path))
        try:
            pin.give(self._fd, mode)
        except BaseException:
            pin.take_back()
            raise

    def close(self) -> None:
        """Close the descriptor; a pin keeps the link alive."""
        self._fd.close()
