"""What lies beside a pin that others may read: the types of its records. Imports load, link and parameters.

Who may read the file of a pin reads its records. What these are is in the BTF of its program, and of the map
that it walks, if any, which only the privileged may ask for. So both are put into a map, and an iterator over
that is pinned beside the other one as PATH_types, with the same mode: open(2) and read(2) are enough for it.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice

from . import _libbpf, parameters
from ._libbpf import Fd, MapInfo, Pin
from .btf import Btf
from .errors import SchemaError
from .immutable import Immutable
from .link import Link
from .load import load_own
from .maps import ElementTypes, element_types
from .program import SEQ, Program, Query

__all__ = ["Published", "beside", "inode", "publish", "published", "remove", "withdraw"]

_SUFFIX = "_types"
# An element of the map, and what our program for elements puts before it: a CPU, here none, and the key.
_PART = 4096
_ELEMENT = struct.Struct(f"=II{_PART}s")
_LENGTH = struct.Struct("=I")
# Of half a buffer at least: the kernel takes types of up to 16 MiB (include/uapi/linux/btf.h, BTF_MAX_SIZE).
_READS_MOST = 4096
_MAP_INFO = struct.Struct("=II16s6I")  # a MapInfo's parts, in their order


class Published(Immutable):
    """What a pin's owner says of its records."""

    target: str
    btf: bytes  # of its program
    types: ElementTypes | None  # of the map that it walks
    inode: int  # of the file that says so


def beside(path: str) -> Pin:
    """The name of what says what the records of the pin at ``path`` are."""
    return Pin(path + _SUFFIX)


def publish(pin: Pin, mode: int, program: Program, types: ElementTypes | None) -> None:
    """Let those who may read a pin know what its records are; ``types``: those of its map."""
    said = [program.target.encode(), program.btf]
    if types is not None:
        number, kind, name, *rest = types.info._values()
        said.append(_MAP_INFO.pack(number, kind, name.encode(), *rest))
        said.append(types.btf.data if types.btf else b"")
    data = b"".join(_LENGTH.pack(len(part)) + part for part in said)
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
        pin.give(link.fd, mode)


def published(path: str) -> Published | None:
    """What lies beside a pin; None where its owner left nothing that we may read."""
    try:
        # Not to wait for what is no file.
        file = Fd(os.open, path + _SUFFIX, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, PermissionError):
        return None
    with file:
        status = os.fstat(file.number)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.stat(path).st_uid:
            return None  # somebody else's word for it
        read = b"".join(islice(iter(lambda: os.read(file.number, 1 << 16), b""), _READS_MOST))
    try:
        target, btf, *of_map = _parts(b"".join(part for _, _, part in _ELEMENT.iter_unpack(read)))
        types = _types(*of_map) if of_map else None
        return Published(target.decode(), btf, types, status.st_ino)
    except (struct.error, TypeError, ValueError) as error:
        raise SchemaError(f"{path}{_SUFFIX} doesn't say what the records of {path} are") from error


def inode(path: str) -> int:
    """That of the file beside a pin, another one whenever it says something else; 0 where there is none."""
    try:
        return os.stat(path + _SUFFIX).st_ino
    except (FileNotFoundError, PermissionError):
        return 0


def _parts(data: bytes) -> Iterator[bytes]:
    """What was put behind each other; the last element of the map is filled up with zeroes."""
    at = 0
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        if not length:
            return
        at += _LENGTH.size
        yield data[at : at + length]
        at += length


def _types(info: bytes, btf: bytes = b"") -> ElementTypes:
    number, kind, name, *rest = _MAP_INFO.unpack(info)
    found = MapInfo(number, kind, name.rstrip(b"\0").decode(), *rest)
    return element_types(found, Btf(btf) if btf else None)


def withdraw(path: str) -> None:
    """Take back what :func:`publish` gave, if anything."""
    with suppress(FileNotFoundError):
        os.unlink(path + _SUFFIX)


def remove(path: str) -> None:
    """Take a pin away; last, so that it can be asked for again where it is interrupted."""
    os.stat(path)
    withdraw(path)
    os.unlink(path)
