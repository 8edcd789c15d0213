"""TaskIter and its siblings, a class for each target; and Iter, for any target by name.

The classes differ only in their parameters; what there is to say about a target is in its class's docstring.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import netns, parameters
from .base import BpfIter
from .engine import BARE, OWN, candidates, for_arrays
from .errors import ParameterError
from .load import load_own
from .netns import HasFileno
from .objects import packaged_targets
from .parameters import CgroupRef, MapRef, Parameters, for_target
from .program import Columns, Output, Program, Query
from .typed import Any, Later, R

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import records  # noqa: F401 - for annotations: importing it decodes BTF
    from .query import paths as query_paths
    from .query import scope as query_scope
else:
    query_paths, query_scope = Later("libbpf_iter.query.paths"), Later("libbpf_iter.query.scope")

__all__ = [
    "BpfLinkIter",
    "BpfMapElemIter",
    "BpfMapIter",
    "BpfProgIter",
    "BpfSkStorageMapIter",
    "CgroupIter",
    "DmabufIter",
    "Ipv6RouteIter",
    "Iter",
    "KmemCacheIter",
    "KsymIter",
    "NetlinkIter",
    "SockmapIter",
    "TaskFileIter",
    "TaskIter",
    "TaskVmaIter",
    "TcpIter",
    "UdpIter",
    "UnixIter",
]


class _Own(BpfIter[R]):
    """A target that the package has a program for.

    ``columns`` is a list of the record's columns and of kernel paths that start at the target's object, or a
    mapping of names to expressions over both. ``where`` is an expression that decides, inside the kernel,
    which objects to return. ``params`` binds names in these expressions to 64-bit integers, which can be
    changed later (:attr:`params`). ``engine`` is "seq", "snapshot", or "auto": the fastest of those that are
    complete. A mistake in a query raises :class:`~libbpf_iter.errors.ParameterError`; something that the
    running kernel can't do, :class:`~libbpf_iter.errors.UnsupportedQuery`.
    """

    _target: str

    def _open(
        self,
        query: Query,
        engine: str,
        given: Parameters | None = None,
        netns: netns.NetNs | None = None,
    ) -> None:
        given = given or Parameters()
        target, types = self._target, given.types
        given.leave_to_program(self._target)
        engines = candidates(target, engine, query, given, OWN)
        super().__init__(
            target,
            lambda output: load_own(target, query, types, output, given.only),
            given,
            query=query,
            netns=netns,
            engines=engines,
            array_engines=for_arrays(target, engine, engines, query, given),
        )

    @classmethod
    def fields(cls, path: str = "") -> list[query_scope.Place]:
        """How a kernel path can continue: the name, C type, offset and size of each member.

        ``path`` starts at the target's object, or with one of the program's arguments:
        ``TaskIter.fields("mm")``. All of it comes from the running kernel's BTF; a name that isn't there
        raises :class:`~libbpf_iter.errors.ParameterError`.
        """
        from .compiled import scope
        from .query.paths import places

        return places(scope(cls._target, Query(), None, None), path)

    @classmethod
    def paths(cls) -> query_paths.KernelPath:
        """The target's object, as a path that completes: ``TaskIter.paths().mm.total_vm`` is a column.

        A member that doesn't exist raises AttributeError, with the nearest names.
        """
        from .compiled import scope
        from .query.paths import KernelPath

        return KernelPath(scope(cls._target, Query(), None, None))


class _Plain(_Own[R]):
    """A target whose link takes no parameters."""

    def __init__(
        self,
        *,
        columns: Columns = None,
        where: str | None = None,
        params: Mapping[str, int] | None = None,
        engine: str = "auto",
    ) -> None:
        self._open(Query.of(columns, where, params), engine)


class _OfTasks(_Own[R]):
    """A target that walks tasks: all of them, one thread, or one process.

    ``tid`` is a thread and ``pid`` a process with all its threads, as the caller's pid namespace numbers
    them; ``pidfd`` is a process by descriptor. If no task has the number, the walk is empty; the pidfd of a
    process that has exited raises :class:`~libbpf_iter.errors.NoSuchProcess`.
    """

    def __init__(
        self,
        tid: int | None = None,
        *,
        pid: int | None = None,
        pidfd: int | HasFileno | None = None,
        columns: Columns = None,
        where: str | None = None,
        params: Mapping[str, int] | None = None,
        engine: str = "auto",
    ) -> None:
        self._open(Query.of(columns, where, params), engine, parameters.task(tid, pid, pidfd))


class _OfMap(_Own[R]):
    """A target that walks one map, given by its id, pinned path or name, or as anything with ``fileno()``.

    An id or a name takes CAP_SYS_ADMIN. A map that doesn't exist raises
    :class:`~libbpf_iter.errors.NoSuchObject`; a name that several maps have, or a type of map that this
    target can't walk, raises :class:`~libbpf_iter.errors.ParameterError`.
    """

    def __init__(
        self,
        map: MapRef,
        *,
        columns: Columns = None,
        where: str | None = None,
        params: Mapping[str, int] | None = None,
        engine: str = "auto",
    ) -> None:
        self._open(Query.of(columns, where, params), engine, parameters.bpf_map(map))


class _OfNetwork(_Own[R]):
    """A target that walks one network namespace: the caller's, unless ``netns`` names another.

    ``netns`` is a path such as ``/run/netns/blue``, the pid of a task in the namespace, anything with
    ``fileno()``, or "all" for one namespace after the other. Any but the caller's takes CAP_SYS_ADMIN. A path
    that doesn't exist raises :class:`~libbpf_iter.errors.NoSuchObject`, a task that doesn't,
    :class:`~libbpf_iter.errors.NoSuchProcess`.
    """

    def __init__(
        self,
        *,
        netns: netns.NetNs | None = None,
        columns: Columns = None,
        where: str | None = None,
        params: Mapping[str, int] | None = None,
        engine: str = "auto",
    ) -> None:
        self._open(Query.of(columns, where, params), engine, netns=netns)


class Iter(BpfIter[Any]):
    """Any target of the running kernel, by its name; the package need not have a program for it.

    If it has none, the columns are the object's own plain members unless ``columns`` says otherwise. The
    remaining parameters are those of the target. A target that the kernel doesn't have raises
    :class:`~libbpf_iter.errors.UnsupportedTarget`.
    """

    def __init__(
        self,
        target: str,
        *,
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
        if not isinstance(target, str) or not target.isidentifier():
            raise ParameterError("target", f"the name of a target is expected, not {target!r}")
        given = for_target(
            target, tid=tid, pid=pid, pidfd=pidfd, map=map, cgroup=cgroup, order=order, netns=netns
        )
        query = Query.of(columns, where, params)
        own = target in packaged_targets()
        if own:
            given.leave_to_program(target)

        def load(output: Output) -> Program:
            if own:
                return load_own(target, query, given.types, output, given.only)
            from .compiled import load_query

            return load_query(target, query)

        engines = candidates(target, engine, query, given, OWN if own else BARE)
        super().__init__(
            target,
            load,
            given,
            query=query,
            netns=netns,
            engines=engines,
            array_engines=for_arrays(target, engine, engines, query, given),
        )


class TaskIter(_OfTasks["records.Task"]):
    """The threads in the caller's pid namespace (kernel/bpf/task_iter.c)."""

    _target = "task"


