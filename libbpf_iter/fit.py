"""Fit a query into an object's program. Imports query, layout and program.

To select columns of the record takes no compiler, so that is imported only for other queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from .btf import Btf
from .btf.types import Kind as BtfKind
from .kinds import Span
from .layout import last_value, layout, record_struct
from .maps import MapTypes
from .program import Fitted, Output, Query
from .query.result import RECORD as QUERY_RECORD
from .query.result import Packed, packed, without_last
from .rewrite import Elf
from .schema import Field, Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .query.ask import Asked
    from .query.compile import Compiled

# progs/emit.h: enum turn, and the labels of its macros
_FIRST, _THEN = "1", "2"
_COLUMN, _STORE, _ADDRESS = "column", "store", "address"


def fit(
    data: bytes,
    btf: Btf,
    target: str,
    whole: Schema,
    query: Query,
    types: MapTypes | None,
    record: str | None,
    output: Output,
) -> Fitted:
    """Put a query into an object that has a slot, or columns that can be moved (progs/emit.h)."""
    elf = Elf(data)
    if ends_early := _can_end_early(elf, btf, query, record):
        btf, whole = _end_early(elf, btf, whole, record)
    asked = _asked(target, query, whole, types)
    filtered = asked.filtered if asked else ()
    labels = elf.labels(*(f"{kind}_" for kind in (_COLUMN, _STORE, _ADDRESS)))
    own = query.takes_columns(whole)
    schema = whole.select(query.columns if own else None)
    alone = None
    if own and labels and (query.columns is not None or asked is None):
        alone = packed(schema.fields, filtered, btf, record)
    compiled = _fill_slot(elf, asked, alone, btf, record, whole, query) if asked else None
    filled = compiled if compiled and compiled.size else None
    used = (set() if filled else schema.names) | (asked.used if asked else set())
    new = alone or filled
    if new is not None:
        elf.replace_section(".BTF", new.btf)
        schema = _schema_of(new.btf, whole, query)
    # A pin's reader doesn't know the query: the records are whole, or their BTF says what they are.
    chosen = query.columns is not None and (new or output.size)
    if chosen or asked:
        places = alone.places if alone else {}
        _place_columns(elf, labels, whole, used if chosen else whole.names, filtered, places)
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


def _asked(target: str, query: Query, whole: Schema, types: MapTypes | None) -> Asked | None:
    """The query parsed; None if it asks for nothing but columns of the record."""
    if query.is_plain(whole):
        return None
    from .compiled import ask, scope

    return ask(scope(target, query, whole, types), query.columns, query.where)


def _fill_slot(
    elf: Elf, asked: Asked, alone: Packed | None, btf: Btf, record: str | None, whole: Schema, query: Query
) -> Compiled:
    """Compile a query, and put it in the place of the program's slot."""
    from .query.compile import slot

    # Columns that the program itself packs aren't left to the slot.
    part = asked.replace(columns=None) if alone else asked
    compiled = slot(part, btf, record, whole, query.params_fd, alone.places if alone else {})
    elf.replace_function("query_slot", compiled.code)
    return compiled


def _can_end_early(elf: Elf, btf: Btf, query: Query, record: str | None) -> bool:
    """Whether the records end in a map's value that isn't asked for (progs/record.h, map_value_shown)."""
    if "map_value_shown" not in elf.settings():
        return False
    value = last_value(btf, record_struct(btf, record))
    return value is not None and not query.shows(value)


def _end_early(elf: Elf, btf: Btf, whole: Schema, record: str | None) -> tuple[Btf, Schema]:
    """Remove the map's value from the record's end, also in the object's BTF."""
    btf = Btf(without_last(btf, record))
    elf.replace_section(".BTF", btf.data)
    *fields, value = whole.fields
    return btf, Schema(whole.name, whole.size - value.size, whole.framed, tuple(fields))


def _place_columns(
    elf: Elf,
    labels: Mapping[str, tuple[int, int]],
    whole: Schema,
    computed: Set[str],
    filtered: Sequence[Field],
    places: Mapping[str, int],
) -> None:
    """Patch which columns are computed, in which turn, and where they are stored (progs/emit.h, PUT())."""
    fields = {field.offset: field for field in whole.fields}
    first = {field.name for field in filtered}
    for label, instruction in labels.items():
        kind, offset, turn = label.split("_")[:3]
        field = fields[int(offset)]
        moved = places.get(field.name, field.offset) - field.offset
        if kind == _COLUMN:
            other_turn = _THEN if field.name in first else _FIRST
            if field.name not in computed or turn == other_turn:
                elf.negate_jump(instruction)
        elif kind == _STORE:
            elf.add_to_offset(instruction, moved)
        else:
            elf.add_to_immediate(instruction, moved)


def _schema_of(btf: bytes, whole: Schema, query: Query) -> Schema:
    """The schema of what is output instead of the record."""
    types = Btf(btf)
    schema = layout(types, types.find(QUERY_RECORD, BtfKind.STRUCT))
    fields = schema.fields
    if not isinstance(query.columns, Mapping):
        # These are columns of the record under their own names, and lack on a kernel what those lack.
        fields = tuple(_with_needs(field, whole) for field in fields)
    return Schema(whole.name, schema.size, schema.framed, fields)


def _with_needs(field: Field, whole: Schema) -> Field:
    for known in whole.fields:
        if known.name == field.name:
            return field.replace(needs=known.needs, feature=known.feature, unavailable=known.unavailable)
    return field
