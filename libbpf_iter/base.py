"""What all iterators are: attached once, opened for each walk. Imports all below; no target by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Generic, Self, TypeVar

from . import _libbpf, netns
from ._libbpf import Fd
from .decode import record_class, records
from .errors import ClosedError, ParameterError
from .link import Link
from .parameters import Parameters
from .params import Params
from .program import Program, Query
from .query.explain import explain
from .schema import Schema
from .session import drop_doubled, read_chunks
from .snapshot import Snapshots

R = TypeVar("R", covariant=True)

# Walks that the kernel cuts short or thins out where they are cut in reads.
SNAPSHOT_TARGETS = frozenset({"cgroup", "unix"})

Loader = Callable[[int], Program]


class BpfIter(Generic[R]):
    """An iterable over one kind of kernel object.

    Attaching happens once, here; each ``iter()`` is a session of its own, so
    several may run at once. Closing it, also by ``with``, leaves those running.
    """

    def __init__(
        self,
        load: Loader,
        parameters: Parameters | None = None,
        *,
        query: Query | None = None,
        netns: netns.NetNs | None = None,
        snapshot: bool = False,
    ) -> None:
        self._load = load
        self._params = query.params if query else None
        parameters = parameters or Parameters()
        self._info, self._expected = parameters.info, parameters.expected
        # A link takes what its parameters name; only a further link needs the descriptors again.
        self._held = ExitStack()
        with parameters.held:
            try:
                self._netns = _netns_of(netns)
                program = load(0)
            except BaseException:
                if self._params is not None:
                    self._params.close()
                raise
            try:
                self.link = Link(program, self._info, self._expected)
            except BaseException:
                program.close()
                if self._params is not None:
                    self._params.close()
                raise
            if snapshot:
                self._held = parameters.held.pop_all()
        self._snapshots = Snapshots(self._load, self._attach) if snapshot else None
        self._closed = False

    def _attach(self, program: Program) -> Fd:
        return _libbpf.link_create(program.fd, self._info)

    @property
    def target(self) -> str:
        """What is iterated, by the kernel's name."""
        return self.link.program.target

    @property
    def schema(self) -> Schema:
        """The layout of its records."""
        return self.link.program.schema

    @property
    def engine(self) -> str:
        """ "seq": read from the descriptor; "snapshot": written into a map by one uncut walk."""
        return "seq" if self._snapshots is None else "snapshot"

    def chunks(self) -> Iterator[bytes]:
        """One walk as bytes: whole records, as :attr:`schema` lays them out."""
        if self._closed:
            raise ClosedError(f"{type(self).__name__} is closed")
        if self._netns == "all":
            return self._all_namespaces()
        return self._walk(_in_namespace(self._netns))

    def _walk(self, create: Callable[[Fd], Fd]) -> Iterator[bytes]:
        program = self.link.program
        if self._snapshots is not None:
            data = self._snapshots.take(create)
            if data:
                yield data
            return
        chunks = read_chunks(create(self.link.fd), program.schema, program.target)
        if program.target == "ksym" and program.seq_num_offset is not None:
            chunks = drop_doubled(program.schema, program.seq_num_offset, chunks)
        yield from chunks

    def _all_namespaces(self) -> Iterator[bytes]:
        for namespace in netns.every_namespace():
            with namespace:
                yield from self._walk(_in_namespace(namespace))

    def __iter__(self) -> Iterator[R]:
        """One walk as records."""
        chunks, schema = self.chunks(), self.schema
        return (record for chunk in chunks for record in records(schema, chunk))  # type: ignore[misc]

    @property
    def record(self) -> type[Any]:
        """The class of its records."""
        return record_class(self.schema)

    @property
    def params(self) -> Params:
        """The constants bound with ``params=``; set one, and the next object of a walk sees it."""
        if self._params is None:
            raise ParameterError("params", "the iterator was made without any")
        return self._params

    def explain(self) -> str:
        """What its query was compiled to: where each name leads, and what each instruction is for."""
        program = self.link.program
        if program.asked is None or program.compiled is None:
            return f"{self.target}: no query; the program's own record leaves"
        return explain(program.asked, program.compiled)

    def update(self, other: BpfIter[Any]) -> None:
        """Let the link run ``other``'s program: walks that begin from now on give its records."""
        self.link.update(other.link.program)

    def pin(self, path: str | os.PathLike[str], mode: int = 0o600) -> None:
        """Pin the link, see :meth:`Link.pin`; ``PinnedIter(path)`` reads it."""
        self.link.pin(path, mode)

    def unpin(self, path: str | os.PathLike[str]) -> None:
        """Remove a pin; sessions of it that run go on."""
        os.unlink(path)

    def close(self) -> None:
        """Detach. Sessions that run go on to their end; a pin stays."""
        if self._closed:
            return
        self._closed = True
        if self._snapshots is not None:
            self._snapshots.close()
        self.link.close()
        self.link.program.close()
        if self._params is not None:
            self._params.close()
        self._held.close()
        if isinstance(self._netns, Fd):
            self._netns.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = " closed" if self._closed else ""
        columns = ", ".join(field.name for field in self.schema.fields[:4])
        more = ", …" if len(self.schema.fields) > 4 else ""
        return f"<{type(self).__name__} of {self.target}: {columns}{more}{state}>"


def _netns_of(value: netns.NetNs | None) -> Fd | str | None:
    if value is None or value == "all":
        return value
    return netns.open_namespace(value)


def _in_namespace(namespace: Fd | str | None) -> Callable[[Fd], Fd]:
    if not isinstance(namespace, Fd):
        return _libbpf.iter_create
    return lambda link: netns.inside(namespace, lambda: _libbpf.iter_create(link))
