"""What the kernel tells about programs, maps, links and BTF, and how to find them by id."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator

from .._extension import ffi, lib
from ..errors import ObjectError
from ..immutable import Immutable
from ..typed import Any
from .calls import check, checked, text
from .fd import Fd
from .token import by_token


class LinkInfo(Immutable):
    """What the kernel says about an iterator's link.

    ``argument`` is what was passed to its target: ``{"tid": 7}``, ``{"map_id": 3}``,
    ``{"cgroup_id": 1, "order": 2}``; it is empty if nothing was.
    """

    id: int
    program_id: int
    target: str
    argument: dict[str, int]


def link_info(link: Fd) -> LinkInfo:
    """Describe a link: struct bpf_link_info, include/uapi/linux/bpf.h."""
    info = ffi.new("struct lbi_link_info *")
    result = lib.lbi_link_info(link.number, info)
    check(result, "bpf_link_get_info_by_fd", "the link can't be inspected")
    target = text(info.target)
    # A map or a program may have the same number there as its type; only an iterator's link has a target.
    if info.type != lib.BPF_LINK_TYPE_ITER or not target:
        raise ObjectError("this isn't an iterator's link")
    raw = bytes(ffi.buffer(info.argument))
    argument: dict[str, int] = {}
    if info.map_id:
        argument["map_id"] = info.map_id
    elif target == "cgroup":
        argument["cgroup_id"] = int.from_bytes(raw[:8], "little")
        argument["order"] = int.from_bytes(raw[8:12], "little")
    elif target in ("task", "task_file", "task_vma"):
        for name, at in (("tid", 0), ("pid", 4)):
            if number := int.from_bytes(raw[at : at + 4], "little"):
                argument[name] = number
    return LinkInfo(info.id, info.prog_id, target, argument)


def shares_files(pid: int, tid: int) -> bool | None:
    """Whether two tasks have the same table of descriptors; None if we aren't told."""
    shared = lib.lbi_shares_files(pid, tid)
    return None if shared < 0 else bool(shared)


class MapInfo(Immutable):
    id: int
    type: int
    name: str
    key_size: int
    value_size: int
    max_entries: int
    btf_id: int
    key_type_id: int
    value_type_id: int


def _info(fd: Fd, struct: str) -> Any:
    info = ffi.new(f"struct {struct} *")
    size = ffi.new("uint32_t *", ffi.sizeof(f"struct {struct}"))
    result = lib.bpf_obj_get_info_by_fd(fd.number, info, size)
    check(result, "bpf_obj_get_info_by_fd", f"the kernel gives no {struct} for that descriptor")
    return info


def map_info(map_: Fd) -> MapInfo:
    info = _info(map_, "bpf_map_info")
    return MapInfo(
        info.id,
        info.type,
        text(info.name),
        info.key_size,
        info.value_size,
        info.max_entries,
        info.btf_id,
        info.btf_key_type_id,
        info.btf_value_type_id,
    )


def program_btf(program: Fd) -> bytes:
    """The raw BTF that a program was loaded with."""
    return btf_by_id(_info(program, "bpf_prog_info").btf_id)


def btf_by_id(btf_id: int) -> bytes:
    types = by_token(
        lambda: Fd(lib.bpf_btf_get_fd_by_id, btf_id),
        lambda token: Fd(lib.lbi_token_btf_by_id, token.number, btf_id),  # Linux 6.15: 0de445d18e36
    )
    with checked(types, "bpf_btf_get_fd_by_id", f"BTF {btf_id}") as fd:
        size = _info(fd, "bpf_btf_info").btf_size
        data = ffi.new("char[]", size)
        info = ffi.new("struct bpf_btf_info *")
        info.btf, info.btf_size = int(ffi.cast("uintptr_t", data)), size
        length = ffi.new("uint32_t *", ffi.sizeof("struct bpf_btf_info"))
        result = lib.bpf_obj_get_info_by_fd(fd.number, info, length)
        check(result, "bpf_obj_get_info_by_fd", f"BTF {btf_id} can't be read")
        return bytes(ffi.buffer(data, size))


def maps_of(program: Fd) -> list[int]:
    """The ids of the maps that a program refers to."""
    room = 64  # include/linux/bpf_verifier.h, MAX_USED_MAPS
    ids = ffi.new("uint32_t[]", room)
    info = ffi.new("struct bpf_prog_info *")
    info.nr_map_ids, info.map_ids = room, int(ffi.cast("uintptr_t", ids))
    size = ffi.new("uint32_t *", ffi.sizeof("struct bpf_prog_info"))
    result = lib.bpf_obj_get_info_by_fd(program.number, info, size)
    check(result, "bpf_obj_get_info_by_fd", "the program's maps can't be read")
    return list(ids[0 : info.nr_map_ids])


def program_by_id(number: int) -> Fd:
    return checked(Fd(lib.bpf_prog_get_fd_by_id, number), "bpf_prog_get_fd_by_id", f"program {number}")


def map_by_id(number: int) -> Fd:
    return checked(Fd(lib.bpf_map_get_fd_by_id, number), "bpf_map_get_fd_by_id", f"map {number}")


def map_ids() -> Iterator[int]:
    """The ids of all maps; needs CAP_SYS_ADMIN."""
    return _ids(lib.bpf_map_get_next_id, "bpf_map_get_next_id", "the maps can't be listed")


def program_ids() -> Iterator[int]:
    """The ids of all programs; needs CAP_SYS_ADMIN."""
    return _ids(lib.bpf_prog_get_next_id, "bpf_prog_get_next_id", "the programs can't be listed")


def _ids(after: Callable[[int, Any], int], call: str, what: str) -> Iterator[int]:
    at = ffi.new("uint32_t *", 0)
    while (result := after(at[0], at)) == 0:
        yield at[0]
    if result != -errno.ENOENT:
        check(result, call, what)


def version() -> str:
    """The version of libbpf."""
    return f"{lib.libbpf_major_version()}.{lib.libbpf_minor_version()}"


def possible_cpus() -> int:
    result = lib.libbpf_num_possible_cpus()
    return check(result, "libbpf_num_possible_cpus", "the possible CPUs can't be counted")
