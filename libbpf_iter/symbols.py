"""Names for kernel addresses: what a kernel stack is made of. Imports iterators."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from .iterators import KsymIter

__all__ = ["KernelSymbols", "Symbol"]


class Symbol(NamedTuple):
    """A place in the kernel: ``offset`` bytes into the function ``name``, of a module or of the kernel."""

    name: str
    offset: int
    module: str | None

    def __str__(self) -> str:
        module = f" [{self.module}]" if self.module else ""
        return f"{self.name}+{self.offset:#x}{module}"


class KernelSymbols:
    """The kernel's symbols as they are now, read once; programs loaded later have no name in it.

    Names for what a column like ``stack`` of tasks has; it walks :class:`~libbpf_iter.KsymIter`, and raises
    what that does.
    """

    def __init__(self) -> None:
        with KsymIter() as symbols:
            code = [(s.address, s.name, s.module) for s in symbols if s.type in "tTwW" and s.name]
        code.sort(key=lambda symbol: symbol[0])
        self._addresses = [address for address, _, _ in code]
        self._names = [(name, module) for _, name, module in code]

    def __getitem__(self, address: int) -> Symbol:
        """The function that begins at an address or is the last before it; KeyError for one below all."""
        at = bisect_right(self._addresses, address) - 1
        if at < 0:
            raise KeyError(address)
        name, module = self._names[at]
        return Symbol(str(name), address - self._addresses[at], module)

    def resolve(self, addresses: Iterable[int]) -> list[Symbol]:
        """A stack's functions, in its order."""
        return [self[address] for address in addresses]
