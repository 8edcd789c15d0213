"""A walk whose records go into a map instead of the descriptor. Imports program, _libbpf and errors.

For walks that don't survive being cut in reads: unix sockets, of which the
kernel loses some at every cut, and cgroup trees, which must fit one session.
One byte is asked for, and the kernel walks to the end, since a program that
writes nothing to the file never fills it. A loaded program has one map, so
each running walk has a program of its own; they are kept for the next one.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import threading
from collections.abc import Callable

from ._libbpf import Fd
from .errors import KernelError
from .immutable import Immutable
from .program import SNAPSHOT_HEADER, Program

FIRST_SIZE = 1 << 20
# The verifier bounds an offset into a map's value: include/linux/bpf_verifier.h, BPF_MAX_VAR_OFF.
LARGEST_SIZE = 1 << 28
_HEADER = struct.Struct("=QQ")


class _Walker(Immutable):
    program: Program
    link: Fd
    memory: mmap.mmap

    def close(self) -> None:
        self.memory.close()
        self.link.close()
        self.program.close()


class Snapshots:
    """The walkers of one iterator: taken, used for one walk, and given back."""

    def __init__(self, load: Callable[[int], Program], attach: Callable[[Program], Fd]) -> None:
        self._load, self._attach = load, attach
        self._size = FIRST_SIZE
        self._free: list[_Walker] = []
        self._lock = threading.Lock()
        self._closed = False

    def take(self, create: Callable[[Fd], Fd]) -> bytes:
        """All records of one walk; ``create`` opens its session on the link it is given."""
        while True:
            walker = self._borrow()
            try:
                records, complete = _walk(walker, create)
            except BaseException:
                walker.close()
                raise
            if complete:
                self._give_back(walker)
                return records
            walker.close()
            self._grow(walker.program.snapshot_size)

    def _borrow(self) -> _Walker:
        with self._lock:
            while self._free:
                walker = self._free.pop()
                if walker.program.snapshot_size >= self._size:
                    return walker
                walker.close()
            size = self._size
        program = self._load(size)
        try:
            link = self._attach(program)
            assert program.snapshot is not None
            memory = mmap.mmap(program.snapshot.number, SNAPSHOT_HEADER + size)
        except BaseException:
            program.close()
            raise
        return _Walker(program, link, memory)

    def _give_back(self, walker: _Walker) -> None:
        with self._lock:
            if not self._closed:
                self._free.append(walker)
                return
        walker.close()

    def _grow(self, size: int) -> None:
        if size >= LARGEST_SIZE:
            message = f"the walk's records exceed {LARGEST_SIZE >> 20} MiB"
            raise KernelError(errno.E2BIG, message, call="read")
        with self._lock:
            self._size = max(self._size, size * 4)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for walker in free:
            walker.close()


def _walk(walker: _Walker, create: Callable[[Fd], Fd]) -> tuple[bytes, bool]:
    _HEADER.pack_into(walker.memory, 0, 0, 0)
    with create(walker.link) as session:
        while True:
            try:
                if not os.read(session.number, 1):
                    break
            except BlockingIOError:
                # A million objects went by; the walk goes on where it was.
                continue
    used, dropped = _HEADER.unpack_from(walker.memory, 0)
    return walker.memory[SNAPSHOT_HEADER : SNAPSHOT_HEADER + used], not dropped
