"""From an object file to a program in the kernel. Imports _libbpf, kernel, objects and program.

The query compiler is a large part of the package, so it is imported only when there is a query to compile.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Mapping
from types import MappingProxyType

from . import _libbpf, kernel, kinds
from ._libbpf import Fd, Loaded, Object
from .btf import Btf
from .btf.types import Kind as BtfKind
from .errors import KernelError, UnsupportedEngine, UnsupportedQuery, VerifierError
from .immutable import Immutable
from .kfuncs import declared, link
from .maps import MapTypes
from .objects import ALONE, LINES, choose, full_schema, object_schema, packaged, types_of
from .program import SEQ, SNAPSHOT_HEADER, Fitted, Output, Program, Query
from .relocate import roots
from .rewrite import Elf, Place
from .schema import Schema
from .workarounds import faults_panic

_SNAPSHOT_MAP, _WALKED_MAP = "snapshot_map", "walked_map"
_NONE: Mapping[str, int] = MappingProxyType({})
_TASK_STORAGE = "bpf_func_id.BPF_FUNC_task_storage_get"
_CASTS_TO, _CAST = "cast_to_", "bpf_rdonly_cast"  # progs/plain.h


class _Parsed(Immutable):
    """What an object file says by itself."""

    name: str
    elf: Elf
    btf: Btf
    settings: Mapping[str, list[Place]]
    roots: frozenset[tuple[str, int]] | None  # relocate.py
    links: bool  # its calls of the kernel's functions are resolved here, kfuncs.py

    @classmethod
    def of(cls, data: bytes, name: str, links: bool) -> _Parsed:
        elf = Elf(data)
        btf = types_of(elf, name)
        return cls(name, elf, btf, elf.settings(), roots(elf, btf), links)

    def asks_for(self, whole: Schema) -> set[str]:
        """The names that a load looks up in the kernel's BTF, so that one pass finds all of them."""
        names = {name for name, _ in self.roots or ()}
        names |= {field.needs.partition(".")[0] for field in whole.fields if field.needs}
        names |= {name.removeprefix(_CASTS_TO) for name in self.settings if name.startswith(_CASTS_TO)}
        return names | (declared(self.btf) | {_CAST} if self.links else set())


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
    links: bool = False,
) -> Program:
    """Fit a query into one program of an object file, and load it.

    With ``text`` the program prints lines, and no record struct is looked for. With ``links``, for objects
    that call no functions of modules, libbpf needn't search the kernel for those that they call.
    """
    query = query or Query()
    parsed = _Parsed.of(data, name, links)
    chosen, target = choose(parsed.elf, name, program)
    whole = LINES if text else full_schema(parsed.btf, record, types, parsed.settings)
    if names := parsed.asks_for(whole):
        kernel.btf().look_up(names)
    whole = here(whole)
    if query == Query():
        schema = whole.select(None)
        fitted = Fitted(data, schema, schema.names)
    else:
        from .fit import fit

        fitted = fit(data, parsed.btf, target, whole, query, types, record, output)
    if output.runs:
        _check_runs(whole, fitted)
        chosen = f"walk_{target}"
    elif faults_panic():
        _check_alone(fitted, query)
        alone = f"{chosen}{ALONE}"
        chosen = alone if alone in dict(parsed.elf.programs()) else chosen
    if output.size and "snapshot_size" not in parsed.settings:
        raise _no_snapshot(name)
    loaded = _load(parsed, fitted, chosen, target, whole, types, output)
    # A record that is output whole contains seq_num even if that column wasn't asked for.
    numbered = fitted.schema if fitted.btf else whole
    return Program(
        loaded.program,
        target,
        fitted.schema,
        _output_map(loaded, name),
        output,
        next((f.offset for f in numbered.fields if f.name == "seq_num"), None),
        fitted.asked,
        fitted.compiled,
        fitted.btf or parsed.btf.data,
    )


def _output_map(loaded: Loaded, name: str) -> Fd | None:
    """The map that records go into, if any. The others are closed: the program keeps them alive."""
    snapshot = loaded.maps.pop(_SNAPSHOT_MAP, None)
    for map_ in loaded.maps.values():
        map_.close()
    if snapshot and _libbpf.map_info(snapshot).id not in _libbpf.maps_of(loaded.program):
        # The object includes emit.h, but the program calls bpf_seq_write() itself.
        snapshot.close()
        loaded.program.close()
        raise _no_snapshot(name)
    return snapshot


def _no_snapshot(name: str) -> UnsupportedEngine:
    message = f"{name} doesn't output its records with emit.h: only engine='seq' can read them"
    return UnsupportedEngine("engine", message)


def _load(
    parsed: _Parsed,
    fitted: Fitted,
    program: str,
    target: str,
    whole: Schema,
    types: MapTypes | None,
    output: Output,
) -> Loaded:
    kernel_types = kernel.types_of(parsed.roots) if parsed.roots is not None else None
    compiled = fitted.compiled
    values = _values(parsed.settings, fitted, types, output)
    with Object(_prepared(parsed, fitted, values), parsed.name, kernel_types) as obj:
        if output.size:
            obj.set_value_size(_SNAPSHOT_MAP, SNAPSHOT_HEADER + output.size)
        if output.runs and types is not None:
            obj.use_map(_WALKED_MAP, types.map)
        used = [field for field in whole.fields if field.name in fitted.used]
        sleepable = not output.runs and any(f.user_memory and not f.unavailable for f in used)
        if not kernel.has(_TASK_STORAGE):
            obj.use_per_cpu_scratch()
        try:
            return obj.load(program, sleepable=sleepable, without_maps=_unused_maps(values, types, output))
        except VerifierError as error:
            if compiled is None:
                raise
            from .compiled import blame

            blamed = blame(error, compiled, obj.instructions(program))
            raise blamed from (error if blamed is not error else None)
        except KernelError as error:
            explained = explain(error, target)
            raise explained from (error if explained is not error else None)


