"""Immutable values with named parts. Imports typed.

They do what ``@dataclass(frozen=True)`` does, without its cost at import: it compiles code for each class and
imports ``inspect``, which together took half of the time that this package takes to import.
"""

from __future__ import annotations

from .typed import Any, Self

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda cls: cls


__all__ = ["Immutable"]


@dataclass_transform(frozen_default=True)
class Immutable:
    """The annotations of a subclass are its parts, in order, after those of its base.

    A value in the class body is a part's default. Two objects are equal if they have the same class and
    equal parts, and they hash, pickle and print accordingly.
    """

    _parts: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        own = vars(cls).get("__annotations__", {})
        cls._parts += tuple(name for name in own if not name.startswith("_"))

    def __init__(self, *values: Any, **named: Any) -> None:
        parts = type(self)._parts
        if len(values) == len(parts) and not named:
            self.__dict__.update(zip(parts, values, strict=True))
            return
        given = dict(zip(parts, values, strict=False))
        if len(values) > len(parts) or given.keys() & named.keys() or named.keys() - set(parts):
            raise TypeError(f"{type(self).__name__} takes each of {', '.join(parts)} once")
        given |= named
        if len(given) < len(parts):
            for name in parts:
                if name not in given and not hasattr(type(self), name):
                    raise TypeError(f"{type(self).__name__} needs {name}")
        self.__dict__.update(given)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: {name!r} can't be set")

    __delattr__ = __setattr__  # type: ignore[assignment]

    def replace(self, **named: Any) -> Self:
        """A copy with other values for these parts."""
        return type(self)(**{name: getattr(self, name) for name in self._parts} | named)

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._parts)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        # Kept, since schemas are keys of caches that every walk looks into.
        found: int | None = self.__dict__.get("_hash")
        if found is None:
            found = self.__dict__["_hash"] = hash((type(self), self._values()))
        return found

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._parts)
        return f"{type(self).__name__}({inner})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()
