"""Walks that the kernel may end wrongly: mended, or reported. Imports kernel, decode, losses and schema."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator

from . import kernel
from .decode import Buffer, slices
from .losses import Losses
from .schema import Schema


def mended(
    chunks: Iterator[Buffer],
    schema: Schema,
    target: str,
    process: int,
    seq_num_offset: int | None,
    losses: Losses,
) -> Iterator[Buffer]:
    """The same walk; ``process`` is the one whose threads the kernel was told to walk, or 0.

    Of symbols the kernel shows the last one twice. That is dropped here if the record's column seq_num
    tells, and reported otherwise.
    """
    if process:
        chunks = _told_of_exits(chunks, target, process, losses)
    if target != "ksym":
        return chunks
    chunks = _told_of_shifts(chunks, losses)
    if seq_num_offset is None:
        losses.doubled()
        return chunks
    return drop_doubled(schema, seq_num_offset, chunks)


def _told_of_exits(chunks: Iterator[Buffer], target: str, process: int, losses: Losses) -> Iterator[Buffer]:
    """A walk of one process, which says if it may have ended too early.

    kernel/bpf/task_iter.c, task_group_seq_get_next(), ends it if the thread that it has come to exits, and
    leaves out those that started after that one.
    """
    before = kernel.visited_threads(process, target)
    yield from chunks
    after = kernel.visited_threads(process, "task")
    if after and before - after:
        losses.thread_exited()


def _told_of_shifts(chunks: Iterator[Buffer], losses: Losses) -> Iterator[Buffer]:
    """A walk of symbols, which says if its position may have shifted.

    kernel/kallsyms.c, update_iter(), finds each symbol by counting those of its kind before it.
    """
    before = kernel.symbol_owners()
    yield from chunks
    if kernel.symbol_owners() != before:
        losses.shifted()


def drop_doubled(schema: Schema, seq_num_offset: int, chunks: Iterator[Buffer]) -> Iterator[bytes]:
    """A walk without its last record, if that repeats the one before it.

    kernel/kallsyms.c, bpf_iter_ksym_seq_stop(), calls the program once more at the end, with the last symbol
    instead of none, and the same seq_num.
    """
    before = held = b""
    for chunk in chunks:
        if held:
            yield held
        before, held = held, bytes(chunk)  # a chunk is only valid until the next one is asked for
    # The last two records may be in different chunks.
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
