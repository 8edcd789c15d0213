"""One walk over an iterator's descriptor. Imports _libbpf, decode, schema and errors.

The kernel's contract is kernel/bpf/bpf_iter.c, bpf_seq_read().
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Iterator

from ._libbpf import Fd
from .decode import slices
from .errors import KernelError, LossWarning, RecordTooLarge, WalkCut
from .schema import Schema

# The kernel's buffer: eight pages, and one byte of it is never filled (fs/seq_file.c).
BUFFER = os.sysconf("SC_PAGESIZE") << 3
LARGEST_RECORD = BUFFER - 1
# EAGAIN comes after a million objects without output, and where a program asks for
# the same object again. The second must not go on for ever.
_RETRIES_OF_ONE_OBJECT = 1000


def read_size(schema: Schema, target: str) -> int:
    """What to ask read() for.

    A multiple of the record's size below the kernel's buffer: then no record
    overflows it, and no program runs twice for one object. The cgroup walk must
    fit one session and so one read, and ends with a buffer that is too small.
    """
    if target == "cgroup" or schema.framed:
        return BUFFER * 2
    return max(LARGEST_RECORD // schema.size * schema.size, schema.size)


def read_chunks(fd: Fd, schema: Schema, target: str) -> Iterator[bytes]:
    """The bytes of a walk, in whole records; the descriptor is closed at the end.

    The end is final here: a further read() would start again with the objects
    that came since.
    """
    size = read_size(schema, target)
    part = bytearray()
    reads = retries = 0
    with fd:
        while True:
            try:
                data = os.read(fd.number, size)
            except BlockingIOError as error:
                retries += 1
                if retries > _RETRIES_OF_ONE_OBJECT:
                    message = f"the program asks for one {target} object again and again"
                    raise KernelError(errno.EAGAIN, message, call="read") from error
                continue
            except OSError as error:
                raise _read_error(error, target) from error
            if not data:
                break
            retries = 0
            reads += 1
            if target == "unix" and reads == 2:
                # net/unix/af_unix.c: the rest of a hash bucket is skipped between two reads.
                message = "sockets may be missing: this kernel loses some between two reads"
                warnings.warn(message, LossWarning, stacklevel=3)
            if part or len(data) == size:
                # Only our own buffer cuts a record in two, never the kernel.
                part += data
                whole = _whole(schema, part)
                data = bytes(part[:whole])
                del part[:whole]
            if data:
                yield data
        if part:
            yield bytes(part)


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


def _read_error(error: OSError, target: str) -> KernelError:
    number = error.errno or errno.EIO
    if number == errno.E2BIG:
        message = f"one {target} object's output exceeds {LARGEST_RECORD} bytes"
        return RecordTooLarge(number, message, call="read")
    if number == errno.EOPNOTSUPP:
        message = f"the {target} walk doesn't fit one session of {LARGEST_RECORD} bytes"
        return WalkCut(number, message, call="read")
    return KernelError(number, f"the {target} walk failed", call="read")


def drop_doubled(schema: Schema, seq_num_offset: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Without the last record, if it is the one before it again.

    kernel/kallsyms.c, bpf_iter_ksym_seq_stop(): the program is called once more
    at the end, with the last symbol instead of with none, and the same seq_num.
    """
    held, last = b"", -1
    for chunk in chunks:
        if held:
            yield held
        held = chunk
        at = end = 0
        for data in slices(schema, chunk):
            previous, last = last, _number(data, seq_num_offset)
            at, end = end, end + len(data)
    if held and previous == last:
        held = held[:at]
    if held:
        yield held


def _number(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 8], sys.byteorder)
