"""The options that commands share: their values, and how they complete. Imports iterators and click."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import click
from click.shell_completion import CompletionItem

from .. import iterators, kernel
from ..base import BpfIter
from ..errors import Error
from ..iterators import Iter
from ..objects import object_schema, packaged, packaged_targets
from ..parameters import ORDERS
from ..program import Columns
from ..query.compile import column_name
from ..schema import Schema

__all__ = [
    "CLASSES",
    "OUTPUT",
    "QUERY",
    "every_target",
    "make",
    "paths_from",
    "summary",
    "taken",
    "whole_schema",
]

# The iterators of targets that the package has programs for, by target.
CLASSES: dict[str, Any] = {
    cls._target: cls for name in iterators.__all__ if hasattr(cls := getattr(iterators, name), "_target")
}

_NAMED = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)(.*)", re.DOTALL)


def make(target: str, **given: Any) -> BpfIter[Any]:
    """The iterator of any target; what wasn't given is as its class has it."""
    given = {name: value for name, value in given.items() if value is not None}
    return CLASSES[target](**given) if target in CLASSES else Iter(target, **given)


def every_target() -> list[str]:
    """Those of the package and those of the kernel."""
    try:
        return sorted({*packaged_targets(), *kernel.targets()})
    except (Error, OSError):  # A kernel without BTF has none, and says so when one is tried.
        return packaged_targets()


def summary(target: str) -> str:
    """What a target is, in a line: its class's own."""
    if target not in CLASSES:
        return "A target of this kernel; its fields by --columns."
    text: str = CLASSES[target].__doc__
    return text.partition("\n")[0].partition(" (")[0].rstrip(".") + "."


def whole_schema(target: str) -> Schema:
    """All columns that a target's own program has."""
    return object_schema(packaged(target), target)


# ---- values -------------------------------------------------------------------


def _split(text: str) -> Iterator[str]:
    """At commas that are in no parentheses and no quotation marks."""
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
            yield text[start:at]
            start = at + 1
    yield text[start:]


class ColumnsType(click.ParamType[Columns, str]):
    """``tid,comm,pages=mm.total_vm``"""

    name = "columns"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "NAME[=EXPRESSION],…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Columns:
        parts = [part.strip() for part in _split(value)]
        if not any("=" in part and _NAMED.fullmatch(part) for part in parts):
            return parts
        named: dict[str, str] = {}
        for part in parts:
            match = _NAMED.fullmatch(part)
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
        start = before + comma + name + equals
        return [CompletionItem(start + found) for found in _columns_from(ctx.info_name or "", path)]


class SortType(ColumnsType):
    """``uid,-rss``"""

    name = "sort"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "[-]COLUMN,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        return [part.strip() for part in value.split(",")]

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        minus = "-" if last.startswith("-") else ""
        names = _record_names(ctx.info_name or "")
        start = before + comma + minus
        return [CompletionItem(start + n) for n in names if n.startswith(last.removeprefix("-"))]


class ReferenceType(click.ParamType[int | str, str]):
    """A number, or something else that names it: a path, a map's name."""

    name = "reference"

    def __init__(self, metavar: str, *, files: bool = True) -> None:
        self._metavar, self._files = metavar, files

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return self._metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        return int(value) if str(value).isdigit() else value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="file")]


class BindingType(click.ParamType[tuple[str, int], str]):
    """``limit=1000``"""

    name = "binding"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "NAME=NUMBER"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        name, equals, text = value.partition("=")
        try:
            if not equals:
                raise ValueError
            return name.strip(), _integer(text)
        except ValueError:
            self.fail(f"NAME=NUMBER is expected, not {value!r}", param, ctx)


def _bound(ctx: click.Context, param: click.Parameter, value: Any) -> dict[str, int] | None:
    return dict(value) or None


def _integer(text: str) -> int:
    """As expressions have them: 1000, 0x3e8 or 1e3."""
    try:
        return int(text, 0)
    except ValueError:
        if not (number := float(text)).is_integer():
            raise
        return int(number)


