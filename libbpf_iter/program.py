"""From an object file to a program in the kernel, and the schema of its records.

Imports _libbpf, kernel, schema and errors.
"""

from __future__ import annotations

import errno
import os
import re
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
    UnsupportedEngine,
    UnsupportedTarget,
    VerifierError,
)
from .immutable import Immutable
from .params import Params
from .query.compile import RECORD as QUERY_RECORD
from .query.compile import Asked, Compiled, Packed, ask, fits, packed, plain_columns, slot, whole_program
from .query.scope import Scope, objects_of
from .query.tree import CType, Member, Node
from .query.tree import Object as Pointing
from .relocate import roots
from .rewrite import Elf
from .schema import Schema, kind_of, layout, record_struct

Columns = Iterable[str] | Mapping[str, str] | None

_PROGRAMS = Path(__file__).parent / "programs"
SNAPSHOT_MAP = "snapshot_map"
WALKED_MAP = "walked_map"
SNAPSHOT_HEADER = 16  # progs/emit.h, struct snapshot: used, dropped

# include/uapi/linux/bpf.h
PER_CPU_MAPS = frozenset({5, 6, 10, 21})


class MapTypes(Immutable):
    """A map that is open as long as its owner holds it: sizes, and how its key and value decode."""

    map: Fd
    info: MapInfo
    btf: Btf | None
    key: tuple[kinds.Kind, str]
    value: tuple[kinds.Kind, str]

    @property
    def ctypes(self) -> dict[str, CType]:
        """The C types of "key" and "value", as far as the map has BTF that says them."""
        found = {}
        for name, type_id in (("key", self.info.key_type_id), ("value", self.info.value_type_id)):
            if self.btf is not None and type_id:
                found[name] = CType(self.btf, type_id)
        return found

    @property
    def per_cpu(self) -> bool:
        return self.info.type in PER_CPU_MAPS


class Output(Immutable):
    """Where records go: into the iterator's file, or into a map of ``size`` bytes.

    With ``runs`` the object's walk_TARGET() fills it, which is no iterator.
    """

    size: int = 0
    runs: bool = False


SEQ = Output()


class Query(Immutable):
    """What a user asks of a program: columns by name or as expressions, and which objects.

    ``params`` are the constants in it that are bound from outside.
    """

    columns: Columns = None
    where: str | None = None
    params: Params | None = None


class Program(Immutable):
    """A program in the kernel: its descriptor, its records, and its output map if it has one."""

    fd: Fd
    target: str
    schema: Schema
    snapshot: Fd | None = None
    output: Output = SEQ
    # Where records say which object of the walk they are, whether or not that column was asked for.
    seq_num_offset: int | None = None
    # What a query was compiled to, and where its trees are; None where none was.
    asked: Asked | None = None
    compiled: Compiled | None = None

    def close(self) -> None:
        self.fd.close()
        if self.snapshot is not None:
            self.snapshot.close()


def packaged(target: str) -> bytes:
    """The object file of a target's own program."""
    return (_PROGRAMS / f"{target}.bpf.o").read_bytes()


def include_dir() -> Path:
    """Where emit.h and record.h are: what a program needs to be typed, and to take queries."""
    return Path(__file__).parent / "include"


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
    return MapTypes(map_, info, btf, key, kind(info.value_type_id, info.value_size))


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
    query: Query | None = None,
    types: MapTypes | None = None,
    output: Output = SEQ,
    text: bool = False,
) -> Program:
    """Load one program of an object file with what it is to compute.

    With ``text`` it prints lines, and no record is looked for.
    """
    query = query or Query()
    with Object(data, name) as obj:
        chosen, target, _ = _choose(obj, program)
        btf = obj.btf()
        whole = Schema("Line", 1, False, ()) if text else full_schema(btf, record, types)
    fitted = _fit(data, target, whole, query, types, record, output)
    data, schema, used, compiled = fitted.data, fitted.schema, fitted.used, fitted.compiled
    if output.runs:
        _check_runs(whole, used, fitted.asked)
        chosen = f"walk_{target}"
    known = constants(btf)
    needed = roots(data)
    kernel_types = kernel.types_of(needed) if needed is not None else None
    with Object(data, name, kernel_types) as obj:
        values = _values(known, used, types)
        values |= {"snapshot_size": output.size, "query_used": compiled is not None}
        values["query_size"] = compiled.size if compiled else 0
        values["packed_size"] = fitted.packed_size
        obj.set_constants(_bytes(known, values))
        if output.size:
            obj.set_value_size(SNAPSHOT_MAP, SNAPSHOT_HEADER + output.size)
        unused = {SNAPSHOT_MAP} if not output.size else set()
        if output.runs and types is not None:
            obj.use_map(WALKED_MAP, types.map)
        else:
            unused.add(WALKED_MAP)
        if output.size or not values["query_size"]:
            unused.add("query_scratch")
        unused |= {
            f"{constant.removeprefix('want_')}_scratch"
            for constant in known
            if constant.startswith("want_") and not values[constant]
        }
        sleepable = not output.runs and any(f.user_memory for f in whole.fields if f.name in used)
        try:
            loaded = obj.load(chosen, sleepable=sleepable, without_maps=frozenset(unused))
        except VerifierError as error:
            raise _blame(error, compiled, obj.instructions(chosen)) from error
        except KernelError as error:
            raise explain(error, target) from error
    snapshot = loaded.maps.pop(SNAPSHOT_MAP, None)
    # The program holds its other maps by itself.
    for map_ in loaded.maps.values():
        map_.close()
    seq_num = next((f.offset for f in schema.fields if f.name == "seq_num"), None)
    if not compiled or not compiled.size:
        seq_num = next((f.offset for f in whole.fields if f.name == "seq_num"), None)
    return Program(loaded.program, target, schema, snapshot, output, seq_num, fitted.asked, compiled)


