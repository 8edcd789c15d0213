"""One walk as records, and how it is read from a descriptor. Imports kernel, decode, losses and schema.

What the kernel promises is in kernel/bpf/bpf_iter.c, bpf_seq_read().
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from types import TracebackType

from ._libbpf import Fd
from .decode import Buffer, Records, record_class
from .errors import ClosedError, KernelError, RecordTooLarge, SchemaError, WalkCut
from .losses import Losses
from .schema import Schema
from .typed import Any, R, Self

# The kernel's buffer has eight pages, the last byte of which is never filled (fs/seq_file.c).
BUFFER = os.sysconf("SC_PAGESIZE") << 3
LARGEST_RECORD = BUFFER - 1
# The kernel says EAGAIN after a million objects without output, and when a program asks for the same object
# again, which must not go on for ever.
_TRIES_OF_ONE_OBJECT = 1000


class Session(Records[R]):
    """One walk: an iterator of records, which can't be started again.

    Threads may share it, in which case each record goes to one of them. A walk that the kernel ends early
    raises :class:`~libbpf_iter.errors.WalkCut`, and a record that is too large for a read
    :class:`~libbpf_iter.errors.RecordTooLarge`; both are a :class:`~libbpf_iter.errors.KernelError`.
    """

    __slots__ = ("_losses", "engine", "schema")
    _losses: Losses
    #: "seq" if it is read from the descriptor, "snapshot" if the kernel writes it into memory.
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
        """What the walk may have left out so far, a sentence each; empty if nothing."""
        return tuple(self._losses.sentences)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _facts(self) -> dict[str, str]:
        """What is known about it so far, for display; takes no record."""
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
    """How many bytes to ask read() for.

    A multiple of the record's size that is smaller than the kernel's buffer: then no record overflows the
    buffer, and the program never runs twice for an object. A cgroup walk has to fit a single read, and ends
    if that read's buffer is too small.
    """
    if target == "cgroup" or schema.framed:
        return BUFFER * 2
    return max(LARGEST_RECORD // schema.size * schema.size, schema.size)


def read_chunks(fd: Fd, schema: Schema, target: str, losses: Losses) -> Iterator[bytes]:
    """The chunks of a walk, in whole records; closes the descriptor at the end.

    The end is final, unlike the kernel's: another read() would start over with the objects that have come
    since.
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
                # Both sides of a fork share the descriptor's position: each would miss what the other reads.
                raise ClosedError.forked(process)
            if full:
                # An object that didn't fit may be lost, and if it was the last one, no other read tells.
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
                # The kernel never cuts a record in two, but a full buffer of ours does, unless it holds a
                # whole number of records of one size.
                part += data
                whole = _whole(schema, part)
                data = bytes(part[:whole])
                del part[:whole]
            if data:
                yield data
        if part:
            yield bytes(part)


def _largest(schema: Schema) -> int:
    """The size of a record, with the text of those walks that lose what doesn't fit (unix: 108 bytes)."""
    return schema.size + (128 if schema.framed else 0)


class _Repeated:
    """Whether a read gave the same as the one before it.

    A walk of one thread's mappings that takes several reads never ends (kernel/bpf/task_iter.c,
    task_vma_seq_get_next()): its position is only saved when a read stops at a mapping, so after the last
    mapping it goes back to where the last read started.
    """

    def __init__(self, schema: Schema, target: str) -> None:
        # A mapping's counters may have changed, but not which mapping it is. If records of somebody else's
        # program don't tell which, all their bytes have to be the same.
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
    """How many of the bytes make up whole records."""
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
    """Read until there is output, or the end."""
    for _ in range(_TRIES_OF_ONE_OBJECT):
        try:
            return os.read(session.number, size)
        except BlockingIOError:
            losses.cut()
        except OSError as error:
            raise _read_error(error, target) from error
    message = f"the program keeps asking for the same {target} object again, as it does without memory"
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