# ---- completion -----------------------------------------------------------------


def _record_names(target: str) -> list[str]:
    target = target.replace("-", "_")
    if target not in packaged_targets():
        return []
    return [field.name for field in whole_schema(target).fields]


def _columns_from(target: str, path: str) -> list[str]:
    names = [] if "." in path else [name for name in _record_names(target) if name.startswith(path)]
    return list(dict.fromkeys(names + paths_from(target, path)))


def paths_from(target: str, path: str) -> list[str]:
    """Kernel paths that begin as this one does; none where the kernel's types can't be read."""
    from ..fit import scope
    from ..program import Query
    from ..query.paths import places

    before, dot, last = path.rpartition(".")
    try:
        found = places(scope(target.replace("-", "_"), Query(), None, None), before)
    except (Error, OSError):
        return []
    return [f"{before}{dot}{place.name}" for place in found if place.name.startswith(last)]


# ---- options --------------------------------------------------------------------

# What a target's link takes, by the name of the iterator's parameter. A pidfd is no shell's.
_TAKEN: dict[str, Callable[[], click.Option]] = {
    "tid": lambda: click.Option(["--tid"], type=int, metavar="NUMBER", help="One thread."),
    "pid": lambda: click.Option(
        ["--pid"], type=int, metavar="NUMBER", help="One process, with all its threads."
    ),
    "map": lambda: click.Option(
        ["--map"],
        type=ReferenceType("ID|NAME|PATH"),
        required=True,
        help="The map to walk: its id, its name, or where it is pinned.",
    ),
    "netns": lambda: click.Option(
        ["--netns"],
        type=ReferenceType("PATH|PID|all"),
        help="A network namespace by path or by a task's pid, or all of them; yours if not given.",
    ),
    "cgroup": lambda: click.Option(
        ["--cgroup"],
        type=ReferenceType("PATH|ID"),
        help="Where the walk begins; the root of the unified hierarchy if not given.",
    ),
    "order": lambda: click.Option(
        ["--order"], type=click.Choice(list(ORDERS)), help="Which groups, and in which order."
    ),
    "engine": lambda: click.Option(
        ["--engine"],
        type=click.Choice(["auto", "seq", "snapshot"]),
        help="How records leave the kernel: read from a descriptor, or written into memory.",
    ),
}


def taken(cls: Any, *, required: bool = True) -> list[click.Parameter]:
    """The options for what a class of iterators takes."""
    found: list[click.Parameter] = []
    for name in inspect.signature(cls).parameters:
        if name in _TAKEN:
            option = _TAKEN[name]()
            option.required = option.required and required
            found.append(option)
    return found


def QUERY() -> list[click.Parameter]:
    """Which columns of which objects."""
    return [
        click.Option(
            ["--columns", "-c"],
            type=ColumnsType(),
            help="Columns of the record, kernel paths from the object, or names for expressions of both.",
        ),
        click.Option(
            ["--where", "-w"],
            metavar="EXPRESSION",
            help="Which objects leave the kernel: an expression of columns and kernel paths.",
        ),
        click.Option(
            ["--param", "params"],
            type=BindingType(),
            multiple=True,
            callback=_bound,
            help="A number for a name in --where or --columns.",
        ),
    ]


def OUTPUT() -> list[click.Parameter]:
    """In which order and form."""
    return [
        click.Option(["--sort", "-s"], type=SortType(), help="By these columns; with a - the largest first."),
        click.Option(
            ["--limit", "-n"], type=click.IntRange(min=0), metavar="NUMBER", help="At most so many records."
        ),
        click.Option(
            ["--format", "-f", "format_"],
            type=click.Choice(["table", "json", "ndjson", "csv", "arrow"]),
            default="table",
            show_default=True,
            help="For people, or with numbers as the kernel has them; arrow is an IPC stream, for a pipe.",
        ),
        click.Option(
            ["--watch"],
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Walk again and again, on a terminal, and mark what differs.",
        ),
    ]
