"""Walks whose records go into a map instead of the descriptor. Imports recipe, program, session, _libbpf.

The map is mapped into memory, and one system call drives the whole walk: either the run of a program that
walks by itself, or a read of one byte from an iterator, which goes on to its end, since a program that writes
nothing to the file never fills it. A loaded program has a single map, so walks at the same time need a
program each; these are kept for later walks, as long as they don't hold too much memory.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
from _weakref import ref  # weakref's own, see forks.py
from collections.abc import Callable, Iterator
from contextlib import suppress

from . import _libbpf, forks
from ._libbpf import Fd
from .errors import ClosedError, KernelError, RecordTooLarge
from .forks import Locked
from .immutable import Immutable
from .link import Link
from .losses import Losses
from .netns import Opener
from .probes import bounded
from .program import LARGEST_RECORD, SNAPSHOT_HEADER, Output, Program
from .recipe import Recipe
from .session import read

# How much memory the idle walkers of an iterator may hold; that of a larger walk goes when the walk ends.
KEPT_MOST = 64 << 20
# How many walkers' memory may be in use by arrays: in a loop, the last result and the one before it.
LENT_MOST = 2
PAGE = mmap.PAGESIZE
_HEADER = struct.Struct("=QQQ")
_NO_DESCRIPTOR = Fd(int, -1)


class _Walker(Immutable):
    program: Program
    link: Link | None
    memory: mmap.mmap
    process: int  # a forked child shares the memory, and must not write to it

    def close(self) -> None:
        with suppress(BufferError):
            self.memory.close()  # unless a traceback holds what reads it, and lets it go later
        if self.link is not None:
            self.link.close()
        self.program.close()


class _Walk:
    """What a walk needs: a walker, and the session that drives it unless its program walks by itself.

    The session is in the namespaces of the thread that makes this. If it is dropped before it has begun, the
    walker is given back.
    """

    _unbegun = False

    def __init__(self, walker: _Walker, create: Opener, give_back: Callable[[_Walker, bool], None]) -> None:
        self.walker, self._give_back = walker, give_back
        self._unbegun = True
        self.session = None if walker.link is None else create(walker.link.fd)

    def __del__(self) -> None:
        if self._unbegun:
            self._give_back(self.walker, True)

    def fill(self, losses: Losses) -> tuple[int, int]:
        """Walk; returns how many bytes were written, and how many records had no room."""
        self._unbegun, walker = False, self.walker
        _HEADER.pack_into(walker.memory, 0, 0, 0, 0)
        if self.session is None:
            _libbpf.run_program(walker.program.fd)
        else:
            with self.session:
                while read(self.session, 1, walker.program.target, losses):
                    pass
        used, dropped, _ = _HEADER.unpack_from(walker.memory, 0)
        return used, dropped


def _mapped(map_: Fd, size: int) -> mmap.mmap:
    try:
        return mmap.mmap(map_.number, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
    except OSError as error:
        message = f"a map of {size >> 20} MiB can't be mapped into memory"
        raise KernelError(error.errno or errno.ENOMEM, message, call="mmap") from error


class _Place:
    """The right to keep a walker's memory for long; it ends with its holder, however that ends."""


class Snapshot:
    """The records of one walk, in the memory of the map itself, until ``release()``."""

    def __init__(self, give_back: Callable[[_Walker, bool], None], walker: _Walker, used: int) -> None:
        self._give_back, self._walker, self._forks = give_back, walker, forks.count()
        self.place: _Place | None = None
        self.schema = walker.program.schema
        self.records = memoryview(walker.memory)[SNAPSHOT_HEADER : SNAPSHOT_HEADER + used].toreadonly()

    def release(self) -> None:
        """Give the memory back for another walk; it must not be read any more."""
        try:
            self.records.release()
        except BufferError:
            return  # cyclic garbage is finalized in any order: whatever reads the memory is garbage as well
        self.place = None
        self._give_back(self._walker, self._forks == forks.count())


