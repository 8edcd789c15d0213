"""Check that a file is a BPF object that libbpf can be given. Imports btf, errors; pyelftools when used.

libbpf is written in C and trusts its input, so a damaged file must not reach it.
"""

from __future__ import annotations

import io
import struct

from .btf import Btf
from .btf.check import check
from .errors import BtfError, ObjectError
from .typed import Any

_BPF = "EM_BPF"
_NO_BITS = "SHT_NOBITS"


def check_elf(data: bytes, name: str) -> None:
    """Raise :class:`ObjectError` unless ``data`` is a complete 64-bit BPF relocatable object.

    Sections must be within the file, links must name sections of the right type, names must end within
    their string tables, and relocations and symbols must refer to what exists.
    """
    from elftools.common.exceptions import ELFError
    from elftools.construct import ConstructError

    if len(data) < 64 or data[:4] != b"\x7fELF":
        raise ObjectError(f"{name} isn't an ELF file")
    if data[4] != 2:
        raise ObjectError(f"{name} isn't a 64-bit ELF file")
    try:
        _check(data, name)
    except ObjectError:
        raise
    except BtfError as error:
        raise ObjectError(f"{name} has damaged BTF: {error}") from error
    except (
        ELFError,
        ConstructError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        struct.error,
        AttributeError,
        AssertionError,
        OverflowError,
        RecursionError,
        MemoryError,
    ) as error:
        # pyelftools raises any of these for a damaged file.
        raise ObjectError(f"{name} is damaged: {error}") from error


def _check(data: bytes, name: str) -> None:
    from elftools.elf.elffile import ELFFile

    elf = ELFFile(io.BytesIO(data))
    if elf["e_machine"] != _BPF or elf["e_type"] != "ET_REL":
        raise ObjectError(f"{name} isn't a BPF object, but {elf['e_type']} for {elf['e_machine']}")
    if elf["e_shoff"] + elf["e_shnum"] * elf["e_shentsize"] > len(data):
        raise ObjectError(f"{name} is truncated: its section table is beyond its end")
    if not 0 < elf["e_shstrndx"] < elf["e_shnum"] or elf["e_shentsize"] != 64:
        raise ObjectError(f"{name} is damaged: it has no usable section table")
    headers = [elf.get_section(i).header for i in range(elf.num_sections())]
    _check_sections(data, name, headers)
    for header in headers:
        if header["sh_type"] == "SHT_SYMTAB":
            _check_symbols(data, name, header, headers)
        elif header["sh_type"] == "SHT_REL":
            _check_relocations(data, name, header, headers)
    types = elf.get_section_by_name(".BTF")
    if types is not None:
        check(Btf(_content(data, types.header)))


def _content(data: bytes, header: Any) -> bytes:
    return data[header["sh_offset"] : header["sh_offset"] + header["sh_size"]]


def _check_sections(data: bytes, name: str, headers: list[Any]) -> None:
    for index, header in enumerate(headers):
        kind = header["sh_type"]
        if kind in (_NO_BITS, "SHT_NULL"):
            if header["sh_size"] > 1 << 30:
                raise ObjectError(f"{name} is damaged: section {index} claims to be larger than 1 GiB")
            continue
        if header["sh_offset"] + header["sh_size"] > len(data):
            raise ObjectError(f"{name} is truncated: section {index} ends beyond the file")
        if header["sh_link"] >= len(headers):
            raise ObjectError(f"{name} is damaged: section {index} links to one that doesn't exist")
        if kind == "SHT_STRTAB" and not _content(data, header).endswith(b"\0"):
            raise ObjectError(f"{name} is damaged: string table {index} doesn't end in a NUL")
        if header["sh_addralign"] & (header["sh_addralign"] - 1 if header["sh_addralign"] else 0):
            raise ObjectError(f"{name} is damaged: the alignment of section {index} isn't a power of two")


def _check_symbols(data: bytes, name: str, header: Any, headers: list[Any]) -> None:
    strings = headers[header["sh_link"]]
    if strings["sh_type"] != "SHT_STRTAB" or header["sh_entsize"] != 24 or header["sh_size"] % 24:
        raise ObjectError(f"{name} is damaged: its symbol table has a wrong link or entry size")
    for name_offset, _, _, section, value, size in struct.iter_unpack(
        "<IBBHQQ" if data[5] == 1 else ">IBBHQQ", _content(data, header)
    ):
        if name_offset >= strings["sh_size"]:
            raise ObjectError(f"{name} is damaged: a symbol's name is outside of the string table")
        if 0 < section < 0xFF00:
            if section >= len(headers):
                raise ObjectError(f"{name} is damaged: a symbol is in a section that doesn't exist")
            if value + size > headers[section]["sh_size"]:
                raise ObjectError(f"{name} is damaged: a symbol extends beyond its section")


def _check_relocations(data: bytes, name: str, header: Any, headers: list[Any]) -> None:
    symbols = headers[header["sh_link"]]
    if header["sh_info"] >= len(headers) or symbols["sh_type"] != "SHT_SYMTAB":
        raise ObjectError(f"{name} is damaged: its relocations are for a section that doesn't exist")
    if header["sh_entsize"] != 16 or header["sh_size"] % 16:
        raise ObjectError(f"{name} is damaged: its relocations have a wrong entry size")
    section, count = headers[header["sh_info"]], symbols["sh_size"] // 24
    for offset, info in struct.iter_unpack("<QQ" if data[5] == 1 else ">QQ", _content(data, header)):
        if offset + 4 > section["sh_size"] or info >> 32 >= count:
            raise ObjectError(f"{name} is damaged: a relocation refers beyond its section or symbol table")
