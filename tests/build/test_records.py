"""The records in C against those in Python, which say the same."""

from __future__ import annotations

import gc
import inspect
import operator
import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libbpf_iter import _records, _records_py
from tests.kernel.children import in_child

BOTH = [_records, _records_py]
SIZES = st.sampled_from([1, 2, 4, 8])


def read(module: Any, how: str, data: bytes, *arguments: Any) -> Any:
    """What a column reads from a record of these bytes; an error is its class."""
    try:
        column = getattr(module.Column, how)(*arguments, "what it is")
        record = type("One", (module.Bytes,), {"__slots__": (), "column": column})(data)
        assert record._data == data
        return record.column
    except (ValueError, TypeError) as error:
        return type(error)


class Told(int):
    """An integer that is told what it is made of."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Told) and self.value == other.value == int(self)


@given(st.binary(max_size=20), st.integers(-1, 20), SIZES, st.booleans(), st.booleans())
def test_integers(data: bytes, offset: int, size: int, signed: bool, nullable: bool) -> None:
    for convert in (None, hex, bool, _records.UserPointer, Told):
        arguments = (offset, size, signed, nullable, convert)
        assert read(_records, "integer", data, *arguments) == read(_records_py, "integer", data, *arguments)


@given(st.binary(max_size=20) | st.just(b"\xff" * 20), st.integers(-1, 20), st.integers(-1, 20))
def test_text_and_what_is_decoded(data: bytes, offset: int, size: int) -> None:
    assert read(_records, "text", data, offset, size) == read(_records_py, "text", data, offset, size)
    arguments = (offset, size, lambda data, at: data[at : at + size])
    assert read(_records, "decoded", data, *arguments) == read(_records_py, "decoded", data, *arguments)


@given(st.binary(max_size=20), st.integers(-1, 20), st.integers(-1, 20))
def test_bytes(data: bytes, offset: int, size: int) -> None:
    for convert in (None, bytes.hex):
        arguments = (offset, size, convert)
        assert read(_records, "raw", data, *arguments) == read(_records_py, "raw", data, *arguments)


@given(st.binary(max_size=20), st.integers(-1, 20), st.integers(-1, 20))
def test_records_in_records(data: bytes, offset: int, size: int) -> None:
    found = []
    for module in BOTH:
        inner = type("Inner", (module.Bytes,), {"__slots__": (), "first": module.Column.raw(0, 1, None, "")})
        made = read(module, "record", data, offset, size, inner)
        found.append((made._data, size and made.first) if isinstance(made, inner) else made)
        with pytest.raises(TypeError, match="class of records"):
            module.Column.record(0, 1, bytes, "")
    assert found[0] == found[1]


SPANS = st.integers(0, 40) | st.integers(0, 2**32 - 1)


@given(st.binary(max_size=30), st.integers(-1, 12), SPANS, SPANS)
def test_spans(tail: bytes, offset: int, start: int, length: int) -> None:
    data = start.to_bytes(4, sys.byteorder) + length.to_bytes(4, sys.byteorder) + tail
    for convert in (None, bytes.hex):
        arguments = (offset, convert, KeyError)
        try:
            expected = read(_records_py, "span", data, *arguments)
        except KeyError as error:
            with pytest.raises(KeyError) as found:
                read(_records, "span", data, *arguments)
            assert found.value.args == error.args
        else:
            assert read(_records, "span", data, *arguments) == expected


@pytest.mark.parametrize("name", ["KernelPointer", "UserPointer", "FileMode"])
def test_numbers(name: str) -> None:
    """Both are integers that print and document themselves alike; the collector has no work with C's."""
    for number in (0, 0o644, 2**64 - 1):
        ours, slow = (getattr(module, name)(number) for module in BOTH)
        assert ours == slow == number and hash(ours) == hash(number)
        assert repr(ours) == repr(slow) == str(ours) and f"{ours}" == f"{slow}"
        assert not gc.is_tracked(ours)
        copy = pickle.loads(pickle.dumps(ours))
        assert copy == ours and type(copy) is type(ours)
    assert type(ours).__module__ == type(slow).__module__ == "libbpf_iter.values"
    assert inspect.cleandoc(type(ours).__doc__) == inspect.cleandoc(type(slow).__doc__).replace("``", "")


def walk(module: Any, chunks: list[bytes], size: int, framed: bool) -> tuple[list[bytes], str]:
    found: list[bytes] = []
    try:
        for record in module.Records(module.Bytes, chunks, size, framed, ZeroDivisionError, OSError):
            found.append(record._data)
    except ZeroDivisionError as error:
        return found, str(error)
    return found, ""


def frame(tail: bytes) -> bytes:
    return (4 + len(tail)).to_bytes(4, sys.byteorder) + tail


FRAMES = st.lists(st.binary(max_size=9).map(frame)).map(b"".join)
CHUNKS = st.lists(st.binary(max_size=40) | FRAMES, max_size=4)


@given(CHUNKS, st.integers(-1, 12), st.booleans())
def test_walks(chunks: list[bytes], size: int, framed: bool) -> None:
    assert walk(_records, chunks, size, framed) == walk(_records_py, chunks, size, framed)


