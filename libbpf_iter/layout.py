"""From a struct in BTF to the layout of a record. Imports btf, kinds, schema, names and errors; pure.

The struct in the program's BTF says everything: its members are the columns, and their C types, with the
typedefs of progs/record.h, say what the bytes of each mean.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Mapping

from . import kinds
from .btf import Btf
from .btf import types as bt
from .btf.types import Kind as BtfKind
from .errors import ParameterError, SchemaError
from .names import near
from .schema import Field, Schema

__all__ = ["RESERVED", "kind_of", "last_value", "layout", "record_struct", "says_record"]

# More levels than any record or map value has, and fewer than Python's own limit on recursion.
_DEPTH_MAX = 32
# No read of an iterator carries more elements; only the value of a map could have them.
_ARRAY_MAX = 1 << 20

_UNITS = {"rec_ns": "ns", "rec_bytes_count": "bytes", "rec_bytes_count32": "bytes"}
_NUMBERS = {
    "rec_kptr": "KernelPointer",
    "rec_uptr": "UserPointer",
    "rec_mode": "FileMode",
    "rec_dev": "Device",
}
_SPANS = {"rec_text": "text", "rec_bytes": "bytes", "rec_args": "args", "rec_kptrs": "kptrs"}
_RECORD_TYPE = "record_type"  # the variable that RECORD() makes
_NEEDS = "needs:"
_MAP_PART = "rec_map_"
# What a column can't be named: an attribute of every record.
RESERVED = frozenset(dir(builtins.object)) | {"_data", "__slots__", "__schema__", "__rich__", "_repr_html_"}


def says_record(btf: Btf) -> bool:
    """Whether a program says with RECORD() which struct its records are."""
    return btf.get(_RECORD_TYPE, BtfKind.VAR) is not None


def record_struct(btf: Btf, name: str | None = None) -> int:
    """The id of the record's struct: the one called ``name``, or else the one that RECORD() names."""
    if name is not None:
        found = btf.get(name, BtfKind.STRUCT)
        if found is None:
            hint = near(name, (n for n, _ in btf.names(BtfKind.STRUCT) if n))
            raise ParameterError("record", f"there is no struct {name!r}{hint}")
        return found
    marker = btf.get(_RECORD_TYPE, BtfKind.VAR)
    if marker is None:
        raise SchemaError("the program doesn't say which struct its records are: use RECORD() or record=")
    pointer = btf[btf.resolve(btf[marker].type_id)]  # type: ignore[attr-defined]
    if not isinstance(pointer, bt.Pointer):
        raise SchemaError("record_type isn't a pointer to a struct: declare it with RECORD()")
    return pointer.type_id


def layout(
    btf: Btf,
    struct_id: int,
    *,
    on_request: frozenset[str] = frozenset(),
    map_kinds: Mapping[str, tuple[kinds.Kind, str]] | None = None,
) -> Schema:
    """The schema of a struct; SchemaError if it can't be laid out as a record.

    ``on_request`` names columns that are only computed on request; ``map_kinds`` has the kind and C type of
    "key" and "value", for records that end in those of a map.
    """
    node = btf[btf.resolve(struct_id)]
    if not isinstance(node, bt.Struct):
        raise SchemaError(f"{btf.c_name(struct_id)} isn't a struct")
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
        if member.name in RESERVED or not member.name.isidentifier():
            raise SchemaError(f"{node.name}: a column can't be named {member.name!r}")
        if part := _map_part(typedefs):
            # Behind the struct, one after the other.
            kind, c_type = (map_kinds or {}).get(part, (kinds.Bytes(0), "void"))
            fields.append(Field(member.name, end, kind, c_type))
            end += kind.size
        else:
            fields.append(_field(btf, node, member, needs.get(member.name, ""), member.name in on_request))
    if len({field.name for field in fields}) != len(fields):
        raise SchemaError(f"{node.name}: two columns have the same name")
    return Schema(_class_name(node.name), end, framed, tuple(fields))


def last_value(btf: Btf, struct_id: int) -> str | None:
    """The name of a record's last member, if that is the map's value."""
    *_, member = btf.flat_members(struct_id)
    return member.name if _map_part(btf.typedefs(member.type_id)) == "value" else None


