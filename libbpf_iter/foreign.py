"""Iterators over programs that aren't the package's: anyone's object file, and pins. Imports base."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from . import _libbpf, netns, pins
from ._libbpf import Fd, LinkInfo
from .base import BpfIter
from .btf import Btf
from .decode import Buffer, Record, record_class
from .ends import mended
from .engine import BARE, STRANGERS, candidates, counts
from .errors import (
    ClosedError,
    MissingCapability,
    NoSuchObject,
    ParameterError,
    SchemaError,
    UnsupportedEngine,
)
from .immutable import Immutable
from .layout import says_record
from .load import here, load
from .losses import Losses
from .maps import map_types
from .names import class_name
from .netns import HasFileno
from .objects import LINES, full_schema, iterators_in, read_object
from .parameters import CgroupRef, MapRef, for_target
from .program import Columns, Output, Program, Query
from .schema import Schema
from .session import Session, read_chunks
from .typed import Later
from .workarounds import processes_mix_threads_up

if TYPE_CHECKING:
    from . import rows
else:
    rows = Later("libbpf_iter.rows")

__all__ = ["ObjectIter", "PinnedIter"]

_QUERY = class_name("query")  # records of chosen columns: query/result.py, RECORD


class ObjectIter(BpfIter[Any]):
    """Anyone's compiled iterator program, typed by its own BTF.

    ``program`` says which, if the object has several. Its records are the struct that it names with
    ``RECORD()`` (record.h) or that ``record`` names; if neither does, what it prints with
    ``BPF_SEQ_PRINTF`` comes as lines of text, and what asks for records or columns raises
    :class:`~libbpf_iter.errors.SchemaError`. A program with a slot (emit.h) takes ``columns``, ``where``,
    ``params`` and ``engine`` like those of the package. The remaining parameters are those of its target.

    A file that isn't a BPF object, or doesn't have the program, raises
    :class:`~libbpf_iter.errors.ObjectError`; a struct that can't be laid out as a record raises
    :class:`~libbpf_iter.errors.SchemaError`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        program: str | None = None,
        record: str | None = None,
        columns: Columns = None,
        where: str | None = None,
        params: Mapping[str, int] | None = None,
        tid: int | None = None,
        pid: int | None = None,
        pidfd: int | HasFileno | None = None,
        map: MapRef | None = None,
        cgroup: CgroupRef | None = None,
        order: str | None = None,
        netns: netns.NetNs | None = None,
        engine: str = "auto",
    ) -> None:
        data, name = read_object(path)
        chosen, target, typed = iterators_in(data, name, program)
        prints = record is None and not typed  # lines of text, which have no columns
        query = Query.of(columns, where, params)
        link = for_target(
            target, tid=tid, pid=pid, pidfd=pidfd, map=map, cgroup=cgroup, order=order, netns=netns
        )
        link.leave_to_link()

        def load_object(output: Output) -> Program:
            return load(
                data,
                name,
                program=chosen,
                record=record,
                query=query,
                types=link.types,
                output=output,
                text=prints,
            )

        # The package's own programs pick the process out by themselves: Parameters.leave_to_program().
        chosen_process = target in ("task_file", "task_vma") and (pid, pidfd) != (None, None)
        self._mixed_up = chosen_process and processes_mix_threads_up()
        self.prints, ways = prints, BARE if prints else STRANGERS
        if prints and engine == "snapshot":
            raise UnsupportedEngine("engine", "the program prints lines: only engine='seq' can read them")
        engines = candidates(target, engine, query, link, ways)
        super().__init__(target, load_object, link, query=query, netns=netns, engines=engines)

    def _losses(self, *, session: bool = False) -> Losses:
        losses = super()._losses(session=session)
        if self._mixed_up:
            losses.mixed_up()
        return losses

    def _check_records(self) -> None:
        _check_records(self.prints)

    def __iter__(self) -> Iterator[Any]:
        """One walk as records, or as the lines that the program prints, without their line ends."""
        return _lines(self.chunks()) if self.prints else super().__iter__()


def _check_records(prints: bool) -> None:
    if prints:
        raise SchemaError("the program prints lines, not records: keep them with list()")


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)
    if rest:
        yield rest.decode("utf-8", "replace")


