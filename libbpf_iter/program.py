"""A program in the kernel, and what was asked of it. Imports _libbpf, params and schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from types import MappingProxyType

from ._libbpf import Fd
from .errors import ParameterError
from .immutable import Immutable
from .params import Params
from .schema import Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .query.ask import Asked
    from .query.compile import Compiled

Columns = Iterable[str] | Mapping[str, str] | None

# progs/emit.h, struct snapshot: used, dropped, met
SNAPSHOT_HEADER = 24
LARGEST_RECORD = 32767  # RECORD_MAX there
# The verifier bounds an offset into a map's value: include/linux/bpf_verifier.h, BPF_MAX_VAR_OFF.
LARGEST_OUTPUT = 1 << 28


class Output(Immutable):
    """Where records go: into the iterator's file, or into a map with ``size`` bytes for them.

    With ``runs``, what fills the map is not an iterator but the object's walk_TARGET(), in one run;
    ``walked`` are its settings, which take the place of a link's parameters.
    """

    size: int = 0
    runs: bool = False
    walked: Mapping[str, int] = MappingProxyType({})


SEQ = Output()


class Query(Immutable):
    """What a user asks of a program: which columns, by name or as expressions, and which objects.

    ``params`` are the constants in its expressions that can be changed while it runs.
    """

    columns: Columns = None
    where: str | None = None
    params: Params | None = None

    @classmethod
    def of(cls, columns: Columns, where: str | None, params: Mapping[str, int] | None) -> Query:
        """From an iterator's arguments. Columns are kept: they may have to be compiled several times."""
        if columns is not None and not isinstance(columns, str | Mapping):
            if not isinstance(columns, Iterable):
                raise ParameterError("columns", f"a list of names or a mapping is expected, not {columns!r}")
            columns = tuple(columns)
            for name in columns:
                if not isinstance(name, str):
                    raise ParameterError("columns", f"names are expected, not {name!r}")
        if params is not None and not isinstance(params, Mapping):
            raise ParameterError("params", f"a mapping of names to integers is expected, not {params!r}")
        return cls(columns, where, Params(params) if params else None)

    @property
    def params_fd(self) -> int:
        """The descriptor of the map that holds the parameters; -1 for a query without any."""
        return self.params.fd if self.params else -1

    def shows(self, column: str) -> bool:
        """Whether a column of the record may be output."""
        return self.columns is None or isinstance(self.columns, str | Mapping) or column in self.columns

    def is_plain(self, whole: Schema) -> bool:
        """Whether it asks for nothing but columns of the record, so that nothing has to be compiled."""
        return self.where is None and self.takes_columns(whole)

    def takes_columns(self, whole: Schema) -> bool:
        """Whether all the columns that it outputs are the record's own, whatever ``where`` uses."""
        if self.columns is None or isinstance(self.columns, str):
            return True
        if isinstance(self.columns, Mapping):
            return False
        return whole.names.issuperset(self.columns)


class Fitted(Immutable):
    """An object file that a query has been put into, and what its records are now."""

    data: bytes
    schema: Schema
    used: Set[str]  # the columns that have to be computed
    asked: Asked | None = None
    compiled: Compiled | None = None
    packed_size: int = 0
    filter_reads_text: bool = False
    btf: bytes = b""  # of the records that are output, if it isn't the object's own
    shows_value: bool = True  # of a map's elements


class Program(Immutable):
    """A program in the kernel: its descriptor, its records, and its output map if it has one."""

    fd: Fd
    target: str
    schema: Schema
    snapshot: Fd | None = None
    output: Output = SEQ
    # Where records hold the number of their object in the walk, whether or not that column was asked for.
    seq_num_offset: int | None = None
    # The query and what it was compiled to; None if nothing had to be compiled.
    asked: Asked | None = None
    compiled: Compiled | None = None
    btf: bytes = b""  # that says what its records are

    def close(self) -> None:
        self.fd.close()
        if self.snapshot is not None:
            self.snapshot.close()
