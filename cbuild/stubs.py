"""Generates ``libbpf_iter/records.pyi`` from the programs' BTF and comments, for type checkers and people.

``python -m cbuild.stubs`` writes it; a test compares it with what it would write.
"""

from __future__ import annotations

from libbpf_iter import objects
from libbpf_iter.schema import Field, Schema

from .comments import Comment, comments, unit, what
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
        # It depends on the map that is walked.
        return "Any"
    annotation = field.kind.annotation
    if field.on_request and "None" not in annotation:
        annotation += " | None"
    return annotation


def _docstring(field: Field, comment: Comment) -> str:
    asked = ", when asked for" if field.on_request else ""
    counted = unit(field, comment)
    in_units = f" [{counted}]" if counted else ""
    return f'"""{field.c_type}{asked}: {what(field, comment)}{in_units}; from {comment.source}"""'


def _class(schema: Schema, said: dict[str, Comment]) -> str:
    lines = [f"class {schema.name}(Record):"]
    for field in schema.fields:
        lines += [
            "    @property",
            f"    def {field.name}(self) -> {_annotation(field)}:",
            f"        {_docstring(field, said[field.name])}",
        ]
    return "\n".join(lines) + "\n"


def stub() -> str:
    """The text of the stub."""
    classes = [
        _class(objects.object_schema(objects.packaged(target), target), comments(target))
        for target in objects.packaged_targets()
    ]
    return _HEADER + "".join("\n" + text for text in classes)


if __name__ == "__main__":
    STUB.write_text(stub())
