"""What annotations need when the program runs, without typing. Imports nothing of ours.

Nothing that the first record takes imports typing: together with what that imports it takes a quarter of the
time that this package does. What is only written in annotations is imported for type checkers alone.
"""

from __future__ import annotations

from types import GenericAlias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, Protocol, TypeVar

    R = TypeVar("R", covariant=True)
else:
    Any, R = object, "R"

    class Generic:
        __class_getitem__ = classmethod(GenericAlias)

    class Protocol:
        pass


Buffer = bytes | bytearray | memoryview

__all__ = ["Any", "Buffer", "Generic", "Protocol", "R"]
