"""Raw BTF bytes to type nodes, each when it is asked for. Imports types and errors; no I/O.

The kernel's BTF has 130,000 types in 5 MB. Opening it reads the header; the
first look-up walks the type section once, for offsets alone; a node is decoded
when its id is asked for.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence

from ..errors import BtfError
from . import types as t
from .types import Kind

MAGIC = 0xEB9F
_HEADER = "HBBIIIII"
_HEADER_SIZE = 24
# Bytes behind a type's 12: fixed, and for each of its vlen parts.
_FIXED = (0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0)
_EACH = (0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12)
_CHAIN = frozenset({Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG})
# Longer chains of modifiers, arrays and anonymous members than any compiler emits.
_DEPTH_MAX = 64
_SIZE_MAX = 1 << 32

# Of all types: where they begin; their names' offsets, 32 bits each; their kinds.
Index = tuple[Sequence[int], bytes | bytearray, bytes | bytearray]


class Btf:
    """The types of one BTF blob; with ``base``, of a split one that goes on from it."""

    def __init__(self, data: bytes, base: Btf | None = None) -> None:
        if len(data) < _HEADER_SIZE:
            raise BtfError(f"BTF of {len(data)} bytes is shorter than its header")
        for order in "<>":
            magic, version, _, header, type_off, type_len, str_off, str_len = struct.unpack_from(
                order + _HEADER, data
            )
            if magic == MAGIC:
                break
        else:
            raise BtfError(f"no BTF: magic {magic:#06x} where {MAGIC:#06x} is expected")
        if version != 1:
            raise BtfError(f"BTF version {version} is unknown")
        types, strings = header + type_off, header + str_off
        if header < _HEADER_SIZE or types + type_len > len(data) or strings + str_len > len(data):
            raise BtfError("the BTF header points outside of the data: it is truncated or damaged")
        if type_len % 4 or (type_off % 4):
            raise BtfError("the BTF type section is not aligned to 4 bytes")
        if str_len and data[strings + str_len - 1] != 0:
            raise BtfError("the BTF string section does not end in a NUL")
        self._order = order
        # Views: the kernel's BTF is copied no further.
        self._types = memoryview(data)[types : types + type_len]
        self._data = data
        self._strings: int = strings
        self._strings_end: int = strings + str_len
        self._base = base
        self._first_id = len(base) if base else 1
        self._string_base = base._string_end if base else 0
        self._found: Index | None = None
        self._nodes: dict[int, t.Type] = {}
        self._ids_by_name: dict[str, tuple[int, ...]] = {}

    @property
    def _string_end(self) -> int:
        return self._string_base + self._strings_end - self._strings

    # ---- the index ----------------------------------------------------------

    def _index(self) -> Index:
        """Where each type begins in the section, its name's offset and its kind."""
        if self._found is None:
            self._found = self._walk()
        return self._found

    def _walk(self) -> Index:
        words = array("I")
        words.frombytes(self._types)
        if (self._order == "<") != (sys.byteorder == "little"):
            words.byteswap()
        # In words, and padded to 32 kinds: the five bits of a damaged one index it too.
        fixed = [3 + size // 4 for size in _FIXED] + [0] * 12
        each = [size // 4 for size in _EACH] + [0] * 12
        offsets, names, kinds = array("I"), array("I"), bytearray()
        at, end = 0, len(words)
        try:
            while at < end:
                info = words[at + 1]
                kind = info >> 24 & 31
                if not 0 < kind < 20:
                    raise BtfError(f"type {self._first_id + len(offsets)} is of no known kind: {kind}")
                offsets.append(at * 4)
                names.append(words[at])
                kinds.append(kind)
                at += fixed[kind] + (info & 0xFFFF) * each[kind]
        except IndexError:
            at = end + 1
        if at != end:
            raise BtfError("the last type runs over the end of the BTF type section")
        return offsets, names.tobytes(), bytes(kinds)

    def __len__(self) -> int:
        """The number of types, void and those of the base included: one more than the last id."""
        return self._first_id + len(self._index()[0])

    def __iter__(self) -> Iterator[int]:
        """The type ids, void and those of the base left out."""
        return iter(range(self._first_id, len(self)))

    @property
    def data(self) -> bytes:
        """The whole blob."""
        return self._data

    def sections(self) -> tuple[memoryview, memoryview]:
        """The raw type and string sections."""
        return self._types, memoryview(self._data)[self._strings : self._strings_end]

    def positions(self) -> Sequence[int]:
        """Where each type of this blob begins in the type section."""
        return self._index()[0]

    def position(self, type_id: int) -> int:
        """Where a type of this blob begins in the type section."""
        return self._index()[0][type_id - self._first_id]

    # ---- one type -----------------------------------------------------------

    def string(self, offset: int) -> str:
        if offset < self._string_base and self._base:
            return self._base.string(offset)
        start = self._strings + offset - self._string_base
        if not self._strings <= start < max(self._strings_end, self._strings + 1):
            raise BtfError(f"a name at {offset} is outside of the BTF string section")
        raw = self._data[start : self._data.find(b"\0", start, self._strings_end)]
        return raw.decode("utf-8", "surrogateescape")

    def __getitem__(self, type_id: int) -> t.Type:
        if type_id == 0:
            return t.Void(Kind.VOID, "void")
        if type_id < self._first_id and self._base:
            return self._base[type_id]
        node = self._nodes.get(type_id)
        if node is None:
            offsets = self._index()[0]
            position = type_id - self._first_id
            if not 0 <= position < len(offsets):
                raise BtfError(f"there is no type {type_id}: the last one is {len(self) - 1}")
            node = self._nodes[type_id] = self._decode(offsets[position])
        return node

    def _decode(self, at: int) -> t.Type:
        order, data = self._order, self._types
        name_off, info, word = struct.unpack_from(order + "III", data, at)
        kind, count, flag = Kind(info >> 24 & 31), info & 0xFFFF, bool(info >> 31)
        name = self.string(name_off)
        at += 12

        def parts(layout: str) -> Iterator[tuple[int, ...]]:
            size = struct.calcsize(order + layout)
            return struct.iter_unpack(order + layout, data[at : at + count * size])

        match kind:
            case Kind.INT:
                (encoding,) = struct.unpack_from(order + "I", data, at)
                bits, bit_offset, how = encoding & 0xFF, encoding >> 16 & 0xFF, encoding >> 24 & 15
                if not 0 < word <= 16 or bits > word * 8:
                    raise BtfError(f"int {name!r} of {word} bytes can't have {bits} bits")
                return t.Int(kind, name, word, bits, bit_offset, bool(how & 1), bool(how & 2), bool(how & 4))
            case Kind.FLOAT:
                return t.Float(kind, name, word)
            case Kind.PTR:
                return t.Pointer(kind, name, word)
            case Kind.ARRAY:
                return t.Array(kind, name, *struct.unpack_from(order + "III", data, at))
            case Kind.STRUCT | Kind.UNION:
                members = []
                for member_name, type_id, where in parts("III"):
                    # With the flag, the upper byte is a bitfield's width.
                    width, where = (where >> 24, where & 0xFFFFFF) if flag else (0, where)
                    if where + width > word * 8:
                        raise BtfError(f"a member of struct {name!r} lies beyond its {word} bytes")
                    members.append(t.Member(self.string(member_name), type_id, where, width))
                return t.Struct(kind, name, word, tuple(members))
            case Kind.ENUM:
                values = tuple((self.string(n), v) for n, v in parts("Ii" if flag else "II"))
                return t.Enum(kind, name, word, flag, values)
            case Kind.ENUM64:
                values = tuple(
                    (self.string(n), (high << 32 | low) - ((high >> 31) << 64 if flag else 0))
                    for n, low, high in parts("III")
                )
                return t.Enum(kind, name, word, flag, values)
            case Kind.FWD:
                return t.Fwd(kind, name, flag)
            case Kind.TYPEDEF:
                return t.Typedef(kind, name, word)
            case Kind.VOLATILE | Kind.CONST | Kind.RESTRICT | Kind.TYPE_TAG:
                return t.Modifier(kind, name, word)
            case Kind.FUNC_PROTO:
                params = tuple((self.string(n), type_id) for n, type_id in parts("II"))
                return t.FuncProto(kind, name, word, params)
            case Kind.FUNC:
                return t.Func(kind, name, word, count)
            case Kind.VAR:
                return t.Var(kind, name, word, *struct.unpack_from(order + "I", data, at))
            case Kind.DATASEC:
                return t.DataSec(kind, name, word, tuple((i, o, s) for i, o, s in parts("III")))
            case _:
                (component,) = struct.unpack_from(order + "i", data, at)
                return t.Tag(kind, name, word, component)

    # ---- by name ------------------------------------------------------------

    def get(self, name: str, kind: Kind) -> int | None:
        """The id of the type of that name and kind, those of the base first; None if there is none."""
        if self._base is not None and (found := self._base.get(name, kind)) is not None:
            return found
        for type_id in self._ids(name):
            if self._kind(type_id) == kind:
                return type_id
        return None

    def __contains__(self, name: object) -> bool:
        """Whether a type of any kind has that name."""
        if not isinstance(name, str):
            return False
        if self._base is not None and name in self._base:
            return True
        return bool(self._ids(name))

    def find(self, name: str, kind: Kind) -> int:
        """As :meth:`get`; a missing one is a :class:`BtfError`."""
        found = self.get(name, kind)
        if found is None:
            raise BtfError(f"there is no {kind.name.lower()} {name!r}")
        return found

    def names(self, kind: Kind, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Name and id of all types of a kind whose names begin with ``prefix``."""
        _, names, kinds = self._index()
        wanted = set(self._string_offsets(prefix))
        for type_id, offset in enumerate(memoryview(names).cast("I"), self._first_id):
            if (offset in wanted or not prefix) and kinds[type_id - self._first_id] == kind:
                yield self[type_id].name, type_id

    def _kind(self, type_id: int) -> int:
        return self._index()[2][type_id - self._first_id]

    def _ids(self, name: str) -> tuple[int, ...]:
        """The types of that name in this blob, which is looked for once; none is named ""."""
        found = self._ids_by_name.get(name)
        if found is None:
            found = self._ids_by_name[name] = tuple(self._find(name)) if name else ()
        return found

    def _find(self, name: str) -> Iterator[int]:
        for offset in self._string_offsets(name + "\0"):
            yield from self._ids_of_name(offset)

    def _string_offsets(self, prefix: str) -> Iterator[int]:
        """Where strings begin that start with ``prefix``; found in the section, none is decoded."""
        needle = b"\0" + prefix.encode("utf-8", "surrogateescape")
        at = self._data.find(needle, self._strings, self._strings_end)
        while at >= 0:
            yield self._string_base + at - self._strings + 1
            at = self._data.find(needle, at + 1, self._strings_end)

    def _ids_of_name(self, offset: int) -> Iterator[int]:
        """The types whose name is at ``offset`` of the strings: its bytes are looked for, which is fast."""
        names, needle = self._index()[1], offset.to_bytes(4, sys.byteorder)
        at = names.find(needle)
        while at >= 0:
            if at % 4 == 0:
                yield self._first_id + at // 4
            at = names.find(needle, at + 1)

    # ---- what types come to -------------------------------------------------

    def resolve(self, type_id: int) -> int:
        """The id behind typedefs, const, volatile, restrict and type tags."""
        for _ in range(_DEPTH_MAX):
            node = self[type_id]
            if node.kind not in _CHAIN:
                return type_id
            type_id = node.type_id  # type: ignore[attr-defined]
        raise BtfError(f"type {type_id} is a chain of typedefs without an end")

    def typedefs(self, type_id: int) -> tuple[str, ...]:
        """The names of the typedefs that :meth:`resolve` goes through, outermost first."""
        end, names = self.resolve(type_id), []
        while type_id != end:
            node = self[type_id]
            if isinstance(node, t.Typedef):
                names.append(node.name)
            type_id = node.type_id  # type: ignore[attr-defined]
        return tuple(names)

    def size_of(self, type_id: int) -> int:
        """Bytes that a value of the type takes."""
        count = 1
        for _ in range(_DEPTH_MAX):
            node = self[self.resolve(type_id)]
            match node:
                case t.Array():
                    count *= node.count
                    type_id = node.type_id
                    if count > _SIZE_MAX:
                        break
                    continue
                case t.Int() | t.Struct() | t.Enum() | t.Float() | t.DataSec():
                    size = node.size
                case t.Pointer():
                    size = 8
                case t.Var():
                    type_id = node.type_id
                    continue
                case _:
                    raise BtfError(f"{self.c_name(type_id)} has no size")
            if count * size > _SIZE_MAX:
                break
            return count * size
        raise BtfError(f"type {type_id} has no size that memory could hold")

    def flat_members(self, struct_id: int) -> tuple[t.Member, ...]:
        """A struct's members, those of anonymous structs and unions in it among them."""
        return tuple(self._flatten(struct_id, 0, 0))

    def _flatten(self, struct_id: int, base: int, depth: int) -> Iterator[t.Member]:
        node = self[self.resolve(struct_id)]
        if not isinstance(node, t.Struct):
            raise BtfError(f"{self.c_name(struct_id)} is no struct")
        if depth > _DEPTH_MAX:
            raise BtfError(f"struct {node.name!r} contains itself")
        for member in node.members:
            inner = self[self.resolve(member.type_id)]
            if not member.name and isinstance(inner, t.Struct):
                yield from self._flatten(member.type_id, base + member.bit_offset, depth + 1)
            else:
                yield t.Member(member.name, member.type_id, base + member.bit_offset, member.bitfield_size)

    def c_name(self, type_id: int) -> str:
        """The type as C spells it, for people: ``struct task_struct *``, ``char[16]``."""
        suffix, prefix = "", ""
        for _ in range(_DEPTH_MAX):
            node = self[type_id]
            match node:
                case t.Pointer():
                    suffix = "*" + suffix
                case t.Array():
                    suffix = f"[{node.count}]" + suffix
                case t.Modifier():
                    if node.kind != Kind.TYPE_TAG:
                        prefix += node.kind.name.lower() + " "
                case t.FuncProto():
                    return f"{prefix}function {suffix}".rstrip()
                case _:
                    tag = {Kind.STRUCT: "struct ", Kind.UNION: "union ", Kind.FWD: "struct "}
                    tag |= {Kind.ENUM: "enum ", Kind.ENUM64: "enum "}
                    name = tag.get(node.kind, "") + (node.name or "(anonymous)")
                    space = " " if suffix.startswith("*") else ""
                    return f"{prefix}{name}{space}{suffix}"
            type_id = node.type_id
        raise BtfError(f"type {type_id} is a chain without an end")
