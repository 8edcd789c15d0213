"""What a record and three of its attributes cost above the walk: against struct and a namedtuple."""

# ruff: noqa: B018 (reading attributes is the work)

from __future__ import annotations

import os
import statistics
import struct
from collections import namedtuple

from libbpf_iter import TaskIter, TaskVmaIter
from libbpf_iter.decode import records
from libbpf_iter.schema import Schema

from .measure import Report, timed

MOST_NS = 150
Task = namedtuple("Task", ["tid", "comm", "rss"])
Vma = namedtuple("Vma", ["start", "permissions", "path"])


def read_tasks(schema: Schema, data: bytes) -> None:
    for task in records(schema, data):
        task.tid
        task.comm
        task.rss


def read_vmas(schema: Schema, data: bytes) -> None:
    for vma in records(schema, data):
        vma.start
        vma.permissions
        vma.path


def unpacker(schema: Schema, **codes: str) -> struct.Struct:
    """These columns of a record, in their order there."""
    layout, end = "=", 0
    for name, code in codes.items():
        layout += f"{schema[name].offset - end}x{code}"
        end = schema[name].offset + schema[name].size
    return struct.Struct(f"{layout}{schema.size - end}x")


def task_tuples(schema: Schema, data: bytes) -> None:
    for tid, comm, rss in unpacker(schema, tid="i", comm="16s", rss="Q").iter_unpack(data):
        task = Task(tid, comm.partition(b"\0")[0].decode(), rss)
        task.tid
        task.comm
        task.rss


def vma_tuples(schema: Schema, data: bytes) -> None:
    head, size, at = unpacker(schema, start="Q", permissions="8s", path="II"), struct.Struct("=I"), 0
    while at < len(data):
        start, permissions, offset, length = head.unpack_from(data, at)
        path = data[at + offset : at + offset + length].decode() if offset else None
        vma = Vma(start, permissions.partition(b"\0")[0].decode(), path)
        vma.start
        vma.permissions
        vma.path
        at += size.unpack_from(data, at)[0]


def main() -> None:
    report = Report("a record and three of its attributes, above the walk: against a namedtuple of Python")
    for iterator, read, tuples in (
        (TaskIter(columns=Task._fields), read_tasks, task_tuples),
        (TaskVmaIter(pid=os.getpid(), columns=Vma._fields), read_vmas, vma_tuples),
    ):
        with iterator:
            data, schema = b"".join(iterator.chunks()), iterator.schema
        walked = sum(1 for _ in records(schema, data))
        times = report.size(50_000) // walked + 1  # so many that no clock is too coarse
        count, data = walked * times, data * times
        ours = timed(lambda read=read, schema=schema, data=data: read(schema, data))
        theirs = timed(lambda tuples=tuples, schema=schema, data=data: tuples(schema, data))
        name = f"{schema.name}: {', '.join(field.name for field in schema.fields)}"
        report.compare(name, ours, theirs, bar=1, count=count)
        each = statistics.median(ours().busy for _ in range(15)) * 1e9 / count
        report.note(f"{name}: ns of the processor (at most {MOST_NS})", round(each))
    report.finish()


if __name__ == "__main__":
    main()