class TaskFileIter(_OfTasks["records.TaskFile"]):
    """The open files of tasks (kernel/bpf/task_iter.c).

    With ``tid`` these are the thread's, as in /proc/PID/task/TID/fd; otherwise threads that share their
    leader's files are left out. On Linux before 6.1, and on some kernels before 6.13, only ``pid`` finds a
    thread that doesn't lead its process: there its ``tid`` raises
    :class:`~libbpf_iter.errors.ParameterError`.
    """

    _target = "task_file"


class TaskVmaIter(_OfTasks["records.TaskVma"]):
    """The memory mappings of tasks, as in /proc/PID/maps (kernel/bpf/task_iter.c).

    ``tid`` is as :class:`TaskFileIter` has it; without it, the kernel shows a process's once, and again for
    each thread that has files of its own.
    """

    _target = "task_vma"


class BpfMapIter(_Plain["records.BpfMap"]):
    """The BPF maps of the system (kernel/bpf/map_iter.c)."""

    _target = "bpf_map"


class BpfProgIter(_Plain["records.BpfProg"]):
    """The BPF programs of the system (kernel/bpf/prog_iter.c)."""

    _target = "bpf_prog"


class BpfLinkIter(_Plain["records.BpfLink"]):
    """The BPF links of the system (kernel/bpf/link_iter.c)."""

    _target = "bpf_link"


