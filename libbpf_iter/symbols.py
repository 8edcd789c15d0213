"""Names for kernel addresses, such as those of a kernel stack. Imports iterators."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from .iterators import KsymIter

__all__ = ["KernelSymbols", "Symbol"]


class Symbol(NamedTuple):
    """A place in the kernel: ``offset`` bytes into the function ``name``, of ``module`` if it has one."""

    name: str
    offset: int
    module: str | None

    def __str__(self) -> str:
        module = f" [{self.module}]" if self.module else ""
        return f"{self.name}+{self.offset:#x}{module}"


class KernelSymbols:
    """The kernel's symbols, read once; modules and programs that are loaded later have no names in it.

    It names the addresses in columns such as ``stack`` of a task. Making one walks
    :class:`~libbpf_iter.KsymIter`, and raises what that raises.
    """

    def __init__(self) -> None:
        with KsymIter() as symbols:
            code = [(s.address, s.name, s.module) for s in symbols if s.type in "tTwW" and s.name]
        code.sort(key=lambda symbol: symbol[0])
        self._addresses = [address for address, _, _ in code]
        self._names = [(name, module) for _, name, module in code]

    def __getitem__(self, address: int) -> Symbol:
        """The last function that begins at or before an address; KeyError for one below all of them."""
        at = bisect_right(self._addresses, address) - 1
        if at < 0:
            raise KeyError(address)
        name, module = self._names[at]
        return Symbol(str(name), address - self._addresses[at], module)

    def resolve(self, addresses: Iterable[int]) -> list[Symbol]:
        """The functions of a stack, in its order."""
        return [self[address] for address in addresses]
