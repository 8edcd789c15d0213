"""Which way a walk's records leave the kernel. Imports _libbpf, kernel, parameters and program."""

from __future__ import annotations

import enum
from functools import lru_cache

from . import _libbpf, kernel
from .btf import Kind
from .errors import ParameterError, UnsupportedEngine
from .maps import ElementTypes
from .parameters import Parameters
from .probes import bounded
from .program import LARGEST_RECORD, Output, Query

# Walks that the kernel cuts short or thins out where they are cut in reads.
SNAPSHOT_TARGETS = frozenset({"cgroup", "unix"})
# Walks that find their place again by counting: what came or went between two reads shifts all behind it.
_COUNTING_TARGETS = frozenset({"bpf_sk_storage_map", "ipv6_route", "kmem_cache", "netlink"})
# These do so before Linux 6.17 and 6.16, where they have no type that remembers sockets by their cookies.
_REMEMBERING = {"tcp": "bpf_tcp_iter_batch_item", "udp": "bpf_udp_iter_batch_item"}

# Targets whose object has a walk_TARGET() too, which needs no iterator, and how many objects it may come
# by. It goes through all of them without a pause, tasks and groups inside of one RCU read section: that is
# some 10 ms of each of these where all is quiet. (Of elements it is 50 ms, and a section for each bucket.)
#
# Where there are more, an iterator walks, which the kernel can interrupt, since it finds its place again by
# the tasks' numbers. A run can't: bpf_iter_task_new() begins with the first task whatever it is given,
# bpf_iter_css_new() at the top, and no function finds the task with the next number. Elements of a hash have
# no place that could be gone back to.
#
# Tried, and not better on Linux 6.18: kmem_cache, where counting slabs is all the time that there is (0.61
# against 0.63 ms); task_vma, whose open-coded walk is faster (0.16 against 0.25 ms), but leaves out, and
# doesn't tell, what another CPU is changing (in 97 of 100 walks of a process that calls mprotect() all the
# time), and may look up no path. Of dmabuf there are few, and both ways go on by dma_buf_iter_next().
RUN_MOST = {"bpf_map_elem": 1 << 20, "cgroup": 1 << 14, "task": 1 << 16}
# Elements that may take more are streamed: then they are read in little memory, however many there are.
_STREAMED = 1 << 22

_MEBIBYTE = 1 << 20
_BYTES_A_THREAD = 320  # of progs/task.bpf.c's record, with room for those that come meanwhile


class Engine(enum.Enum):
    """How a walk is driven, and where its records go."""

    SEQ = "seq: read from the iterator's descriptor"
    LINK = "snapshot: the iterator fills a map while one byte is read from its descriptor"
    RUN = "snapshot: a program walks by itself, in one run, and fills a map"


# What drives the package's own programs; a stranger's, which may use emit.h; what a query is compiled to.
OWN, STRANGERS, BARE = frozenset(Engine), frozenset({Engine.SEQ, Engine.LINK}), frozenset({Engine.SEQ})


def candidates(
    target: str, wanted: str, query: Query, given: Parameters, ways: frozenset[Engine]
) -> tuple[Engine, ...]:
    """The engines that serve what is ``wanted``, best first; a kernel may refuse all but the last."""
    # Its end comes again for ever, see session.py.
    unending = target == "task_vma" and "tid" in given.expected
    shown = query if ways is OWN else Query()  # a stranger's program may always write all of an element
    runs = [Engine.RUN] if _runs(target, given, shown) else []
    if wanted == "seq":
        if unending and query != Query():
            message = (
                "the kernel repeats this walk's end, and a query's records don't show it: give pid= instead"
            )
            raise UnsupportedEngine("engine", message)
        best = [Engine.SEQ]
    elif wanted == "snapshot":
        if Engine.LINK not in ways:
            raise UnsupportedEngine("engine", f"{target} has no program in the package: only 'seq' reads it")
        best = [*runs, Engine.LINK]
    elif wanted == "auto":
        best = _complete_and_fast(target, given, shown, runs, unending)
        if ways is not OWN and Engine.SEQ not in best:
            best.append(Engine.SEQ)
    else:
        raise ParameterError("engine", f"'auto', 'seq' or 'snapshot' is expected, not {wanted!r}")
    return tuple(engine for engine in best if engine in ways)


def _complete_and_fast(
    target: str, given: Parameters, query: Query, runs: list[Engine], unending: bool
) -> list[Engine]:
    if target in SNAPSHOT_TARGETS or unending:
        return [*runs, Engine.LINK]
    if target == "bpf_map_elem" and given.types is not None:
        if _bytes_of_one(given.types, query) > LARGEST_RECORD:
            return [*runs, Engine.LINK]  # What a program shows of one element has to fit one read.
        if _bytes_of(given.types, query) > _STREAMED:
            return [Engine.SEQ]
    links = [Engine.LINK] if counts(target, given.types) else []
    return [*runs, *links, Engine.SEQ]


def for_arrays(
    target: str, wanted: str, engines: tuple[Engine, ...], query: Query, given: Parameters
) -> tuple[Engine, ...]:
    """What is better than the engines of the records where all of them are wanted at once."""
    better = wanted == "auto" and engines[0] is Engine.SEQ and target == "bpf_map_elem"
    return (Engine.RUN,) if better and _runs(target, given, query) else ()


def counts(target: str, types: ElementTypes | None) -> bool:
    """Whether a walk that is cut in reads may leave out or repeat what is there all the time."""
    if target in _REMEMBERING:
        return not _remembers(target)
    return target in _COUNTING_TARGETS or (types is not None and types.is_hash)


@lru_cache(maxsize=2)
def _remembers(target: str) -> bool:
    return kernel.btf().get(_REMEMBERING[target], Kind.UNION) is not None


def _runs(target: str, given: Parameters, query: Query) -> bool:
    """Whether one run can make the walk."""
    if target not in RUN_MOST:
        return False
    if given.types is not None:
        objects, size = given.types.info.max_entries, _bytes_of(given.types, query)
        told = not given.types.per_cpu
    elif target == "task":
        objects = kernel.threads()
        size, told = objects * _BYTES_A_THREAD, bool(given.walked) or not (given.info or given.only)
    else:
        objects, size, told = given.objects, 0, bool(given.walked)
    return told and objects <= RUN_MOST[target] and bounded(size) == size


def _bytes_of(types: ElementTypes, query: Query) -> int:
    """What a map's records take where all elements are there."""
    return types.info.max_entries * _bytes_of_one(types, query)


def _bytes_of_one(types: ElementTypes, query: Query) -> int:
    """What one element's records take: progs/bpf_map_elem.bpf.c."""
    info = types.info
    values = _libbpf.possible_cpus() if types.per_cpu else 1
    return values * (4 + info.key_size + (info.value_size if query.shows("value") else 0))


def first_output(target: str, engine: Engine, given: Parameters, query: Query) -> Output:
    """A map that probably has room for a walk; too small a one is found out, and grows."""
    size = 0
    if target == "task" and not given.info:
        size = kernel.threads() * _BYTES_A_THREAD
    elif target == "bpf_map_elem" and given.types is not None and given.types.is_array:
        size = _bytes_of(given.types, query)
    # Memory is cleared when it is taken: where it is known how much there is to come, little is enough.
    step = _MEBIBYTE // 4 if size else _MEBIBYTE
    # Behind the last record there has to be room for the largest: progs/emit.h, output_fits().
    size = bounded(-(-(size + LARGEST_RECORD) // step) * step)
    if engine is not Engine.RUN:
        return Output(size)
    return Output(size, True, {**given.walked, "walked_most": RUN_MOST[target]})
