"""What all iterators are: attached once, opened for each walk. Imports all below; no target by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from . import netns
from ._libbpf import Fd, Pin
from .decode import Buffer, record_class
from .ends import mended
from .engine import Engine, counts, first_output
from .errors import ClosedError, KernelError, ParameterError, UnsupportedEngine
from .forks import Locked
from .link import Link
from .losses import Losses
from .netns import Opener, chosen_namespace
from .parameters import OF_NETWORKS, Parameters
from .params import Params
from .program import SEQ, Program, Query
from .recipe import Loader, Recipe
from .schema import Schema
from .session import Session, read_chunks
from .snapshot import Snapshot, Snapshots
from .typed import Any, Generic, Later, NoReturn, R, Self

TYPE_CHECKING = False
if TYPE_CHECKING:
    import numpy as np

    from . import pins, rows
else:
    np, pins, rows = Later("numpy"), Later("libbpf_iter.pins"), Later("libbpf_iter.rows")


class BpfIter(Locked, Generic[R]):
    """An iterable over one kind of kernel object.

    Making one loads its program and attaches it, once. Each ``iter()`` is then a walk of its own, and several
    may be in progress at the same time. Closing it, by ``close()`` or ``with``, lets them finish.

    Making one raises :class:`~libbpf_iter.errors.MissingCapability` without CAP_BPF and CAP_PERFMON,
    :class:`~libbpf_iter.errors.UnsupportedTarget` if the kernel doesn't have the target,
    :class:`~libbpf_iter.errors.ParameterError` for an argument that makes no sense, and
    :class:`~libbpf_iter.errors.VerifierError` for a program that the kernel refuses. Using one that is closed
    raises :class:`~libbpf_iter.errors.ClosedError`.
    """

    def __init__(
        self,
        target: str,
        load: Loader,
        parameters: Parameters | None = None,
        *,
        query: Query | None = None,
        netns: netns.NetNs | None = None,
        engines: tuple[str, ...] = (Engine.SEQ,),
        array_engines: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        parameters, query = parameters or Parameters(), query or Query()
        self.target = target
        self._recipe: Recipe | None = Recipe(load, parameters, query)  # None once it is closed
        self._given = parameters.expected | parameters.left
        self._where, self._params = query.where, query.params
        self._link: Link | None = None
        self._published: dict[str, int] = {}  # pins that have their types beside them, and their modes
        self._snapshots: Snapshots | None = None
        # For arrays, which need all records at once: another engine, if one is better at that.
        self._array_engines = array_engines
        self._array_snapshots: Snapshots | None = None
        with ExitStack() as undo:
            if self._params is not None:
                undo.callback(self._params.discard)
            undo.callback(parameters.held.close)
            if parameters.pidfd is not None:
                undo.callback(parameters.pidfd.close)
            parameters.check_found()
            self._netns = chosen_namespace(netns)
            if isinstance(self._netns, Fd):
                undo.callback(self._netns.close)
            self._program = self._start(self._recipe, engines)
            undo.pop_all()
        if self._snapshots is None and not array_engines:
            # The link holds what its parameters name by descriptor; only another link would need them again.
            parameters.held.close()

    def _start(self, recipe: Recipe, engines: tuple[str, ...]) -> Program:
        """Load the program of the first engine that the kernel accepts; raises the last one's refusal."""
        for engine in engines[:-1]:
            try:
                return self._use(recipe, engine)
            except (KernelError, UnsupportedEngine):
                continue
        return self._use(recipe, engines[-1])

    def _use(self, recipe: Recipe, engine: str) -> Program:
        if engine == Engine.SEQ:
            self._link = recipe.attach(recipe.load(SEQ))
            return self._link.program
        self._snapshots, program = self._prepare(recipe, engine)
        return program

    def _prepare(self, recipe: Recipe, engine: str) -> tuple[Snapshots, Program]:
        snapshots = Snapshots(first_output(self.target, engine, recipe.parameters, recipe.query))
        return snapshots, snapshots.prepare(recipe)

    def _for_arrays(self, recipe: Recipe) -> Snapshots | None:
        """The snapshots that arrays are made from; whether an engine is better for that is tried once."""
        engines, self._array_engines = self._array_engines, ()
        for engine in engines:
            try:
                self._array_snapshots, _ = self._prepare(recipe, engine)
                break
            except (KernelError, UnsupportedEngine):
                continue
        return self._array_snapshots or self._snapshots

    @property
    def link(self) -> Link:
        """The BPF link, for its ``info`` and for pins; if walks don't need one, it is made when asked for."""
        with self._lock:
            if self._link is None:
                recipe = self._open_recipe()
                self._link = recipe.attach(recipe.load(SEQ))
            return self._link

    def _open_recipe(self) -> Recipe:
        if self._recipe is None:
            raise ClosedError(f"{type(self).__name__} is closed")
        return self._recipe

    #: What is iterated, by the kernel's name: "task", "tcp".
    target: str

    @property
    def schema(self) -> Schema:
        """The layout of its records."""
        return self._program.schema

    @property
    def engine(self) -> str:
        """ "seq" if records are read from a descriptor, "snapshot" if the kernel writes them into memory."""
        return "seq" if self._snapshots is None else "snapshot"

    def _check_records(self) -> None:
        """Raise SchemaError if walks give something other than records."""

    def session(self) -> Session[R]:
        """One walk as records, which says what it may have lost; ``close()`` ends it early."""
        self._check_records()
        losses = self._losses(session=True)
        schema, engine, chunks = self._begin(losses)
        return Session(schema, chunks, engine, losses)

    def _losses(self, *, session: bool = False) -> Losses:
        counting = counts(self.target, self._open_recipe().parameters.types)
        return Losses(self.target, counts=counting, session=session)

    def __iter__(self) -> Iterator[R]:
        """One walk as records, by a :class:`~libbpf_iter.session.Session`."""
        return self.session()

    def collect(self) -> rows.Rows[R]:
        """One walk, kept as a sequence of records, which prints as a table."""
        return rows.Rows.of(self.session())

    def chunks(self) -> Iterator[bytes]:
        """One walk as chunks of whole records, laid out as :attr:`schema` says.

        If it may be incomplete, a :class:`~libbpf_iter.errors.LossWarning` says so.
        """
        return map(bytes, self._begin(self._losses())[2])

    def to_numpy(self) -> np.ndarray[Any, Any]:
        """One walk as a structured array, with a field for each column; needs the extra ``numpy``.

        Numbers are as wide as the kernel's, in the units of their columns; so are enums, flags, pointers
        and devices. Text of a fixed size is "S"; what has no fixed size is "O", Python's own objects.
        A number that is missing has all bits set. Of a snapshot the array is the very memory that the
        kernel wrote to, and read-only. Where the walk may be incomplete, a
        :class:`~libbpf_iter.errors.LossWarning` says so.
        """
        from .arrays import array, array_in_place

        self._check_records()
        memory = self._in_memory(Snapshots.lend)
        if memory is not None:
            found = array_in_place(memory.schema, memory)
            if found is not None:
                return found
            try:
                return array(memory.schema, [memory.records])
            finally:
                memory.release()
        schema, _, chunks = self._begin(self._losses())
        return array(schema, chunks)

    def __arrow_c_schema__(self) -> object:
        """The columns' Arrow types, as a PyCapsule; walks nothing."""
        from .arrow import schema_capsule

        self._check_records()
        return schema_capsule(self.schema)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """One walk as an Arrow table, a PyCapsule, which polars, DuckDB, pyarrow and pandas read directly.

        Enums are dictionaries, addresses and text are text, what is missing is null. Where the walk may be
        incomplete, a :class:`~libbpf_iter.errors.LossWarning` says so.
        """
        from .arrow import stream_capsule

        self._check_records()
        memory = self._in_memory(Snapshots.take)
        if memory is not None:
            try:
                return stream_capsule(memory.schema, memory.records)
            finally:
                memory.release()
        schema, _, chunks = self._begin(self._losses())
        data = bytearray()
        for chunk in chunks:
            data += chunk  # a chunk is only valid until the next one is asked for
        return stream_capsule(schema, data)

    def _in_memory(
        self, get: Callable[[Snapshots, Recipe, Opener, Losses], Snapshot | None]
    ) -> Snapshot | None:
        """All records of a walk in one piece of memory; None if that isn't possible for this walk."""
        losses = self._losses()
        with self._lock:
            recipe = self._open_recipe()
            recipe.parameters.check_found()
            snapshots, create = self._for_arrays(recipe), netns.opener(self._netns)
        told = self.target == "ksym" or recipe.parameters.process  # by what is around the walk
        if snapshots is None or self._netns == "all" or told:
            return None
        return get(snapshots, recipe, create, losses)

    def _begin(self, losses: Losses) -> tuple[Schema, str, Iterator[Buffer]]:
        """A walk: what its records are, its engine, and buffers of whole records.

        Each buffer is there until the next is asked for. What closes the iterator, or gives it another
        program, does so to walks that begin later.
        """
        with self._lock:
            recipe, program, snapshots = self._open_recipe(), self._program, self._snapshots
            recipe.parameters.check_found()
            link = None if snapshots is not None or self._link is None else self._link.fd
            if self._netns == "all":
                # A session is opened for each namespace, and the iterator may be closed by then.
                again = link and Fd(os.dup, link.number)
                chunks = _in_every_namespace(partial(_walk, recipe, program, snapshots, again, losses))
            else:
                # A snapshot that outgrows its memory opens another session, and other threads may read it.
                several = snapshots is not None and self.target in OF_NETWORKS
                create = netns.opener(self._netns, several=several)
                chunks = _walk(recipe, program, snapshots, link, losses, create)
            return program.schema, self.engine, chunks

    @property
    def record(self) -> type[Any]:
        """The class of its records, which :mod:`libbpf_iter.records` declares for type checkers."""
        return record_class(self.schema)

    @property
    def params(self) -> Params:
        """The constants bound with ``params=``; setting one takes effect with the next object of a walk.

        An iterator made without any raises :class:`~libbpf_iter.errors.ParameterError`.
        """
        self._open_recipe()
        if self._params is None:
            raise ParameterError("params", "the iterator was made without params=")
        return self._params

    def explain(self) -> str:
        """What its query was compiled to: what each name stands for, and what each instruction does."""
        from .query.explain import explain, explain_columns

        program = self._program
        if program.asked is None or program.compiled is None:
            return explain_columns(self.target, program.schema)
        return explain(program.asked, program.compiled, program.schema.size)

    def update(self, other: BpfIter[Any]) -> None:
        """Let the link run ``other``'s program: walks that start from now on give its records.

        They are read from the descriptor: what is in a link knows of no map. :attr:`params` are ``other``'s
        from then on, and the same: set by either, they change for both. Another target's program, and
        one that looks for other tasks by itself, raise :class:`~libbpf_iter.errors.ParameterError`.
        """
        link, given = self.link, other.link.program
        with self._lock:
            mine, theirs = (one._open_recipe().parameters for one in (self, other))
            if mine.only != theirs.only and self.target == other.target:
                # It isn't the link that knows which tasks are asked for: Parameters.leave_to_program().
                raise ParameterError("other", "it walks other tasks: give both the same tid=, pid= or pidfd=")
            types = mine.types
            old, snapshots = link.program, (self._snapshots, self._array_snapshots)
            for path in self._published:
                pins.withdraw(path)  # first, so that nobody reads the new records with the old types
            try:
                # A descriptor of its own, since either iterator may be closed first.
                link.update(given.replace(fd=Fd(os.dup, given.fd.number)))
            finally:
                for path, mode in self._published.items():
                    if os.path.exists(path):
                        pins.publish(pins.beside(path), mode, link.program, types)
            self._program = link.program
            self._where, self._params = other._where, other._params and other._params.for_another()
            self._snapshots = self._array_snapshots = None
            self._array_engines = ()
            old.close()
            for each in filter(None, snapshots):
                each.close()

    def pin(self, path: str | os.PathLike[str], mode: int = 0o600) -> None:
        """Pin the link at ``path``, a new name in a bpffs, with permissions ``mode``, for PinnedIter to read.

        Who may read the file sees what the program shows, without any capability. Where ``mode`` lets
        others read it, what its records are is pinned beside it, as PATH_types. A path that can't be
        pinned raises :class:`~libbpf_iter.errors.KernelError`, an OSError with its ``errno``.
        """
        where, link, types = os.fspath(path), self.link, self._open_recipe().parameters.types
        pin, beside = Pin(where), pins.beside(where)
        try:
            pin.give(link.fd, mode)
            if mode & 0o077:
                pins.publish(beside, mode, link.program, types)
                self._published[where] = mode
        except BaseException:
            beside.take_back()
            pin.take_back()
            raise

    def unpin(self, path: str | os.PathLike[str]) -> None:
        """Remove a pin; walks of it that are in progress go on.

        FileNotFoundError if there is none, and :class:`~libbpf_iter.errors.ObjectError` for any other file.
        """
        pins.remove(os.fspath(path))
        self._published.pop(os.fspath(path), None)

    def close(self) -> None:
        """Detach. Walks in progress go on to their end, and pins stay."""
        with self._lock:
            if self._recipe is None:
                return
            self._recipe = None
            for snapshots in filter(None, (self._snapshots, self._array_snapshots)):
                snapshots.close()
            if self._link is not None:
                self._link.close()
                self._link.program.close()
            if self._params is not None:
                self._params.close()
                self._params = None
            if isinstance(self._netns, Fd):
                self._netns.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} can be neither copied nor pickled: its records can")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _facts(self) -> dict[str, Any]:
        """What it was made with, for display; walks nothing."""
        facts: dict[str, Any] = {"target": self.target, **self._given}
        if self._netns is not None:
            facts["netns"] = "all" if self._netns == "all" else "another"
        if self._where is not None:
            facts["where"] = self._where
        if self._params is not None:
            facts |= self._params
        return facts | {"engine": self.engine} | ({} if self._recipe else {"closed": "yes"})

    def _repr_html_(self) -> str:
        from .display import card_html

        return card_html(type(self).__name__, self._facts(), self.schema)

    def __rich__(self) -> Any:
        from .display import card_rich

        return card_rich(type(self).__name__, self._facts(), self.schema)

    def __repr__(self) -> str:
        state = "" if self._recipe else " closed"
        columns = ", ".join(field.name for field in self.schema.fields[:4])
        more = ", …" if len(self.schema.fields) > 4 else ""
        return f"<{type(self).__name__} of {self.target}: {columns}{more}{state}>"


def _walk(
    recipe: Recipe,
    program: Program,
    snapshots: Snapshots | None,
    link: Fd | None,
    losses: Losses,
    create: Opener,
) -> Iterator[Buffer]:
    """Chunks of whole records, from memory or from a session that is opened here."""
    chunks: Iterator[Buffer]
    if snapshots is not None:
        chunks = snapshots.walk(recipe, create, losses)
    else:
        assert link is not None
        chunks = read_chunks(create(link), program.schema, program.target, losses)
    process = recipe.parameters.process
    return mended(chunks, program.schema, program.target, process, program.seq_num_offset, losses)


def _in_every_namespace(walk: Callable[[Opener], Iterator[Buffer]]) -> Iterator[Buffer]:
    for namespace in netns.every_namespace():
        with namespace:
            yield from walk(netns.opener(namespace))
