"""The types of a pin's records, for readers without privileges. Imports load, link and parameters.

Whoever may read a pin gets its records. What these are is in the BTF of its program, and of the map that it
walks, if any, but only privileged processes may ask the kernel for that. So the BTF is put into a map, and an
iterator over that map is pinned beside the pin, as PATH_types and with the same mode: it takes open(2) and
read(2), and nothing else.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice

from . import _libbpf, kernel, parameters
from ._libbpf import Fd, MapInfo, Pin
from .btf import Btf
from .errors import ObjectError, SchemaError
from .immutable import Immutable
from .link import Link
from .load import load_own
from .maps import ElementTypes, element_types
from .program import SEQ, Program, Query

__all__ = ["Published", "beside", "inode", "publish", "published", "remove", "withdraw"]

_SUFFIX = "_types"
# The record of an element of that map: a CPU, which is none here, the key, and the element.
_PART = 4096
_ELEMENT = struct.Struct(f"=II{_PART}s")
_LENGTH = struct.Struct("=I")
# Enough for the 16 MiB of BTF that the kernel accepts at most (include/uapi/linux/btf.h, BTF_MAX_SIZE).
_READS_MOST = 4096
_MAP_INFO = struct.Struct("=II16s6I")  # the parts of a MapInfo, in order


class Published(Immutable):
    """What a pin's owner says about its records."""

    target: str
    btf: bytes  # of its program
    types: ElementTypes | None  # of the map that it walks
    inode: int  # of the file that says so


def beside(path: str) -> Pin:
    """The pin that says what the records of the pin at ``path`` are."""
    return Pin(path + _SUFFIX)


def publish(pin: Pin, mode: int, program: Program, types: ElementTypes | None) -> None:
    """Tell those who may read a pin what its records are; ``types`` are those of the map that it walks."""
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
    """What is said beside a pin; None if its owner left nothing there that we may read."""
    try:
        # Non-blocking, in case it is a FIFO.
        file = Fd(os.open, path + _SUFFIX, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, PermissionError):
        return None
    with file:
        status = os.fstat(file.number)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.stat(path).st_uid:
            return None  # not by the pin's owner
        read = b"".join(islice(iter(lambda: os.read(file.number, 1 << 16), b""), _READS_MOST))
    try:
        target, btf, *of_map = _parts(b"".join(part for _, _, part in _ELEMENT.iter_unpack(read)))
        types = _types(*of_map) if of_map else None
        return Published(target.decode(), btf, types, status.st_ino)
    except (struct.error, TypeError, ValueError) as error:
        raise SchemaError(f"{path}{_SUFFIX} doesn't say what the records of {path} are") from error


def inode(path: str) -> int:
    """The inode of the file beside a pin, which changes whenever the file does; 0 if there is none."""
    try:
        return os.stat(path + _SUFFIX).st_ino
    except (FileNotFoundError, PermissionError):
        return 0


def _parts(data: bytes) -> Iterator[bytes]:
    """The parts that publish() put one after the other; zeroes fill the rest of the last element."""
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
    """Remove what :func:`publish` put beside a pin, if anything."""
    with suppress(FileNotFoundError):
        os.unlink(path + _SUFFIX)


def remove(path: str) -> None:
    """Remove a pin, after its types, so that one can try again if this is interrupted."""
    if not kernel.in_bpffs(path):
        raise ObjectError(f"{path} isn't a pin: a path in a mounted bpffs is expected")
    withdraw(path)
    os.unlink(path)
