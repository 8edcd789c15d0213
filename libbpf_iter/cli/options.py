"""The options that commands share. Imports values, parameters and click."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import click

from ..parameters import ORDERS
from .values import Binding, ColumnList, Expression, Mode, Order, Reference

__all__ = ["format_option", "link_options", "output_options", "pin_options", "query_options"]

# What a target's link takes, by the name of the iterator's parameter. A pidfd is no shell's.
_OF_LINKS: dict[str, Callable[[], click.Option]] = {
    "tid": lambda: click.Option(["--tid"], type=int, metavar="NUMBER", help="One thread."),
    "pid": lambda: click.Option(
        ["--pid"], type=int, metavar="NUMBER", help="One process, with all its threads."
    ),
    "map": lambda: click.Option(
        ["--map"],
        type=Reference(),
        metavar="ID|NAME|PATH",
        help="The map to walk: its id, its name, or where it is pinned.",
    ),
    "netns": lambda: click.Option(
        ["--netns"],
        type=Reference(),
        metavar="PATH|PID|all",
        help="A network namespace, by path or by the pid of a task in it, or all; by default yours.",
    ),
    "cgroup": lambda: click.Option(
        ["--cgroup"],
        type=Reference(),
        metavar="PATH|ID",
        help="Where the walk starts; by default at the root of the unified hierarchy.",
    ),
    "order": lambda: click.Option(
        ["--order"],
        type=click.Choice(list(ORDERS)),
        metavar="ORDER",
        help="descendants_pre, the default, where parents come first; descendants_post,"
        " where children do; self_only; ancestors_up; or children, from Linux 7.0 on.",
    ),
    "engine": lambda: click.Option(
        ["--engine"],
        type=click.Choice(["auto", "seq", "snapshot"]),
        help="How records leave the kernel: seq, read from a descriptor; snapshot, written into memory;"
        " or what is complete and fastest, if not given.",
    ),
}


def link_options(cls: Any) -> list[click.Parameter]:
    """The options for what a class of iterators takes besides a query."""
    found: list[click.Parameter] = []
    for name, parameter in inspect.signature(cls).parameters.items():
        if name in _OF_LINKS:
            option = _OF_LINKS[name]()
            option.required = parameter.default is parameter.empty
            found.append(option)
    return found


def query_options() -> list[click.Parameter]:
    """The options that say which columns of which objects."""
    return [
        click.Option(
            ["--columns", "-c"],
            type=ColumnList(),
            metavar="NAME[=EXPRESSION],…",
            help="Columns, kernel paths from the object, or NAME=EXPRESSION over both.",
        ),
        click.Option(
            ["--where", "-w"],
            type=Expression(),
            metavar="EXPRESSION",
            help="Which objects to keep: an expression over columns and kernel paths.",
        ),
        click.Option(
            ["--param", "params"],
            type=Binding(),
            metavar="NAME=NUMBER",
            multiple=True,
            callback=_bound,
            help="The value of a name in --where or --columns.",
        ),
    ]


def _bound(ctx: click.Context, param: click.Parameter, value: Any) -> dict[str, int] | None:
    return dict(value) or None


def format_option(*more: str) -> click.Option:
    """The option that says in which form; ``more`` forms than text alone."""
    return click.Option(
        ["--format", "-f", "format_"],
        type=click.Choice(["table", "json", "ndjson", "csv", *more]),
        default="table",
        show_default=True,
        help="For people, or with numbers as the kernel has them"
        + ("; arrow is an IPC stream, for a pipe." if more else "."),
    )


def output_options() -> list[click.Parameter]:
    """The options that say in which order and form, and how often."""
    return [
        click.Option(
            ["--sort", "-s"],
            type=Order(),
            metavar="[-]COLUMN,…",
            help="Sort by these columns; with a -, the largest first.",
        ),
        click.Option(
            ["--limit", "-n"],
            type=click.IntRange(min=0),
            metavar="NUMBER",
            help="Show at most this many records.",
        ),
        format_option("arrow"),
        click.Option(
            ["--watch"],
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Walk again and again, and mark what has changed (on a terminal).",
        ),
    ]


def pin_options() -> list[click.Parameter]:
    """The options that say where to pin, and for whom."""
    return [
        click.Argument(["path"], type=click.Path()),
        click.Option(
            ["--mode"],
            type=Mode(),
            metavar="OCTAL",
            default="0600",
            show_default=True,
            help="Who may read it; they need no capability, and see all that it shows.",
        ),
    ]
