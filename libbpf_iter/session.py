"""One walk: its records, and how chunks are read from a descriptor. Imports kernel, decode, losses, schema.

The kernel's contract is kernel/bpf/bpf_iter.c, bpf_seq_read().
"""

from __future__ import annotations

import errno
import os
import sys
from collections import deque
from collections.abc import Iterator
from types import TracebackType

from . import kernel
from ._libbpf import Fd
from .decode import Buffer, Records, record_class, slices
from .errors import ClosedError, KernelError, RecordTooLarge, SchemaError, WalkCut
from .losses import Losses
from .schema import Schema
from .typed import R

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

# The kernel's buffer: eight pages, and one byte of it is never filled (fs/seq_file.c).
BUFFER = os.sysconf("SC_PAGESIZE") << 3
LARGEST_RECORD = BUFFER - 1
# EAGAIN comes after a million objects without output, and where a program asks for
# the same object again. The second must not go on for ever.
_TRIES_OF_ONE_OBJECT = 1000


class Session(Records[R]):
    """One walk: an iterator of records, which can't be started again.

    Threads may share it: each record is given to one of them. What the kernel ends before its time
    raises :class:`~libbpf_iter.errors.WalkCut`, what is larger than a read
    :class:`~libbpf_iter.errors.RecordTooLarge`; both are a :class:`~libbpf_iter.errors.KernelError`.
    """

    __slots__ = ("_losses", "engine", "schema")
    _losses: Losses
    #: "seq": read from the descriptor, or "snapshot": written into memory by one uncut walk.
    engine: str
    #: The layout of its records.
    schema: Schema

    def __new__(cls, schema: Schema, chunks: Iterator[Buffer], engine: str, losses: Losses) -> Self:
        record, size, framed = record_class(schema), schema.size, schema.framed
        self = super().__new__(cls, record, chunks, size, framed, SchemaError, ClosedError.forked)
        self.schema, self.engine, self._losses = schema, engine, losses
        return self

    @property
    def lost(self) -> tuple[str, ...]:
        """What this walk may have left out so far, a sentence each; empty where it is complete."""
        return tuple(self._losses.sentences)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _facts(self) -> dict[str, str]:
        """What is known of it so far, for its display; no record is taken."""
        return {"engine": self.engine, "lost": "; ".join(self.lost) or "nothing so far"}

    def _repr_html_(self) -> str:
        from .display import card_html

        return card_html("Session", self._facts(), self.schema)

    def __rich__(self) -> Any:
        from .display import card_rich

        return card_rich("Session", self._facts(), self.schema)

    def __repr__(self) -> str:
        return f"<Session of {self.schema.name}: {self.engine}>"


def read_size(schema: Schema, target: str) -> int:
    """What to ask read() for.

    A multiple of the record's size below the kernel's buffer: then no record
    overflows it, and no program runs twice for one object. The cgroup walk must
    fit one session and so one read, and ends with a buffer that is too small.
    """
    if target == "cgroup" or schema.framed:
        return BUFFER * 2
    return max(LARGEST_RECORD // schema.size * schema.size, schema.size)


def read_chunks(fd: Fd, schema: Schema, target: str, losses: Losses) -> Iterator[bytes]:
    """The bytes of a walk, in whole records; the descriptor is closed at the end.

    The end is final here: a further read() would start again with the objects
    that came since.
    """
    return _read(fd, schema, target, losses, os.getpid())


def _read(fd: Fd, schema: Schema, target: str, losses: Losses, process: int) -> Iterator[bytes]:
    size = read_size(schema, target)
    repeated = _Repeated(schema, target)
    part = bytearray()
    reads = 0
    full = False
    with fd:
        while True:
            if process != os.getpid():
                # A fork shares the descriptor's place: what one side reads, the other never sees.
                raise ClosedError.forked(process)
            if full:
                # What had no room any more may be lost, and then nothing follows that would say so.
                losses.cut()
            data = read(fd, size, target, losses)
            if not data:
                break
            reads += 1
            if repeated(data):
                break
            if reads > 1:
                losses.cut()
            full = len(data) > LARGEST_RECORD - _largest(schema)
            if part or (schema.framed and len(data) == size):
                # Only our own buffer cuts a record in two, never the kernel, and where all records have
                # one size it ends with one.
                part += data
                whole = _whole(schema, part)
                data = bytes(part[:whole])
                del part[:whole]
            if data:
                yield data
        if part:
            yield bytes(part)


def _largest(schema: Schema) -> int:
    """What a record takes, with its text where a walk loses what had no room (unix: 108 bytes)."""
    return schema.size + (128 if schema.framed else 0)


class _Repeated:
    """Whether a read gave what the last one gave.

    kernel/bpf/task_iter.c, task_vma_seq_get_next(): a walk of one thread's
    mappings that took several reads never ends. Its place is saved where a read
    stops at a mapping, so after the last it goes back to where that read began.
    """

    def __init__(self, schema: Schema, target: str) -> None:
        # Counters of a mapping may have moved since; which one it is has not. A stranger's records
        # may not say it, and then have to be the same altogether.
        self._key = [field for field in schema.fields if field.name in ("tid", "start")]
        self._told = len(self._key) == 2
        self._concerned = target == "task_vma" or (not target and self._told)
        self._last: object = None

    def __call__(self, data: bytes) -> bool:
        if not self._concerned:
            return False
        key = [field.kind.decode(data, field.offset) for field in self._key] if self._told else data
        last, self._last = self._last, key
        return key == last


def _whole(schema: Schema, data: bytearray) -> int:
    """How many of the bytes are whole records."""
    if not schema.framed:
        return len(data) - len(data) % schema.size
    at = 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], sys.byteorder)
        if length < 4 or at + length > len(data):
            break
        at += length
    return at


