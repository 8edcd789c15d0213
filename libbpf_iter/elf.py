"""Whether a file is a BPF object that libbpf can be given. Imports btf, errors; pyelftools when used.

libbpf is C and trusts what it reads; a damaged file must not get that far.
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
    """Raise :class:`ObjectError` unless ``data`` is a whole 64-bit BPF relocatable object.

    Sections must lie within the file, links name sections of the right kind,
    names end within their string tables, and relocations and symbols point to
    what exists.
    """
    from elftools.common.exceptions import ELFError
    from elftools.construct import ConstructError
    from elftools.elf.elffile import ELFFile

    if len(data) < 64 or data[:4] != b"\x7fELF":
        raise ObjectError(f"{name} is no ELF file")
    if data[4] != 2:
        raise ObjectError(f"{name} is no 64-bit ELF file")
    try:
        elf = ELFFile(io.BytesIO(data))
        if elf["e_machine"] != _BPF or elf["e_type"] != "ET_REL":
            raise ObjectError(f"{name} is no BPF object, but {elf['e_type']} for {elf['e_machine']}")
        if elf["e_shoff"] + elf["e_shnum"] * elf["e_shentsize"] > len(data):
            raise ObjectError(f"{name} is truncated: its section table lies beyond its end")
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
        raise ObjectError(f"{name} is damaged: {error}") from error


def _content(data: bytes, header: Any) -> bytes:
    return data[header["sh_offset"] : header["sh_offset"] + header["sh_size"]]


def _check_sections(data: bytes, name: str, headers: list[Any]) -> None:
    for index, header in enumerate(headers):
        kind = header["sh_type"]
        if kind in (_NO_BITS, "SHT_NULL"):
            if header["sh_size"] > 1 << 30:
                raise ObjectError(f"{name} is damaged: section {index} is absurdly large")
            continue
        if header["sh_offset"] + header["sh_size"] > len(data):
            raise ObjectError(f"{name} is truncated: section {index} ends beyond the file")
        if header["sh_link"] >= len(headers):
            raise ObjectError(f"{name} is damaged: section {index} links to one that isn't there")
        if kind == "SHT_STRTAB" and not _content(data, header).endswith(b"\0"):
            raise ObjectError(f"{name} is damaged: string table {index} has no end")
        if header["sh_addralign"] & (header["sh_addralign"] - 1 if header["sh_addralign"] else 0):
            raise ObjectError(f"{name} is damaged: section {index} is aligned to no power of two")


def _check_symbols(data: bytes, name: str, header: Any, headers: list[Any]) -> None:
    strings = headers[header["sh_link"]]
    if strings["sh_type"] != "SHT_STRTAB" or header["sh_entsize"] != 24 or header["sh_size"] % 24:
        raise ObjectError(f"{name} is damaged: its symbol table isn't one")
    for name_offset, _, _, section, value, size in struct.iter_unpack(
        "<IBBHQQ" if data[5] == 1 else ">IBBHQQ", _content(data, header)
    ):
        if name_offset >= strings["sh_size"]:
            raise ObjectError(f"{name} is damaged: a symbol's name is outside of the string table")
        if 0 < section < 0xFF00:
            if section >= len(headers):
                raise ObjectError(f"{name} is damaged: a symbol is in a section that isn't there")
            if value + size > headers[section]["sh_size"]:
                raise ObjectError(f"{name} is damaged: a symbol reaches beyond its section")


def _check_relocations(data: bytes, name: str, header: Any, headers: list[Any]) -> None:
    symbols = headers[header["sh_link"]]
    if header["sh_info"] >= len(headers) or symbols["sh_type"] != "SHT_SYMTAB":
        raise ObjectError(f"{name} is damaged: relocations of a section that isn't there")
    if header["sh_entsize"] != 16 or header["sh_size"] % 16:
        raise ObjectError(f"{name} is damaged: its relocations aren't any")
    section, count = headers[header["sh_info"]], symbols["sh_size"] // 24
    for offset, info in struct.iter_unpack("<QQ" if data[5] == 1 else ">QQ", _content(data, header)):
        if offset + 4 > section["sh_size"] or info >> 32 >= count:
            raise ObjectError(f"{name} is damaged: a relocation points outside")