def here(schema: Schema) -> Schema:
    """The schema on this kernel, with a reason for each column that it can't provide."""
    lacking = kernel.lacking({field.needs for field in schema.fields if field.needs})
    fields = []
    for field in schema.fields:
        if field.needs in lacking:
            reason = f"this kernel, Linux {kernel.release()}, has no {field.feature}"
            field = field.replace(unavailable=reason)
        fields.append(field)
    return schema.with_fields(fields)


def _check_alone(fitted: Fitted, query: Query) -> None:
    """Refuse a query that needs the slot, which is a second function (:func:`.workarounds.faults_panic`)."""
    if fitted.compiled:
        part = "where" if query.where is not None else "columns"
        message = "expressions can't use the record's columns here: before Linux 5.12 that may panic"
        raise UnsupportedQuery(part, message)


def _check_runs(whole: Schema, fitted: Fitted) -> None:
    """Refuse what only an iterator can compute: ``meta``, and columns whose helpers only it may call."""
    if fitted.asked is not None and "meta" in fitted.asked.objects:
        raise UnsupportedEngine("engine", "meta exists only in an iterator: a snapshot in one run has none")
    used = (field for field in whole.fields if field.name in fitted.used)
    spans = [field.name for field in used if field.on_request and isinstance(field.kind, kinds.Span)]
    if spans:
        message = f"only an iterator can compute {', '.join(spans)}: a snapshot in one run can't"
        raise UnsupportedEngine("engine", message)


def _values(
    settings: Collection[str], fitted: Fitted, types: MapTypes | None, output: Output
) -> dict[str, int]:
    """The values of the program's settings: progs/record.h and emit.h."""
    compiled = fitted.compiled
    values: dict[str, int] = {
        "host_page_size": kernel.page_size(),
        "host_tick_ns": kernel.tick_ns(),
        "snapshot_size": output.size,
        "query_used": compiled is not None,
        "query_size": compiled.size if compiled else 0,
        "query_reads_text": fitted.filter_reads_text,
        "packed_size": fitted.packed_size,
        **output.walked,
    }
    if any(name.startswith(_CASTS_TO) for name in settings):
        casts = kernel.btf().get(_CAST, BtfKind.FUNC) is not None
        for name in settings:
            if name.startswith(_CASTS_TO) and casts:
                found = kernel.btf().get(name.removeprefix(_CASTS_TO), BtfKind.STRUCT)
                values[name] = found or 0
    if "host_cpus" in settings:
        values["host_cpus"] = _libbpf.possible_cpus()
    if "host_nodes" in settings:
        values["host_nodes"] = kernel.possible_nodes()
    if types is not None:
        values["map_key_size"] = types.info.key_size
        values["map_value_size"] = types.info.value_size
        values["map_value_shown"] = fitted.shows_value
        values["map_per_cpu"] = types.per_cpu
    for name in settings:
        if name.startswith("want_"):
            values[name] = name.removeprefix("want_") in fitted.used
    return values


def _unused_maps(values: Mapping[str, int], types: MapTypes | None, output: Output) -> frozenset[str]:
    """The maps that the program doesn't use with these settings; they aren't created."""
    unused = {
        f"{name.removeprefix('want_')}_scratch"
        for name, value in values.items()
        if name.startswith("want_") and not value
    }
    if not output.size:
        unused.add(_SNAPSHOT_MAP)
    if not output.runs or types is None:
        unused.add(_WALKED_MAP)
    if output.size or not values["query_size"]:
        unused.add("query_scratch")
    return frozenset(unused)


def _prepared(parsed: _Parsed, fitted: Fitted, values: Mapping[str, int]) -> bytes:
    """The object as libbpf is given it: with its settings, and with kernel functions resolved."""
    elf = Elf(fitted.data)
    if parsed.links:
        link(elf, kernel.functions)
    for name, places in parsed.settings.items():
        if name in values:
            for place in places:
                elf.set_number(place, values[name])
    return elf.finish()


# Walks of these lose or repeat objects between two reads: the package's programs allow for it, a compiled
# one wouldn't.
_NEED_A_SLOT = frozenset({"cgroup", "ksym", "unix"})


def load_own(
    target: str, query: Query, types: MapTypes | None, output: Output, only: Mapping[str, int] = _NONE
) -> Program:
    """Load the package's program for a target; or, if a query uses none of its columns, compile a whole one.

    The latter needs no relocation, and loads in a tenth of the time. ``only`` are the settings
    of the package's program that restrict which objects it walks.
    """
    data = packaged(target)
    if query != Query() and types is None and target not in _NEED_A_SLOT and not output.size and not only:
        whole = object_schema(data, target)
        if not query.is_plain(whole):
            from .compiled import whole_of

            if compiled := whole_of(target, query, whole):
                return compiled
    return load(
        data,
        target,
        query=query,
        types=types,
        output=output.replace(walked={**output.walked, **only}),
        links=True,
    )


def explain(error: KernelError, target: str) -> KernelError:
    """The error of a failed load, or UnsupportedTarget if it failed because the kernel has no such target."""
    if error.errno in (errno.ESRCH, errno.EINVAL, errno.ENOENT) and target not in kernel.targets():
        return kernel.no_target(target, call=error.call, log=error.log)
    return error
