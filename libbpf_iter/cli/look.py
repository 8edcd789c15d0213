"""Commands that show what there is: targets, fields, pins. Imports kernel, options and output."""

from __future__ import annotations

import os
import pwd
import stat
from types import SimpleNamespace

import click

from .. import kernel, kinds, pins
from ..decode import Record
from ..errors import MissingCapability, ParameterError
from ..foreign import PinnedIter
from ..load import here
from ..names import near
from ..objects import packaged_targets
from ..schema import Field
from .command import Failure
from .options import format_option, link_options
from .output import Column, emit
from .targets import summary
from .values import CLASSES, every_target, members, paths_from, record_names, said, whole_schema

__all__ = ["complete_target", "fields", "info", "open_pin", "targets", "unpin"]


@click.command(params=[format_option()])
def targets(format_: str) -> None:
    """List the targets: what can be walked, on this kernel and on others."""
    offered = kernel.targets()
    rows = []
    for name in every_target():
        cls = CLASSES.get(name)
        options = [option.opts[0] for option in link_options(cls) if option.name != "engine"] if cls else []
        rows.append(
            SimpleNamespace(
                target=name,
                kernel=name in offered,
                program=cls is not None,
                options=" ".join(options),
                what=summary(name),
            )
        )
    columns = [Column("target", whole=True), Column("kernel", _yes), Column("options"), Column("what")]
    if format_ != "table":
        columns.insert(2, Column("program"))  # in a table, "what" shows whether there is one
    emit(format_, columns, rows, prose=True)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _complete_path(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    target = (ctx.params.get("target") or "").replace("-", "_")
    columns = [name for name in record_names(target) if name.startswith(incomplete)]
    return list(dict.fromkeys(columns + paths_from(target, incomplete)))


def complete_target(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The targets that start with what was typed."""
    return [name for name in every_target() if name.startswith(incomplete)]


@click.command(params=[format_option()])
@click.argument("target", shell_complete=complete_target)
@click.argument("path", default="", shell_complete=_complete_path)
def fields(target: str, path: str, format_: str) -> None:
    """List what --columns and --where can name: columns, or how a kernel PATH can continue.

    \b
    Examples:
      libbpf-iter fields task        the columns of a task's record
      libbpf-iter fields tcp state   one of them, with the names of its values
      libbpf-iter fields task mm     the members of struct mm_struct
      libbpf-iter fields task .      those of the object itself
    """
    target = target.replace("-", "_")
    if target in packaged_targets():
        columns = here(whole_schema(target)).fields
        if shown := [field for field in columns if path in ("", field.name)]:
            _record(target, shown, format_)
            if path and format_ == "table":
                _values(shown[0].kind)
            elif format_ == "table":
                click.echo(f"\nKernel paths go on from the object: libbpf-iter fields {target} .")
            return
    if target not in kernel.targets():
        hint = near(target, every_target()) or "; see: libbpf-iter targets"
        raise ParameterError("target", f"this kernel has no target {target!r}{hint}")
    numbers = [Column(name, right=True, whole=True) for name in ("offset", "size")]
    emit(format_, [Column("name", whole=True), Column("c_type"), *numbers], members(target, path.strip(".")))


def _record(target: str, fields: list[Field], format_: str) -> None:
    """The columns of a target: a sentence about each for people, everything for programs."""
    columns = said(target)
    rows = []
    for field in fields:
        what, unit, source = columns[field.name]
        asked = "computed only if asked for by name" if field.on_request else ""
        told = [
            what + (f" [{unit}]" if unit else ""),
            asked,
            field.unavailable and f"None: {field.unavailable}",
        ]
        rows.append(
            SimpleNamespace(
                column=field.name,
                type=field.kind.annotation,
                unit=unit,
                c_type=field.c_type,
                on_request=field.on_request,
                unavailable=field.unavailable,
                what="; ".join(filter(None, told)) if format_ == "table" else what,
                source=source,
            )
        )
    if format_ != "table":
        names = ["column", "type", "unit", "c_type", "on_request", "unavailable", "what", "source"]
        emit(format_, [Column(name) for name in names], rows)
        return
    emit(format_, [Column("column", whole=True), Column("type"), Column("what")], rows, prose=True)


def _values(kind: kinds.Kind) -> None:
    """The names of an enum column's values, which --where takes as text."""
    if isinstance(kind, kinds.Nullable):
        kind = kind.inner
    if isinstance(kind, kinds.EnumValue):
        names = ", ".join(f"{name} = {value:#x}" if kind.flags else name for name, value in kind.members)
        click.echo(f"\n{names}")


def open_pin(path: str, record: type[Record] | str | None = None) -> PinnedIter:
    """Open a pin; without the privilege to read its types, as ``record`` says."""
    try:
        return PinnedIter(path, record=record)
    except MissingCapability as error:
        if kernel.missing_capabilities():
            message = f"without {error.capability}, one can't see what {path} is; read --record can read it"
        else:
            message = f"{path} isn't a pin of an iterator"
        raise Failure(message) from error


@click.command()
@click.argument("path", type=click.Path())
def unpin(path: str) -> None:
    """Remove the pin at PATH; walks in progress go on."""
    with open_pin(path):
        pins.remove(path)


@click.command()
@click.argument("path", type=click.Path())
def info(path: str) -> None:
    """Show what the pin at PATH is: its link, who may read it, and its columns."""
    with open_pin(path) as iterator:
        found = os.stat(path)
        link = iterator.info
        assert link is not None
        facts = {
            "target": link.target,
            "link": link.id,
            "program": link.program_id,
            **link.argument,
            "mode": stat.filemode(found.st_mode),
            "owner": _owner(found.st_uid),
        }
        for name, value in facts.items():
            click.echo(f"{name:<8} {value}")
        columns = ", ".join(field.name for field in iterator.schema.fields)
        click.echo(f"columns  {columns or 'none: its program prints lines'}")


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
