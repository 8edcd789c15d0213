"""How a walk is driven and its records leave the kernel. Imports _libbpf, kernel, parameters and program."""

from __future__ import annotations

from functools import lru_cache

from . import _libbpf, kernel
from .btf import Kind
from .errors import ParameterError, UnsupportedEngine
from .maps import ElementTypes
from .parameters import Parameters
from .probes import bounded
from .program import LARGEST_RECORD, Output, Query

# Walks that lose objects, or end, between two reads.
SNAPSHOT_TARGETS = frozenset({"cgroup", "unix"})
# Walks that find their place again by counting, so that what comes or goes between two reads shifts the rest.
_COUNTING_TARGETS = frozenset({"bpf_sk_storage_map", "ipv6_route", "kmem_cache", "netlink"})
# These count before Linux 6.17 and 6.16; later kernels have a type that remembers sockets by their cookies.
_REMEMBERING = {"tcp": "bpf_tcp_iter_batch_item", "udp": "bpf_udp_iter_batch_item"}

# Targets whose object also has a walk_TARGET(), which needs no iterator, and how many objects it may come by.
# It goes through all of them without a pause; tasks and cgroups within a single RCU read section, which takes
# about 10 ms for so many on a quiet machine. (Elements take 50 ms, with a section for each bucket.)
#
# If there are more, an iterator walks. The kernel can interrupt that, since it finds its place again by the
# number of a task. A run can't be resumed: bpf_iter_task_new() always starts with the first task and
# bpf_iter_css_new() at the top, and there is no function to find the task with the next number; an element of
# a hash has no place that one could go back to.
#
# Tried on Linux 6.18, and not better: kmem_cache, where all the time goes into counting slabs (0.61 against
# 0.63 ms); task_vma, whose open-coded walk is faster (0.16 against 0.25 ms), but silently leaves out what
# another CPU is changing (in 97 of 100 walks of a process that keeps calling mprotect()), and can't look up
# paths; dmabuf, of which there are few, and where both ways use dma_buf_iter_next().
RUN_MOST = {"bpf_map_elem": 1 << 20, "cgroup": 1 << 14, "task": 1 << 16}
# Maps whose elements may take more are streamed, so that any number of them is read in little memory.
_STREAMED = 1 << 22

_MEBIBYTE = 1 << 20
_BYTES_A_THREAD = 320  # a record of progs/task.bpf.c, with some room for threads that start meanwhile


class Engine:
    """How a walk is driven, and where its records go. No enum, which would be slow to import."""

    #: "seq": read from the iterator's descriptor.
    SEQ = "seq"
    #: "snapshot": the iterator fills a map while one byte is read from its descriptor.
    LINK = "link"
    #: "snapshot": a program walks by itself, in one run, and fills a map.
    RUN = "run"


# The engines for the package's own programs; for anyone's, which may use emit.h; for a query compiled alone.
OWN = frozenset({Engine.SEQ, Engine.LINK, Engine.RUN})
STRANGERS, BARE = frozenset({Engine.SEQ, Engine.LINK}), frozenset({Engine.SEQ})


def candidates(
    target: str, wanted: str, query: Query, given: Parameters, ways: frozenset[str]
) -> tuple[str, ...]:
    """The engines to try for what is ``wanted``, best first; the kernel may refuse any but the last."""
    # The walk repeats its end for ever, see session.py.
    unending = target == "task_vma" and "tid" in given.expected
    shown = query if ways is OWN else Query()  # a stranger's program may always write all of an element
    runs = [Engine.RUN] if _runs(target, given, shown) else []
    if wanted == "seq":
        if unending and query != Query():
            message = "the kernel repeats this walk's end, and a query's records don't show it: use pid="
            raise UnsupportedEngine("engine", message)
        best = [Engine.SEQ]
    elif wanted == "snapshot":
        if Engine.LINK not in ways:
            raise UnsupportedEngine("engine", f"{target} has no program in the package: use 'seq'")
        best = [*runs, Engine.LINK]
    elif wanted == "auto":
        best = _complete_and_fast(target, given, shown, runs, unending)
        if ways is not OWN and Engine.SEQ not in best:
            best.append(Engine.SEQ)
    else:
        raise ParameterError("engine", f"'auto', 'seq' or 'snapshot' is expected, not {wanted!r}")
    return tuple(engine for engine in best if engine in ways)


def _complete_and_fast(
    target: str, given: Parameters, query: Query, runs: list[str], unending: bool
) -> list[str]:
    if target in SNAPSHOT_TARGETS or unending:
        return [*runs, Engine.LINK]
    if target == "bpf_map_elem" and given.types is not None:
        if _bytes_of_one(given.types, query) > LARGEST_RECORD:
            return [*runs, Engine.LINK]  # one element may not fit a read
        if _bytes_of(given.types, query) > _STREAMED:
            return [Engine.SEQ]
    links = [Engine.LINK] if counts(target, given.types) else []
    return [*runs, *links, Engine.SEQ]


def for_arrays(
    target: str, wanted: str, engines: tuple[str, ...], query: Query, given: Parameters
) -> tuple[str, ...]:
    """The engines that are better than those for records if all of them are wanted at once."""
    better = wanted == "auto" and engines[0] == Engine.SEQ and target == "bpf_map_elem"
    return (Engine.RUN,) if better and _runs(target, given, query) else ()


def counts(target: str, types: ElementTypes | None) -> bool:
    """Whether a walk that takes several reads may skip or repeat objects that exist all the time."""
    if target in _REMEMBERING:
        return not _remembers(target)
    return target in _COUNTING_TARGETS or (types is not None and types.is_hash)


@lru_cache(maxsize=2)
def _remembers(target: str) -> bool:
    return kernel.btf().get(_REMEMBERING[target], Kind.UNION) is not None


def _runs(target: str, given: Parameters, query: Query) -> bool:
    """Whether a program can make the walk in one run."""
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
    """How many bytes a full map's records take."""
    return types.info.max_entries * _bytes_of_one(types, query)


def _bytes_of_one(types: ElementTypes, query: Query) -> int:
    """How many bytes the records of one element take: progs/bpf_map_elem.bpf.c."""
    info = types.info
    values = _libbpf.possible_cpus() if types.per_cpu else 1
    return values * (4 + info.key_size + (info.value_size if query.shows("value") else 0))


def first_output(target: str, engine: str, given: Parameters, query: Query) -> Output:
    """A map that should have room for a walk; one that turns out to be too small is replaced."""
    size = 0
    if target == "task" and not given.info:
        size = kernel.threads() * _BYTES_A_THREAD
    elif target == "bpf_map_elem" and given.types is not None and given.types.is_array:
        size = _bytes_of(given.types, query)
    # Taking memory clears it, so take little where the size of the walk is known.
    step = _MEBIBYTE // 4 if size else _MEBIBYTE
    # There has to be room for the largest record behind the last one: progs/emit.h, output_fits().
    size = bounded(-(-(size + LARGEST_RECORD) // step) * step)
    if engine != Engine.RUN:
        return Output(size)
    return Output(size, True, {**given.walked, "walked_most": RUN_MOST[target]})
