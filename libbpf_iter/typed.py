"""What annotations name, when the program runs, without typing. Imports nothing of ours.

Nothing that the first record takes imports typing: together with what that imports it takes a quarter of the
time that this package does. So typing.get_type_hints() finds stand-ins.
"""

from __future__ import annotations

from types import GenericAlias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, NoReturn, Protocol, Self, TypeVar

    R = TypeVar("R", covariant=True)
else:

    class _Anything(type):
        def __instancecheck__(cls, _):
            return True

    class Any(metaclass=_Anything):
        """Whatever there is, for those who check values against annotations."""

    NoReturn = R = Self = Any

    class Generic:
        __class_getitem__ = classmethod(GenericAlias)

    class Protocol:
        pass


class Later:
    """A module that is imported when it is used, maybe by who evaluates an annotation."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> object:
        from importlib import import_module

        return getattr(import_module(self._name), name)


Buffer = bytes | bytearray | memoryview

__all__ = ["Any", "Buffer", "Generic", "Later", "NoReturn", "Protocol", "R", "Self"]
