"""What every command does: names as people type them, errors in a line, exit codes. Imports click."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from ..errors import Error, MissingCapability, ParameterError
from ..names import near

__all__ = ["Failure", "Group", "Root"]


class Failure(click.ClickException):
    """What went wrong, in a line; exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"libbpf-iter: {self.message}", err=True)


class Senseless(Failure):
    """An argument that makes no sense; exit code 2, as click has it."""

    exit_code = 2


class Group(click.Group):
    """Commands by their kernel names, in which ``-`` will do for ``_``."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return super().get_command(ctx, name.replace("-", "_"))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = near(args[0].replace("-", "_"), self.list_commands(ctx))
            raise click.UsageError(error.message.rstrip(".") + (hint or "."), ctx) from None


class Root(Group):
    """The outermost command: errors of the library become click's, and a reader that went is no error."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except ParameterError as error:
            raise Senseless(str(error)) from error
        except MissingCapability as error:
            hint = "run it as root, or see: libbpf-iter doctor"
            raise Failure(f"{error}; {hint}") from error
        except BrokenPipeError:
            # The reader, head say, has seen enough. Python would try to flush once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except (Error, OSError) as error:
            raise Failure(str(error)) from error
