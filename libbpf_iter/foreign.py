"""Iterators over programs that aren't ours: anyone's object file, and what somebody pinned. Imports base."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from . import _libbpf, netns, pins
from ._libbpf import LinkInfo
from .base import BpfIter
from .btf import Btf
from .decode import Record, record_class
from .engine import BARE, STRANGERS, candidates, counts
from .errors import ClosedError, MissingCapability, NoSuchObject, SchemaError
from .load import here, load
from .losses import Losses
from .maps import MapTypes, map_types
from .objects import full_schema, iterators_in, read_object
from .parameters import CgroupRef, HasFileno, MapRef, for_target
from .params import Params
from .program import Columns, Output, Program, Query
from .schema import Schema
from .session import Session, read_chunks

if TYPE_CHECKING:
    from .rows import Rows

__all__ = ["ObjectIter", "PinnedIter"]


class ObjectIter(BpfIter[Any]):
    """Anyone's compiled iterator program, typed by its own BTF.

    ``program`` is needed where the object has several, ``record`` names the
    struct of its records where the program doesn't say with ``RECORD()`` of
    our record.h. With neither, what it prints (``BPF_SEQ_PRINTF``) comes as
    lines of text. With a slot (emit.h) it takes ``columns``, ``where`` and
    ``params`` as our own iterators do, and ``engine``. The other parameters are those of the
    program's target.
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
        given = {
            "tid": tid,
            "pid": pid,
            "pidfd": pidfd,
            "map": map,
            "cgroup": cgroup,
            "order": order,
            "netns": netns,
        }
        self.prints = record is None and not typed  # lines of text, which have no columns
        query = Query(columns, where, Params(params) if params else None)
        link = for_target(target, given)

        def load_it(output: Output) -> Program:
            return load(
                data,
                name,
                program=chosen,
                record=record,
                query=query,
                types=link.types,
                output=output,
                text=self.prints,
            )

        ways = BARE if self.prints else STRANGERS
        engines = candidates(target, engine, query, link, ways)
        super().__init__(target, load_it, link, query=query, netns=netns, engines=engines)

    def collect(self) -> Rows[Any]:
        if self.prints:
            raise SchemaError("the program prints lines, which are no records: list() holds them")
        return super().collect()

    def __iter__(self) -> Iterator[Any]:
        return _lines(self.chunks()) if self.prints else super().__iter__()


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)
    if rest:
        yield rest.decode("utf-8", "replace")


class PinnedIter:
    """An iterator that somebody pinned; each ``iter()`` opens the pin anew.

    Its records are typed by the pinned program's own BTF, which only a
    privileged process may ask for. For others there is what ``pin(mode=0o444)``
    leaves beside the pin; where nothing is, ``record``, the class of its records
    (``records.Task``), makes do without. The file's mode alone decides then.
    """

    def __init__(self, path: str | os.PathLike[str], *, record: type[Record] | None = None) -> None:
        self.path = os.fspath(path)
        if not os.path.exists(self.path):
            raise NoSuchObject(errno.ENOENT, f"there is no pin {self.path}")
        self.info: LinkInfo | None = None
        self._closed = False
        self._counts = False
        if record is not None:
            self.schema: Schema = record.__schema__
            self.target = ""
            return
        try:
            with _libbpf.get_pinned(self.path) as link:
                self.info = _libbpf.link_info(link)
            self.target = self.info.target
            self.schema, types = _pinned_types(self.info)
        except MissingCapability as error:
            if (found := pins.published(self.path)) is not None:
                self.target, self._counts = found[0], counts(found[0], None)
                self.schema = here(full_schema(Btf(found[1]), None))
                return
            need = error.capability or "CAP_SYS_ADMIN"
            message = f"the types of {self.path} can't be read without {need}: give record="
            raise MissingCapability(
                "CAP_SYS_ADMIN", message, errno=error.errno, call=error.call, log=error.log
            ) from error
        self._counts = counts(self.target, types)

    def session(self) -> Session[Any]:
        """One walk as records; it says what it lost, and ``close()`` ends it early."""
        losses = self._losses(session=True)
        return Session(self.schema, self._chunks(losses), "seq", losses)

    def _losses(self, *, session: bool = False) -> Losses:
        return Losses(self.target, counts=self._counts, session=session)

    def __iter__(self) -> Iterator[Any]:
        """One walk as records: a :class:`Session`."""
        return self.session()

    def collect(self) -> Rows[Any]:
        """One walk, held: a sequence of records that prints as a table."""
        from .rows import Rows

        return Rows.of(self.session())

    def chunks(self) -> Iterator[bytes]:
        """One walk as bytes."""
        return self._chunks(self._losses())

    def _chunks(self, losses: Losses) -> Iterator[bytes]:
        if self._closed:
            raise ClosedError("PinnedIter is closed")
        return self._read(losses)

    def _read(self, losses: Losses) -> Iterator[bytes]:
        pin = _libbpf.open_file(self.path, f"{self.path} can't be opened")
        yield from read_chunks(pin, self.schema, self.target, losses)

    @property
    def record(self) -> type[Record]:
        """The class of its records."""
        return record_class(self.schema)

    def close(self) -> None:
        """No further walks; those that run go on."""
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


def _pinned_types(info: LinkInfo) -> tuple[Schema, MapTypes | None]:
    with _libbpf.program_by_id(info.program_id) as program:
        data = _libbpf.program_btf(program)
    types = None
    if map_id := info.argument.get("map_id"):
        with _libbpf.map_by_id(map_id) as map_:
            types = map_types(map_)
    return here(full_schema(Btf(data), None, types)), types
