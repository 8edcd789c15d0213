"""The values of options: how they are parsed, and how they complete. Imports iterators, fit and click."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from .. import _libbpf, iterators, kernel, records
from ..errors import Error, NoSuchObject
from ..names import column_name
from ..objects import object_schema, packaged, packaged_targets
from ..program import Columns, Query
from ..schema import Schema

__all__ = [
    "CLASSES",
    "Binding",
    "ColumnList",
    "Expression",
    "Mode",
    "Order",
    "Reference",
    "every_target",
    "members",
    "paths_from",
    "record_names",
    "said",
    "whole_schema",
]

if TYPE_CHECKING:
    from ..query.scope import Place

    ParamType = click.ParamType[Any, Any]
else:
    ParamType = click.ParamType  # older ones can't be subscripted

# The iterators of targets that the package has programs for, by target.
CLASSES: dict[str, Any] = {
    cls._target: cls for name in iterators.__all__ if hasattr(cls := getattr(iterators, name), "_target")
}


def every_target() -> list[str]:
    """The targets of the package and those of the kernel."""
    try:
        return sorted({*packaged_targets(), *kernel.targets()})
    except (Error, OSError):  # without BTF there are none, which is said as soon as one is tried
        return packaged_targets()


def whole_schema(target: str) -> Schema:
    """The schema of a target's own program, with all columns."""
    return object_schema(packaged(target), target)


class Said(NamedTuple):
    """What is said about a column in its program's source."""

    what: str
    unit: str
    source: str


# A column of the records' stub, as cbuild/stubs.py writes it.
_STUB = Path(records.__file__).with_suffix(".pyi")
_STUB_CLASS = re.compile(r"^class (\w+)\(Record\):\n((?:    .*\n)*)", re.MULTILINE)
_STUB_COLUMN = re.compile(
    r'^    def (\w+)\(self\).*\n {8}"""[^:\n]*: (.*?)(?: \[([^\]]*)\])?; from ((?:(?!; from ).)*)"""$',
    re.MULTILINE,
)


def said(target: str) -> dict[str, Said]:
    """What is said about a target's columns in its program's source, which the stub repeats."""
    classes = dict(_STUB_CLASS.findall(_STUB.read_text()))
    found = _STUB_COLUMN.findall(classes[whole_schema(target).name])
    return {name: Said(*parts) for name, *parts in found}


# ---- completion -----------------------------------------------------------------


def _target(ctx: click.Context) -> str:
    """The target whose command is being typed."""
    return (ctx.info_name or "").replace("-", "_")


def record_names(target: str) -> list[str]:
    """The columns of a target's own program; none if it has no program."""
    return [field.name for field in whole_schema(target).fields] if target in CLASSES else []


def paths_from(target: str, path: str) -> list[str]:
    """The kernel paths that start with ``path``; none if the kernel's types can't be read."""
    before, dot, last = path.rpartition(".")
    try:
        found = members(target, before)
    except (Error, OSError):
        return []
    return [f"{before}{dot}{place.name}" for place in found if place.name.startswith(last)]


def members(target: str, path: str) -> list[Place]:
    """The members that a kernel path can continue with; "" is the object that is iterated."""
    # Slow to import, and of no use to most walks.
    from ..compiled import scope
    from ..query.paths import places

    return places(scope(target, Query(), None, None), path)


def _items(start: str, ends: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(start + end) for end in ends]


# ---- values -----------------------------------------------------------------------

_NAMED = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)(.*)", re.DOTALL)


def _split(text: str) -> Iterator[str]:
    """Split at commas outside of brackets and quotation marks."""
    start, depth, quote = 0, 0, ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and not depth:
            yield text[start:at].strip()
            start = at + 1
    yield text[start:].strip()


class ColumnList(ParamType):
    """``tid,comm,pages=mm.total_vm``"""

    name = "columns"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Columns:
        parts = list(_split(value))
        matches = [_NAMED.fullmatch(part) for part in parts]
        if not any(matches):
            return parts
        named: dict[str, str] = {}
        for part, match in zip(parts, matches, strict=True):
            name, expression = match.groups() if match else (column_name(part), part)
            if name in named:
                self.fail(f"{name!r} is there twice", param, ctx)
            named[name] = expression.strip()
        return named

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        name, equals, path = last.rpartition("=")
        found = [column for column in record_names(_target(ctx)) if column.startswith(path)]
        return _items(before + comma + name + equals, dict.fromkeys(found + paths_from(_target(ctx), path)))


class Expression(ParamType):
    """``rss > 1e8 and comm != 'java'``"""

    name = "expression"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        last = re.search(r"[A-Za-z_][\w.]*$|$", incomplete)[0]  # type: ignore[index]
        found = [column for column in record_names(_target(ctx)) if column.startswith(last)]
        before = incomplete[: len(incomplete) - len(last)]
        return _items(before, dict.fromkeys(found + paths_from(_target(ctx), last)))


class Order(ParamType):
    """``uid,-rss``"""

    name = "order"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        return list(_split(value))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        minus, name = ("-", last[1:]) if last.startswith("-") else ("", last)
        found = [column for column in record_names(_target(ctx)) if column.startswith(name)]
        return _items(before + comma + minus, found)


class Reference(ParamType):
    """An id, or a path or name in its place."""

    name = "reference"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        return int(value) if str(value).isdecimal() else value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        names = _map_names() if param.name == "map" else []
        found = [name for name in names if name.startswith(incomplete) and name]
        return _items("", found) if found else [CompletionItem(incomplete, type="file")]


def _map_names() -> list[str]:
    """The names of all maps; none without the privilege to list them."""
    found = []
    with suppress(Error):
        for number in _libbpf.map_ids():
            with suppress(NoSuchObject), _libbpf.map_by_id(number) as map_:
                found.append(_libbpf.map_info(map_).name)
    return found


class Binding(ParamType):
    """``limit=1000``"""

    name = "binding"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        name, _, text = value.partition("=")
        try:
            return name.strip(), _integer(text)
        except ValueError:
            self.fail(f"NAME=NUMBER is expected, not {value!r}", param, ctx)


def _integer(text: str) -> int:
    """An integer as in expressions: 1000, 0x3e8 or 1e3."""
    try:
        return int(text, 0)
    except ValueError:
        if not (number := float(text)).is_integer():
            raise
        return int(number)


class Mode(ParamType):
    """``0644``"""

    name = "octal"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return int(value, 8)
        except ValueError:
            self.fail(f"an octal number is expected, 0644 say, not {value!r}", param, ctx)
