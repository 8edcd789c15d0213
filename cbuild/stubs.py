"""The records' stub, ``libbpf_iter/records.pyi``: the programs' BTF and comments, for checkers and people.

``python -m cbuild.stubs`` writes it; a test compares it with what it would write.
"""

from __future__ import annotations

from libbpf_iter import objects
from libbpf_iter.schema import Field, Schema

from .comments import comments
from .tools import ROOT

STUB = ROOT / "libbpf_iter" / "records.pyi"

_HEADER = '''"""What each column of the package's own records is. Written by python -m cbuild.stubs."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

from .decode import Record
from .values import Device, FileMode, KernelEnum, KernelFlags, KernelPointer, UserPointer
'''


def _annotation(field: Field) -> str:
    if field.c_type == "void":
        # What a map holds is known when the map is.
        return "Any"
    annotation = field.kind.annotation
    if field.dear and "None" not in annotation:
        annotation += " | None"
    return annotation


def _class(schema: Schema, said: dict[str, str]) -> str:
    lines = [f"class {schema.name}(Record):"]
    for field in schema.fields:
        note = f"{field.c_type}; when asked for" if field.dear else field.c_type
        if field.name in said:
            note += f": {said[field.name]}"
        lines.append(f"    @property\n    def {field.name}(self) -> {_annotation(field)}: ...  # {note}")
    return "\n".join(lines) + "\n"


def stub() -> str:
    """The stub's text."""
    classes = [
        _class(objects.object_schema(objects.packaged(target), target), comments(target))
        for target in objects.packaged_targets()
    ]
    return _HEADER + "".join("\n" + text for text in classes)


if __name__ == "__main__":
    STUB.write_text(stub())