class BpfMapElemIter(_OfMap["records.BpfMapElem"]):
    """The elements of an array or hash map, typed by the map's BTF (kernel/bpf/map_iter.c)."""

    _target = "bpf_map_elem"


class BpfSkStorageMapIter(_OfMap["records.BpfSkStorageMap"]):
    """The sockets that have a value in a socket storage map (net/core/bpf_sk_storage.c)."""

    _target = "bpf_sk_storage_map"


class SockmapIter(_OfMap["records.Sockmap"]):
    """The sockets in a sockmap or sockhash (net/core/sock_map.c)."""

    _target = "sockmap"


class TcpIter(_OfNetwork["records.Tcp"]):
    """TCP sockets, IPv4 and IPv6, in any state, TIME_WAIT and half-open included (net/ipv4/tcp_ipv4.c)."""

    _target = "tcp"


class UdpIter(_OfNetwork["records.Udp"]):
    """UDP sockets, IPv4 and IPv6 (net/ipv4/udp.c)."""

    _target = "udp"


class UnixIter(_OfNetwork["records.Unix"]):
    """Unix-domain sockets (net/unix/af_unix.c)."""

    _target = "unix"


class NetlinkIter(_OfNetwork["records.Netlink"]):
    """Netlink sockets (net/netlink/af_netlink.c)."""

    _target = "netlink"


class Ipv6RouteIter(_OfNetwork["records.Ipv6Route"]):
    """IPv6 routes of all tables (net/ipv6/route.c)."""

    _target = "ipv6_route"


class KsymIter(_Plain["records.Ksym"]):
    """The kernel's symbols, as in /proc/kallsyms, with their addresses (kernel/kallsyms.c)."""

    _target = "ksym"


class CgroupIter(_Own["records.Cgroup"]):
    """Control groups below, above or at one (kernel/bpf/cgroup_iter.c).

    ``cgroup`` is a directory in a mounted hierarchy, an id, or anything with ``fileno()``; None is the root
    of the unified hierarchy. ``order`` is "self_only", "descendants_pre", "descendants_post", "ancestors_up",
    or "children" (since Linux 7.0). A group that doesn't exist raises
    :class:`~libbpf_iter.errors.NoSuchObject`.
    """

    _target = "cgroup"

    def __init__(
        self,
        cgroup: CgroupRef | None = None,
        *,
        order: str = "descendants_pre",
        columns: Columns = None,
        where: str | None = None,
        params: Mapping[str, int] | None = None,
        engine: str = "auto",
    ) -> None:
        self._open(Query.of(columns, where, params), engine, parameters.cgroup(cgroup, order))


class KmemCacheIter(_Plain["records.KmemCache"]):
    """The slab allocator's caches, as in /proc/slabinfo (kernel/bpf/kmem_cache_iter.c)."""

    _target = "kmem_cache"


class DmabufIter(_Plain["records.Dmabuf"]):
    """Buffers shared between devices (kernel/bpf/dmabuf_iter.c)."""

    _target = "dmabuf"
