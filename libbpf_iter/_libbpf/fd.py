"""Owned file descriptors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .._extension import ffi, lib
from ..errors import ClosedError
from ..typed import Any, NoReturn, Self


class Fd:
    """The descriptor that ``call(*arguments)`` returns; it is closed exactly once.

    That is by ``close()``, at the end of a ``with`` block, or when this object is collected. It always has an
    owner: KeyboardInterrupt may be raised between any two bytecode instructions, so nothing but C runs
    between the call and the cell that owns the descriptor, nor while that is closed.
    """

    __slots__ = ("_cell",)

    def __init__(self, call: Callable[..., int], *arguments: Any) -> None:
        self._cell = ffi.gc(ffi.new("int *", -1), lib.lbi_close)
        deque(map(self._cell.__setitem__, (0,), map(call, *zip(arguments, strict=True))), 0)

    @property
    def error(self) -> int:
        """The errno of the call if it failed, otherwise 0."""
        return max(-int(self._cell[0]), 0)

    @property
    def number(self) -> int:
        number: int = self._cell[0]
        if number < 0:
            raise ClosedError("the descriptor is closed")
        return number

    def fileno(self) -> int:
        return self.number

    @property
    def closed(self) -> bool:
        return bool(self._cell[0] < 0)

    def close(self) -> None:
        lib.lbi_close(self._cell)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an open descriptor can be neither copied nor pickled")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