class PinnedIter:
    """An iterator that somebody pinned, with whatever tool; each ``iter()`` opens the pin again.

    Its records are typed by the pinned program's own BTF, which only a privileged process may read. Others
    get the types from what ``pin(mode=0o444)`` leaves beside the pin. If nothing is there, ``record``, the
    class of its records (``records.Task``), takes their place; one that contradicts types that are known is
    refused. Reading the records takes no more than the permission to open the file.

    If the program doesn't say which struct its records are, ``record`` is that struct's name; without one
    they are lines of text, as for :class:`ObjectIter`.

    A path that doesn't exist raises :class:`~libbpf_iter.errors.NoSuchObject`, one that isn't a pin
    :class:`~libbpf_iter.errors.ObjectError`, and a pin whose types can't be known
    :class:`~libbpf_iter.errors.MissingCapability`.
    """

    def __init__(self, path: str | os.PathLike[str], *, record: type[Record] | str | None = None) -> None:
        if record is not None and not isinstance(record, str) and not hasattr(record, "__schema__"):
            message = f"a class of records, or the name of a struct, is expected, not {record!r}"
            raise ParameterError("record", message)
        self.path = os.fspath(path)
        if not os.path.exists(self.path):
            raise NoSuchObject(errno.ENOENT, f"there is no pin {self.path}")
        self._record = record
        self._known = _look(self.path, record)
        self._closed = False

    @property
    def target(self) -> str:
        """What is iterated, by the kernel's name; empty if all that is known is ``record``."""
        return self._known.target

    @property
    def schema(self) -> Schema:
        """The layout of its records, as of the latest session."""
        return self._known.schema

    @property
    def prints(self) -> bool:
        """Whether it gives lines of text instead of records."""
        return self._known.schema is LINES

    @property
    def info(self) -> LinkInfo | None:
        """What the kernel says of the link; None for a process that may read the pin but not the link."""
        return self._known.info

    def session(self) -> Session[Any]:
        """One walk as records, which says what it may have lost; SchemaError if it is lines."""
        known, chunks, losses = self._begin(session=True)
        _check_records(known.schema is LINES)
        return Session(known.schema, chunks, "seq", losses)

    def __iter__(self) -> Iterator[Any]:
        """One walk as records, a :class:`~libbpf_iter.session.Session`, or as lines without their ends."""
        return _lines(self.chunks()) if self.prints else self.session()

    def collect(self) -> rows.Rows[Any]:
        """One walk, kept as a sequence, which prints as a table; SchemaError if it is lines."""
        return rows.Rows.of(self.session())

    def chunks(self) -> Iterator[bytes]:
        """One walk as bytes: whole records, as :attr:`schema` lays them out."""
        return map(bytes, self._begin(session=False)[1])

    def _begin(self, *, session: bool) -> tuple[_Known, Iterator[Buffer], Losses]:
        if self._closed:
            raise ClosedError("PinnedIter is closed")
        known, pin = self._known, self._open()
        while not _is_still(self.path, known):
            # Its owner gave the link another program, maybe since the pin was opened.
            pin.close()
            self._known = known = _look(self.path, self._record)
            pin = self._open()
        schema, losses = known.schema, Losses(known.target, counts=known.counts, session=session)
        chunks: Iterator[Buffer] = read_chunks(pin, schema, known.target, losses)
        seq_num = next((field.offset for field in schema.fields if field.name == "seq_num"), None)
        process = known.info.argument.get("pid", 0) if known.info else 0
        return known, mended(chunks, schema, known.target, process, seq_num, losses), losses

    def _open(self) -> Fd:
        return _libbpf.open_file(self.path, f"{self.path} can't be opened")

    @property
    def record(self) -> type[Record]:
        """The class of its records."""
        return record_class(self.schema)

    def close(self) -> None:
        """Allow no further walks; those in progress go on."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"target": self.target or "unknown", "path": self.path}
        return facts | (self.info.argument if self.info else {})

    def _repr_html_(self) -> str:
        from .display import card_html

        return card_html(type(self).__name__, self._facts(), self.schema)

    def __rich__(self) -> Any:
        from .display import card_rich

        return card_rich(type(self).__name__, self._facts(), self.schema)

    def __repr__(self) -> str:
        return f"<PinnedIter of {self.target or 'unknown target'} at {self.path}>"


class _Known(Immutable):
    """What a pin's records are, and what shows whether that is still true."""

    target: str
    schema: Schema
    counts: bool
    info: LinkInfo | None
    types: int  # the inode of the file beside the pin that says so, if the link can't be asked


def _look(path: str, record: type[Record] | str | None) -> _Known:
    info = None
    struct, given = (record, None) if isinstance(record, str) else (None, record)
    try:
        with _libbpf.get_pinned(path) as link:
            info = _libbpf.link_info(link)
        told = _of_program(info)
    except MissingCapability as error:
        found = pins.published(path)
        if found is None and given is not None:
            return _Known("", given.__schema__, False, info, 0)
        if found is None:
            need = error.capability or "CAP_SYS_ADMIN"
            message = f"the types of {path} can't be read without {need}: give record="
            raise MissingCapability(
                "CAP_SYS_ADMIN", message, errno=error.errno, call=error.call, log=error.log
            ) from error
        told = found
    schema = _schema_of(told, struct)
    if given is not None:
        _check_record(path, schema, given.__schema__)
        schema = given.__schema__
    return _Known(told.target, schema, counts(told.target, told.types), info, told.inode)


def _is_still(path: str, known: _Known) -> bool:
    if known.info is None:
        return known.types == pins.inode(path)
    with _libbpf.get_pinned(path) as link:
        return _libbpf.link_info(link) == known.info


def _of_program(info: LinkInfo) -> pins.Published:
    """The BTF of the pinned program and of its map, which only the privileged may read."""
    with _libbpf.program_by_id(info.program_id) as program:
        data = _libbpf.program_btf(program)
    types = None
    if map_id := info.argument.get("map_id"):
        with _libbpf.map_by_id(map_id) as map_:
            types = map_types(map_)
    return pins.Published(info.target, data, types, 0)


def _schema_of(told: pins.Published, struct: str | None) -> Schema:
    btf = Btf(told.btf)
    if struct is None and not says_record(btf):
        return LINES
    schema = here(full_schema(btf, struct, told.types))
    if schema.name == _QUERY:
        schema = Schema(class_name(told.target), schema.size, schema.framed, schema.fields)
    return schema


def _check_record(path: str, own: Schema, given: Schema) -> None:
    """Refuse a record whose columns aren't where the pin has them, even if both have the same size."""
    places = {(field.name, field.offset, field.kind) for field in own.fields}
    alike = (own.size, own.framed) == (given.size, given.framed)
    if alike and places.issuperset((field.name, field.offset, field.kind) for field in given.fields):
        return
    names = ", ".join(field.name for field in own.fields)
    message = f"the records of {path} aren't those of {given.name}: their columns are {names}"
    raise ParameterError("record", message)
