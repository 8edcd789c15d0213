"""From a struct in BTF to the layout of a record. Imports btf, kinds, names and errors; pure.

The struct in the program's BTF says everything: member names are columns, C
types and the typedefs of progs/record.h say what a column's bytes mean.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable, Mapping

from . import kinds
from .btf import Btf
from .btf import types as bt
from .btf.types import Kind as BtfKind
from .errors import ParameterError, SchemaError
from .immutable import Immutable
from .names import near

__all__ = ["Field", "Schema", "layout", "record_struct"]

# Types in types in types: more than a record or a map's value has, less than Python's own limit.
_DEPTH_MAX = 32
# One read of an iterator carries no more; a map's value, which can be larger, has its own.
_ARRAY_MAX = 1 << 20

_UNITS = {"rec_ns": "ns", "rec_bytes_count": "bytes", "rec_bytes_count32": "bytes"}
_NUMBERS = {
    "rec_kptr": "KernelPointer",
    "rec_uptr": "UserPointer",
    "rec_mode": "FileMode",
    "rec_dev": "Device",
}
_SPANS = {"rec_text": "text", "rec_bytes": "bytes", "rec_args": "args", "rec_kptrs": "kptrs"}
_NEEDS = "needs:"
_RESERVED = frozenset(dir(builtins.object)) | {"_data", "__slots__", "__schema__", "__rich__", "_repr_html_"}


class Field(Immutable):
    """One column: its name, where it is in the record, and what its bytes mean.

    ``dear`` columns are computed only when they are asked for by name;
    ``user_memory`` ones need a program that may sleep. Where ``unavailable`` says why,
    this kernel has no such thing, and the column is None in each record: it lacks
    ``feature``, which is there where the kernel's BTF has the name ``needs``. ``offset``
    is in bytes from the record's start, ``c_type`` as the program's BTF names it.
    """

    name: str
    offset: int
    kind: kinds.Kind
    c_type: str
    dear: bool = False
    user_memory: bool = False
    needs: str = ""
    feature: str = ""
    unavailable: str | None = None

    @property
    def size(self) -> int:
        """Bytes in the record's fixed part."""
        return self.kind.size


class Schema(Immutable):
    """A record's layout: what each column is, and how records follow each other in a chunk.

    ``size`` is that of the fixed part, in bytes; with ``framed``, a record begins with
    its own length in 32 bits, and data of variable length comes behind.
    """

    name: str
    size: int
    framed: bool
    fields: tuple[Field, ...]

    def __getitem__(self, name: str) -> Field:
        """A column by its name; ParameterError, with the nearest names, where there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        hint = near(name, (field.name for field in self.fields))
        raise ParameterError("columns", f"{self.name} has no column {name!r}{hint}")

    def select(self, columns: Iterable[str] | None) -> Schema:
        """The same record with these columns alone; with None, all that aren't dear."""
        if columns is None:
            return self.with_fields(f for f in self.fields if not f.dear)
        if isinstance(columns, str):
            raise ParameterError("columns", f"a list of names is expected, not the text {columns!r}")
        names = list(columns)
        if not names or len(set(names)) != len(names):
            raise ParameterError("columns", "at least one name, and each once, is expected")
        return self.with_fields(self[name] for name in names)

    def with_fields(self, fields: Iterable[Field]) -> Schema:
        """The same record with these columns."""
        return Schema(self.name, self.size, self.framed, tuple(fields))


def record_struct(btf: Btf, name: str | None = None) -> int:
    """The id of the record's struct: ``name``, or what the program's RECORD() names."""
    if name is not None:
        found = btf.get(name, BtfKind.STRUCT)
        if found is None:
            hint = near(name, (n for n, _ in btf.names(BtfKind.STRUCT) if n))
            raise ParameterError("record", f"there is no struct {name!r}{hint}")
        return found
    marker = btf.get("record_type", BtfKind.VAR)
    if marker is None:
        raise SchemaError("the program says nowhere which struct its records are: name it, or use RECORD()")
    pointer = btf[btf.resolve(btf[marker].type_id)]  # type: ignore[attr-defined]
    if not isinstance(pointer, bt.Pointer):
        raise SchemaError("record_type is no pointer to the record's struct")
    return pointer.type_id


