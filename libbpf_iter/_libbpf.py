"""libbpf, as Python wants it: owned descriptors, exceptions with the log. The extension's only importer.

Every return convention is decoded by :func:`check` and :func:`checked_pointer`.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ._extension import ffi, lib
from .btf import Btf
from .btf.writer import blob
from .errors import (
    BtfError,
    ClosedError,
    KernelError,
    MissingCapability,
    NoSuchObject,
    ObjectError,
    VerifierError,
)
from .immutable import Immutable

CLONE_NEWNET = 0x40000000  # include/uapi/linux/sched.h


# ---- descriptors ------------------------------------------------------------


class Fd:
    """A descriptor that is closed exactly once: by ``close()``, at ``with``'s end, or with its owner."""

    __slots__ = ("_close", "_lock", "_number")

    def __init__(self, number: int) -> None:
        self._number = number
        self._lock = threading.Lock()
        # At the interpreter's exit the module's globals may be gone before the last owner is.
        self._close: Callable[[int], None] = os.close

    @property
    def number(self) -> int:
        if self._number < 0:
            raise ClosedError("it is closed")
        return self._number

    def fileno(self) -> int:
        return self.number

    @property
    def closed(self) -> bool:
        return self._number < 0

    def close(self) -> None:
        with self._lock:
            number, self._number = self._number, -1
        if number >= 0:
            self._close(number)

    def __enter__(self) -> Fd:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def _text(string: Any) -> str:
    """A C string; a damaged object's names need not be UTF-8."""
    raw: bytes = ffi.string(string)
    return raw.decode("utf-8", "replace")


# ---- calls ------------------------------------------------------------------


def _take_log() -> str:
    size = ffi.new("size_t *")
    records = lib.lbi_log_take(size)
    if records == ffi.NULL:
        return ""
    try:
        raw: bytes = ffi.buffer(records, size[0])[:]
    finally:
        lib.lbi_log_free(records)
    # Each record is a level's digit, its text, a NUL.
    return "".join(part[1:].decode("utf-8", "replace") for part in raw.split(b"\0") if part)


@contextmanager
def logged() -> Iterator[Callable[[], str]]:
    """Collect what libbpf has to say meanwhile; the function gives it."""
    text: list[str] = []

    def take() -> str:
        if not text:
            text.append(_take_log())
        return text[0]

    lib.lbi_log_begin(0)
    try:
        yield take
    finally:
        take()


# What the kernel checks in kernel/bpf/syscall.c, and can't say in an errno.
# include/uapi/linux/bpf.h
_PERCPU_ARRAY, _TASK_STORAGE = 6, 29

_NEEDS = {
    "bpf_object__load": "CAP_BPF and CAP_PERFMON",
    "bpf_prog_get_fd_by_id": "CAP_SYS_ADMIN",
    "bpf_map_get_fd_by_id": "CAP_SYS_ADMIN",
    "bpf_btf_get_fd_by_id": "CAP_SYS_ADMIN",
    "bpf_map_get_next_id": "CAP_SYS_ADMIN",
}


def failure(number: int, call: str, what: str, log: str = "") -> KernelError:
    """The exception for an errno."""
    if number in (errno.EPERM, errno.EACCES):
        need = _NEEDS.get(call)
        if need is None:
            # Of the file, say, that is to be opened: no capability that we could name.
            return MissingCapability("", f"{what}: no permission", errno=number, call=call, log=log)
        return MissingCapability(need, f"{what}: it takes {need}", errno=number, call=call, log=log)
    if number == errno.ENOENT:
        return NoSuchObject(number, what, call=call, log=log)
    return KernelError(number, what, call=call, log=log)


def check(result: int, call: str, what: str, log: str = "") -> int:
    """libbpf 1.x: an int is a value, or a negative errno."""
    if result < 0:
        raise failure(-result, call, what, log)
    return result


def owned(result: int, call: str, what: str, log: str = "") -> Fd:
    return Fd(check(result, call, what, log))


