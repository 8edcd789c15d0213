"""Writes BTF: a new blob, or an existing one with more types behind its own. Imports reader, types, errors.

Documentation/bpf/btf.rst has the format. What is written here is read by the kernel, by libbpf, and by
:class:`.reader.Btf`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from ..errors import BtfError
from . import types as t
from .reader import MAGIC, Btf
from .types import Kind

__all__ = ["Writer", "blob"]

# Deeper than any column is nested; this is where a type that contains itself ends.
_DEPTH_MAX = 32
_KIND_FLAG = 1 << 31


def blob(types: bytes | bytearray, strings: bytes | bytearray) -> bytes:
    """BTF made of its two sections."""
    header = struct.pack("=HBBIIIII", MAGIC, 1, 0, 24, 0, len(types), len(types), len(strings))
    return header + types + strings


class Writer:
    """Appends types; the methods that do so return the new type's id."""

    def __init__(self, base: Btf | None = None) -> None:
        self._types, self._strings = map(bytearray, base.sections() if base else (b"", b"\0"))
        self._next = len(base) if base else 1
        self._offsets: dict[str, int] = {"": 0}
        self._copied: dict[tuple[int, int], int] = {}
        self._ints: dict[tuple[str, int, int], int] = {}

    def finish(self) -> bytes:
        return blob(self._types, self._strings)

    def _string(self, text: str) -> int:
        at = self._offsets.get(text)
        if at is None:
            at = self._offsets[text] = len(self._strings)
            self._strings += text.encode("utf-8", "surrogateescape") + b"\0"
        return at

    def _type(
        self, kind: int, name: str, count: int, word: int, rest: bytes = b"", flag: bool = False
    ) -> int:
        info = kind << 24 | count | (_KIND_FLAG if flag else 0)
        self._types += struct.pack("=III", self._string(name), info, word) + rest
        self._next += 1
        return self._next - 1

    # ---- each kind ----------------------------------------------------------

    def integer(
        self, name: str, size: int, *, signed: bool = False, char: bool = False, bool_: bool = False
    ) -> int:
        encoding = signed | char << 1 | bool_ << 2
        known = self._ints.get((name, size, encoding))
        if known is None:
            word = struct.pack("=I", encoding << 24 | size * 8)
            known = self._ints[name, size, encoding] = self._type(Kind.INT, name, 0, size, word)
        return known

    def pointer(self, type_id: int) -> int:
        return self._type(Kind.PTR, "", 0, type_id)

    def const(self, type_id: int) -> int:
        return self._type(Kind.CONST, "", 0, type_id)

    def array(self, type_id: int, count: int) -> int:
        index = self.integer("__ARRAY_SIZE_TYPE__", 4)
        return self._type(Kind.ARRAY, "", 0, 0, struct.pack("=III", type_id, index, count))

    def structure(self, name: str, size: int, members: Sequence[t.Member], *, union: bool = False) -> int:
        flag = any(member.bitfield_size for member in members)
        rest = b"".join(
            struct.pack(
                "=III",
                self._string(member.name),
                member.type_id,
                member.bitfield_size << 24 | member.bit_offset if flag else member.bit_offset,
            )
            for member in members
        )
        kind = Kind.UNION if union else Kind.STRUCT
        return self._type(kind, name, len(members), size, rest, flag)

    def enumeration(self, node: t.Enum) -> int:
        if node.kind == Kind.ENUM:
            rest = b"".join(
                struct.pack("=II", self._string(name), value & 0xFFFFFFFF) for name, value in node.values
            )
        else:
            rest = b"".join(
                struct.pack("=III", self._string(name), value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF)
                for name, value in node.values
            )
        return self._type(node.kind, node.name, len(node.values), node.size, rest, node.signed)

    def typedef(self, name: str, type_id: int) -> int:
        return self._type(Kind.TYPEDEF, name, 0, type_id)

    def forward(self, name: str) -> int:
        return self._type(Kind.FWD, name, 0, 0)

    def function(self, name: str) -> int:
        """A static ``int name(void)``, as which the kernel takes a program's main function."""
        proto = self._type(Kind.FUNC_PROTO, "", 0, self.integer("int", 4, signed=True))
        return self._type(Kind.FUNC, name, 0, proto)

    def variable(self, name: str, type_id: int) -> int:
        return self._type(Kind.VAR, name, 0, type_id, struct.pack("=I", 1))

    # ---- from elsewhere -----------------------------------------------------

    def copy(self, source: Btf, type_id: int, depth: int = 0) -> int:
        """Copy a type from other BTF, with all that it contains; what it points to only by name."""
        key = id(source), type_id
        if key not in self._copied:
            self._copied[key] = self._copy(source, type_id, depth)
        return self._copied[key]

    def _copy(self, source: Btf, type_id: int, depth: int) -> int:
        if depth > _DEPTH_MAX:
            raise BtfError(f"{source.c_name(type_id)} is nested too deeply")
        node = source[type_id]
        match node:
            case t.Int():
                return self.integer(node.name, node.size, signed=node.signed, char=node.char, bool_=node.bool)
            case t.Float():
                return self._type(Kind.FLOAT, node.name, 0, node.size)
            case t.Enum():
                return self.enumeration(node)
            case t.Typedef():
                return self.typedef(node.name, self.copy(source, node.type_id, depth + 1))
            case t.Modifier():
                return self.copy(source, node.type_id, depth + 1)
            case t.Pointer():
                to = source[source.resolve(node.type_id)]
                named = isinstance(to, t.Struct | t.Fwd) and to.name
                return self.pointer(self.forward(to.name) if named else 0)
            case t.Array():
                return self.array(self.copy(source, node.type_id, depth + 1), node.count)
            case t.Struct():
                members = [
                    t.Member(m.name, self.copy(source, m.type_id, depth + 1), m.bit_offset, m.bitfield_size)
                    for m in node.members
                ]
                return self.structure(node.name, node.size, members, union=node.kind == Kind.UNION)
            case _:
                raise BtfError(f"{source.c_name(type_id)} isn't the type of a value")

    def repoint(self, btf: Btf, pointer_id: int, type_id: int) -> None:
        """Make a pointer of the base point to another type, in place."""
        at = btf.position(pointer_id)
        struct.pack_into("=I", self._types, at + 8, type_id)

    def undeclare(self, btf: Btf, section_id: int) -> None:
        """Let a section of functions that are defined elsewhere be an empty struct; other ids stay.

        The functions become typedefs of their prototypes: neither libbpf nor the kernel takes declarations
        that no object defines.
        """
        section = btf[section_id]
        assert isinstance(section, t.DataSec)
        for type_id, _, _ in section.variables:
            struct.pack_into("=I", self._types, btf.position(type_id) + 4, Kind.TYPEDEF << 24)
        at = btf.position(section_id)
        struct.pack_into("=III", self._types, at, 0, Kind.STRUCT << 24, 0)
        del self._types[at + 12 : at + 12 + 12 * len(section.variables)]