def layout(
    btf: Btf,
    struct_id: int,
    *,
    dear: frozenset[str] = frozenset(),
    map_kinds: Mapping[str, tuple[kinds.Kind, str]] | None = None,
) -> Schema:
    """The schema of a struct.

    ``map_kinds`` gives what "key" and "value" are, for records that end in
    those of a map: kind and C type.
    """
    node = btf[btf.resolve(struct_id)]
    if not isinstance(node, bt.Struct):
        raise SchemaError(f"{btf.c_name(struct_id)} is no struct")
    fields: list[Field] = []
    end, framed = node.size, False
    needs = _needs(btf, struct_id)
    for position, member in enumerate(btf.flat_members(struct_id)):
        typedefs = btf.typedefs(member.type_id)
        if "rec_size" in typedefs:
            if position or member.bit_offset:
                raise SchemaError(f"{node.name}: rec_size must be the first member")
            framed = True
            continue
        if not member.name:
            continue
        if member.name in _RESERVED or not member.name.isidentifier():
            raise SchemaError(f"{node.name}: a column can't be named {member.name!r}")
        tail = next((t.removeprefix("rec_map_") for t in typedefs if t.startswith("rec_map_")), None)
        if tail:
            kind, c_type = (map_kinds or {}).get(tail, (kinds.Bytes(0), "void"))
            fields.append(Field(member.name, end, kind, c_type))
            end += kind.size
            continue
        kind, offset = _member_kind(btf, node, member, 0)
        needed, _, feature = needs.get(member.name, "").partition(" ")
        fields.append(
            Field(
                member.name,
                offset,
                kind,
                btf.c_name(member.type_id),
                dear=member.name in dear,
                user_memory=any(t.startswith("rec_user_") for t in typedefs),
                needs=needed,
                feature=feature or needed,
            )
        )
    names = [field.name for field in fields]
    if len(set(names)) != len(names):
        raise SchemaError(f"{node.name}: two columns have one name")
    return Schema(_class_name(node.name), end, framed, tuple(fields))


def _needs(btf: Btf, struct_id: int) -> dict[str, str]:
    """What columns need of the kernel, a name and then words: progs/record.h, NEEDS()."""
    struct_id = btf.resolve(struct_id)
    members = dict(enumerate(btf[struct_id].members))  # type: ignore[attr-defined]
    found = {}
    for name, type_id in btf.names(BtfKind.DECL_TAG, _NEEDS):
        tag = btf[type_id]
        if isinstance(tag, bt.Tag) and tag.type_id == struct_id and tag.component in members:
            found[members[tag.component].name] = name.removeprefix(_NEEDS)
    return found


def _class_name(struct: str) -> str:
    """task_file_record → TaskFile."""
    words = struct.removesuffix("_record").split("_")
    name = "".join(word[:1].upper() + word[1:] for word in words) or "Record"
    if not name.isidentifier():
        raise SchemaError(f"no class can be named after struct {struct!r}")
    return name + "_" if keyword.iskeyword(name) else name


def _member_kind(btf: Btf, struct: bt.Struct, member: bt.Member, depth: int) -> tuple[kinds.Kind, int]:
    """The kind of a member, and its offset in bytes."""
    kind, offset = _whole_or_bits(btf, member, depth)
    if offset + kind.size > struct.size:
        raise SchemaError(f"{struct.name}: {member.name} lies outside of its {struct.size} bytes")
    return kind, offset


def _whole_or_bits(btf: Btf, member: bt.Member, depth: int) -> tuple[kinds.Kind, int]:
    if not member.bitfield_size and member.bit_offset % 8 == 0:
        node = btf[btf.resolve(member.type_id)]
        # Before kind_flag, a bitfield was an int of fewer bits than it has bytes for.
        if not (isinstance(node, bt.Int) and node.bits != node.size * 8 and not node.bool):
            return kind_of(btf, member.type_id, depth), member.bit_offset // 8
    node = btf[btf.resolve(member.type_id)]
    if not isinstance(node, bt.Int | bt.Enum):
        raise SchemaError(f"{member.name}: {btf.c_name(member.type_id)} can't be a bitfield")
    bits = member.bitfield_size or getattr(node, "bits", node.size * 8)
    if not 0 < bits <= 64:
        raise SchemaError(f"{member.name}: a bitfield of {bits} bits can't be")
    start, shift = divmod(member.bit_offset, 8)
    size = (shift + bits + 7) // 8
    plain = isinstance(node, bt.Int) and not node.bool
    inner = None if plain else kind_of(btf, member.type_id, depth)
    return kinds.BitField(size, shift, bits, node.kind == BtfKind.INT and node.signed, inner), start


