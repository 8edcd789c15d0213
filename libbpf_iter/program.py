"""A program in the kernel, and what was asked of it. Imports _libbpf, params and schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ._libbpf import Fd
from .immutable import Immutable
from .params import Params
from .schema import Schema

if TYPE_CHECKING:
    from .query.compile import Asked, Compiled

Columns = Iterable[str] | Mapping[str, str] | None

# progs/emit.h, struct snapshot: used, dropped, met
SNAPSHOT_HEADER = 24
LARGEST_RECORD = 32767  # RECORD_MAX there
# The verifier bounds an offset into a map's value: include/linux/bpf_verifier.h, BPF_MAX_VAR_OFF.
LARGEST_OUTPUT = 1 << 28


class Output(Immutable):
    """Where records go: into the iterator's file, or into a map of ``size`` bytes.

    With ``runs`` the object's walk_TARGET() fills it, which is no iterator; ``walked`` are its
    variables that say what a link says to an iterator.
    """

    size: int = 0
    runs: bool = False
    walked: Mapping[str, int] = MappingProxyType({})


SEQ = Output()


class Query(Immutable):
    """What a user asks of a program: columns by name or as expressions, and which objects.

    ``params`` are the constants in it that are bound from outside.
    """

    columns: Columns = None
    where: str | None = None
    params: Params | None = None

    @classmethod
    def of(cls, columns: Columns, where: str | None, params: Mapping[str, int] | None) -> Query:
        """What an iterator is given; it may have to compile it several times."""
        if columns is not None and not isinstance(columns, str | Mapping):
            columns = tuple(columns)
        return cls(columns, where, Params(params) if params else None)

    def is_plain(self, whole: Schema) -> bool:
        """Whether the record's own columns are all that is asked for: then nothing needs compiling."""
        return self.where is None and self.takes_columns(whole)

    def takes_columns(self, whole: Schema) -> bool:
        """Whether what leaves are columns of the record's own, whatever a filter asks for."""
        if self.columns is None or isinstance(self.columns, str):
            return True
        if isinstance(self.columns, Mapping):
            return False
        names = {field.name for field in whole.fields}
        return names.issuperset(self.columns)


class Fitted(Immutable):
    """An object file that a query has been put into, and what its records are then."""

    data: bytes
    schema: Schema
    used: set[str]  # the columns that have to be computed
    asked: Asked | None = None
    compiled: Compiled | None = None
    packed_size: int = 0
    filter_reads_text: bool = False
    btf: bytes = b""  # of the records that leave, where it isn't the object's own


class Program(Immutable):
    """A program in the kernel: its descriptor, its records, and its output map if it has one."""

    fd: Fd
    target: str
    schema: Schema
    snapshot: Fd | None = None
    output: Output = SEQ
    # Where records say which object of the walk they are, whether or not that column was asked for.
    seq_num_offset: int | None = None
    # What a query was compiled to, and where its trees are; None where none was.
    asked: Asked | None = None
    compiled: Compiled | None = None
    btf: bytes = b""  # that says what its records are

    def close(self) -> None:
        self.fd.close()
        if self.snapshot is not None:
            self.snapshot.close()