def read(session: Fd, size: int, target: str, losses: Losses) -> bytes:
    """What the next read gives that gives anything, if only the end."""
    for _ in range(_TRIES_OF_ONE_OBJECT):
        try:
            return os.read(session.number, size)
        except BlockingIOError:
            losses.cut()
        except OSError as error:
            raise _read_error(error, target) from error
    message = f"the program asks for one {target} object again and again, as for want of memory"
    raise KernelError(errno.EAGAIN, message, call="read")


def _read_error(error: OSError, target: str) -> KernelError:
    number = error.errno or errno.EIO
    scarce = ", or there was no memory for a path" if target == "cgroup" else ""  # progs/cgroup.bpf.c
    if number == errno.E2BIG:
        message = f"one {target} object's output exceeds {LARGEST_RECORD} bytes{scarce}"
        return RecordTooLarge(number, message, call="read")
    if number == errno.EOPNOTSUPP:
        message = f"the {target} walk doesn't fit one session of {LARGEST_RECORD} bytes{scarce}"
        return WalkCut(number, message, call="read")
    return KernelError(number, f"the {target} walk failed", call="read")


def without_double(
    chunks: Iterator[Buffer], schema: Schema, target: str, seq_num_offset: int | None, losses: Losses
) -> Iterator[Buffer]:
    """A walk without what the kernel shows twice, or with a word about it where the records don't tell."""
    if target != "ksym":
        return chunks
    chunks = _told_of_shifts(chunks, losses)
    if seq_num_offset is None:
        losses.doubled()
        return chunks
    return drop_doubled(schema, seq_num_offset, chunks)


def _told_of_shifts(chunks: Iterator[Buffer], losses: Losses) -> Iterator[Buffer]:
    """A walk of symbols, which says where its place, a number of symbols, was another's meanwhile.

    kernel/kallsyms.c, update_iter(): each symbol is found by counting those of its kind before it.
    """
    before = kernel.symbol_owners()
    yield from chunks
    if kernel.symbol_owners() != before:
        losses.shifted()


def drop_doubled(schema: Schema, seq_num_offset: int, chunks: Iterator[Buffer]) -> Iterator[bytes]:
    """Without the last record, if it is the one before it again.

    kernel/kallsyms.c, bpf_iter_ksym_seq_stop(): the program is called once more
    at the end, with the last symbol instead of with none, and the same seq_num.
    """
    before = held = b""
    for chunk in chunks:
        if held:
            yield held
        before, held = held, bytes(chunk)  # a chunk is there only until the next is asked for
    # The last two may be of two chunks.
    last = deque(slices(schema, held), 2)
    if len(last) == 1:
        last.extendleft(deque(slices(schema, before), 1))
    numbers = [_number(data, seq_num_offset) for data in last]
    if len(numbers) == 2 and numbers[0] == numbers[1]:
        held = held[: -len(last[1])]
    if held:
        yield held


def _number(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 8], sys.byteorder)
