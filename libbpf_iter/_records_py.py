"""What ``cbuild/records.c`` does, in Python: for where it is not built, and to compare it with.

A record's bytes, a column that is decoded when it is read, numbers that print as
such, and the loop that makes records of chunks.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator

from .typed import Any, Buffer, Generic, R, Self

_SPAN = struct.Struct("=II").unpack_from


class KernelPointer(int):
    """An address in the kernel; 0 is a null pointer."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self):#x}"


class UserPointer(int):
    """An address in the memory of a task, as /proc/PID/maps has them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self):#x}"


class FileMode(int):
    """A file's type and permission bits, as ``os.stat().st_mode``; prints in octal."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self):#o}"


for _number in (KernelPointer, UserPointer, FileMode):
    _number.__module__ = "libbpf_iter.values"  # where people find them, and pickle


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


class Bytes:
    """Bytes that a record is made of."""

    __slots__ = ("__data",)
    __data: bytes

    def __new__(cls, data: Buffer) -> Self:
        self = object.__new__(cls)
        object.__setattr__(self, "_Bytes__data", bytes(data))
        return self

    @property
    def _data(self) -> bytes:
        """The bytes, as the kernel wrote them."""
        return self.__data


# A column may have any name, that of the bytes too.
_bytes_of: Callable[[Bytes], bytes] = vars(Bytes)["_data"].__get__


class Column:
    """A descriptor: one column of the record that it is read from."""

    def __init__(self, read: Callable[[bytes], Any], offset: int, size: int, doc: str) -> None:
        if offset < 0 or size < 0:
            raise ValueError("no column of that size")
        self._read, self._end = read, offset + size
        self.__doc__ = doc

    def __get__(self, record: Any, owner: Any = None) -> Any:
        if record is None:
            return self
        data = _bytes_of(record)
        if len(data) < self._end:
            raise ValueError("the record is too short for this column")
        return self._read(data)

    @classmethod
    def integer(
        cls,
        offset: int,
        size: int,
        signed: bool,
        nullable: bool,
        convert: Callable[[int], Any] | None,
        doc: str,
    ) -> Column:
        """A number, or what ``convert`` makes of it; with ``nullable``, all ones are None."""

        def read(data: bytes) -> Any:
            raw = data[offset : offset + size]
            if nullable and raw == b"\xff" * size:
                return None
            number = int.from_bytes(raw, sys.byteorder, signed=signed)
            return number if convert is None else convert(number)

        return cls(read, offset, size, doc)

    @classmethod
    def text(cls, offset: int, size: int, doc: str) -> Column:
        """Characters up to the first NUL."""

        def read(data: bytes) -> str:
            return _text(data[offset : offset + size].partition(b"\0")[0])

        return cls(read, offset, size, doc)

    @classmethod
    def raw(cls, offset: int, size: int, convert: Callable[[bytes], Any] | None, doc: str) -> Column:
        """Bytes, or what ``convert`` makes of them."""

        def read(data: bytes) -> Any:
            part = data[offset : offset + size]
            return part if convert is None else convert(part)

        return cls(read, offset, size, doc)

    @classmethod
    def span(
        cls, offset: int, convert: Callable[[bytes], Any] | None, error: type[Exception], doc: str
    ) -> Column:
        """What lies behind the struct: None, text, or what ``convert`` makes of the bytes.

        ``error`` is raised for a span that leaves its record.
        """

        def read(data: bytes) -> Any:
            start, length = _SPAN(data, offset)
            if start == 0:
                return None
            if start + length > len(data):
                raise error(f"a span of {length} bytes at {start} leaves a record of {len(data)}")
            return (convert or _text)(data[start : start + length])

        return cls(read, offset, 8, doc)

    @classmethod
    def record(cls, offset: int, size: int, made: type[Bytes], doc: str) -> Column:
        """A record of that class within the record."""
        if not issubclass(made, Bytes):
            raise TypeError("a class of records is expected")
        return cls(lambda data: made(data[offset : offset + size]), offset, size, doc)

    @classmethod
    def decoded(cls, offset: int, size: int, decode: Callable[[bytes, int], Any], doc: str) -> Column:
        """What ``decode(data, offset)`` says."""
        return cls(lambda data: decode(data, offset), offset, size, doc)


class Records(Generic[R]):
    """The records of an iterable of chunks, each of which holds whole ones.

    A record begins with its own length where they are ``framed``, and has
    ``size`` bytes otherwise; ``error`` is raised for a chunk of something else,
    ``forked(pid)`` in a child of the process that has a thread in the walk.
    """

    __slots__ = ("_forked", "_holder", "_lock", "_walk")
    _forked: Callable[[int], Exception]
    _holder: int  # the process that locked it last
    _lock: threading.Lock
    _walk: Iterator[R]

    def __new__(
        cls,
        record: type[Any],
        chunks: Iterable[Buffer],
        size: int,
        framed: bool,
        error: type[Exception],
        forked: Callable[[int], Exception],
    ) -> Self:
        if size < (4 if framed else 1):
            raise error("records of no size")
        self = object.__new__(cls)
        self._walk = cls._all(record, iter(chunks), size, framed, error)
        self._lock, self._holder, self._forked = threading.Lock(), 0, forked
        return self

    @staticmethod
    def _all(
        record: type[Any], chunks: Iterator[Buffer], size: int, framed: bool, error: type[Exception]
    ) -> Iterator[Any]:
        for chunk in chunks:
            at, end = 0, len(chunk)
            while at < end:
                length = size
                if framed and end - at >= 4:
                    length = int.from_bytes(chunk[at : at + 4], sys.byteorder)
                if not size <= length <= end - at:
                    raise error(f"{end - at} bytes at {at} are no whole record of at least {size}")
                yield record(chunk[at : at + length])
                at += length
            del chunk  # let go of before the next one is asked for

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> R:
        if not self._lock.acquire(blocking=False):
            # A thread of the parent's is not there in its child, and would never let go.
            if self._holder != os.getpid():
                raise self._forked(self._holder)
            self._lock.acquire()
        try:
            self._holder = os.getpid()
            return next(self._walk)
        finally:
            self._lock.release()

    def close(self) -> None:
        """End here; what is left of the walk is not asked for."""
        self._walk = iter(())
