"""The commands for targets: walks, ``explain`` and ``pin``. Imports options, output, views and watch."""

from __future__ import annotations

import itertools
import operator
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import click

from ..base import BpfIter
from ..errors import LossWarning, ParameterError
from ..foreign import PinnedIter
from ..iterators import Iter
from ..names import column_name
from ..program import Columns
from ..schema import Field
from . import output
from .command import Group
from .options import link_options, query_options
from .values import CLASSES, every_target, whole_schema
from .views import VIEWS

__all__ = ["TargetGroup", "explain", "make", "pin", "show", "summary", "walk"]

Callback = Callable[..., None]
Fields = tuple[Field, ...]
Order = Callable[[Iterable[Any]], list[Any]]


class TargetGroup(Group):
    """A group with a command for each target of the package and of the kernel."""

    def __init__(
        self,
        *args: Any,
        action: Callback,
        options: Callable[[], list[click.Parameter]],
        metavar: str = "TARGET|COMMAND …",
        no_such: str = "No such target or command",
        **more: Any,
    ) -> None:
        super().__init__(*args, **more | {"subcommand_metavar": metavar})
        self.no_such = no_such
        self._action, self._options = action, options

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *every_target()]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        found = super().get_command(ctx, name)
        target = name.replace("-", "_")
        # The package's own targets are known without searching the kernel's types, which takes a while.
        if found is not None or not (target in CLASSES or target in every_target()):
            return found
        cls = CLASSES.get(target)
        params = [*query_options(), *(link_options(cls) if cls else []), *self._options()]

        def callback(**given: Any) -> None:
            try:
                self._action(target, **given)
            except ParameterError as error:
                if error.parameter not in ("columns", "where", "sort"):
                    raise
                hint = "" if "did you mean" in str(error) else f"; see: libbpf-iter fields {target}"
                raise ParameterError(error.parameter, error.args[1] + hint) from error

        return click.Command(
            target,
            callback=callback,
            params=params,
            help=_help(target, examples=self._action is walk),
            short_help=summary(target),
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in (
            ("Targets", every_target()),
            ("Commands", super().list_commands(ctx)),
        ):
            rows = [(name, self.get_command(ctx, name)) for name in names]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(
                        [(name, command.get_short_help_str(200)) for name, command in rows if command]
                    )


def make(target: str, **given: Any) -> BpfIter[Any]:
    """An iterator of any target, with its class's defaults for whatever is None."""
    given = {name: value for name, value in given.items() if value is not None}
    columns = given.get("columns") or ()
    expressions = [given.get("where", ""), *(columns.values() if isinstance(columns, Mapping) else columns)]
    for name in given.get("params", ()):
        if not any(re.search(rf"\b{re.escape(name)}\b", expression) for expression in expressions):
            raise ParameterError("params", f"no expression uses {name!r}")
    return CLASSES[target](**given) if target in CLASSES else Iter(target, **given)


def summary(target: str) -> str:
    """One line about a target: the first of its class's docstring."""
    if target not in CLASSES:
        return "A target of this kernel; its fields by --columns."
    text: str = CLASSES[target].__doc__
    return text.partition("\n")[0].partition(" (")[0].rstrip(".") + "."


def _help(target: str, *, examples: bool) -> str:
    """The help of a target's command: what it is, its columns, and examples."""
    cls = CLASSES.get(target)
    if cls is None:
        return summary(target)
    # Only the first line, since the options explain the parameters.
    parts = [str(cls.__doc__).partition("\n")[0]]
    schema = whole_schema(target)
    usual = ", ".join(field.name for field in schema.fields if not field.on_request)
    parts.append(f"Columns: {usual}.")
    if on_request := [field.name for field in schema.fields if field.on_request]:
        parts.append(f"Computed when asked for: {', '.join(on_request)}.")
    parts.append(f"What they are: libbpf-iter fields {target}")
    if examples and target in VIEWS:
        parts.append(
            "\b\nExamples:\n" + "\n".join(f"  libbpf-iter {line}" for line in VIEWS[target].examples)
        )
    return "\n\n".join(parts)


# ---- walks ----------------------------------------------------------------------


def walk(
    target: str,
    *,
    columns: Columns,
    sort: list[str] | None,
    limit: int | None,
    format_: str,
    watch: float | None,
    **given: Any,
) -> None:
    """Run a target's own command."""
    view = VIEWS.get(target)
    if columns is None and format_ == "table" and view is not None and view.columns:
        # The walk may go through several namespaces, so each record says which one it is from.
        columns = [*(["netns"] if given.get("netns") is not None else []), *view.columns]
    further = keys = [name.removeprefix("-") for name in sort or ()]
    if view is not None and watch is not None:
        further = [*keys, *view.key]
    if target == "ksym" and columns is not None:
        further = [*further, "seq_num"]  # without it, the last symbol, which comes twice, can't be recognized
    if columns is None and further and target in CLASSES:
        columns = [field.name for field in whole_schema(target).select(None).fields]
    chosen, hidden = _with(columns, further)
    try:
        iterator = make(target, columns=chosen, **given)
    except ParameterError as error:
        if error.parameter == "columns" and any(repr(name) in error.args[1] for name in keys):
            raise ParameterError("sort", error.args[1]) from error
        raise
    with iterator:
        fields = iterator.schema.fields
        fields = fields[: len(fields) - hidden]
        show(iterator, fields, sort=sort, limit=limit, format_=format_, watch=watch)


def _with(columns: Columns, further: Iterable[str]) -> tuple[Columns, int]:
    """The columns, followed by those that are only needed for sorting; and how many these are."""
    if columns is None:
        return None, 0
    if isinstance(columns, Mapping):
        hidden = {column_name(path): path for path in further if column_name(path) not in columns}
        return {**columns, **hidden}, len(hidden)
    columns = list(columns)
    names = set(map(column_name, columns))
    extra = list(dict.fromkeys(path for path in further if column_name(path) not in names))
    return columns + extra, len(extra)


def show(
    iterator: BpfIter[Any] | PinnedIter,
    fields: Fields,
    *,
    sort: list[str] | None,
    limit: int | None,
    format_: str,
    watch: float | None,
) -> None:
    """Write these columns of one walk in a format, or of many walks if it is watched."""
    order = _order(iterator, sort)
    with warnings.catch_warnings():
        # Everything that a walk may have lost is written below.
        warnings.simplefilter("ignore", LossWarning)
        if watch is None:
            _show_once(iterator, fields, order if sort else None, limit, format_)
        elif format_ != "table":
            raise click.UsageError("--watch shows tables: leave out --format")
        else:
            _watch(iterator, fields, order, limit, watch)


def first_seen(iterator: PinnedIter, format_: str) -> Fields:
    """The columns that a table shows of a pin: its target's first ones, if the pin has all of them."""
    fields, view = iterator.schema.fields, VIEWS.get(iterator.target)
    if view is None or not view.columns or format_ != "table":
        return fields
    names = {field.name for field in fields}
    if not names.issuperset(field.name for field in whole_schema(iterator.target).fields):
        return fields
    return tuple(iterator.schema[name] for name in view.columns)


def _show_once(
    iterator: BpfIter[Any] | PinnedIter, fields: Fields, order: Order | None, limit: int | None, format_: str
) -> None:
    write = output.writer(format_, iterator.schema.with_fields(fields))
    with iterator.session() as session:
        records: Iterator[Any] = itertools.islice(session, limit) if order is None else session
        if order is not None or format_ in ("table", "arrow"):
            found = output.gather(records, iterator.target)
            records = iter(order(found)[:limit] if order else found)
        write(records)
    lacking = [f"{field.name} is None: {field.unavailable}" for field in fields if field.unavailable]
    for sentence in [*session.lost, *(lacking if format_ == "table" else [])]:
        click.echo(f"libbpf-iter: {sentence}", err=True)


def _watch(
    iterator: BpfIter[Any] | PinnedIter, fields: Fields, order: Order, limit: int | None, seconds: float
) -> None:
    from .watch import watch

    def walk() -> tuple[list[Any], tuple[str, ...]]:
        rows = iterator.collect()
        return order(rows)[:limit], rows.lost

    watch(output.columns_of(fields), _identity(iterator), walk, seconds)


def _identity(iterator: BpfIter[Any] | PinnedIter) -> Callable[[Any], Any]:
    """A function of a record that tells it from others: by its target's key, or by all columns."""
    names = [field.name for field in iterator.schema.fields]
    view = VIEWS.get(iterator.target)
    return operator.attrgetter(*(view.key if view and set(view.key) <= set(names) else names))


def _order(iterator: BpfIter[Any] | PinnedIter, sort: list[str] | None) -> Order:
    keys = []
    for each in sort or ():
        name = column_name(each.removeprefix("-"))
        try:
            iterator.schema[name]  # raises an error with the nearest names
        except ParameterError as error:
            raise ParameterError("sort", error.args[1]) from None
        keys.append((operator.attrgetter(name), each.startswith("-")))

    def ordered(records: Iterable[Any]) -> list[Any]:
        found = list(records)
        for value, down in reversed(keys):
            there = [record for record in found if value(record) is not None]
            absent = [record for record in found if value(record) is None]
            try:
                there.sort(key=lambda record: _comparable(value(record)), reverse=down)
            except TypeError as error:
                raise click.UsageError(f"--sort: {error}") from None
            found = there + absent
        return found

    return ordered


def _comparable(value: Any) -> Any:
    # A column may have IPv4 and IPv6 addresses, which Python refuses to compare.
    return (value.version, int(value)) if hasattr(value, "version") else value


# ---- other things to be done with a target ------------------------------------------


def explain(target: str, **given: Any) -> None:
    with make(target, **given) as iterator:
        click.echo(iterator.explain())


def pin(target: str, path: str, mode: int, **given: Any) -> None:
    with make(target, **given) as iterator:
        iterator.pin(os.path.abspath(path), mode)
