"""What lies beside a pin that others may read: the types of its records. Imports load, link and parameters.

Who may read the file of a pin reads its records; the program's BTF, which says what they are, only the
privileged may ask for. So the BTF is put into a map, and an iterator over that is pinned beside the
other one as PATH_types, with the same mode: open(2) and read(2) are enough for it, too.
"""

from __future__ import annotations

import mmap
import os
import struct
from contextlib import ExitStack, suppress

from . import _libbpf, parameters
from .link import Link
from .load import load_own
from .program import SEQ, Program, Query

__all__ = ["publish", "published", "withdraw"]

_SUFFIX = "_types"
# An element of the map, and what our program for elements puts before it: a CPU, here none, and the key.
_PART = 4096
_ELEMENT = struct.Struct(f"=II{_PART}s")
_LENGTH = struct.Struct("=I")


def publish(path: str, mode: int, program: Program) -> None:
    """Let whoever may read the pin at ``path`` know what its records are."""
    data = program.target.encode() + b"\0" + program.btf
    data = _LENGTH.pack(len(data)) + data
    parts = -(-len(data) // _PART)
    with ExitStack() as closed:
        map_ = closed.enter_context(_libbpf.create_array("types", _PART, parts))
        with mmap.mmap(map_.number, parts * _PART) as memory:
            memory[: len(data)] = data
        given = parameters.bpf_map(map_)
        closed.callback(given.held.close)
        elements = load_own("bpf_map_elem", Query(), given.types, SEQ)
        closed.callback(elements.close)
        link = Link(elements, given.info, given.expected)
        closed.callback(link.close)
        link.pin(path + _SUFFIX, mode)


def published(path: str) -> tuple[str, bytes] | None:
    """The target and the BTF of a pin; None where its owner left no types that we may read."""
    try:
        if os.stat(path + _SUFFIX).st_uid != os.stat(path).st_uid:
            return None  # somebody else's word for it
        with open(path + _SUFFIX, "rb", buffering=0) as file:
            read = b"".join(iter(lambda: os.read(file.fileno(), 1 << 16), b""))
    except (FileNotFoundError, PermissionError):
        return None
    data = b"".join(part for _, _, part in _ELEMENT.iter_unpack(read))
    (length,) = _LENGTH.unpack_from(data)
    target, _, btf = data[_LENGTH.size : _LENGTH.size + length].partition(b"\0")
    return target.decode(), btf


def withdraw(path: str) -> None:
    """Take back what :func:`publish` gave, if anything."""
    with suppress(FileNotFoundError):
        os.unlink(path + _SUFFIX)
