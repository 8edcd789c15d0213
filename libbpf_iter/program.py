"""From an object file to a program in the kernel, and the schema of its records.

Imports _libbpf, kernel, schema and errors.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import _libbpf, kernel, kinds
from ._libbpf import Fd, MapInfo, Object
from .btf import Btf
from .btf import types as bt
from .btf.types import Kind as BtfKind
from .elf import check_elf
from .errors import (
    BtfError,
    KernelError,
    ObjectError,
    ParameterError,
    SchemaError,
    UnsupportedTarget,
)
from .immutable import Immutable
from .schema import Schema, kind_of, layout, record_struct

_PROGRAMS = Path(__file__).parent / "programs"
SNAPSHOT_MAP = "snapshot_map"
SNAPSHOT_HEADER = 16  # progs/emit.h, struct snapshot: used, dropped

# include/uapi/linux/bpf.h
PER_CPU_MAPS = frozenset({5, 6, 10, 21})


class MapTypes(Immutable):
    """What a map holds: sizes, and how its key and value decode."""

    info: MapInfo
    key: tuple[kinds.Kind, str]
    value: tuple[kinds.Kind, str]

    @property
    def per_cpu(self) -> bool:
        return self.info.type in PER_CPU_MAPS


class Program(Immutable):
    """A program in the kernel: its descriptor, its records, and its output map if it has one."""

    fd: Fd
    target: str
    schema: Schema
    snapshot: Fd | None = None
    snapshot_size: int = 0
    # Where records say which object of the walk they are, whether or not that column was asked for.
    seq_num_offset: int | None = None

    def close(self) -> None:
        self.fd.close()
        if self.snapshot is not None:
            self.snapshot.close()


def packaged(target: str) -> bytes:
    """The object file of a target's own program."""
    return (_PROGRAMS / f"{target}.bpf.o").read_bytes()


def packaged_targets() -> list[str]:
    names = (path.name for path in _PROGRAMS.iterdir())
    return sorted(name.removesuffix(".bpf.o") for name in names if name.endswith(".bpf.o"))


def constants(btf: Btf) -> dict[str, tuple[int, int]]:
    """The variables of .rodata: offset and size by name."""
    section = btf.get(".rodata", BtfKind.DATASEC)
    if section is None:
        return {}
    node = btf[section]
    if not isinstance(node, bt.DataSec):
        return {}
    return {btf[type_id].name: (offset, size) for type_id, offset, size in node.variables}


def full_schema(btf: Btf, record: str | None, types: MapTypes | None = None) -> Schema:
    """The schema of an object's or a program's records, dear columns included."""
    dear = frozenset(n.removeprefix("want_") for n in constants(btf) if n.startswith("want_"))
    map_kinds = {"key": types.key, "value": types.value} if types else None
    try:
        return layout(btf, record_struct(btf, record), dear=dear, map_kinds=map_kinds)
    except BtfError as error:
        raise SchemaError(str(error)) from error


def map_types(map_: Fd) -> MapTypes:
    """How a map's keys and values decode: by its BTF, or as bytes where it has none."""
    info = _libbpf.map_info(map_)
    btf = None
    if info.btf_id:
        # A map of kernel types (struct_ops) refers to the kernel's BTF, which has an id, too.
        btf = Btf(_libbpf.btf_by_id(info.btf_id))

    def kind(type_id: int, size: int) -> tuple[kinds.Kind, str]:
        if btf is None or not type_id:
            return kinds.Bytes(size), f"__u8[{size}]"
        found = kind_of(btf, type_id)
        if found.size != size:
            return kinds.Bytes(size), f"__u8[{size}]"
        return found, btf.c_name(type_id)

    key = kind(info.key_type_id, info.key_size)
    return MapTypes(info, key, kind(info.value_type_id, info.value_size))


def _choose(obj: Object, name: str | None) -> tuple[str, str, bool]:
    """A program's name, its target, and whether its section says that it sleeps."""
    found = [
        (program, section.partition("/")[2], section.startswith("iter.s/"))
        for program, section in obj.programs()
        if section.startswith(("iter/", "iter.s/"))
    ]
    chosen = [entry for entry in found if name in (None, entry[0])]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(program for program, _, _ in found) or "none"
    if name is not None:
        raise ParameterError("program", f"{obj.name} has no iterator program {name!r}, but {names}")
    if not found:
        raise ObjectError(f"{obj.name} has no iterator program: no section is named iter/TARGET")
    raise ParameterError("program", f"{obj.name} has several, name one: {names}")


