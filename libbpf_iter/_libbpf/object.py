"""Object files in libbpf: open, adjust, load."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from .._extension import ffi, lib
from ..errors import KernelError, ObjectError
from ..immutable import Immutable
from ..typed import Any
from .calls import check, failure, logged, text
from .fd import Fd
from .loading import need_descriptors, refusal

# include/uapi/linux/bpf.h
_PERCPU_ARRAY, _TASK_STORAGE = 6, 29


class Loaded(Immutable):
    """What remains of an object once it is loaded: its program, and the maps that were created."""

    program: Fd
    maps: dict[str, Fd]


class Object:
    """An open object file; a context manager, which frees libbpf's memory."""

    def __init__(self, data: bytes, name: str, kernel_types: bytes | None = None) -> None:
        """``kernel_types``: the part of the kernel's BTF that its relocations need; None for all of it."""
        path = ffi.NULL
        self._types = None
        # libbpf accepts only a path. Without /proc there is none, and it searches all types, which is slower.
        if kernel_types is not None and os.path.exists("/proc/self/fd"):
            self._types = Fd(os.memfd_create, "kernel_types")
            os.write(self._types.number, kernel_types)
            path = f"/proc/self/fd/{self._types.number}".encode()
        self._owner = ffi.gc(ffi.new("struct bpf_object **"), lib.lbi_object_close)
        with logged() as log:
            result = lib.lbi_object_open(self._owner, data, len(data), name.encode()[:15], path)
        if result in (-errno.EMFILE, -errno.ENFILE):
            # Since libbpf 1.4, an open object has a descriptor for each of its maps.
            raise failure(-result, "bpf_object__open", f"{name} can't be opened", log())
        if result < 0:
            raise ObjectError(f"{name} isn't a BPF object: {os.strerror(-result)}\n{log()}".strip())
        self.name = name

    def __enter__(self) -> Object:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        lib.lbi_object_close(self._owner)
        if self._types is not None:
            self._types.close()

    @property
    def _object(self) -> Any:
        return self._owner[0]

    def _programs(self) -> Iterator[Any]:
        program = lib.bpf_object__next_program(self._object, ffi.NULL)
        while program != ffi.NULL:
            yield program
            program = lib.bpf_object__next_program(self._object, program)

    def _maps(self) -> Iterator[tuple[str, Any]]:
        map_ = lib.bpf_object__next_map(self._object, ffi.NULL)
        while map_ != ffi.NULL:
            yield text(lib.bpf_map__name(map_)), map_
            map_ = lib.bpf_object__next_map(self._object, map_)

    def set_value_size(self, name: str, size: int) -> None:
        for map_name, map_ in self._maps():
            if map_name == name:
                check(lib.bpf_map__set_value_size(map_, size), "bpf_map__set_value_size", name)

    def use_per_cpu_scratch(self) -> None:
        """Turn task storage into per-CPU arrays: progs/emit.h, SCRATCH()."""
        for name, map_ in self._maps():
            if lib.bpf_map__type(map_) == _TASK_STORAGE:
                check(lib.bpf_map__set_type(map_, _PERCPU_ARRAY), "bpf_map__set_type", name)
                check(lib.bpf_map__set_map_flags(map_, 0), "bpf_map__set_map_flags", name)
                check(lib.bpf_map__set_max_entries(map_, 1), "bpf_map__set_max_entries", name)

    def use_map(self, name: str, map_: Fd) -> None:
        """Use an existing map instead of creating the one of that name."""
        for map_name, own in self._maps():
            if map_name == name:
                check(lib.bpf_map__reuse_fd(own, map_.number), "bpf_map__reuse_fd", name)

    def load(self, program_name: str, *, sleepable: bool, without_maps: frozenset[str]) -> Loaded:
        """Load one program, and create all maps but ``without_maps``."""
        need_descriptors()
        chosen = None
        for program in self._programs():
            name = text(lib.bpf_program__name(program))
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
        with logged() as log:
            result = lib.lbi_object_load(self._object)
        if result < 0:
            raise self._load_failure(-result, program_name, log())
        maps = {}
        for name, map_ in self._maps():
            # Since libbpf 1.4, a map that isn't created has a descriptor too, of a placeholder.
            if lib.bpf_map__autocreate(map_):
                maps[name] = Fd(os.dup, lib.bpf_map__fd(map_))
        return Loaded(Fd(os.dup, lib.bpf_program__fd(chosen)), maps)

    def instructions(self, program_name: str) -> bytes:
        """A program's instructions; after an attempt to load it, with those of its subprograms appended."""
        for program in self._programs():
            if text(lib.bpf_program__name(program)) == program_name:
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