class _Fitted(Immutable):
    """An object file that a query has been put into, and what its records are then."""

    data: bytes
    schema: Schema
    used: set[str]  # the columns that have to be computed
    asked: Asked | None = None
    compiled: Compiled | None = None
    packed_size: int = 0


def _fit(
    data: bytes,
    target: str,
    whole: Schema,
    query: Query,
    types: MapTypes | None,
    record: str | None,
    output: Output,
) -> _Fitted:
    plain = is_plain(query, whole)
    schema = whole.select(query.columns if plain else None)
    used = {field.name for field in schema.fields}
    if plain and query.columns is None:
        return _Fitted(data, schema, used)
    elf = Elf(data)
    types_of_object = Btf(elf.section(".BTF"))
    asked = compiled = None
    new: Compiled | Packed | None = None
    places: dict[str, int] = {}
    if not plain:
        asked = ask(scope(target, query, whole, types), query.columns, query.where)
        # As the compiler wrote it: libbpf's own copy has been made ready for loading.
        compiled = slot(asked, types_of_object, record, whole, query.params)
        elf.replace_function("query_slot", compiled.code)
        if compiled.size:
            new, used = compiled, set(asked.used)
        else:
            used |= set(asked.used)
    elif elf.labels(COLUMN_LABEL) and (alone := packed(schema.fields, types_of_object, record)):
        new, places = alone, alone.places
    if new is not None:
        elf.replace_section(".BTF", new.btf)
        schema = _schema_of(new.btf, whole)
    # A pin's readers know of no choice: there the record is whole, or says what of it there is.
    if query.columns is not None and (new or output.size):
        _place_columns(elf, whole, used, places)
    packed_size = new.size if isinstance(new, Packed) else 0
    return _Fitted(elf.finish(), schema, used, asked, compiled, packed_size)


def _check_runs(whole: Schema, used: set[str], asked: Asked | None) -> None:
    """A walk outside of an iterator has no file to describe, and only an iterator may look up paths."""
    if asked is not None and "meta" in asked.objects:
        raise UnsupportedEngine("engine", "meta is the iterator's: a snapshot in one run has none")
    spans = [f.name for f in whole.fields if f.name in used and isinstance(f.kind, kinds.Span)]
    if spans:
        message = f"{', '.join(spans)} can only be computed by an iterator"
        raise UnsupportedEngine("engine", message)


# progs/emit.h
_NOWHERE = 0xFFFF
COLUMN_LABEL = "column_"
_CASTS_TO = "cast_to_"  # progs/plain.h


def _place_columns(elf: Elf, whole: Schema, used: set[str], packed: Mapping[str, int]) -> None:
    """progs/emit.h, COLUMN_PLACE(): where each column goes, or that it isn't computed."""
    labels = elf.labels(COLUMN_LABEL)
    for field in whole.fields:
        place = packed.get(field.name, field.offset) if field.name in used else _NOWHERE
        for at in labels.get(str(field.offset), ()):
            elf.set_immediate(at, place)


def _values(known: Mapping[str, tuple[int, int]], used: set[str], types: MapTypes | None) -> dict[str, int]:
    """What the library knows better than the compiler did: progs/record.h."""
    values: dict[str, int] = {"host_page_size": kernel.page_size(), "host_tick_ns": kernel.tick_ns()}
    if any(name.startswith(_CASTS_TO) for name in known):
        casts = kernel.btf().get("bpf_rdonly_cast", BtfKind.FUNC) is not None
        for name in known:
            if name.startswith(_CASTS_TO) and casts:
                found = kernel.btf().get(name.removeprefix(_CASTS_TO), BtfKind.STRUCT)
                values[name] = found or 0
    if "host_cpus" in known:
        values["host_cpus"] = _libbpf.possible_cpus()
    if "host_nodes" in known:
        values["host_nodes"] = kernel.possible_nodes()
    if types is not None:
        values["map_key_size"] = types.info.key_size
        values["map_value_size"] = types.info.value_size
        values["map_per_cpu"] = types.per_cpu
    for constant in known:
        if constant.startswith("want_"):
            values[constant] = constant.removeprefix("want_") in used
    return values