@pytest.mark.parametrize("module", BOTH)
class TestEach:
    def test_a_record_takes_bytes_alone(self, module: Any) -> None:
        with pytest.raises(TypeError):
            module.Bytes()
        with pytest.raises(TypeError):
            module.Bytes("text")

    def test_the_class_has_the_column_itself(self, module: Any) -> None:
        column = module.Column.text(0, 4, "the name")
        assert type("One", (module.Bytes,), {"__slots__": (), "name": column}).name is column
        assert column.__doc__ == "the name"

    def test_an_error_of_the_walk_comes_through_once(self, module: Any) -> None:
        def chunks() -> Iterator[bytes]:
            yield b"abcd"
            raise KeyError("chunk")

        walk = module.Records(module.Bytes, chunks(), 2, False, ValueError, OSError)
        assert [next(walk)._data, next(walk)._data] == [b"ab", b"cd"]
        with pytest.raises(KeyError):
            next(walk)
        assert list(walk) == []

    def test_closing_closes_where_chunks_come_from(self, module: Any) -> None:
        closed = []

        def chunks() -> Iterator[bytes]:
            try:
                yield b"abcd"
            finally:
                closed.append(True)

        walk = module.Records(module.Bytes, chunks(), 2, False, ValueError, OSError)
        next(walk)
        walk.close()
        assert closed and list(walk) == []

    def test_a_chunk_is_let_go_before_the_next(self, module: Any) -> None:
        memory = bytearray(b"abcdef")

        def chunks() -> Iterator[memoryview]:
            yield memoryview(memory)
            memory.extend(b"gh")  # refused while somebody looks at it

        assert len(list(module.Records(module.Bytes, chunks(), 2, False, ValueError, OSError))) == 3

    def test_threads_share_a_walk(self, module: Any) -> None:
        total, seen = 20_000, []
        chunks = (number.to_bytes(4, "big") * 2 for number in range(total // 2))
        walk = module.Records(module.Bytes, chunks, 4, False, ValueError, OSError)

        def take() -> None:
            seen.extend(record._data for record in walk)

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == sorted(number.to_bytes(4, "big") for number in range(total // 2) for _ in "ab")

    def test_a_forked_child_doesnt_wait_for_a_thread_that_it_hasnt(self, module: Any) -> None:
        entered, going_on = threading.Event(), threading.Event()

        def chunks() -> Iterator[bytes]:
            entered.set()
            going_on.wait()
            yield b"ab"

        walk = module.Records(module.Bytes, chunks(), 2, False, ValueError, OSError)
        reader = threading.Thread(target=list, args=(walk,))
        reader.start()
        entered.wait()

        def read() -> None:
            signal.alarm(30)
            with pytest.raises(OSError, match=str(os.getppid())):
                next(walk)

        assert in_child(read)
        going_on.set()
        reader.join()


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("then", [next, operator.methodcaller("close")])
def test_what_runs_where_a_record_is_made(framed: bool, then: Any) -> None:
    """The collector, and so any Python code: it takes a record, or ends the walk and its chunk with it."""
    wanted = [frame(bytes([number]) * (2 + number % 3 * framed)) for number in range(40)]
    memory = bytearray(100)
    runs = taken = 0

    def chunks() -> Iterator[memoryview]:
        for at in range(0, 40, 4):
            some = b"".join(wanted[at : at + 4])
            memory[: len(some)] = some
            view = memoryview(memory)[: len(some)]
            gc.enable()  # not while a chunk is fetched, which only one thread does at a time
            yield view
            gc.disable()
            memory[:] = b"\xff" * len(memory)

    def disturb(phase: str, info: object) -> None:
        nonlocal runs, taken
        if phase == "start":
            gc.disable()
            runs += 1
            if runs % 5 == 4:
                taken += 1
                with suppress(StopIteration):
                    found.append(then(walk))
                if then is not next:
                    memory[:] = b"\xff" * len(memory)
            gc.enable()

    class One(_records.Bytes):
        __slots__ = ()

    walk = _records.Records(One, chunks(), 6, framed, ValueError, OSError)
    found: list[Any] = []
    threshold = gc.get_threshold()
    gc.disable()
    gc.callbacks.append(disturb)
    gc.set_threshold(1)
    try:
        found += walk  # none of them is let go, or the collector would have no reason to run
    finally:
        gc.callbacks.remove(disturb)
        gc.set_threshold(*threshold)
        gc.enable()
    seen = sorted((record._data for record in found if record is not None), key=wanted.index)
    assert taken
    assert seen == wanted[: len(seen)] and (then is not next or len(seen) == 40)


def test_records_are_no_work_for_the_collector() -> None:
    class One(_records.Bytes):
        __slots__ = ()

    made = [One(b"a"), *_records.Records(One, [b"ab"], 1, False, ValueError, OSError)]
    assert len(made) == 3 and not any(map(gc.is_tracked, made))


def test_nothing_is_left_behind() -> None:
    """Reference counts of what a C type holds."""
    decode = object()
    before = sys.getrefcount(decode), sys.getrefcount(_records.Bytes)
    for _ in range(100):
        _records.Column.decoded(0, 1, decode, "")
        _records.Column.integer(0, 1, False, False, decode, decode)
        _records.Column.span(0, decode, decode, decode)
        walk = _records.Records(_records.Bytes, [b"abcd"], 2, False, ValueError, OSError)
        next(walk)
    del walk
    assert (sys.getrefcount(decode), sys.getrefcount(_records.Bytes)) == before
