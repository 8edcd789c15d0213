"""What the running kernel is: the only reader of /sys and /proc. Imports _libbpf, btf and errors."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import lru_cache

from . import _libbpf
from .btf import Btf, Kind
from .btf import types as bt
from .errors import BtfError, KernelError, MissingCapability, UnsupportedTarget

BTF_PATH = "/sys/kernel/btf/vmlinux"
_FUNC, _STRUCT = "bpf_iter_", "bpf_iter__"
_CLOCK_MONOTONIC_COARSE = 6  # include/uapi/linux/time.h; the time module has no name for it


def _text(path: str) -> str:
    """Read a small file. Without pathlib, which takes a third as long to import as the package."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _unescaped(path: str) -> str:
    """Decode a path of mountinfo, where a space is \\040: fs/proc_namespace.c, mangle()."""
    return os.fsdecode(os.fsencode(path).decode("unicode_escape").encode("latin-1"))


def page_size() -> int:
    return os.sysconf("SC_PAGESIZE")


def tick_ns() -> int:
    """The length of a jiffy, in nanoseconds: the resolution of the coarse clock, include/linux/hrtimer.h."""
    return round(time.clock_getres(_CLOCK_MONOTONIC_COARSE) * 1e9)


def release() -> str:
    return os.uname().release


def threads() -> int:
    """About how many threads the system has; 0 if /proc isn't mounted."""
    try:
        return int(_text("/proc/loadavg").split()[3].partition("/")[2])
    except OSError:
        return 0


def pid_of(pidfd: int) -> int:
    """The pid of a pidfd's process in the pid namespace of the mounted /proc; 0 if it has none there."""
    try:
        fields = _text(f"/proc/self/fdinfo/{pidfd}").split()
    except FileNotFoundError:
        return 0
    return int(fields[fields.index("Pid:") + 1])


def is_map(fd: int) -> bool:
    """Whether a descriptor is of a map: asked about another object of BPF, the kernel describes that one."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}") == "anon_inode:bpf-map"  # kernel/bpf/syscall.c
    except FileNotFoundError:
        return True  # /proc isn't mounted


def process_of(tid: int) -> int:
    """The pid of a thread's process in the pid namespace of the mounted /proc; 0 if it has none there."""
    try:
        lines = _text(f"/proc/{tid}/status").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Tgid:"))


def visited_threads(pid: int, target: str) -> frozenset[int]:
    """The threads that an iterator's walk of one process comes by; none if there is no such process.

    For files and mappings these are its leader, and those that don't share the leader's files:
    kernel/bpf/task_iter.c, task_group_seq_get_next().
    """
    try:
        tids = frozenset(map(int, os.listdir(f"/proc/{pid}/task")))
    except (FileNotFoundError, ProcessLookupError):
        return frozenset()
    if target == "task":
        return tids
    return frozenset(tid for tid in tids if tid == pid or not _libbpf.shares_files(pid, tid))


def possible_nodes() -> int:
    """The number of possible memory nodes (nr_node_ids); 1 on a kernel without CONFIG_NUMA."""
    try:
        ranges = _text("/sys/devices/system/node/possible").strip()
    except FileNotFoundError:
        return 1
    # A list such as "0-1,4": include/linux/cpumask.h.
    return int(ranges.replace("-", ",").split(",")[-1]) + 1


def _contents(path: str) -> memoryview:
    """Map a large file of sysfs: read() returns a page at a time, and would dominate the load."""
    with open(path, "rb", buffering=0) as file:
        # Before Linux 6.16 it can't be mapped.
        return _libbpf.map_file(file.fileno()) or memoryview(file.readall())


@lru_cache(maxsize=1)
def btf() -> Btf:
    """The kernel's types."""
    try:
        data = _contents(BTF_PATH)
    except FileNotFoundError:
        message = f"the kernel has no BTF: {BTF_PATH} is missing (CONFIG_DEBUG_INFO_BTF)"
        raise UnsupportedTarget("any", message) from None
    except OSError as error:
        raise KernelError(error.errno or errno.EIO, f"the kernel's BTF, {BTF_PATH}, can't be read") from error
    try:
        return _libbpf.NativeBtf(data)
    except BtfError as error:
        raise BtfError(f"{BTF_PATH}: {error}") from error


def functions(names: Collection[str]) -> dict[str, int]:
    """The BTF ids of the named functions of vmlinux, by name; modules aren't searched."""
    btf().look_up(names)
    found = {name: btf().get(name, Kind.FUNC) for name in names}
    return {name: type_id for name, type_id in found.items() if type_id is not None}


@lru_cache(maxsize=64)
def types_of(roots: frozenset[tuple[str, int]]) -> bytes | None:
    """A BTF with only these types, as far as the kernel has them; None if that would be too large."""
    whole = btf()
    whole.look_up(name for name, _ in roots)
    return _libbpf.extract_types(whole, [i for name, kind in sorted(roots) for i in whole.ids(name, kind)])


@lru_cache(maxsize=256)
def has(name: str) -> bool:
    """Whether the kernel's BTF has a type, a type's member, or an enum's value.

    For example "bpf_iter__task_vma", "bpf_prog_aux.verified_insns", "bpf_func_id.BPF_FUNC_loop".
    """
    of, _, part = name.partition(".")
    if not part:
        return of in btf()
    for kind in (Kind.STRUCT, Kind.UNION):
        found = btf().get(of, kind)
        if found is not None:
            return any(member.name == part for member in btf().flat_members(found))
    for kind in (Kind.ENUM, Kind.ENUM64):
        found = btf().get(of, kind)
        if found is not None:
            node = btf()[found]
            return isinstance(node, bt.Enum) and any(value == part for value, _ in node.values)
    return False


