"""Raw BTF to type nodes, each decoded when it is asked for. Imports types and errors; no I/O.

The kernel's BTF has 130,000 types in 5 MB. Opening it reads only the header; the first look-up walks the type
section once, to learn where each type begins; a type is decoded when its id is asked for.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence

from ..errors import BtfError
from . import types as t
from .types import Kind

MAGIC = 0xEB9F
_HEADER = "HBBIIIII"
_HEADER_SIZE = 24
# By kind, the bytes that follow a type's first 12: once, and for each of its vlen parts.
_FIXED = (0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0)
_EACH = (0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12)
_CHAIN = frozenset({Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG})
# Longer chains of modifiers, arrays and anonymous members than any compiler emits.
_DEPTH_MAX = 64
_SIZE_MAX = 1 << 32

# Of all types: where each begins; the offsets of their names, 32 bits each; their kinds, a byte each.
Index = tuple[Sequence[int], bytes | memoryview, bytes | memoryview]


class Unsized(BtfError):
    """A type without a size: void, a function, or a struct that is only declared."""


class Btf:
    """The types of one BTF blob; with ``base``, of split BTF, which continues the ids of its base."""

    def __init__(self, data: bytes | memoryview, base: Btf | None = None) -> None:
        if len(data) < _HEADER_SIZE:
            raise BtfError(f"BTF of {len(data)} bytes is shorter than its header")
        for order in "<>":
            magic, version, _, header, type_off, type_len, str_off, str_len = struct.unpack_from(
                order + _HEADER, data
            )
            if magic == MAGIC:
                break
        else:
            raise BtfError(f"not BTF: its magic is {magic:#06x}, not {MAGIC:#06x}")
        if version != 1:
            raise BtfError(f"BTF version {version} is unknown")
        types, strings = header + type_off, header + str_off
        if header < _HEADER_SIZE or types + type_len > len(data) or strings + str_len > len(data):
            raise BtfError("the BTF header refers beyond the data: it is truncated or damaged")
        if type_len % 4 or (type_off % 4):
            raise BtfError("the BTF type section is not aligned to 4 bytes")
        if str_len and data[strings + str_len - 1] != 0:
            raise BtfError("the BTF string section does not end in a NUL")
        self._order = order
        # Of a view these are views: the kernel's BTF is not copied.
        self._data = data
        self._types = memoryview(data)[types : types + type_len]
        self._strings = data[strings : strings + str_len]
        self._base = base
        self._first_id = len(base) if base else 1
        self._string_base = base._string_end if base else 0
        self._found: Index | None = None
        self._nodes: dict[int, t.Type] = {}
        self._ids_by_name: dict[str, tuple[int, ...]] = {}

    @property
    def _string_end(self) -> int:
        return self._string_base + len(self._strings)

    # ---- the index ----------------------------------------------------------

    def _index(self) -> Index:
        """The index, made at the first look-up."""
        if self._found is None:
            self._found = self._walk()
        return self._found

    def _walk(self) -> Index:
        words = array("I")
        words.frombytes(self._types)
        if (self._order == "<") != (sys.byteorder == "little"):
            words.byteswap()
        fixed, each = [3 + size // 4 for size in _FIXED], [size // 4 for size in _EACH]
        offsets, names, kinds = array("I"), array("I"), bytearray()
        at, end = 0, len(words)
        try:
            while at < end:
                info = words[at + 1]
                kind = info >> 24 & 31
                if not 0 < kind < 20:
                    raise BtfError(f"type {self._first_id + len(offsets)} has an unknown kind: {kind}")
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
        """One more than the last id: counts void, and the types of the base."""
        return self._first_id + len(self._index()[0])

    def __iter__(self) -> Iterator[int]:
        """The ids of the types in this blob, without void and those of the base."""
        return iter(range(self._first_id, len(self)))

    @property
    def data(self) -> bytes:
        """The whole blob."""
        return bytes(self._data)

    def sections(self) -> tuple[memoryview, memoryview]:
        """The raw type and string sections."""
        return self._types, memoryview(self._strings)

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
        start = offset - self._string_base
        if not 0 <= start < max(len(self._strings), 1):
            raise BtfError(f"a name at {offset} is outside of the BTF string section")
        return self._string_at(start).decode("utf-8", "surrogateescape")

    def _string_at(self, start: int) -> bytes:
        strings = bytes(self._strings)
        return strings[start : strings.find(b"\0", start)]

    def __getitem__(self, type_id: int) -> t.Type:
        if (node := self._nodes.get(type_id)) is not None:
            return node
        if type_id == 0:
            return t.Void(Kind.VOID, "void")
        if type_id < self._first_id and self._base:
            return self._base[type_id]
        node = self._nodes[type_id] = self._decode(self._index()[0][self._place(type_id)])
        return node

    def kind(self, type_id: int) -> int:
        """A type's kind; the type isn't decoded for it."""
        if (node := self._nodes.get(type_id)) is not None:
            return node.kind
        if type_id == 0:
            return Kind.VOID
        if type_id < self._first_id and self._base:
            return self._base.kind(type_id)
        return self._index()[2][self._place(type_id)]

    def name(self, type_id: int) -> str:
        """A type's name; the type isn't decoded for it."""
        if type_id < self._first_id:
            return self._base.name(type_id) if type_id and self._base else "void"
        (offset,) = self._part(self._index()[0][self._place(type_id)], "I")
        return self.string(offset)

    def _place(self, type_id: int) -> int:
        """Which of this blob's types it is."""
        place = type_id - self._first_id
        if not 0 <= place < len(self._index()[0]):
            raise BtfError(f"there is no type {type_id}: the last one is {len(self) - 1}")
        return place

    def _decode(self, at: int) -> t.Type:
        """The type that begins at ``at``: 12 bytes that all have, and what its kind has behind them."""
        name_off, info, word = struct.unpack_from(self._order + "III", self._types, at)
        kind, count, flag = info >> 24 & 31, info & 0xFFFF, bool(info >> 31)
        name = self.string(name_off)
        at += 12
        match kind:
            case Kind.INT:
                return self._int(name, word, at)
            case Kind.FLOAT:
                return t.Float(kind, name, word)
            case Kind.PTR:
                return t.Pointer(kind, name, word)
            case Kind.ARRAY:
                return t.Array(kind, name, *self._part(at, "III"))
            case Kind.STRUCT | Kind.UNION:
                return t.Struct(kind, name, word, tuple(self._members(name, word, at, count, flag)))
            case Kind.ENUM | Kind.ENUM64:
                return t.Enum(kind, name, word, flag, tuple(self._enumerators(kind, at, count, flag)))
            case Kind.FWD:
                return t.Fwd(kind, name, flag)
            case Kind.TYPEDEF:
                return t.Typedef(kind, name, word)
            case Kind.VOLATILE | Kind.CONST | Kind.RESTRICT | Kind.TYPE_TAG:
                return t.Modifier(kind, name, word)
            case Kind.FUNC_PROTO:
                params = tuple((self.string(n), type_id) for n, type_id in self._parts(at, count, "II"))
                return t.FuncProto(kind, name, word, params)
            case Kind.FUNC:
                return t.Func(kind, name, word, count)
            case Kind.VAR:
                return t.Var(kind, name, word, *self._part(at, "I"))
            case Kind.DATASEC:
                variables = tuple((type_id, o, s) for type_id, o, s in self._parts(at, count, "III"))
                return t.DataSec(kind, name, word, variables)
            case _:
                return t.Tag(kind, name, word, *self._part(at, "i"))

    def _part(self, at: int, layout: str) -> tuple[int, ...]:
        return struct.unpack_from(self._order + layout, self._types, at)

    def _parts(self, at: int, count: int, layout: str) -> Iterator[tuple[int, ...]]:
        size = struct.calcsize(self._order + layout)
        return struct.iter_unpack(self._order + layout, self._types[at : at + count * size])

    def _int(self, name: str, size: int, at: int) -> t.Int:
        (encoding,) = self._part(at, "I")
        bits, bit_offset, how = encoding & 0xFF, encoding >> 16 & 0xFF, encoding >> 24 & 15
        if not 0 < size <= 16 or bits > size * 8:
            raise BtfError(f"int {name!r} of {size} bytes can't have {bits} bits")
        return t.Int(Kind.INT, name, size, bits, bit_offset, bool(how & 1), bool(how & 2), bool(how & 4))

    def _members(self, struct_: str, size: int, at: int, count: int, flag: bool) -> Iterator[t.Member]:
        for name, type_id, where in self._parts(at, count, "III"):
            # With kind_flag, the upper byte is a bitfield's width.
            width, where = (where >> 24, where & 0xFFFFFF) if flag else (0, where)
            if where + width > size * 8:
                raise BtfError(f"a member of struct {struct_!r} is beyond its {size} bytes")
            yield t.Member(self.string(name), type_id, where, width)

    def _enumerators(self, kind: int, at: int, count: int, signed: bool) -> Iterator[tuple[str, int]]:
        if kind == Kind.ENUM:
            for name, value in self._parts(at, count, "Ii" if signed else "II"):
                yield self.string(name), value
        else:
            for name, low, high in self._parts(at, count, "III"):
                yield self.string(name), (high << 32 | low) - ((high >> 31) << 64 if signed else 0)

    # ---- by name ------------------------------------------------------------

    def get(self, name: str, kind: int) -> int | None:
        """The id of the type of that name and kind, those of the base first; None if there is none."""
        if self._base is not None and (found := self._base.get(name, kind)) is not None:
            return found
        return next(iter(self.ids(name, kind)), None)

    def ids(self, name: str, kind: int) -> list[int]:
        """The ids of all types of that name and kind, those of a base left out."""
        return [type_id for type_id in self._ids(name) if self.kind(type_id) == kind]

    def __contains__(self, name: object) -> bool:
        """Whether a type of any kind has that name."""
        if not isinstance(name, str):
            return False
        if self._base is not None and name in self._base:
            return True
        return bool(self._ids(name))

    def find(self, name: str, kind: int) -> int:
        """Like :meth:`get`, but raises :class:`BtfError` if there is none."""
        found = self.get(name, kind)
        if found is None:
            raise BtfError(f"there is no {t.KIND_NAMES[kind]} {name!r}")
        return found

    def names(self, kind: int, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Name and id of all types of a kind whose names begin with ``prefix``."""
        _, names, kinds = self._index()
        wanted = set(self._string_offsets(prefix))
        for type_id, offset in enumerate(memoryview(names).cast("I"), self._first_id):
            if (offset in wanted or not prefix) and kinds[type_id - self._first_id] == kind:
                yield self[type_id].name, type_id

    def look_up(self, names: Iterable[str]) -> None:
        """Find the types of many names at once: what is asked of one of them later is known then."""
        if unknown := [name for name in names if name not in self._ids_by_name]:
            self._ids_by_name |= self._find(unknown)

    def _ids(self, name: str) -> tuple[int, ...]:
        """The types of that name in this blob, searched for once; never those without a name."""
        if name not in self._ids_by_name:
            self.look_up([name])
        return self._ids_by_name[name]

    def _find(self, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
        return {name: tuple(self._find_one(name)) if name else () for name in names}

    def _find_one(self, name: str) -> Iterator[int]:
        for offset in self._string_offsets(name + "\0"):
            yield from self._ids_of_name(offset)

    def _string_offsets(self, prefix: str) -> Iterator[int]:
        """The offsets of the strings that start with ``prefix``; found without decoding any."""
        strings, needle = bytes(self._strings), b"\0" + prefix.encode("utf-8", "surrogateescape")
        at = strings.find(needle)
        while at >= 0:
            yield self._string_base + at + 1
            at = strings.find(needle, at + 1)

    def _ids_of_name(self, offset: int) -> Iterator[int]:
        """The types whose name is at ``offset`` of the strings: its bytes are looked for, which is fast."""
        names, needle = bytes(self._index()[1]), offset.to_bytes(4, sys.byteorder)
        at = names.find(needle)
        while at >= 0:
            if at % 4 == 0:
                yield self._first_id + at // 4
            at = names.find(needle, at + 1)

    # ---- what types come to -------------------------------------------------

    def resolve(self, type_id: int) -> int:
        """The id behind typedefs, const, volatile, restrict and type tags."""
        for _ in range(_DEPTH_MAX):
            if self.kind(type_id) not in _CHAIN:
                return type_id
            type_id = self[type_id].type_id  # type: ignore[attr-defined]
        raise BtfError(f"type {type_id} is an endless chain of typedefs")

    def typedefs(self, type_id: int) -> tuple[str, ...]:
        """The names of the typedefs that :meth:`resolve` goes through, outermost first."""
        names: list[str] = []
        for _ in range(_DEPTH_MAX):
            if self.kind(type_id) not in _CHAIN:
                return tuple(names)
            node = self[type_id]
            if isinstance(node, t.Typedef):
                names.append(node.name)
            type_id = node.type_id  # type: ignore[attr-defined]
        raise BtfError(f"type {type_id} is an endless chain of typedefs")

    def size_of(self, type_id: int) -> int:
        """How many bytes a value of the type takes; raises :class:`Unsized` if it can't have any."""
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
                    raise Unsized(f"{self.c_name(type_id)} has no size")
            if count * size > _SIZE_MAX:
                break
            return count * size
        raise BtfError(f"type {type_id} is too large for any memory")

    def flat_members(self, struct_id: int) -> tuple[t.Member, ...]:
        """A struct's members, with those of anonymous structs and unions inside it in their place."""
        return tuple(self._flatten(struct_id, 0, 0))

    def _flatten(self, struct_id: int, base: int, depth: int) -> Iterator[t.Member]:
        node = self[self.resolve(struct_id)]
        if not isinstance(node, t.Struct):
            raise BtfError(f"{self.c_name(struct_id)} isn't a struct")
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
        prefix = suffix = counts = ""
        for _ in range(_DEPTH_MAX):
            node = self[type_id]
            match node:
                case t.Pointer():
                    suffix, counts = "*" + counts + suffix, ""
                case t.Array():
                    counts += f"[{node.count}]"  # the outermost comes first
                case t.Modifier():
                    if node.kind != Kind.TYPE_TAG:
                        prefix += t.KIND_NAMES[node.kind] + " "
                case t.FuncProto():
                    return f"{prefix}function {counts}{suffix}".rstrip()
                case _:
                    tag = {Kind.STRUCT: "struct ", Kind.UNION: "union ", Kind.FWD: "struct "}
                    tag |= {Kind.ENUM: "enum ", Kind.ENUM64: "enum "}
                    name = tag.get(node.kind, "") + (node.name or "(anonymous)")
                    suffix = counts + suffix
                    space = " " if suffix.startswith("*") else ""
                    return f"{prefix}{name}{space}{suffix}"
            type_id = node.type_id
        raise BtfError(f"type {type_id} is an endless chain")
