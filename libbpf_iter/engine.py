"""Which way a walk's records leave the kernel. Imports kernel, program and errors."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from . import kernel
from .errors import ParameterError, UnsupportedEngine
from .parameters import Parameters
from .program import Output, Query

# Walks that the kernel cuts short or thins out where they are cut in reads.
SNAPSHOT_TARGETS = frozenset({"cgroup", "unix"})
# Whose object has a walk_TARGET() too, which needs no iterator.
RUN_TARGETS = frozenset({"bpf_map_elem", "task"})
RUN_FOR_ARRAYS = frozenset({"bpf_map_elem"})

# A run is one RCU section: of more objects than that (0.2 s of elements) it isn't made.
RUN_MOST = 1 << 21

_MEBIBYTE = 1 << 20
_BYTES_A_THREAD = 320  # of progs/task.bpf.c's record, with room for those that come meanwhile


class Engine(enum.Enum):
    """How a walk is driven, and where its records go."""

    SEQ = "seq: read from the iterator's descriptor"
    LINK = "snapshot: the iterator fills a map while one byte is read from its descriptor"
    RUN = "snapshot: a program walks by itself, in one run, and fills a map"

    @property
    def short(self) -> str:
        return "seq" if self is Engine.SEQ else "snapshot"


def candidates(target: str, wanted: str, query: Query, given: Parameters, *, own: bool) -> tuple[Engine, ...]:
    """The engines that serve what is ``wanted``, best first; a kernel may refuse all but the last.

    ``own``: the target has a program of the package, which knows of maps.
    """
    if wanted not in ("auto", "seq", "snapshot"):
        raise ParameterError("engine", f"'auto', 'seq' or 'snapshot' is expected, not {wanted!r}")
    repeats = target == "task_vma" and "tid" in given.expected
    if wanted == "seq" and repeats and query != Query():
        message = "the kernel repeats this walk's end, and a query's records don't show it: give pid= instead"
        raise UnsupportedEngine("engine", message)
    if wanted == "seq" or (wanted == "auto" and not own):
        return (Engine.SEQ,)
    if not own:
        raise ParameterError("engine", f"{target} has no program in the package: only 'seq' reads it")
    runs = _runs(target, given)
    if wanted == "snapshot":
        return (Engine.RUN, Engine.LINK) if runs else (Engine.LINK,)
    if target in SNAPSHOT_TARGETS or repeats:
        return (Engine.LINK,)
    if not runs:
        return (Engine.SEQ,)
    # Elements are streamed: as records they may be read in little memory, however many there are.
    return (Engine.SEQ,) if target in RUN_FOR_ARRAYS else (Engine.RUN, Engine.SEQ)


def for_arrays(target: str, wanted: str, query: Query, given: Parameters) -> tuple[Engine, ...]:
    """What is better than the engine of the records where all of them are wanted at once."""
    better = wanted == "auto" and target in RUN_FOR_ARRAYS
    return (Engine.RUN,) if better and _runs(target, given) and not _has_expressions(query) else ()


def _runs(target: str, given: Parameters) -> bool:
    """Whether one run can make the walk."""
    if target not in RUN_TARGETS:
        return False
    if given.types is not None:
        return not given.types.per_cpu and given.types.info.max_entries <= RUN_MOST
    if given.info:
        return bool(given.walked)
    return kernel.threads() <= RUN_MOST


def _has_expressions(query: Query) -> bool:
    return query.where is not None or isinstance(query.columns, Mapping)


def first_output(target: str, engine: Engine, given: Parameters) -> Output:
    """A map that probably has room for a walk; too small a one is found out, and grows."""
    size = _MEBIBYTE
    if target == "task" and not given.info:
        size = max(size, kernel.threads() * _BYTES_A_THREAD)
    size = -(-size // _MEBIBYTE) * _MEBIBYTE
    return Output(size, True, given.walked) if engine is Engine.RUN else Output(size)
