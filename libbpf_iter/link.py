"""A program attached to its target: what sessions are opened on. Imports _libbpf, program, errors."""

from __future__ import annotations

import os

from . import _libbpf
from ._libbpf import Fd, LinkInfo, Pin
from .errors import ParameterError, UnsupportedTarget
from .program import Program

__all__ = ["Link", "LinkInfo"]


class Link:
    """One link of type iter. It holds the program; sessions that run hold both by themselves."""

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
        """That the kernel took the parameters: targets without any, and task before 6.1, ignore them."""
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
        """Its descriptor's number, for whatever else takes a link."""
        return self._fd.number

    @property
    def info(self) -> LinkInfo:
        """What the kernel says of it: ids, target, and the target's argument."""
        return _libbpf.link_info(self._fd)

    def update(self, program: Program) -> None:
        """Give it another program of the same target; sessions that run keep the old one."""
        if program.target != self.program.target:
            message = f"a {self.program.target} link can't take a program for {program.target}"
            raise ParameterError("program", message)
        _libbpf.link_update(self._fd, program.fd)
        self.program = program

    def pin(self, path: str | os.PathLike[str], mode: int = 0o600) -> None:
        """Pin it in a bpffs: open(2) of the path is then a session.

        Who may read the file sees what the program shows, without any
        capability: hence 0600 unless ``mode`` says otherwise. KernelError, an OSError, where it can't be.
        """
        pin = Pin(os.fspath(path))
        try:
            pin.give(self._fd, mode)
        except BaseException:
            pin.take_back()
            raise

    def close(self) -> None:
        """Give up the descriptor; a pin keeps the link."""
        self._fd.close()
