"""A query put into an object's program, or compiled to a program of its own. Imports query, kernel, program.

Only queries need this module and the compiler behind it, so it is imported when there is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import _libbpf, kernel
from .btf import Btf
from .btf.types import Kind as BtfKind
from .errors import VerifierError
from .kinds import Span
from .layout import last_value, layout, record_struct
from .maps import MapTypes
from .names import class_name
from .objects import constants
from .program import SEQ, Fitted, Output, Program, Query
from .query.ask import Asked, ask
from .query.compile import Compiled, fits, plain_columns, slot, whole_program
from .query.result import RECORD as QUERY_RECORD
from .query.result import packed, without_last
from .query.scope import Scope, objects_of
from .query.tree import CType, Member, Node
from .query.tree import Object as Pointing
from .rewrite import Elf
from .schema import Field, Schema

# progs/emit.h: enum turn, and the labels of its macros
_FIRST, _THEN = "1", "2"
_COLUMN, _STORE, _ADDRESS = "column", "store", "address"


def fit(
    data: bytes,
    target: str,
    whole: Schema,
    query: Query,
    types: MapTypes | None,
    record: str | None,
    output: Output,
) -> Fitted:
    """Put a query into an object that has a slot, or places for columns (progs/emit.h)."""
    elf = Elf(data)
    labels = elf.labels(*(f"{kind}_" for kind in (_COLUMN, _STORE, _ADDRESS)))
    # From the file, as the compiler wrote it: libbpf prepares its own copy for loading.
    btf = Btf(elf.section(".BTF"))
    if ends_early := _can_end_early(btf, query, record):
        btf = Btf(without_last(btf, record))
        elf.replace_section(".BTF", btf.data)
        value = whole.fields[-1]
        whole = Schema(whole.name, whole.size - value.size, whole.framed, whole.fields[:-1])
    own = query.takes_columns(whole)
    schema = whole.select(query.columns if own else None)
    asked = None
    if not query.is_plain(whole):
        asked = ask(scope(target, query, whole, types), query.columns, query.where)
    filtered = asked.filtered if asked else ()
    alone = None
    if own and labels and (query.columns is not None or asked is None):
        alone = packed(schema.fields, filtered, btf, record)
    places = alone.places if alone else {}
    compiled = None
    if asked is not None:
        # Columns that the program itself puts side by side leave the slot nothing to fill.
        part = asked.replace(columns=None) if alone else asked
        compiled = slot(part, btf, record, whole, query.params_fd, places)
        elf.replace_function("query_slot", compiled.code)
    filled = compiled if compiled and compiled.size else None
    used = set() if filled else {field.name for field in schema.fields}
    if asked is not None:
        used |= asked.used
    new = alone or filled
    if new is not None:
        elf.replace_section(".BTF", new.btf)
        schema = _schema_of(new.btf, whole, query)
    # Whoever reads a pin knows nothing of the query: its records are whole, or their BTF says what they are.
    chosen = query.columns is not None and (new or output.size)
    if chosen or asked:
        computed = used if chosen else {field.name for field in whole.fields}
        _place_columns(elf, labels, whole, computed, {field.name for field in filtered}, places)
    return Fitted(
        elf.finish(),
        schema,
        used,
        asked,
        compiled,
        alone.size if alone else 0,
        any(isinstance(field.kind, Span) for field in filtered),
        new.btf if new else btf.data if ends_early else b"",
        not ends_early,
    )


def _can_end_early(btf: Btf, query: Query, record: str | None) -> bool:
    """Whether the records end in a map's value that nobody asked for (progs/record.h, MAP_VALUE_SHOWN)."""
    if "map_value_shown" not in constants(btf):
        return False
    value = last_value(btf, record_struct(btf, record))
    return value is not None and not query.shows(value)


def _place_columns(
    elf: Elf,
    labels: Mapping[str, tuple[int, int]],
    whole: Schema,
    computed: set[str],
    filtered: set[str],
    places: Mapping[str, int],
) -> None:
    """Write which columns are computed, in which turn, and where they go (progs/emit.h, PUT())."""
    fields = {field.offset: field for field in whole.fields}
    for label, instruction in labels.items():
        kind, offset, turn = label.split("_")[:3]
        field = fields[int(offset)]
        moved = places.get(field.name, field.offset) - field.offset
        if kind == _COLUMN:
            other_turn = _THEN if field.name in filtered else _FIRST
            if field.name not in computed or turn == other_turn:
                elf.negate_jump(instruction)
        elif kind == _STORE:
            elf.add_to_offset(instruction, moved)
        else:
            elf.add_to_immediate(instruction, moved)