def kind_of(btf: Btf, type_id: int, depth: int = 0) -> kinds.Kind:
    """What a value of a C type becomes in Python."""
    if depth > _DEPTH_MAX:
        raise SchemaError(f"{btf.c_name(type_id)} is nested too deeply")
    typedefs = btf.typedefs(type_id)
    node = btf[btf.resolve(type_id)]
    kind = _plain_kind(btf, type_id, node, typedefs, depth)
    if any(name.startswith("rec_opt_") for name in typedefs):
        return kinds.Nullable(kind.size, kind)
    return kind


def _plain_kind(btf: Btf, type_id: int, node: bt.Type, typedefs: tuple[str, ...], depth: int) -> kinds.Kind:
    match node:
        case bt.Int():
            return _int_kind(node, typedefs)
        case bt.Float():
            return kinds.Float(node.size)
        case bt.Pointer():
            return kinds.Of(8, "KernelPointer")
        case bt.Enum():
            if node.size not in (1, 2, 4, 8):
                raise SchemaError(f"enum {node.name!r} of {node.size} bytes can't be decoded")
            flags = any(name.startswith("rec_flags_") for name in typedefs)
            return _enum_kind(node, flags)
        case bt.Array():
            size = btf.size_of(type_id)
            element = btf[btf.resolve(node.type_id)]
            if isinstance(element, bt.Int) and element.size == 1 and not element.bool:
                return kinds.Text(size) if element.name == "char" else kinds.Bytes(size)
            if node.count > _ARRAY_MAX:
                raise SchemaError(f"{btf.c_name(type_id)} is too long to be decoded")
            return kinds.Array(size, kind_of(btf, node.type_id, depth + 1), node.count)
        case bt.Struct():
            for name in typedefs:
                if name in _SPANS and node.size == 8:
                    return kinds.Span(8, _SPANS[name])
                if name == "rec_ip" and node.size == 20:
                    return kinds.Ip(20)
            return _nested_kind(btf, type_id, node, depth)
        case _:
            raise SchemaError(f"{btf.c_name(type_id)} has no value that could be decoded")


def _int_kind(node: bt.Int, typedefs: tuple[str, ...]) -> kinds.Kind:
    if node.bool:
        return kinds.Boolean(node.size)
    if node.name == "char":
        return kinds.Text(node.size)
    for name in typedefs:
        if name in _NUMBERS and node.size in (1, 2, 4, 8):
            return kinds.Of(node.size, _NUMBERS[name])
    unit = next((_UNITS[name] for name in typedefs if name in _UNITS), "")
    return kinds.Integer(node.size, node.signed, unit)


def _enum_kind(node: bt.Enum, flags: bool) -> kinds.Kind:
    if not all(name.isidentifier() for name in (node.name or "anonymous", *dict(node.values))):
        raise SchemaError(f"enum {node.name!r} has names that are none")
    # A second name of a value would be an alias, which enum allows; a name twice it refuses, and some
    # names it keeps for itself: their values stay numbers.
    members = tuple((name, value) for name, value in dict(node.values).items() if not _enums_own(name))
    signed = node.signed
    if flags and signed:
        # A compiler takes an enum with bit 31 for a signed one; a set of bits has no sign.
        mask = (1 << node.size * 8) - 1
        members, signed = tuple((name, value & mask) for name, value in members), False
    try:
        return kinds.EnumValue(node.size, node.name or "anonymous", signed, flags, members)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"enum {node.name!r} can't be a Python enum: {error}") from error


def _enums_own(name: str) -> bool:
    return name == "mro" or bool(name.startswith("_") and name.endswith("_") and name.strip("_"))


def _nested_kind(btf: Btf, type_id: int, node: bt.Struct, depth: int) -> kinds.Kind:
    fields = []
    for member in btf.flat_members(type_id):
        if not member.name:
            continue
        kind, offset = _member_kind(btf, node, member, depth + 1)
        fields.append((member.name, offset, kind))
    return kinds.Nested(node.size, _class_name(node.name), tuple(fields))
