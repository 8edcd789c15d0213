"""What a target's link takes: arguments in, union bpf_iter_link_info out. Imports kernel, maps, probes.

The union is in include/uapi/linux/bpf.h.
"""

from __future__ import annotations

import errno
import os
import struct
from contextlib import ExitStack

from . import _libbpf, kernel
from ._libbpf import Fd
from .errors import Error, NoSuchObject, NoSuchProcess, ParameterError
from .maps import MapTypes, map_types
from .netns import HasFileno
from .probes import TASK_LINKS, threads_are_found
from .typed import Any
from .workarounds import processes_mix_threads_up

# include/uapi/linux/bpf.h, enum bpf_cgroup_iter_order
ORDERS = {
    "self_only": 1,
    "descendants_pre": 2,
    "descendants_post": 3,
    "ancestors_up": 4,
    "children": 5,
}
# Those that an open-coded walk has too: bpf_iter_css_new() takes fewer than kernel/bpf/cgroup_iter.c.
_RUN_ORDERS = frozenset({"descendants_pre", "descendants_post", "ancestors_up"})


MapRef = int | str | os.PathLike[str] | HasFileno
CgroupRef = int | str | os.PathLike[str] | HasFileno


class Parameters:
    """What tells a link, or a program that walks without one, what to walk.

    ``info`` is the bytes of the union. ``expected`` is what the kernel says about the link if it took them;
    ``left`` is the part of that which is left to the program instead. ``types`` are those of a map's
    elements. ``held`` keeps open what ``info`` names by descriptor, and ``refusals`` are the errors to
    raise, by the errno of bpf_link_create().
    """

    def __init__(self, info: bytes = b"", expected: dict[str, int] | None = None) -> None:
        self.info = info
        self.expected = expected or {}
        self.left: dict[str, int] = {}
        self.types: MapTypes | None = None
        # Settings of a program that walks without a link; empty if it can't make this walk.
        self.walked: dict[str, int] = {}
        # How many objects such a walk visits, if that is known beforehand.
        self.objects = 0
        # Settings of a program that picks out the tasks by itself: progs/pidns.h.
        self.only: dict[str, int] = {}
        # The process whose threads the link walks.
        self.process = 0
        # The process itself, since its pid may be reused for another one.
        self.pidfd: Fd | None = None
        # A tid that is only found if it leads its process.
        self.leader = 0
        self.held = ExitStack()
        self.refusals: dict[int, Error] = {}

    def leave_to_program(self, target: str) -> None:
        """Don't ask the link for what the package's program for ``target`` has to pick out by itself.

        It has to on kernels before Linux 6.1 (f0d74c4da1f0), whose links take no task, for a thread on
        kernels that find only those that lead a process, and for a process on kernels that mix its threads
        up. TaskIter's program also does for a process: the kernel ends such a walk early if the thread that
        it has reached exits (kernel/bpf/task_iter.c, task_group_seq_get_next(), still so in 7.0).
        """
        if not self.only:
            return
        tid = self.only.get("only_tid")
        if threads_are_found() if tid else target != "task" and not processes_mix_threads_up():
            self.only = {}
            return
        if tid and target != "task":
            # A walk of all tasks leaves out files and mappings of threads that share their leader's files:
            # kernel/bpf/task_iter.c, task_seq_get_next(), skip_if_dup_files.
            self.leader = tid
        self.info, self.expected, self.left = b"", {}, self.expected
        self.process = 0

    def leave_to_link(self) -> None:
        """Ask the link for all of it, since the program doesn't pick anything out by itself."""
        tid, self.only = self.only.get("only_tid", 0), {}
        if tid and kernel.has(TASK_LINKS) and not threads_are_found():
            self.leader = tid

    def check_found(self) -> None:
        """Refuse what a walk would miss or mistake for another. Before each walk: tasks come and go."""
        if self.pidfd is not None:
            _check_lives(self.pidfd)
        pid = kernel.process_of(self.leader) if self.leader else 0
        if pid not in (0, self.leader):
            message = f"this kernel finds thread {self.leader} only by its process: give pid={pid}"
            raise ParameterError("tid", message)


def number(name: str, value: Any, most: int = 0xFFFFFFFF) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParameterError(name, f"a number is expected, not {value!r}")
    if not 0 < value <= most:
        raise ParameterError(name, f"a number from 1 to {most} is expected, not {value}")
    return value


