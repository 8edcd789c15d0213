"""Types of values that Python doesn't have. Imports columns, where the simplest of them are.

All of them are integers underneath, so they compare, sort and add up as such.
"""

from __future__ import annotations

import enum
import os
from functools import lru_cache

from .columns import FileMode, KernelPointer, UserPointer
from .typed import Any

__all__ = ["Device", "FileMode", "KernelEnum", "KernelFlags", "KernelPointer", "UserPointer", "enum_class"]


class Device(int):
    """A device number, as in ``os.stat().st_dev``; prints as major:minor."""

    __slots__ = ()

    @property
    def major(self) -> int:
        """The number of the driver."""
        return os.major(self)

    @property
    def minor(self) -> int:
        """The number of the device among those of its driver."""
        return os.minor(self)

    def __repr__(self) -> str:
        return f"{self.major}:{self.minor}"


class KernelEnum(enum.IntEnum):
    """A value of a kernel enum. A number that has no name in the program's BTF stays a plain int."""

    def __repr__(self) -> str:
        return self._name_  # a member of the enum may be called "name"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _enum_value, (type(self).__name__, _members(type(self)), False, int(self))


class KernelFlags(enum.IntFlag, boundary=enum.KEEP):
    """A set of bits. Those that have no name in the program's BTF are kept, and print in hexadecimal."""

    _numeric_repr_ = staticmethod(hex)

    def __repr__(self) -> str:
        return self._name_ or f"{int(self):#x}"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _enum_value, (type(self).__name__, _members(type(self)), True, int(self))


Members = tuple[tuple[str, int], ...]


def _members(cls: type[enum.Enum]) -> Members:
    return tuple((name, member.value) for name, member in cls.__members__.items())


@lru_cache(maxsize=1024)
def enum_class(name: str, members: Members, flags: bool) -> type[enum.IntEnum] | type[enum.IntFlag]:
    """The class of an enum; the same one wherever the enum is declared in the same way."""
    base: Any = KernelFlags if flags else KernelEnum
    cls: Any = base(name, members, module=__name__)
    return cls  # type: ignore[no-any-return]


def _enum_value(name: str, members: Members, flags: bool, value: int) -> Any:
    return enum_class(name, members, flags)(value)
