"""What all commands have in common: names, one-line errors, exit codes. Imports kernel, names and click."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from .. import kernel
from ..errors import Error, KernelError, MissingCapability, ParameterError
from ..names import near

__all__ = ["Failure", "Group", "Root"]


# The options that set parameters of the library.
_OPTIONS = {
    "cgroup": "--cgroup",
    "columns": "--columns",
    "engine": "--engine",
    "map": "--map",
    "netns": "--netns",
    "order": "--order",
    "params": "--param",
    "pid": "--pid",
    "program": "--program",
    "record": "--record",
    "sort": "--sort",
    "tid": "--tid",
    "where": "--where",
}


class Failure(click.ClickException):
    """An error, in one line; exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"libbpf-iter: {self.message}", err=True)


class Senseless(Failure):
    """An argument that makes no sense; exit code 2, as click has it."""

    exit_code = 2


class Group(click.Group):
    """Commands that have kernel names, in which ``-`` may be typed for ``_``."""

    no_such = "No such command"

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return super().get_command(ctx, name.replace("-", "_"))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        if not incomplete.startswith("-"):
            incomplete = incomplete.replace("-", "_")
        return super().shell_complete(ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = near(args[0].replace("-", "_"), self.list_commands(ctx))
            message = error.message.replace("No such command", self.no_such).rstrip(".")
            raise click.UsageError(message + (hint or "."), ctx) from None


class Root(Group):
    """The outermost command: errors of the library become click's, and a closed pipe isn't an error."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except ParameterError as error:
            name = _OPTIONS.get(error.parameter, error.parameter)
            raise Senseless(f"{name}: {error.args[1]}") from error
        except MissingCapability as error:
            hint = "; run it as root, or see: libbpf-iter doctor" if kernel.missing_capabilities() else ""
            raise Failure(f"{error}{hint}") from error
        except BrokenPipeError:
            # The reader, head for example, has seen enough; at exit Python would try to flush once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except OSError as error:
            if isinstance(error, KernelError):
                raise Failure(str(error)) from error
            what = "" if error.filename is None else f"{error.filename}: "
            raise Failure(f"{what}{error.strerror or error}") from error
        except Error as error:
            raise Failure(str(error)) from error