def read_object(path: str | os.PathLike[str]) -> tuple[bytes, str]:
    """An object file's bytes, once they are seen to be one, and a name for it."""
    file = Path(path)
    data = file.read_bytes()
    check_elf(data, file.name)
    return data, file.name.partition(".")[0]


def iterators_in(data: bytes, name: str, program: str | None) -> tuple[str, str, bool]:
    """The iterator program of an object: its name, its target, and whether it says what its records are."""
    with Object(data, name) as obj:
        chosen, target, _ = _choose(obj, program)
        return chosen, target, obj.btf().get("record_type", BtfKind.VAR) is not None


def object_schema(data: bytes, name: str) -> Schema:
    """The record's schema of an object file, dear columns included; the kernel isn't asked."""
    with Object(data, name) as obj:
        return full_schema(obj.btf(), None)


def load(
    data: bytes,
    name: str,
    *,
    program: str | None = None,
    record: str | None = None,
    columns: Iterable[str] | None = None,
    types: MapTypes | None = None,
    snapshot_size: int = 0,
    text: bool = False,
) -> Program:
    """Load one program of an object file with what it is to compute.

    With ``snapshot_size`` its records go into a map of that many bytes. With
    ``text`` it prints lines, and no record is looked for.
    """
    with Object(data, name) as obj:
        chosen, target, _ = _choose(obj, program)
        btf = obj.btf()
        if text:
            schema, seq_num = Schema("Line", 1, False, ()), None
        else:
            whole = full_schema(btf, record, types)
            schema = whole.select(columns)
            seq_num = next((f.offset for f in whole.fields if f.name == "seq_num"), None)
        asked = {field.name for field in schema.fields}
        values: dict[str, int] = {
            "host_page_size": kernel.page_size(),
            "host_tick_ns": kernel.tick_ns(),
            "snapshot_size": snapshot_size,
        }
        known = constants(btf)
        if "host_cpus" in known:
            values["host_cpus"] = _libbpf.possible_cpus()
        if types is not None:
            values["map_key_size"] = types.info.key_size
            values["map_value_size"] = types.info.value_size
            values["map_per_cpu"] = types.per_cpu
        for constant in known:
            if constant.startswith("want_"):
                values[constant] = constant.removeprefix("want_") in asked
        obj.set_constants(_bytes(known, values))
        if snapshot_size:
            obj.set_value_size(SNAPSHOT_MAP, SNAPSHOT_HEADER + snapshot_size)
        unused = {SNAPSHOT_MAP} if not snapshot_size else set()
        unused |= {
            f"{constant.removeprefix('want_')}_scratch"
            for constant in known
            if constant.startswith("want_") and not values[constant]
        }
        sleepable = any(field.user_memory for field in schema.fields)
        try:
            loaded = obj.load(chosen, sleepable=sleepable, without_maps=frozenset(unused))
        except KernelError as error:
            raise explain(error, target) from error
    output = loaded.maps.pop(SNAPSHOT_MAP, None)
    # The program holds its other maps by itself.
    for map_ in loaded.maps.values():
        map_.close()
    return Program(loaded.program, target, schema, output, snapshot_size, seq_num)


def _bytes(known: Mapping[str, tuple[int, int]], values: Mapping[str, int]) -> dict[tuple[int, int], bytes]:
    return {
        known[name]: value.to_bytes(known[name][1], sys.byteorder)
        for name, value in values.items()
        if name in known
    }


def explain(error: KernelError, target: str) -> KernelError:
    """Why a load failed, where the reason is that the kernel has no such target."""
    if error.errno in (errno.ESRCH, errno.EINVAL, errno.ENOENT) and target not in kernel.targets():
        message = f"this kernel has no iterator over {target!r} (Linux {kernel.release()})"
        return UnsupportedTarget(target, message, call=error.call, log=error.log)
    return error
