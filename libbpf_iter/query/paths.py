"""Kernel paths that complete: a text that knows what it may go on with. Imports scope, parse and errors."""

from __future__ import annotations

from ..errors import ParameterError
from .parse import parse
from .scope import Place, Scope
from .tree import Node

__all__ = ["KernelPath", "places"]


def places(scope: Scope, path: str) -> list[Place]:
    """What a path leads on to; "" is the object that is iterated."""
    if path:
        return scope.places(parse(path, scope, "path"))
    return scope.places(scope.objects[scope.target]) if scope.target else []


class KernelPath(str):
    """A path as text, to be used as a column; attributes and indices lead on: ``paths.mm.total_vm``."""

    _scope: Scope
    _node: Node | None

    def __new__(cls, scope: Scope, text: str = "", node: Node | None = None) -> KernelPath:
        path = super().__new__(cls, text)
        path._scope, path._node = scope, node
        return path

    def _members(self) -> list[Place]:
        return self._scope.places(self._node) if self._node else places(self._scope, "")

    def __dir__(self) -> list[str]:
        return [place.name for place in self._members()]

    def __getattr__(self, name: str) -> KernelPath:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._on(f"{self}.{name}" if self else name)
        except ParameterError as error:
            raise AttributeError(str(error)) from None

    def __getitem__(self, index: object) -> KernelPath:
        return self._on(f"{self}[{index}]")

    def _on(self, text: str) -> KernelPath:
        return KernelPath(self._scope, text, parse(text, self._scope, "path"))
