"""How an iterator's programs and links are made. Imports link, parameters and program."""

from __future__ import annotations

from collections.abc import Callable

from .errors import KernelError
from .link import Link
from .parameters import Parameters
from .program import Output, Program, Query

__all__ = ["Loader", "Recipe"]

Loader = Callable[[Output], Program]


class Recipe:
    """What an iterator's programs and links are made from, with the descriptors that its parameters name.

    An iterator holds it until it is closed, and so does each walk that may need another program until it
    ends; the descriptors are closed with the last of them.
    """

    def __init__(self, load: Loader, parameters: Parameters, query: Query) -> None:
        self.load, self.parameters, self.query = load, parameters, query

    def attach(self, program: Program) -> Link:
        """Attach a program; closes it if that fails."""
        given = self.parameters
        try:
            return Link(program, given.info, given.expected)
        except BaseException as error:
            program.close()
            if isinstance(error, KernelError) and error.errno in given.refusals:
                raise given.refusals[error.errno] from error
            raise