def lacking(names: Collection[str]) -> set[str]:
    """The names for which :func:`has` is false; all types are looked up in one pass."""
    if names:
        btf().look_up(name.partition(".")[0] for name in names)
    return {name for name in names if not has(name)}


@lru_cache(maxsize=1)
def targets() -> dict[str, int]:
    """The running kernel's iterator targets, with the BTF id of each one's context struct.

    A target has both a function bpf_iter_X and a struct bpf_iter__X; open-coded iterators have only
    functions of such names.
    """
    functions = {name.removeprefix(_FUNC) for name, _ in btf().names(Kind.FUNC, _FUNC)}
    return {
        name.removeprefix(_STRUCT): type_id
        for name, type_id in btf().names(Kind.STRUCT, _STRUCT)
        if name.removeprefix(_STRUCT) in functions
    }


def no_target(target: str, *, call: str = "", log: str = "") -> UnsupportedTarget:
    """The exception for a target that :func:`targets` doesn't have."""
    message = f"this kernel has no iterator over {target!r} (Linux {release()})"
    return UnsupportedTarget(target, message, call=call, log=log)


def map_type(number: int) -> str:
    """The kernel's name of a map type, "BPF_MAP_TYPE_QUEUE"; "type 99" if it has none."""
    node = btf()[btf().find("bpf_map_type", Kind.ENUM)]
    assert isinstance(node, bt.Enum)
    # Where a value has two names, the later one is the one without _DEPRECATED.
    return {value: name for name, value in node.values}.get(number, f"type {number}")


def symbol_owners() -> tuple[frozenset[str], frozenset[int]]:
    """What has symbols besides vmlinux: the modules, and the BPF programs if we may list them."""
    modules: frozenset[str] = frozenset()
    programs: frozenset[int] = frozenset()
    with suppress(FileNotFoundError), open("/proc/modules") as file:
        # Name and address, kernel/module/procfs.c, m_show(); its reference count may change meanwhile.
        modules = frozenset(f"{fields[0]} {fields[5]}" for fields in map(str.split, file))
    with suppress(MissingCapability):
        programs = frozenset(_libbpf.program_ids())
    return modules, programs


def is_unified(fd: int) -> bool:
    """Whether an open directory is in the unified cgroup hierarchy, wherever that is mounted."""
    status = os.fstat(fd)
    return stat.S_ISDIR(status.st_mode) and _is_on("cgroup2", status)


def in_bpffs(path: str) -> bool:
    """Whether a path, which has to exist, leads to what is in a bpffs: pins, and directories of them."""
    return _is_on("bpf", os.lstat(path))


def _is_on(filesystem: str, status: os.stat_result) -> bool:
    number = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    for line in _text("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith(f"{filesystem} ") and before.split()[2] == number:
            return True
    return False


def cgroups_below(fd: int) -> int:
    """The number of cgroups below one, or below the root if ``fd`` is 0; 0 if cgroup2 isn't mounted."""
    folder = f"/proc/self/fd/{fd}" if fd else mount_of("cgroup2")
    if folder is None:
        return 0
    try:
        counts = dict(line.split() for line in _text(f"{folder}/cgroup.stat").splitlines())
    except OSError:
        return 0  # removed meanwhile
    return int(counts["nr_descendants"])


def mount_of(filesystem: str) -> str | None:
    """Where a file system type is first mounted: "cgroup2", "bpf"; None if it isn't."""
    for line in _text("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith(f"{filesystem} "):
            return _unescaped(before.split()[4])
    return None


# include/uapi/linux/capability.h
_CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}


def missing_capabilities() -> list[str]:
    """The capabilities that this thread lacks to load programs. CAP_SYS_ADMIN implies both of them."""
    status = _text("/proc/thread-self/status")
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    mask = int(line.split()[1], 16)
    have = {name for name, bit in _CAPABILITIES.items() if mask >> bit & 1}
    return [] if "CAP_SYS_ADMIN" in have else sorted({"CAP_BPF", "CAP_PERFMON"} - have)


def net_namespaces() -> Iterator[tuple[int, str]]:
    """The inode and a path of every network namespace that a task is in, or that is mounted."""
    seen: set[int] = set()
    # Of each thread: it may be in another namespace than its process.
    paths = [f"/proc/{tid}/ns/net" for tid in _tids()]
    for line in _text("/proc/self/mountinfo").splitlines():
        fields = line.partition(" - ")[0].split()
        if fields[3].startswith("net:["):
            paths.append(_unescaped(fields[4]))
    for path in ["/proc/thread-self/ns/net", *paths]:
        try:
            inode = os.stat(path).st_ino
        except OSError:
            # The task has exited, or may not be inspected; another path may lead to the same namespace.
            continue
        if inode not in seen:
            seen.add(inode)
            yield inode, path


def _tids() -> Iterator[str]:
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                yield from os.listdir(f"/proc/{pid}/task")
            except FileNotFoundError:
                continue  # It has exited since it was listed.
