"""Constants of a query that can be changed while it runs, in memory that programs read. Imports _libbpf."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator, Mapping, MutableMapping

from . import _libbpf
from .errors import ClosedError, ParameterError
from .names import near
from .typed import Any

__all__ = ["Params"]

_NUMBER = struct.Struct("=q")


class Params(MutableMapping[str, int]):
    """The parameters of a query, a mapping of their names to signed 64-bit integers.

    ``tasks.params["limit"] = 5`` takes effect with the next object of a walk; nothing is loaded again. A name
    that isn't a parameter, or a value that isn't such an integer, raises
    :class:`~libbpf_iter.errors.ParameterError`.
    """

    def __init__(self, values: Mapping[str, int]) -> None:
        self.names = tuple(values)
        for name in self.names:
            if not isinstance(name, str) or not name.isidentifier():
                raise ParameterError("params", f"a parameter can't be named {name!r}")
        self._map = _libbpf.create_array("params", max(len(values), 1) * 8)
        self._memory = mmap.mmap(self._map.number, max(len(values), 1) * 8)
        try:
            for name, value in values.items():
                self[name] = value
        except BaseException:
            self.close()
            raise

    def for_another(self) -> Params:
        """The same parameters for another iterator, whichever is closed first."""
        other = object.__new__(Params)
        other.names, other._map = self.names, _libbpf.Fd(os.dup, self.fd)
        other._memory = mmap.mmap(other.fd, len(self._numbers))
        return other

    @property
    def fd(self) -> int:
        return self._map.number

    @property
    def _numbers(self) -> mmap.mmap:
        if self._memory.closed:
            raise ClosedError("the iterator of these parameters is closed")
        return self._memory

    def _at(self, name: str) -> int:
        if name not in self.names:
            raise ParameterError("params", f"there is no parameter {name!r}{near(name, self.names)}")
        return self.names.index(name) * 8

    def __getitem__(self, name: str) -> int:
        if name not in self.names:
            raise KeyError(name)
        return int(_NUMBER.unpack_from(self._numbers, self._at(name))[0])

    def __setitem__(self, name: str, value: Any) -> None:
        at = self._at(name)
        if not isinstance(value, int) or not -(1 << 63) <= value < 1 << 63:
            raise ParameterError("params", f"{name}: an integer of 64 bits is expected, not {value!r}")
        _NUMBER.pack_into(self._numbers, at, value)

    def __delitem__(self, name: str) -> None:
        raise ParameterError("params", "a parameter can be changed, but not removed")

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return "Params(closed)" if self._memory.closed else f"Params({dict(self)})"

    def close(self) -> None:
        """Unmap the memory. The descriptor is closed with the last thing that may load a program for it."""
        self._memory.close()

    def discard(self) -> None:
        """Close the descriptor too: nothing was loaded with it, but an error's traceback may keep this."""
        self.close()
        self._map.close()
