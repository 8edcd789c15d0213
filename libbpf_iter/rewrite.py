"""Replace a function, a section or single instructions of an object file. Imports errors, immutable; pure.

New contents of a section, of any length, are appended to the file, and the section's header is pointed at
them; nothing else moves. So what can be replaced is the last function of a section, and a section that
nothing refers into by offset.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterator

from .errors import ObjectError
from .immutable import Immutable

__all__ = ["Elf"]

_SYMTAB, _REL, _FUNC = 2, 9, 2
_EXECUTABLE = 4
_SECTION = struct.Struct("=IIQQQQIIQQ")
_SYMBOL = struct.Struct("=IBBHQQ")
_RELOCATION = struct.Struct("=QQ")
# include/uapi/linux/bpf.h: struct bpf_insn is code, registers, off at 2, imm at 4.
_JEQ, _JNE = 0x10, 0x50

_LOAD = 0x18  # BPF_LD | BPF_IMM | BPF_DW: a constant of 64 bits, whose upper half is in a second instruction
_SETTING = "setting_"

# Where an instruction is: a section's index and an offset in it. It stays valid if the section is replaced.
Place = tuple[int, int]


class _Section(Immutable):
    at: int  # of its header in the file
    name: int
    type: int
    flags: int
    offset: int
    size: int
    link: int
    info: int


class Elf:
    """A 64-bit object file of the native byte order, which :mod:`.elf` has checked."""

    def __init__(self, data: bytes) -> None:
        self._data = bytearray(data)
        start, entry, count, names = struct.unpack_from("=Q10xHHH", data, 40)
        self._sections = []
        for index in range(count):
            at = start + index * entry
            name, kind, flags, _, offset, size, link, info, _, _ = _SECTION.unpack_from(data, at)
            self._sections.append(_Section(at, name, kind, flags, offset, size, link, info))
        self._names = self._sections[names]

    def _name(self, table: _Section, offset: int) -> str:
        start = table.offset + offset
        end = self._data.find(b"\0", start)
        if end < 0:
            raise ObjectError("the object is damaged: a name has no end")
        return self._data[start:end].decode("utf-8", "surrogateescape")

    def has(self, section: str) -> bool:
        return any(self._name(self._names, each.name) == section for each in self._sections)

    def _index(self, name: str) -> int:
        for index, section in enumerate(self._sections):
            if self._name(self._names, section.name) == name:
                return index
        raise ObjectError(f"the object has no section {name}")

    def _symbols(self, *prefixes: bytes, function: bool = False) -> Iterator[tuple[int, str, int, int]]:
        """Each symbol, or function, with such a name: its place in the file, name, section and value."""
        for table in self._sections:
            if table.type == _SYMTAB:
                names = self._sections[table.link]
                symbols = self._data[table.offset : table.offset + table.size]
                for number, (name, info, _, section, value, _) in enumerate(_SYMBOL.iter_unpack(symbols)):
                    if function and info & 15 != _FUNC:
                        continue
                    # Compare before decoding: most symbols are others.
                    if self._data.startswith(prefixes, names.offset + name):
                        at = table.offset + number * _SYMBOL.size
                        yield at, self._name(names, name), section, value

    def programs(self) -> list[tuple[str, str]]:
        """Name and section of each program: a function that isn't in .text, where those are that it calls."""
        found = []
        for _, name, index, _ in self._symbols(b"", function=True):
            if index < len(self._sections):
                section = self._name(self._names, self._sections[index].name)
                if section != ".text":
                    found.append((name, section))
        return found

    def section(self, name: str) -> bytes:
        found = self._sections[self._index(name)]
        return bytes(self._data[found.offset : found.offset + found.size])

    def replace_section(self, name: str, content: bytes) -> None:
        self._replace(self._index(name), content)

    def _replace(self, index: int, content: bytes) -> None:
        old = self._sections[index]
        self._data += bytes(-len(self._data) % 8)
        offset = len(self._data)
        self._data += content
        # sh_offset and sh_size, include/uapi/linux/elf.h, struct elf64_shdr.
        struct.pack_into("=QQ", self._data, old.at + 24, offset, len(content))
        self._sections[index] = old.replace(offset=offset, size=len(content))

    def replace_function(self, name: str, code: bytes) -> None:
        """Replace the instructions of a static function, which has to be the last one in .text."""
        text = self._index(".text")
        last = 0
        found = None
        for at, symbol, section, value in self._symbols(b"", function=True):
            if section == text:
                last = max(last, value)
                if symbol == name:
                    found = at, value
        if found is None:
            raise ObjectError(f"the object has no function {name}() in .text: SLOT() of emit.h defines it")
        at, value = found
        if value != last:
            raise ObjectError(f"{name}() isn't the last function in .text: write SLOT() behind the others")
        self.replace_section(".text", self.section(".text")[:value] + code)
        # st_size, behind name, info, other, section and value.
        struct.pack_into("=Q", self._data, at + 16, len(code))

    def labels(self, *prefixes: str) -> dict[str, Place]:
        """The places of labelled instructions, by label, for labels that begin with one of the prefixes."""
        found = self._symbols(*(prefix.encode() for prefix in prefixes))
        return {name: (section, value) for _, name, section, value in found}

    def settings(self) -> dict[str, list[Place]]:
        """Where each setting of a program is used, by name (progs/record.h, SETTING())."""
        found: dict[str, list[Place]] = {}
        for label, place in self.labels(_SETTING).items():
            name = label.removeprefix(_SETTING).rpartition("_")[0]
            found.setdefault(name, []).append(place)
        return found

    def set_number(self, place: Place, number: int) -> None:
        """Set the 64-bit constant that the instruction at a place loads."""
        section, offset = place
        if offset + 16 > self._sections[section].size or self.instruction(place)[0] != _LOAD:
            raise ObjectError("the object is damaged: a setting is no constant")
        at = self._at(place)
        struct.pack_into("=I4xI", self._data, at + 4, number & 0xFFFFFFFF, number >> 32 & 0xFFFFFFFF)

    def negate_jump(self, place: Place) -> None:
        """Negate the condition of the jump at a place: != becomes ==, and the reverse."""
        at = self._at(place)
        self._data[at] ^= _JEQ ^ _JNE

    def add_to_offset(self, place: Place, number: int) -> None:
        """Add to the offset at which the instruction there loads or stores."""
        self._add("=h", self._at(place) + 2, number)

    def add_to_immediate(self, place: Place, number: int) -> None:
        """Add to the constant in the instruction there."""
        self._add("=i", self._at(place) + 4, number)

    def instruction(self, place: Place) -> bytes:
        at = self._at(place)
        return bytes(self._data[at : at + 8])

    def set_instruction(self, place: Place, code: bytes) -> None:
        at = self._at(place)
        self._data[at : at + 8] = code

    def _at(self, place: Place) -> int:
        section, offset = place
        return self._sections[section].offset + offset

    def _add(self, kind: str, at: int, number: int) -> None:
        (old,) = struct.unpack_from(kind, self._data, at)
        struct.pack_into(kind, self._data, at, old + number)

    def take_externs(self) -> list[tuple[str, Place]]:
        """Remove undefined symbols, and return each use of one: its name, and the instruction's place.

        The caller has to write into those instructions what they refer to.
        """
        names = {}
        for table in self._sections:
            if table.type == _SYMTAB:
                # sh_info is the index of the first symbol that isn't local.
                for number in range(table.info, table.size // _SYMBOL.size):
                    at = table.offset + number * _SYMBOL.size
                    name, info, other, section, value, size = _SYMBOL.unpack_from(self._data, at)
                    if section == 0:
                        names[number] = self._name(self._sections[table.link], name)
                        _SYMBOL.pack_into(self._data, at, name, info & 15, other, section, value, size)
        return [(names[number], place) for number, place in self._take_relocations(names)] if names else []

    def _take_relocations(self, symbols: Container[int]) -> Iterator[tuple[int, Place]]:
        for index, table in enumerate(self._sections):
            if table.type == _REL and self._sections[table.info].flags & _EXECUTABLE:
                content = self._data[table.offset : table.offset + table.size]
                kept = bytearray()
                for offset, info in _RELOCATION.iter_unpack(content):
                    if info >> 32 in symbols:
                        yield info >> 32, (table.info, offset)
                    else:
                        kept += _RELOCATION.pack(offset, info)
                self._replace(index, bytes(kept))

    def finish(self) -> bytes:
        return bytes(self._data)