# ---- queries ----------------------------------------------------------------


def is_plain(query: Query, whole: Schema) -> bool:
    """Whether the record's own columns are all that is asked for: then nothing needs compiling."""
    if query.where is not None:
        return False
    if query.columns is None or isinstance(query.columns, str):
        return True
    if isinstance(query.columns, Mapping):
        return False
    names = {field.name for field in whole.fields}
    return names.issuperset(query.columns)


def scope(target: str, query: Query, whole: Schema | None, types: MapTypes | None) -> Scope:
    """What the names of a query mean for a target."""
    btf = kernel.btf()
    context = btf.get(f"bpf_iter__{target}", BtfKind.STRUCT)
    if context is None:
        message = f"this kernel has no iterator over {target!r} (Linux {kernel.release()})"
        raise UnsupportedTarget(target, message)
    objects: dict[str, Node] = {}
    missing: dict[str, str] = {}
    if types is not None:
        missing = dict.fromkeys(("key", "value"), "the map has no BTF that says what it is")
        if types.per_cpu:
            missing["value"] = "a per-CPU map has several; a query can't choose"
        for name, ctype in types.ctypes.items():
            if not (name == "value" and types.per_cpu):
                pointer = Pointing(name, ctype)
                objects[name] = Member(pointer, 0, ctype, None, name)
        if whole is not None:
            whole = whole.with_fields(f for f in whole.fields if f.name not in ("key", "value"))
    params = query.params.names if query.params else ()
    return Scope(btf, objects_of(btf, context) | objects, record=whole, params=params, missing=missing)


def _schema_of(btf: bytes, whole: Schema) -> Schema:
    """Of what leaves instead of the record."""
    types = Btf(btf)
    schema = layout(types, types.find(QUERY_RECORD, BtfKind.STRUCT))
    return Schema(whole.name, schema.size, schema.framed, schema.fields)


# These walks lose objects, or double one, when they are read plainly: only our programs are ready for it.
_NEED_A_SLOT = frozenset({"cgroup", "ksym", "unix"})


def load_own(target: str, query: Query, types: MapTypes | None, output: Output) -> Program:
    """The package's program of a target; or, where a query needs no column of it, one that is compiled whole.

    That one is in the kernel in a tenth of the time: it needs no relocation.
    """
    data = packaged(target)
    if query != Query() and types is None and target not in _NEED_A_SLOT and not output.size:
        whole = object_schema(data, target)
        if not is_plain(query, whole):
            asked = ask(scope(target, query, whole, types), query.columns, query.where)
            if asked.columns is not None and not asked.used and fits(asked):
                return load_asked(target, asked, query)
    return load(data, target, query=query, types=types, output=output)


def load_query(target: str, query: Query) -> Program:
    """A query without a program of ours: the compiler writes all of it."""
    names = scope(target, query, None, None)
    columns = plain_columns(names) if query.columns is None else query.columns
    return load_asked(target, ask(names, columns, query.where), query)


def load_asked(target: str, asked: Asked, query: Query) -> Program:
    btf = kernel.btf()
    function = btf.get(f"bpf_iter_{target}", BtfKind.FUNC)
    context = btf.find(f"bpf_iter__{target}", BtfKind.STRUCT)
    if function is None:
        message = f"this kernel has no iterator over {target!r} (Linux {kernel.release()})"
        raise UnsupportedTarget(target, message)
    compiled = whole_program(asked, btf, context, query.params)
    own = Btf(compiled.btf)
    schema = layout(own, own.find(QUERY_RECORD, BtfKind.STRUCT))
    with _libbpf.load_btf(compiled.btf) as types:
        try:
            fd = _libbpf.load_iterator(compiled.code, "query", function, types, compiled.function)
        except VerifierError as error:
            raise _blame(error, compiled, compiled.code) from error
    name = "".join(word.capitalize() for word in target.split("_"))
    schema = Schema(name, schema.size, schema.framed, schema.fields)
    return Program(fd, target, schema, None, SEQ, None, asked, compiled)


def _blame(error: VerifierError, compiled: Compiled | None, code: bytes) -> VerifierError:
    """Which part of a query the verifier refused: the last instruction in its log says."""
    if compiled is None:
        return error
    start = code.find(compiled.code)
    slots = [int(m.group(1)) for m in re.finditer(r"^(\d+): \(", error.log, re.MULTILINE)]
    if slots and start >= 0 and slots[-1] >= start // 8:
        note = compiled.note_of(slots[-1] - start // 8)
    elif not slots and "kernel symbol" in error.log:
        # Before it follows instructions it looks up what they name.
        note = compiled.note_of_variable()
    else:
        return error
    message = f"{note}: {error.strerror}"
    return VerifierError(error.program, message, errno=error.errno, call=error.call, log=error.log)


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
