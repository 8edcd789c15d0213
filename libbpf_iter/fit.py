"""A query put into an object's program, or compiled to one of its own. Imports query, kernel and program.

Only queries need this module and the compiler behind it: it is imported where one is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import _libbpf, kernel
from .btf import Btf
from .btf.types import Kind as BtfKind
from .errors import VerifierError
from .kinds import Span
from .layout import layout
from .maps import MapTypes
from .names import class_name
from .program import SEQ, Fitted, Output, Program, Query
from .query.compile import RECORD as QUERY_RECORD
from .query.compile import Asked, Compiled, Packed, ask, fits, packed, plain_columns, slot, whole_program
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
    own = query.takes_columns(whole)
    schema = whole.select(query.columns if own else None)
    used = {field.name for field in schema.fields}
    elf = Elf(data)
    labels = elf.labels(*(f"{kind}_" for kind in (_COLUMN, _STORE, _ADDRESS)))
    types_of_object = Btf(elf.section(".BTF"))
    asked = compiled = None
    new: Compiled | Packed | None = None
    filtered: tuple[Field, ...] = ()
    places: dict[str, int] = {}
    if not query.is_plain(whole):
        asked = ask(scope(target, query, whole, types), query.columns, query.where)
        filtered = asked.filtered
    if own and labels and (query.columns is not None or asked is None):
        alone = packed(schema.fields, filtered, types_of_object, record)
        if alone is not None:
            new, places = alone, alone.places
    if asked is not None:
        # Columns that the program puts where they belong are nothing for the slot to fill.
        part = asked.replace(columns=None) if new is not None else asked
        # As the compiler wrote it: libbpf's own copy has been made ready for loading.
        compiled = slot(part, types_of_object, record, whole, query.params, places)
        elf.replace_function("query_slot", compiled.code)
        if compiled.size:
            new, used = compiled, set(asked.used)
        else:
            used |= asked.used
    if new is not None:
        elf.replace_section(".BTF", new.btf)
        schema = _schema_of(new.btf, whole)
        if not isinstance(query.columns, Mapping):
            schema = schema.with_fields(_as_told(field, whole) for field in schema.fields)
    # A pin's readers know of no choice: there the record is whole, or says what of it there is.
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
        new.size if isinstance(new, Packed) else 0,
        any(isinstance(field.kind, Span) for field in filtered),
        new.btf if new else b"",
    )


def _place_columns(
    elf: Elf,
    labels: Mapping[str, tuple[int, int]],
    whole: Schema,
    used: set[str],
    filtered: set[str],
    places: Mapping[str, int],
) -> None:
    """progs/emit.h, PUT(): which columns are computed, in which turn, and where they go."""
    fields = {field.offset: field for field in whole.fields}
    for label, instruction in labels.items():
        kind, offset, turn = label.split("_")[:3]
        field = fields[int(offset)]
        moved = places.get(field.name, field.offset) - field.offset
        if kind == _COLUMN:
            other = _THEN if field.name in filtered else _FIRST
            if field.name not in used or turn == other:
                elf.negate_jump(instruction)
        elif kind == _STORE:
            elf.add_to_offset(instruction, moved)
        else:
            elf.add_to_immediate(instruction, moved)


def scope(target: str, query: Query, whole: Schema | None, types: MapTypes | None) -> Scope:
    """What the names of a query mean for a target."""
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


def _schema_of(btf: bytes, whole: Schema) -> Schema:
    """Of what leaves instead of the record."""
    types = Btf(btf)
    schema = layout(types, types.find(QUERY_RECORD, BtfKind.STRUCT))
    return Schema(whole.name, schema.size, schema.framed, schema.fields)


def _as_told(field: Field, whole: Schema) -> Field:
    """A column that keeps its name, with what is said of it in the whole record."""
    for told in whole.fields:
        if told.name == field.name:
            return field.replace(needs=told.needs, feature=told.feature, unavailable=told.unavailable)
    return field


def whole_of(target: str, query: Query, whole: Schema) -> Program | None:
    """A program compiled for a query that needs no column of ours, None for one that does."""
    asked = ask(scope(target, query, whole, None), query.columns, query.where)
    if asked.columns is None or asked.used or not fits(asked):
        return None
    return load_asked(target, asked, query)


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
        raise kernel.no_target(target)
    compiled = whole_program(asked, btf, context, query.params)
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
    """Which part of a query the verifier refused: the last instruction in its log says."""
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
