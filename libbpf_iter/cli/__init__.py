"""The command ``libbpf-iter``. Imports all of the package, and click and rich, the extra ``cli``."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Iterable
from typing import Any

import click

from ..foreign import ObjectIter
from . import look, targets
from .command import Root
from .doctor import doctor
from .options import link_options, output_options, pin_options, query_options
from .values import CLASSES, whole_schema

__all__ = ["cli", "main"]


class _Root(Root, targets.TargetGroup):
    pass


@click.group(
    cls=_Root,
    action=targets.walk,
    options=output_options,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="libbpf_iter", message="libbpf-iter %(version)s")
def cli() -> None:
    """List the running Linux kernel's tasks, files, mappings, sockets, BPF objects and more.

    The kernel walks its own structures, computes only the columns that you ask for, and
    drops the objects that --where doesn't keep.

    \b
    Examples:
      libbpf-iter task --sort -rss --limit 10
      libbpf-iter tcp --netns all --format json
      libbpf-iter task --watch 2 --sort -utime_ns
      libbpf-iter fields task mm
      libbpf-iter doctor

    \b
    Completion, in bash (or zsh_source), and in fish:
      eval "$(_LIBBPF_ITER_COMPLETE=bash_source libbpf-iter)"
      _LIBBPF_ITER_COMPLETE=fish_source libbpf-iter | source

    Exit codes: 0, 1 for an error, 2 for a command line that makes no sense.
    """


# ---- targets under other commands -----------------------------------------------


cli.add_command(
    targets.TargetGroup(
        "explain",
        action=targets.explain,
        options=list,
        metavar="TARGET",
        no_such="No such target",
        help="Show what a query is compiled to: what its names stand for, the instructions.\n\n\b\nExample:\n"
        "  libbpf-iter explain task --where 'mm.total_vm > 1000' --columns tid,comm",
        short_help="Show what a query is compiled to.",
    )
)
cli.add_command(
    targets.TargetGroup(
        "pin",
        action=targets.pin,
        options=pin_options,
        metavar="TARGET PATH",
        no_such="No such target",
        help="Pin an iterator in a bpffs, where others may read it without any capability.\n\n\b\nExample:\n"
        "  libbpf-iter pin task /sys/fs/bpf/tasks --columns tid,comm,rss --mode 0444\n"
        "  libbpf-iter read /sys/fs/bpf/tasks\n"
        "  libbpf-iter unpin /sys/fs/bpf/tasks",
        short_help="Pin an iterator, for others to read.",
    )
)
for _command in (look.targets, look.fields, look.info, look.unpin, doctor):
    cli.add_command(_command)


# ---- programs that aren't the package's ----------------------------------------


def _run(
    file: str,
    program: str | None,
    record: str | None,
    sort: list[str] | None,
    limit: int | None,
    format_: str,
    watch: float | None,
    **given: Any,
) -> None:
    """Run the iterator program in FILE, typed by its own BTF; what it prints comes as lines.

    \b
    Example:
      libbpf-iter run mine.bpf.o --format json
    """
    given = {name: value for name, value in given.items() if value is not None}
    with ObjectIter(file, program=program, record=record, **given) as iterator:
        shown: dict[str, Any] = {"sort": sort, "limit": limit, "format_": format_, "watch": watch}
        if iterator.prints:
            _echo_lines(iterator, **shown)
        else:
            targets.show(iterator, iterator.schema.fields, **shown)


def _echo_lines(
    lines: Iterable[str], sort: list[str] | None, limit: int | None, format_: str, watch: float | None
) -> None:
    if sort is not None or watch is not None or format_ != "table":
        raise click.UsageError("the program prints lines of text: --sort, --watch and --format don't apply")
    for line in itertools.islice(lines, limit):
        click.echo(line)


def _read(path: str, record: str | None, **shown: Any) -> None:
    """Read what was pinned at PATH, with whatever tool; what its program prints comes as lines.

    Its records are typed by its program, which only the privileged may look at, or by
    PATH_types, if that was pinned beside it. If neither can be read, --record names the
    target that was pinned, without --columns. If the program doesn't say which struct
    its records are, --record names the struct.

    \b
    Example:
      libbpf-iter read /sys/fs/bpf/tasks --record task --format csv
    """
    cls: Any = None
    if record is not None:
        from ..decode import record_class

        target = record.replace("-", "_")
        cls = record_class(whole_schema(target).select(None)) if target in CLASSES else record
    with look.open_pin(path, cls) as iterator:
        if iterator.prints:
            _echo_lines(iterator, **shown)
        else:
            targets.show(iterator, targets.first_seen(iterator, shown["format_"]), **shown)


cli.add_command(
    click.Command(
        "run",
        callback=_run,
        help=_run.__doc__,
        short_help="Run an iterator program of your own.",
        params=[
            click.Argument(["file"], type=click.Path()),
            click.Option(["--program"], metavar="NAME", help="Which one, where the file has several."),
            click.Option(
                ["--record"], metavar="NAME", help="The struct of its records, where the program doesn't say."
            ),
            *query_options(),
            *link_options(ObjectIter),
            *output_options(),
        ],
    )
)
cli.add_command(
    click.Command(
        "read",
        callback=_read,
        help=_read.__doc__,
        short_help="Read a pin.",
        params=[
            click.Argument(["path"], type=click.Path()),
            click.Option(
                ["--record"],
                metavar="TARGET",
                shell_complete=look.complete_target,
                help="Its records are those of this target's command.",
            ),
            *output_options(),
        ],
    )
)


def main() -> int:
    """Run the command; returns its exit status."""
    if sys.stdout is None:  # closed by who started us
        click.echo("libbpf-iter: there is no standard output", err=True)
        return 1
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what a terminal's own encoding lacks is no failure
    try:
        code = cli.main(prog_name="libbpf-iter", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130  # as a shell says of what Ctrl-C ended
    return code if isinstance(code, int) else 0
