"""Object files, the package's own and others, and what they say about their records.

Imports btf, elf, maps, rewrite and layout; nothing here asks the kernel.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from .btf import Btf
from .errors import BtfError, ObjectError, ParameterError, SchemaError
from .layout import layout, record_struct, says_record
from .maps import ElementTypes
from .rewrite import Elf
from .schema import Schema
from .typed import Later

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pathlib
else:
    pathlib = Later("pathlib")  # takes a third as long to import as the whole package

# The schema of a program that prints: its lines have no columns.
LINES = Schema("Line", 1, False, ())
# Suffix of a program that does the same as the one without it, in a single function (workarounds.py).
ALONE = "_alone"
_PROGRAMS = os.path.join(os.path.dirname(__file__), "programs")


def packaged(target: str) -> bytes:
    """The object file of a target's own program."""
    return _contents(os.path.join(_PROGRAMS, f"{target}.bpf.o"))


def _contents(path: str | os.PathLike[str]) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def include_dir() -> pathlib.Path:
    """The directory of record.h and emit.h, with which your own programs are typed and take queries."""
    return pathlib.Path(__file__).parent / "include"


def packaged_targets() -> list[str]:
    return sorted(name.removesuffix(".bpf.o") for name in os.listdir(_PROGRAMS) if name.endswith(".bpf.o"))


def full_schema(
    btf: Btf, record: str | None, types: ElementTypes | None = None, settings: Iterable[str] = ()
) -> Schema:
    """The schema of a program's records with all their columns; its settings say which are on request."""
    on_request = frozenset(n.removeprefix("want_") for n in settings if n.startswith("want_"))
    map_kinds = {"key": types.key, "value": types.value} if types else None
    try:
        return layout(btf, record_struct(btf, record), on_request=on_request, map_kinds=map_kinds)
    except BtfError as error:
        raise SchemaError(str(error)) from error


def choose(elf: Elf, of: str, name: str | None) -> tuple[str, str]:
    """The name of an object's iterator program, and its target."""
    found = [
        (program, section.partition("/")[2])
        for program, section in elf.programs()
        if section.startswith(("iter/", "iter.s/"))
    ]
    alone = {program for program, _ in found if program.endswith(ALONE)}
    chosen = [entry for entry in found if name == entry[0] or (name is None and entry[0] not in alone)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(program for program, _ in found) or "none"
    if name is not None:
        raise ParameterError("program", f"{of} has no iterator program {name!r}, but {names}")
    if not found:
        raise ObjectError(f"{of} has no iterator program: no section is named iter/TARGET")
    raise ParameterError("program", f"{of} has several iterator programs, choose one: {names}")


def types_of(elf: Elf, name: str) -> Btf:
    """An object's own types."""
    if not elf.has(".BTF"):
        raise ObjectError(f"{name} has no BTF: compile it with clang -g")
    return Btf(elf.section(".BTF"))


def read_object(path: str | os.PathLike[str]) -> tuple[bytes, str]:
    """The bytes of a file that is a BPF object, and a name for it."""
    from .elf import check_elf

    data, name = _contents(path), os.path.basename(path)
    check_elf(data, name)
    return data, name.partition(".")[0]


def iterators_in(data: bytes, name: str, program: str | None) -> tuple[str, str, bool]:
    """The iterator program of an object: its name, its target, and whether it names its record's struct."""
    elf = Elf(data)
    return *choose(elf, name, program), says_record(types_of(elf, name))


def object_schema(data: bytes, name: str) -> Schema:
    """The schema of an object file's records with all their columns."""
    elf = Elf(data)
    return full_schema(types_of(elf, name), None, settings=elf.settings())