def task(tid: int | None, pid: int | None, pidfd: int | HasFileno | None) -> Parameters:
    given = [name for name, v in (("tid", tid), ("pid", pid), ("pidfd", pidfd)) if v is not None]
    if len(given) > 1:
        raise ParameterError(given[1], f"it can't be combined with {given[0]}: give one of them")
    if tid is not None:
        tid = number("tid", tid, 0x7FFFFFFF)
        result = Parameters(struct.pack("=IIII", tid, 0, 0, 0), {"tid": tid})
        return _told(result, "tid", "only_tid", tid)
    if pid is not None:
        pid = number("pid", pid, 0x7FFFFFFF)
        result = Parameters(struct.pack("=IIII", 0, pid, 0, 0), {"pid": pid})
        result.walked = {"walked_pid": pid}
        return _told(result, "pid", "only_pid", pid)
    if pidfd is not None:
        if not isinstance(pidfd, int) and not hasattr(pidfd, "fileno"):
            raise ParameterError("pidfd", f"a descriptor, or what has one, is expected, not {pidfd!r}")
        if isinstance(pidfd, bool):
            raise ParameterError("pidfd", f"a descriptor is expected, not {pidfd!r}")
        own = _libbpf.duplicate("pidfd", pidfd if isinstance(pidfd, int) else pidfd.fileno())
        _check_lives(own)
        result = Parameters(struct.pack("=IIII", 0, 0, own.number, 0))
        result.pidfd = own
        if not (pid := _number_of(own) or kernel.pid_of(own.number)):
            return result
        if kernel.process_of(pid) not in (0, pid):
            raise ParameterError("pidfd", f"it is of a thread (PIDFD_THREAD): give tid={pid}")
        result.walked = {"walked_pid": pid}
        return _told(result, "pidfd", "only_pid", pid)
    return Parameters()


def _told(given: Parameters, name: str, variable: str, value: int) -> Parameters:
    """Add what a program of the package is told if it has to pick out the task by itself."""
    given.only = {variable: value}
    given.process = value if name != "tid" else 0
    if not kernel.has(TASK_LINKS):
        message = "this kernel's links don't take it (since Linux 6.1): only the package's own programs do"
        given.refusals[errno.E2BIG] = ParameterError(name, message)
    return given


def _check_lives(pidfd: Fd) -> None:
    """Refuse a dead process: the kernel goes by its pid, which another process may have by now."""
    import signal

    try:
        signal.pidfd_send_signal(pidfd.number, 0)
    except PermissionError:
        pass  # Somebody else's, and alive.
    except ProcessLookupError:
        raise NoSuchProcess(errno.ESRCH, "pidfd: its process is gone, and its pid may name another") from None
    except OSError as error:
        raise ParameterError("pidfd", "that descriptor isn't a pidfd") from error


# include/uapi/linux/pidfd.h: the ioctl, and struct pidfd_info, which begins with mask, cgroupid and pid.
_PIDFD_GET_INFO, _PIDFD_INFO = 0xC040FF0B, struct.Struct("=QQI44x")


def _number_of(pidfd: Fd) -> int:
    """The process's pid in our pid namespace; 0 on kernels before 6.13, which don't tell."""
    try:
        from fcntl import ioctl

        info = ioctl(pidfd.number, _PIDFD_GET_INFO, bytes(_PIDFD_INFO.size))
    except OSError:
        return 0
    return int(_PIDFD_INFO.unpack(info)[2])


def bpf_map(map_: MapRef) -> Parameters:
    result = Parameters()
    fd = result.held.enter_context(_open_map(map_))
    try:
        if not kernel.is_map(fd.number):
            raise ParameterError("map", f"{map_!r} isn't a BPF map")
        result.types = map_types(fd)
    except BaseException:
        result.held.close()
        raise
    result.info = struct.pack("=IIII", fd.number, 0, 0, 0)
    info = result.types.info
    result.expected = {"map_id": info.id}
    kind = kernel.map_type(info.type)
    message = f"{info.name} is a {kind}, which this target, or a sleepable program of it, can't walk"
    result.refusals[errno.EINVAL] = ParameterError("map", message)
    message = f"the program reads beyond a key ({info.key_size} bytes) or a value ({info.value_size} bytes)"
    result.refusals[errno.EACCES] = ParameterError("map", message)
    return result


def _open_map(map_: MapRef) -> Fd:
    if isinstance(map_, bool) or map_ is None:
        raise ParameterError("map", f"an id, a path, a name or an open map is expected, not {map_!r}")
    if isinstance(map_, int):
        try:
            return _libbpf.map_by_id(number("map", map_))
        except NoSuchObject:
            raise NoSuchObject(errno.ENOENT, f"map: there is no map with id {map_}") from None
    if isinstance(map_, os.PathLike) or (isinstance(map_, str) and "/" in map_):
        return _libbpf.get_pinned(os.fspath(map_))
    if isinstance(map_, str):
        return _map_by_name(map_)
    if hasattr(map_, "fileno"):
        return _libbpf.duplicate("map", map_.fileno())
    raise ParameterError("map", f"an id, a path, a name or an open map is expected, not {map_!r}")