def _schema_of(btf: bytes, whole: Schema, query: Query) -> Schema:
    """The schema of what leaves instead of the record."""
    types = Btf(btf)
    schema = layout(types, types.find(QUERY_RECORD, BtfKind.STRUCT))
    fields = schema.fields
    if not isinstance(query.columns, Mapping):
        # Names are those of the record, so what is known of its columns is true of these.
        fields = tuple(_with_needs(field, whole) for field in fields)
    return Schema(whole.name, schema.size, schema.framed, fields)


def _with_needs(field: Field, whole: Schema) -> Field:
    for known in whole.fields:
        if known.name == field.name:
            return field.replace(needs=known.needs, feature=known.feature, unavailable=known.unavailable)
    return field


def scope(target: str, query: Query, whole: Schema | None, types: MapTypes | None) -> Scope:
    """What the names in a query stand for, for a target: with ``types``, the key and value of a map too."""
    btf = kernel.btf()
    context = btf.get(f"bpf_iter__{target}", BtfKind.STRUCT)
    if context is None:
        raise kernel.no_target(target)
    objects: dict[str, Node] = {}
    missing: dict[str, str] = {}
    if types is not None:
        missing = dict.fromkeys(("key", "value"), "the map has no BTF that says what it is")
        if types.per_cpu:
            missing["value"] = "a per-CPU map has several; a query can't choose"
        for name, type_id in (("key", types.info.key_type_id), ("value", types.info.value_type_id)):
            if types.btf is not None and type_id and not (name == "value" and types.per_cpu):
                ctype = CType(types.btf, type_id)
                objects[name] = Member(Pointing(name, ctype), 0, ctype, None, name)
        if whole is not None:
            whole = whole.with_fields(f for f in whole.fields if f.name not in ("key", "value"))
    params = query.params.names if query.params else ()
    return Scope(btf, objects_of(btf, context) | objects, record=whole, params=params, missing=missing)


def whole_of(target: str, query: Query, whole: Schema) -> Program | None:
    """A whole program for a query of kernel paths alone; None if it needs a column of the target's record."""
    asked = ask(scope(target, query, whole, None), query.columns, query.where)
    if asked.columns is None or asked.used or not fits(asked):
        return None
    return load_asked(target, asked, query)


def load_query(target: str, query: Query) -> Program:
    """A program for a target that the package has none for: the compiler writes all of it."""
    names = scope(target, query, None, None)
    columns = plain_columns(names) if query.columns is None else query.columns
    return load_asked(target, ask(names, columns, query.where), query)


def load_asked(target: str, asked: Asked, query: Query) -> Program:
    """Compile a whole program and load it."""
    btf = kernel.btf()
    function = btf.get(f"bpf_iter_{target}", BtfKind.FUNC)
    context = btf.find(f"bpf_iter__{target}", BtfKind.STRUCT)
    if function is None:
        raise kernel.no_target(target)
    compiled = whole_program(asked, btf, context, query.params_fd)
    own = Btf(compiled.btf)
    schema = layout(own, own.find(QUERY_RECORD, BtfKind.STRUCT))
    with _libbpf.load_btf(compiled.btf) as types:
        try:
            fd = _libbpf.load_iterator(compiled.code, "query", function, types, compiled.function)
        except VerifierError as error:
            blamed = blame(error, compiled, compiled.code)
            raise blamed from (error if blamed is not error else None)
    schema = Schema(class_name(target), schema.size, schema.framed, schema.fields)
    return Program(fd, target, schema, None, SEQ, None, asked, compiled, compiled.btf)


def blame(error: VerifierError, compiled: Compiled, code: bytes) -> VerifierError:
    """The error, with the part of the query that the verifier refused: its log ends at the instruction."""
    start = code.find(compiled.code)
    slots = [int(m.group(1)) for m in re.finditer(r"^(\d+): \(", error.log, re.MULTILINE)]
    if slots and start >= 0 and slots[-1] >= start // 8:
        note = compiled.note_of(slots[-1] - start // 8)
    elif not slots and "kernel symbol" in error.log:
        # Variables are looked up before any instruction is followed, so the log has none yet.
        note = compiled.note_of_variable()
    else:
        return error
    message = f"{note}: {error.strerror}"
    return VerifierError(error.program, message, errno=error.errno, call=error.call, log=error.log)
