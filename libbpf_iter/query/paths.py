"""Kernel paths for interactive use: strings that know how they can continue. Imports scope, parse, errors."""

from __future__ import annotations

import keyword

from ..btf import types as bt
from ..errors import ParameterError
from .parse import parse
from .scope import Place, Scope
from .tree import Member, Node, Object

__all__ = ["KernelPath", "places"]


def places(scope: Scope, path: str) -> list[Place]:
    """The members that a path can continue with; "" is the object that is iterated."""
    if path:
        return scope.places(parse(path, scope, "path"))
    return scope.places(scope.objects[scope.target]) if scope.target else []


class KernelPath(str):
    """A kernel path, which is a string and can be used as a column.

    Attributes and indices continue it, with completion: ``paths.mm.total_vm``. A member whose name Python
    keeps to itself is an index, too: ``device["class"]``.
    """

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

    def _ipython_key_completions_(self) -> list[int]:
        """The indices of an array, for completion."""
        array = self._node.ctype.node if isinstance(self._node, Member) else None
        return list(range(array.count)) if isinstance(array, bt.Array) else []

    def __repr__(self) -> str:
        """The path and its C type."""
        node = self._node or self._scope.objects.get(self._scope.target or "")
        kind = f"{node.ctype} *" if isinstance(node, Object) else getattr(node, "ctype", "")
        return f"<{str(self) or self._scope.target}: {kind}>"

    def _repr_html_(self) -> str | None:
        """A table of the members that it can continue with; None if there are none."""
        from ..display import members_html

        members = self._members()
        return members_html(repr(self), [(m.name, m.c_type, m.offset, m.size) for m in members]) or None

    def __getattr__(self, name: str) -> KernelPath:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        try:
            if keyword.iskeyword(name):
                return self[name]
            return self._on(f"{self}.{name}" if self else name)
        except ParameterError as error:
            raise AttributeError(str(error)) from None

    def __getitem__(self, index: object) -> KernelPath:
        return self._on(f"{self or self._scope.target}[{index!r}]")

    def _on(self, text: str) -> KernelPath:
        return KernelPath(self._scope, text, parse(text, self._scope, "path"))