def _map_by_name(name: str) -> Fd:
    found = []
    for map_id in _libbpf.map_ids():
        try:
            fd = _libbpf.map_by_id(map_id)
        except NoSuchObject:
            continue  # It went between its listing and now.
        # The kernel keeps 15 characters of a name.
        if _libbpf.map_info(fd).name == name[:15]:
            found.append((map_id, fd))
        else:
            fd.close()
    if len(found) == 1:
        return found[0][1]
    for _, fd in found:
        fd.close()
    if found:
        ids = ", ".join(str(map_id) for map_id, _ in found)
        raise ParameterError("map", f"{len(found)} maps are named {name!r}, give an id: {ids}")
    raise NoSuchObject(errno.ENOENT, f"map: there is no map named {name!r}")


def cgroup(cgroup: CgroupRef | None, order: str) -> Parameters:
    if not isinstance(order, str) or order not in ORDERS:
        raise ParameterError("order", f"one of {', '.join(ORDERS)} is expected, not {order!r}")
    result = Parameters(expected={"order": ORDERS[order]})
    fd = cgroup_id = 0
    if isinstance(cgroup, int) and not isinstance(cgroup, bool):
        cgroup_id = number("cgroup", cgroup, (1 << 64) - 1)
        result.expected["cgroup_id"] = cgroup_id
    elif cgroup is not None:
        fd = result.held.enter_context(_open_cgroup(cgroup)).number
    if order in _RUN_ORDERS and not cgroup_id and (not fd or kernel.is_unified(fd)):
        # A folder's inode number is its group's id: include/linux/kernfs.h, kernfs_ino(). An id that a user
        # gave is left to a link, which refuses one that no group has.
        result.walked = {"walked_cgroup": os.fstat(fd).st_ino if fd else 0, "walked_order": ORDERS[order]}
        result.objects = kernel.cgroups_below(fd)
    result.info = struct.pack("=IIQ", ORDERS[order], fd, cgroup_id)
    message = f"cgroup: there is none with id {cgroup_id} in the unified hierarchy"
    result.refusals[errno.ENOENT] = NoSuchObject(errno.ENOENT, message)
    message = f"{cgroup} isn't a directory of a cgroup hierarchy"
    result.refusals[errno.EBADF] = ParameterError("cgroup", message)
    message = f"this kernel has no order {order!r} ('children' is new in Linux 7.0)"
    result.refusals[errno.EINVAL] = ParameterError("order", message)
    return result


def _open_cgroup(cgroup: CgroupRef) -> Fd:
    if isinstance(cgroup, str | os.PathLike):
        path = os.fspath(cgroup)
        try:
            return Fd(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise NoSuchObject(errno.ENOENT, f"cgroup: there is no {path}") from None
    if isinstance(cgroup, int) or not hasattr(cgroup, "fileno"):
        raise ParameterError("cgroup", f"an id, a path or an open directory is expected, not {cgroup!r}")
    return _libbpf.duplicate("cgroup", cgroup.fileno())


_OF_TASKS = frozenset({"task", "task_file", "task_vma"})
_OF_MAPS = frozenset({"bpf_map_elem", "bpf_sk_storage_map", "sockmap"})
OF_NETWORKS = frozenset({"tcp", "udp", "unix", "netlink", "ipv6_route"})


def for_target(target: str, **arguments: Any) -> Parameters:
    """The parameters of any target, from those arguments that aren't None; it may not take all of them."""
    given = {name: value for name, value in arguments.items() if value is not None}
    known: set[str] = set()
    if target in _OF_TASKS:
        known = {"tid", "pid", "pidfd"}
    elif target in _OF_MAPS:
        known = {"map"}
    elif target == "cgroup":
        known = {"cgroup", "order"}
    elif target in OF_NETWORKS:
        known = {"netns"}
    for name in given:
        if name not in known:
            takes = ", ".join(sorted(known)) or "no parameter"
            raise ParameterError(name, f"a {target} iterator doesn't take it, but {takes}")
    if target in _OF_TASKS:
        return task(given.get("tid"), given.get("pid"), given.get("pidfd"))
    if target in _OF_MAPS:
        if "map" not in given:
            raise ParameterError("map", f"a {target} iterator needs the map to walk")
        return bpf_map(given["map"])
    if target == "cgroup":
        return cgroup(given.get("cgroup"), given.get("order", "descendants_pre"))
    return Parameters()


__all__ = [
    "OF_NETWORKS",
    "ORDERS",
    "CgroupRef",
    "MapRef",
    "Parameters",
    "bpf_map",
    "cgroup",
    "for_target",
    "task",
]
