"""TaskIter and its siblings: parameters in, iterable out. One class a target, named by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import base, netns, parameters
from .base import SNAPSHOT_TARGETS, BpfIter, Columns
from .parameters import CgroupRef, HasFileno, MapRef, Parameters
from .program import Program, load, packaged

if TYPE_CHECKING:
    from . import records  # noqa: F401 - the classes below are made without decoding any BTF

__all__ = [
    "BpfLinkIter",
    "BpfMapElemIter",
    "BpfMapIter",
    "BpfProgIter",
    "BpfSkStorageMapIter",
    "CgroupIter",
    "DmabufIter",
    "Ipv6RouteIter",
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


def _own(target: str, columns: Columns, given: Parameters | None = None) -> base.Loader:
    """Loads the package's program of a target."""
    names = columns if columns is None or isinstance(columns, str) else list(columns)

    def load_it(snapshot_size: int) -> Program:
        return load(
            packaged(target),
            target,
            columns=names,
            types=given.types if given else None,
            snapshot_size=snapshot_size,
        )

    return load_it


class _Plain(BpfIter[base.R]):
    """A target whose link takes no parameters."""

    _target: str

    def __init__(self, *, columns: Columns = None) -> None:
        super().__init__(_own(self._target, columns))


class _OfTasks(BpfIter[base.R]):
    """A target that walks tasks: all, one thread, or one process.

    ``tid`` is a thread, ``pid`` a process with all of its threads, as the
    caller's pid namespace numbers them; ``pidfd`` a process by descriptor.
    A number that no task has is an empty walk.
    """

    _target: str

    def __init__(
        self,
        tid: int | None = None,
        *,
        pid: int | None = None,
        pidfd: int | HasFileno | None = None,
        columns: Columns = None,
    ) -> None:
        super().__init__(_own(self._target, columns), parameters.task(tid, pid, pidfd))


class _OfMap(BpfIter[base.R]):
    """A target that walks one map, given by id, pinned path, name, or anything with ``fileno()``."""

    _target: str

    def __init__(self, map: MapRef, *, columns: Columns = None) -> None:
        given = parameters.bpf_map(map)
        super().__init__(_own(self._target, columns, given), given)


class _OfNetwork(BpfIter[base.R]):
    """A target of one network namespace: the caller's, or ``netns`` by path, by a task's pid, or "all"."""

    _target: str

    def __init__(self, *, netns: netns.NetNs | None = None, columns: Columns = None) -> None:
        super().__init__(_own(self._target, columns), netns=netns, snapshot=self._target in SNAPSHOT_TARGETS)


class TaskIter(_OfTasks["records.Task"]):
    """The threads that the caller's pid namespace has (kernel/bpf/task_iter.c)."""

    _target = "task"


class TaskFileIter(_OfTasks["records.TaskFile"]):
    """The open files of tasks (kernel/bpf/task_iter.c). Threads that share their leader's are left out."""

    _target = "task_file"


class TaskVmaIter(_OfTasks["records.TaskVma"]):
    """The mappings of tasks' memory, as /proc/PID/maps (kernel/bpf/task_iter.c)."""

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
    """The sockets that have a value in a socket-storage map (net/core/bpf_sk_storage.c)."""

    _target = "bpf_sk_storage_map"


class SockmapIter(_OfMap["records.Sockmap"]):
    """The sockets in a sockmap or sockhash (net/core/sock_map.c)."""

    _target = "sockmap"


class TcpIter(_OfNetwork["records.Tcp"]):
    """TCP sockets of both families, those in TIME_WAIT and half-open ones too (net/ipv4/tcp_ipv4.c)."""

    _target = "tcp"


class UdpIter(_OfNetwork["records.Udp"]):
    """UDP sockets of both families (net/ipv4/udp.c)."""

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
    """The kernel's symbols, as /proc/kallsyms with addresses (kernel/kallsyms.c)."""

    _target = "ksym"


class CgroupIter(BpfIter["records.Cgroup"]):
    """Control groups below, above or at one (kernel/bpf/cgroup_iter.c).

    ``cgroup`` is a folder in a mounted hierarchy, an id, or anything with
    ``fileno()``; None is the root of the unified one. ``order`` is self_only,
    descendants_pre, descendants_post, ancestors_up, or children (Linux 7.0).
    """

    def __init__(
        self,
        cgroup: CgroupRef | None = None,
        *,
        order: str = "descendants_pre",
        columns: Columns = None,
    ) -> None:
        super().__init__(_own("cgroup", columns), parameters.cgroup(cgroup, order), snapshot=True)


class KmemCacheIter(_Plain["records.KmemCache"]):
    """The slab allocator's caches, as /proc/slabinfo (kernel/bpf/kmem_cache_iter.c)."""

    _target = "kmem_cache"


class DmabufIter(_Plain["records.Dmabuf"]):
    """Buffers shared between devices (kernel/bpf/dmabuf_iter.c)."""

    _target = "dmabuf"