def _map_part(typedefs: tuple[str, ...]) -> str:
    """ "key" or "value", for a member that stands for that of a map; "" for any other."""
    return next((t.removeprefix(_MAP_PART) for t in typedefs if t.startswith(_MAP_PART)), "")


def _field(btf: Btf, struct: bt.Struct, member: bt.Member, need: str, on_request: bool) -> Field:
    kind, offset = _member_kind(btf, struct, member, 0)
    needs, _, feature = need.partition(" ")
    return Field(
        member.name,
        offset,
        kind,
        btf.c_name(member.type_id),
        on_request=on_request,
        user_memory=any(t.startswith("rec_user_") for t in btf.typedefs(member.type_id)),
        needs=needs,
        feature=feature or needs,
    )


def _needs(btf: Btf, struct_id: int) -> dict[str, str]:
    """What columns need of the kernel: a name in its BTF, and words for it (progs/record.h, NEEDS())."""
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
        raise SchemaError(f"{struct.name}: {member.name} is outside of its {struct.size} bytes")
    return kind, offset


def _whole_or_bits(btf: Btf, member: bt.Member, depth: int) -> tuple[kinds.Kind, int]:
    if not member.bitfield_size and member.bit_offset % 8 == 0:
        node = btf[btf.resolve(member.type_id)]
        # Compilers without kind_flag describe a bitfield as an int of fewer bits than its bytes hold.
        if not (isinstance(node, bt.Int) and node.bits != node.size * 8 and not node.bool):
            return kind_of(btf, member.type_id, depth), member.bit_offset // 8
    node = btf[btf.resolve(member.type_id)]
    if not isinstance(node, bt.Int | bt.Enum):
        raise SchemaError(f"{member.name}: {btf.c_name(member.type_id)} can't be a bitfield")
    bits = member.bitfield_size or getattr(node, "bits", node.size * 8)
    if not 0 < bits <= 64:
        raise SchemaError(f"{member.name}: a bitfield of {bits} bits can't be decoded")
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
            return kinds.Typed(8, "KernelPointer")
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
            raise SchemaError(f"{btf.c_name(type_id)} can't be decoded as a value")


def _int_kind(node: bt.Int, typedefs: tuple[str, ...]) -> kinds.Kind:
    if node.bool:
        return kinds.Boolean(node.size)
    if node.name == "char":
        return kinds.Text(node.size)
    for name in typedefs:
        if name in _NUMBERS and node.size in (1, 2, 4, 8):
            return kinds.Typed(node.size, _NUMBERS[name])
    unit = next((_UNITS[name] for name in typedefs if name in _UNITS), "")
    return kinds.Integer(node.size, node.signed, unit)


def _enum_kind(node: bt.Enum, flags: bool) -> kinds.Kind:
    if not all(name.isidentifier() for name in (node.name or "anonymous", *dict(node.values))):
        raise SchemaError(f"enum {node.name!r} has a name that isn't an identifier")
    # Two names of one value are fine, the second is an alias. Python's enum refuses the same name twice, and
    # reserves a few for itself; values with such a name stay plain numbers.
    members = tuple((name, value) for name, value in dict(node.values).items() if not _reserved_by_enum(name))
    signed = node.signed
    if flags and signed:
        # Compilers make an enum signed if a member has bit 31 set, but a set of bits has no sign.
        mask = (1 << node.size * 8) - 1
        members, signed = tuple((name, value & mask) for name, value in members), False
    try:
        return kinds.EnumValue(node.size, node.name or "anonymous", signed, flags, members)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"enum {node.name!r} can't be a Python enum: {error}") from error


def _reserved_by_enum(name: str) -> bool:
    return name == "mro" or bool(name.startswith("_") and name.endswith("_") and name.strip("_"))


def _nested_kind(btf: Btf, type_id: int, node: bt.Struct, depth: int) -> kinds.Kind:
    fields = []
    for member in btf.flat_members(type_id):
        if not member.name:
            continue
        kind, offset = _member_kind(btf, node, member, depth + 1)
        fields.append((member.name, offset, kind))
    return kinds.Nested(node.size, _class_name(node.name), tuple(fields))