def open_file(path: str, what: str) -> Fd:
    """A file or a folder, to read."""
    try:
        return Fd(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        raise failure(error.errno or errno.EIO, "open", what) from error


def refusal(number: int, program: str, call: str, log: str) -> VerifierError:
    """The verifier's own last word, out of its log."""
    lines = [line.strip() for line in log.splitlines()]
    end = next((i for i, line in enumerate(lines) if "END PROG LOAD LOG" in line), len(lines))
    said = [
        line for line in lines[:end] if line and not line.startswith(("processed ", "libbpf:", ";", "--"))
    ]
    reason = said[-1] if said else "no reason given"
    message = f"the verifier refuses program {program!r}: {reason}"
    return VerifierError(program, message, errno=number, call=call, log=log)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No signal meanwhile.

    Where one is pending the verifier gives up (kernel/bpf/verifier.c, do_check()), and libbpf tries
    five times only: a profiler's timer is quicker than that.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# More than a program, its maps and types, and a probe of libbpf's take at once.
_ROOM = 16


def _need_descriptors() -> None:
    """Refuse here what would fail in libbpf for want of descriptors.

    libbpf probes what the kernel can do when it first needs to know, and keeps
    the answer: a probe that got no descriptor says, for as long as the process
    lives, that this kernel has no global data or no BTF.
    """
    taken: list[Fd] = []
    try:
        taken.append(Fd(os.eventfd(0)))
        while len(taken) < _ROOM:
            taken.append(Fd(os.dup(taken[0].number)))
    except OSError as error:
        what = f"loading a program takes up to {_ROOM} descriptors"
        raise failure(error.errno or errno.EMFILE, "dup", what) from error
    finally:
        for fd in taken:
            fd.close()


# ---- object files -----------------------------------------------------------


class Loaded(Immutable):
    """What is left of an object once its program is in the kernel."""

    program: Fd
    maps: dict[str, Fd]


class Object:
    """An opened object file; a context manager, since libbpf's memory goes with it."""

    def __init__(self, data: bytes, name: str, kernel_types: bytes | None = None) -> None:
        """``kernel_types``: what of the kernel's BTF its relocations need; None for all of it."""
        path = ffi.NULL
        self._types = None
        if kernel_types is not None:
            self._types = Fd(os.memfd_create("kernel_types"))
            os.write(self._types.number, kernel_types)
            path = f"/proc/self/fd/{self._types.number}".encode()
        with logged() as log:
            self._object = lib.lbi_object_open(data, len(data), name.encode()[:15], path)
            number = ffi.errno
        if self._object == ffi.NULL:
            raise ObjectError(f"{name} is no BPF object: {os.strerror(number)}\n{log()}".strip())
        self.name = name

    def __enter__(self) -> Object:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        handle, self._object = self._object, ffi.NULL
        if handle != ffi.NULL:
            lib.bpf_object__close(handle)
        if self._types is not None:
            self._types.close()

    def btf(self) -> Btf:
        """The object's types, with the data sections' offsets that the compiler left to the linker."""
        types = lib.bpf_object__btf(self._object)
        if types == ffi.NULL:
            raise ObjectError(f"{self.name} has no BTF: compile it with clang -g")
        size = ffi.new("uint32_t *")
        data = lib.btf__raw_data(types, size)
        return Btf(ffi.buffer(data, size[0])[:])

    def _programs(self) -> Iterator[Any]:
        program = lib.bpf_object__next_program(self._object, ffi.NULL)
        while program != ffi.NULL:
            yield program
            program = lib.bpf_object__next_program(self._object, program)

    def _maps(self) -> Iterator[tuple[str, Any]]:
        map_ = lib.bpf_object__next_map(self._object, ffi.NULL)
        while map_ != ffi.NULL:
            yield _text(lib.bpf_map__name(map_)), map_
            map_ = lib.bpf_object__next_map(self._object, map_)

    def programs(self) -> list[tuple[str, str]]:
        """Name and section of each program."""
        return [
            (
                _text(lib.bpf_program__name(program)),
                _text(lib.bpf_program__section_name(program)),
            )
            for program in self._programs()
        ]

    def set_constants(self, values: Mapping[tuple[int, int], bytes]) -> None:
        """Bytes of .rodata, by (offset, size)."""
        size = ffi.new("size_t *")
        for name, map_ in self._maps():
            if not name.endswith(".rodata"):
                continue
            data = lib.bpf_map__initial_value(map_, size)
            if data == ffi.NULL:
                continue
            # Writable until the object is loaded, whatever the prototype says.
            view = ffi.buffer(ffi.cast("char *", data), size[0])
            for (offset, length), value in values.items():
                if offset + length > len(view):
                    raise ObjectError(f"{self.name} has less read-only data than its BTF says")
                view[offset : offset + length] = value

    def set_value_size(self, name: str, size: int) -> None:
        for map_name, map_ in self._maps():
            if map_name == name:
                check(lib.bpf_map__set_value_size(map_, size), "bpf_map__set_value_size", name)

    def use_per_cpu_scratch(self) -> None:
        """Let what is kept with a task be kept with a CPU: progs/emit.h, SCRATCH()."""
        for name, map_ in self._maps():
            if lib.bpf_map__type(map_) == _TASK_STORAGE:
                check(lib.bpf_map__set_type(map_, _PERCPU_ARRAY), "bpf_map__set_type", name)
                check(lib.bpf_map__set_map_flags(map_, 0), "bpf_map__set_map_flags", name)
                check(lib.bpf_map__set_max_entries(map_, 1), "bpf_map__set_max_entries", name)

    def use_map(self, name: str, map_: Fd) -> None:
        """Let a map that exists be the one of that name."""
        for map_name, own in self._maps():
            if map_name == name:
                check(lib.bpf_map__reuse_fd(own, map_.number), "bpf_map__reuse_fd", name)

    def load(self, program_name: str, *, sleepable: bool, without_maps: frozenset[str]) -> Loaded:
        """Load one program, and the maps it uses; ``without_maps`` are not made."""
        _need_descriptors()
        chosen = None
        for program in self._programs():
            name = _text(lib.bpf_program__name(program))
            check(
                lib.bpf_program__set_autoload(program, name == program_name),
                "bpf_program__set_autoload",
                name,
            )
            if name == program_name:
                chosen = program
        if chosen is None:
            raise ObjectError(f"{self.name} has no program {program_name!r}")
        if sleepable:
            flags = lib.bpf_program__flags(chosen) | lib.BPF_F_SLEEPABLE
            check(lib.bpf_program__set_flags(chosen, flags), "bpf_program__set_flags", program_name)
        for name, map_ in self._maps():
            if name in without_maps:
                check(lib.bpf_map__set_autocreate(map_, False), "bpf_map__set_autocreate", name)
        with logged() as log, _undisturbed():
            result = lib.bpf_object__load(self._object)
        if result < 0:
            raise self._load_failure(-result, program_name, log())
        maps = {}
        for name, map_ in self._maps():
            number = lib.bpf_map__fd(map_)
            if number >= 0:
                maps[name] = Fd(os.dup(number))
        return Loaded(Fd(os.dup(lib.bpf_program__fd(chosen))), maps)

    def instructions(self, program_name: str) -> bytes:
        """A program's instructions, with those of its functions behind them once loading was tried."""
        for program in self._programs():
            if _text(lib.bpf_program__name(program)) == program_name:
                count = lib.bpf_program__insn_cnt(program)
                return bytes(ffi.buffer(lib.bpf_program__insns(program), count * 8))
        return b""

    def _load_failure(self, number: int, program: str, log: str) -> KernelError:
        call = "bpf_object__load"
        if number == errno.EPERM:
            return failure(number, call, f"program {program!r} can't be loaded", log)
        if "BEGIN PROG LOAD LOG" in log:
            return refusal(number, program, call, log)
        lines = [line.strip() for line in log.splitlines()]
        reason = lines[0].removeprefix("libbpf: ") if lines else "no reason given"
        return KernelError(number, f"program {program!r} can't be loaded: {reason}", call=call, log=log)


# ---- programs that no object file holds -------------------------------------

# include/uapi/linux/bpf.h
_TRACING, _TRACE_ITER = 26, 28
_ARRAY, _MMAPABLE = 2, 1 << 10
_LOG_SIZE = 1 << 20


def load_btf(data: bytes) -> Fd:
    log = ffi.new("char[]", 1 << 16)
    result = lib.lbi_btf_load(data, len(data), log, len(log))
    return owned(result, "bpf_btf_load", "the record's types can't be loaded", _text(log))


def load_iterator(code: bytes, name: str, attach_btf_id: int, btf: Fd, function: int) -> Fd:
    """Load an iterator's program from bare instructions; ``function`` is its FUNC in ``btf``."""
    _need_descriptors()
    program = ffi.new("struct lbi_program *")
    parts = (
        ffi.new("char[]", name.encode()[:15]),
        ffi.new("char[]", b"Dual BSD/GPL"),
        ffi.from_buffer(code),
        ffi.new("uint32_t[]", [0, function]),
    )
    program.type, program.attach_type = _TRACING, _TRACE_ITER
    program.name, program.license, program.instructions, program.functions = parts
    program.instruction_count = len(code) // 8
    program.attach_btf_id, program.btf_fd = attach_btf_id, btf.number
    program.function_count, program.function_size = 1, 8
    with _undisturbed():
        result = lib.lbi_program_load(program)
    if result < 0 and result != -errno.EPERM:
        # Asked for only now: a log costs every load, and most have nothing to say.
        log = ffi.new("char[]", _LOG_SIZE)
        program.log, program.log_size, program.log_level = log, _LOG_SIZE, 1
        with _undisturbed():
            again = lib.lbi_program_load(program)
        if again < 0:
            raise refusal(-again, name, "bpf_prog_load", _text(log))
        result = again
    return owned(result, "bpf_object__load", f"program {name!r} can't be loaded")


def run_program(program: Fd) -> None:
    """Run a program of section "syscall" once, without a context; the GIL is not held meanwhile."""
    result = ffi.new("uint32_t *")
    what = "the walk failed"
    check(lib.lbi_program_run(program.number, ffi.NULL, 0, result), "bpf_prog_test_run", what)
    if result[0]:
        # As the kernel does it: an int, and negative for an errno.
        number = -int(ffi.cast("int32_t", result[0]))
        raise failure(number, "bpf_prog_test_run", what)


def create_array(name: str, value_size: int, entries: int = 1) -> Fd:
    """An array that can be mapped into memory."""
    _need_descriptors()
    result = lib.lbi_map_create(_ARRAY, name.encode()[:15], 4, value_size, entries, _MMAPABLE, 0, 0, 0)
    return owned(result, "bpf_map_create", f"map {name!r} can't be made")


def index_types(types: memoryview) -> tuple[Any, bytes, bytes]:
    """What :class:`.btf.reader.Btf` asks of an indexer."""
    section = ffi.from_buffer(types), len(types)
    count = lib.lbi_btf_index(*section, ffi.NULL, ffi.NULL, ffi.NULL, 0)
    if count < 0:
        raise BtfError("the BTF type section is damaged")
    offsets, names, kinds = array("I", bytes(count * 4)), bytearray(count * 4), bytearray(count)
    lib.lbi_btf_index(
        *section,
        ffi.from_buffer("uint32_t[]", offsets),
        ffi.from_buffer("uint32_t[]", names),
        ffi.from_buffer("uint8_t[]", kinds),
        count,
    )
    return offsets, bytes(names), bytes(kinds)


_EXTRACT_ROOM = 1 << 18
_LONGEST_ROOT = 250


def extract_types(btf: Btf, roots: Iterable[tuple[str, int]]) -> bytes | None:
    """The BTF of types by name and kind, and of those that values of them contain; None for too many."""
    encoded = [(kind, name.encode("utf-8", "surrogateescape")) for name, kind in roots]
    if any(len(name) > _LONGEST_ROOT for _, name in encoded):
        return None
    wanted = b"".join(bytes([len(name) + 3, kind]) + name + b"\0" for kind, name in encoded)
    types, strings = btf.sections()
    offsets = btf.positions()
    out, sizes = bytearray(2 * _EXTRACT_ROOM), ffi.new("size_t[2]")
    result = lib.lbi_btf_extract(
        ffi.from_buffer(types),
        ffi.from_buffer("uint32_t[]", offsets),
        len(offsets),
        ffi.from_buffer(strings),
        len(strings),
        wanted,
        len(wanted),
        ffi.from_buffer(out),
        _EXTRACT_ROOM,
        sizes,
    )
    if result < 0:
        return None
    return blob(bytes(out[: sizes[0]]), bytes(out[_EXTRACT_ROOM : _EXTRACT_ROOM + sizes[1]]))


# ---- links, iterators, pins -------------------------------------------------


def link_create(program: Fd, info: bytes) -> Fd:
    """A link of an iterator program; ``info`` is a union bpf_iter_link_info, empty for none."""
    what = "the iterator can't be attached"
    with logged() as log:
        result = lib.lbi_link_create(program.number, info or ffi.NULL, len(info))
    return owned(result, "bpf_link_create", what, log())


def link_update(link: Fd, program: Fd) -> None:
    result = lib.lbi_link_update(link.number, program.number, -1)
    check(result, "bpf_link_update", "the link can't take that program: is it of the same target?")


def iter_create(link: Fd) -> Fd:
    return owned(lib.bpf_iter_create(link.number), "bpf_iter_create", "no session can be opened")


def pin(fd: Fd, path: str) -> None:
    result = lib.bpf_obj_pin(fd.number, os.fsencode(path))
    check(result, "bpf_obj_pin", f"{path} can't be pinned: a new name in a mounted bpffs is expected")


def get_pinned(path: str) -> Fd:
    return owned(lib.bpf_obj_get(os.fsencode(path)), "bpf_obj_get", f"{path} can't be opened")


# ---- what the kernel holds --------------------------------------------------


class LinkInfo(Immutable):
    """An iterator's link, as the kernel describes it.

    ``argument`` is what its target was given: ``{"tid": 7}``,
    ``{"map_id": 3}``, ``{"cgroup_id": 1, "order": 2}``; empty for none.
    """

    id: int
    program_id: int
    target: str
    argument: dict[str, int]


def link_info(link: Fd) -> LinkInfo:
    """include/uapi/linux/bpf.h, struct bpf_link_info."""
    info = ffi.new("struct lbi_link_info *")
    result = lib.lbi_link_info(link.number, info)
    check(result, "bpf_link_get_info_by_fd", "the link can't be inspected")
    if info.type != lib.BPF_LINK_TYPE_ITER:
        raise ObjectError("it is a link, but no iterator's")
    target = _text(info.target)
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
    check(result, "bpf_obj_get_info_by_fd", f"no {struct} of that descriptor")
    return info


def map_info(map_: Fd) -> MapInfo:
    info = _info(map_, "bpf_map_info")
    return MapInfo(
        info.id,
        info.type,
        _text(info.name),
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
    with owned(lib.bpf_btf_get_fd_by_id(btf_id), "bpf_btf_get_fd_by_id", f"BTF {btf_id}") as fd:
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
    result = lib.bpf_prog_get_fd_by_id(number)
    return owned(result, "bpf_prog_get_fd_by_id", f"program {number}")


def map_by_id(number: int) -> Fd:
    return owned(lib.bpf_map_get_fd_by_id(number), "bpf_map_get_fd_by_id", f"map {number}")


def map_ids() -> Iterator[int]:
    """The ids of all maps; needs CAP_SYS_ADMIN."""
    at = ffi.new("uint32_t *", 0)
    while (result := lib.bpf_map_get_next_id(at[0], at)) == 0:
        yield at[0]
    if result != -errno.ENOENT:
        check(result, "bpf_map_get_next_id", "the maps can't be listed")


def version() -> str:
    """libbpf's."""
    return f"{lib.libbpf_major_version()}.{lib.libbpf_minor_version()}"


def possible_cpus() -> int:
    result = lib.libbpf_num_possible_cpus()
    return check(result, "libbpf_num_possible_cpus", "the possible CPUs can't be counted")


def setns(fd: int, kind: int) -> None:
    """Move the calling thread, and it alone, into a namespace."""
    if lib.setns(fd, kind) < 0:
        number = ffi.errno
        if number == errno.EPERM:
            message = "entering a network namespace needs CAP_SYS_ADMIN"
            raise MissingCapability("CAP_SYS_ADMIN", message, call="setns")
        raise KernelError(number, "the network namespace can't be entered", call="setns")
