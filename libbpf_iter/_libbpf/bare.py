"""Programs, maps and BTF that don't come from an object file."""

from __future__ import annotations

import errno

from .._extension import ffi, lib
from .calls import check, checked, failure, text
from .fd import Fd
from .loading import need_descriptors, refusal
from .token import by_token

_ARRAY = 2  # include/uapi/linux/bpf.h, enum bpf_map_type
_LOG_SIZE = 1 << 20


def load_btf(data: bytes) -> Fd:
    log = ffi.new("char[]", 1 << 16)
    types = by_token(
        lambda: Fd(lib.lbi_btf_load, data, len(data), log, len(log)),
        lambda token: Fd(lib.lbi_token_btf_load, token.number, data, len(data)),
    )
    return checked(types, "bpf_btf_load", "the record's types can't be loaded", text(log))


def load_iterator(code: bytes, name: str, attach_btf_id: int, btf: Fd, function: int) -> Fd:
    """Load an iterator program from instructions; ``function`` is the id of its FUNC in ``btf``."""
    need_descriptors()
    program = ffi.new("struct lbi_program *")
    parts = (
        ffi.new("char[]", name.encode()[:15]),
        ffi.new("char[]", b"Dual BSD/GPL"),
        ffi.from_buffer(code),
        ffi.new("uint32_t[]", [0, function]),
    )
    program.type, program.attach_type = lib.BPF_PROG_TYPE_TRACING, lib.BPF_TRACE_ITER
    program.name, program.license, program.instructions, program.functions = parts
    program.instruction_count = len(code) // 8
    program.attach_btf_id, program.btf_fd = attach_btf_id, btf.number
    program.function_count, program.function_size = 1, 8

    def load() -> Fd:
        return by_token(
            lambda: Fd(lib.lbi_program_load, program),
            lambda token: Fd(lib.lbi_token_program_load, token.number, program),
        )

    loaded = load()
    if loaded.error not in (0, errno.EPERM):
        # Load it again with a log, which would have slowed down every load that succeeds.
        log = ffi.new("char[]", _LOG_SIZE)
        program.log, program.log_size, program.log_level = log, _LOG_SIZE, 1
        loaded = load()
        if loaded.error:
            raise refusal(loaded.error, name, "bpf_prog_load", text(log))
    return checked(loaded, "bpf_object__load", f"program {name!r} can't be loaded")


def run_program(program: Fd) -> None:
    """Run a SEC("syscall") program once, without a context and without holding the GIL."""
    result = ffi.new("uint32_t *")
    what = "the walk failed"
    check(lib.lbi_program_run(program.number, ffi.NULL, 0, result), "bpf_prog_test_run", what)
    if result[0]:
        # The program returns an int, which is negative for an errno.
        number = -int(ffi.cast("int32_t", result[0]))
        raise failure(number, "bpf_prog_test_run", what)


def create_array(name: str, value_size: int, entries: int = 1) -> Fd:
    """Create an array map that can be mapped into memory."""
    need_descriptors()
    what = _ARRAY, name.encode()[:15], 4, value_size, entries, lib.BPF_F_MMAPABLE
    map_ = by_token(
        lambda: Fd(lib.lbi_map_create, *what, 0, 0, 0),
        lambda token: Fd(lib.lbi_token_map_create, token.number, *what),
    )
    return checked(map_, "bpf_map_create", f"map {name!r} can't be created")