class Snapshots(Locked):
    """The walkers of one iterator, each of which is taken for one walk and then given back."""

    def __init__(self, first: Output) -> None:
        super().__init__()
        self._output = first
        self._free: list[_Walker] = []
        self._lent: list[ref[_Place]] = []
        self._closed = False

    def prepare(self, recipe: Recipe) -> Program:
        """Get a walker ready for the first walk, so that a refusal of the kernel's comes now.

        The program says what walks give; its descriptors are the walker's alone, and go with it.
        """
        walker = self._borrow(recipe)
        with self._lock:
            self._free.append(walker)
        return walker.program.replace(fd=_NO_DESCRIPTOR, snapshot=None)

    def take(self, recipe: Recipe, create: Opener, losses: Losses) -> Snapshot:
        """Walk once; ``create`` opens a session on a link, if the walk needs one."""
        return self._make(self._begin(recipe, create), recipe, create, losses)

    def lend(self, recipe: Recipe, create: Opener, losses: Losses) -> Snapshot | None:
        """Walk once, into memory that may be kept for long; None if too much of it is kept already."""
        place = _Place()
        with self._lock:
            self._lent = [held for held in self._lent if held() is not None]
            if len(self._lent) >= LENT_MOST:
                return None
            self._lent.append(ref(place))
        snapshot = self.take(recipe, create, losses)
        snapshot.place = place
        return snapshot

    def walk(self, recipe: Recipe, create: Opener, losses: Losses) -> Iterator[memoryview]:
        """Walk once, as a single chunk, which is valid until the next one is asked for.

        It has its walker from now on: whatever becomes of the others comes too late for it.
        """
        return self._chunks(self._begin(recipe, create), recipe, create, losses)

    def _chunks(self, walk: _Walk, recipe: Recipe, create: Opener, losses: Losses) -> Iterator[memoryview]:
        if walk.walker.process != os.getpid():
            # Both sides of a fork share the memory, and the position of the session.
            raise ClosedError.forked(walk.walker.process)
        snapshot = self._make(walk, recipe, create, losses)
        try:
            if snapshot.records:
                yield snapshot.records
        finally:
            snapshot.release()

    def _begin(self, recipe: Recipe, create: Opener) -> _Walk:
        return _Walk(self._borrow(recipe), create, self._give_back)

    def _make(self, walk: _Walk, recipe: Recipe, create: Opener, losses: Losses) -> Snapshot:
        """Make the walk, again if its memory is too small, or if there are too many objects for one run."""
        while True:
            walker = walk.walker
            try:
                used, dropped = walk.fill(losses)
            except BaseException as error:
                walker.close()
                runs = walk.session is None
                if not (runs and isinstance(error, KernelError) and error.errno == errno.E2BIG):
                    raise
                self._leave_to_iterator()
            else:
                if not dropped:
                    return Snapshot(self._give_back, walker, used)
                walker.close()
                self._grow(walker.program, dropped)
            walk = self._begin(recipe, create)

    def _borrow(self, recipe: Recipe) -> _Walker:
        with self._lock:
            while self._free:
                walker = self._free.pop()
                output = walker.program.output
                fits = output.size >= self._output.size and output.runs == self._output.runs
                if fits and walker.process == os.getpid():
                    return walker
                walker.close()
            output = self._output
        program = recipe.load(output)
        link = None
        try:
            if not output.runs:
                link = recipe.attach(program)
            assert program.snapshot is not None
            memory = _mapped(program.snapshot, SNAPSHOT_HEADER + output.size)
        except BaseException:
            if link is not None:
                link.close()
            program.close()
            raise
        return _Walker(program, link, memory, os.getpid())

    def _give_back(self, walker: _Walker, ours: bool) -> None:
        """Keep a walker for another walk, unless a fork has made its memory not ``ours`` alone."""
        with self._lock:
            kept = sum(len(free.memory) for free in (walker, *self._free))
            if ours and not self._closed and kept <= KEPT_MOST:
                self._free.append(walker)
                return
        walker.close()

    def _grow(self, program: Program, dropped: int) -> None:
        output, size = program.output, program.schema.size
        if size > LARGEST_RECORD:
            message = f"records of {size} bytes exceed the {LARGEST_RECORD} that one may have"
            raise RecordTooLarge(errno.E2BIG, message, call="read")
        wanted = max(output.size * 4, -(-(output.size + dropped * size) // PAGE) * PAGE)
        more = bounded(wanted)
        if output.size >= more:
            mebibytes = round(more / (1 << 20))
            message = f"the walk's records exceed {mebibytes} MiB: engine='seq' has no such limit"
            raise KernelError(errno.E2BIG, message, call="read")
        with self._lock:
            self._output = Output(max(self._output.size, more), output.runs, output.walked)

    def _leave_to_iterator(self) -> None:
        """Use an iterator from now on: there are too many objects for a run (progs/emit.h, walked_most)."""
        with self._lock:
            self._output = Output(self._output.size)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for walker in free:
            walker.close()
