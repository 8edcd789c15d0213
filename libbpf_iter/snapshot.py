"""A walk whose records go into a map instead of the descriptor. Imports recipe, program, session, _libbpf.

The map is mapped into memory, and what drives the walk is one call: a run of a
program that walks by itself, or a read of one byte from an iterator, which then
goes to its end, since a program that writes nothing to the file never fills it.
A loaded program has one map, so each walk has a program of its own;
they are kept for the next one, as far as they don't hold too much.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from weakref import ref

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

# What idle walkers of one iterator may hold; memory of a larger walk goes with that walk.
KEPT_MOST = 64 << 20
# Walkers whose memory is in somebody's arrays: the last result and the one before, as loops have them.
LENT_MOST = 2
PAGE = mmap.PAGESIZE
_HEADER = struct.Struct("=QQQ")
_NO_DESCRIPTOR = Fd(int, -1)


class _Walker(Immutable):
    program: Program
    link: Link | None
    memory: mmap.mmap
    process: int  # a child that is forked shares the memory, and must not write to it

    def close(self) -> None:
        self.memory.close()
        if self.link is not None:
            self.link.close()
        self.program.close()


class _Walk:
    """All that a walk takes: a walker, and the session that drives it, unless its program walks by itself.

    The session is in the namespaces of the thread that makes this. Dropped unbegun, it gives the walker back.
    """

    _unbegun = False

    def __init__(self, walker: _Walker, create: Opener, give_back: Callable[[_Walker, bool], None]) -> None:
        self.walker, self._give_back = walker, give_back
        self.session = None if walker.link is None else create(walker.link.fd)
        self._unbegun = True

    def __del__(self) -> None:
        if self._unbegun:
            self._give_back(self.walker, True)

    def fill(self, losses: Losses) -> tuple[int, int]:
        """Make it: the bytes that were written, and how many records found no room."""
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
        message = f"a map of {size >> 20} MiB can't be had in memory"
        raise KernelError(error.errno or errno.ENOMEM, message, call="mmap") from error


class _Place:
    """One of those that have memory for long; it is free with its holder's end, whatever that was."""


class Snapshot:
    """The records of one walk, in the map's own memory, until ``release()``."""

    def __init__(self, give_back: Callable[[_Walker, bool], None], walker: _Walker, used: int) -> None:
        self._give_back, self._walker, self._forks = give_back, walker, forks.count()
        self.place: _Place | None = None
        self.schema = walker.program.schema
        self.records = memoryview(walker.memory)[SNAPSHOT_HEADER : SNAPSHOT_HEADER + used].toreadonly()

    def release(self) -> None:
        """Let the memory be used for another walk; nobody may look at it any more."""
        try:
            self.records.release()
        except BufferError:
            return  # Cyclic garbage is finalized in any order: what reads the memory goes, and this with it.
        self.place = None
        self._give_back(self._walker, self._forks == forks.count())


class Snapshots(Locked):
    """The walkers of one iterator: taken, used for one walk, and given back."""

    def __init__(self, first: Output) -> None:
        super().__init__()
        self._output = first
        self._free: list[_Walker] = []
        self._lent: list[ref[_Place]] = []
        self._closed = False

    def prepare(self, recipe: Recipe) -> Program:
        """Have a walker ready for the first walk; what the kernel refuses is refused here.

        The program says what walks give; its descriptors are the walker's alone, and go with it.
        """
        walker = self._borrow(recipe)
        with self._lock:
            self._free.append(walker)
        return walker.program.replace(fd=_NO_DESCRIPTOR, snapshot=None)

    def take(self, recipe: Recipe, create: Opener, losses: Losses) -> Snapshot:
        """One walk; ``create`` opens its session on the link that it is given, if it takes one."""
        return self._make(self._begin(recipe, create), recipe, create, losses)

    def lend(self, recipe: Recipe, create: Opener, losses: Losses) -> Snapshot | None:
        """One walk whose memory the taker may keep for long; None where enough of it is kept already."""
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
        """One walk as one chunk, which is there until the next is asked for.

        It has its walker from now on: whatever becomes of the others comes too late for it.
        """
        return self._chunks(self._begin(recipe, create), recipe, create, losses)

    def _chunks(self, walk: _Walk, recipe: Recipe, create: Opener, losses: Losses) -> Iterator[memoryview]:
        if walk.walker.process != os.getpid():
            # A fork shares the memory, and the session's place.
            raise ClosedError.forked(walk.walker.process)
        snapshot = self._make(walk, recipe, create, losses)
        try:
            if snapshot.records:
                yield snapshot.records
        finally:
            snapshot.release()

    def _begin(self, recipe: Recipe, create: Opener) -> _Walk:
        walker = self._borrow(recipe)
        try:
            return _Walk(walker, create, self._give_back)
        except BaseException:
            walker.close()
            raise

    def _make(self, walk: _Walk, recipe: Recipe, create: Opener, losses: Losses) -> Snapshot:
        """The walk; or another, where this one's memory is too small, or there is too much for one run."""
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
        """Keep a walker for the next walk, unless its memory is not ``ours`` alone since a fork."""
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
            message = f"the walk's records exceed {mebibytes} MiB: engine='seq' has no such bound"
            raise KernelError(errno.E2BIG, message, call="read")
        with self._lock:
            self._output = Output(max(self._output.size, more), output.runs, output.walked)

    def _leave_to_iterator(self) -> None:
        """There are more objects than one run may come by (progs/emit.h, walked_most)."""
        with self._lock:
            self._output = Output(self._output.size)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for walker in free:
            walker.close()
