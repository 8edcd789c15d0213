"""What a fork leaves behind in its child. Imports nothing of ours."""

from __future__ import annotations

import os
from _thread import RLock  # threading's own, without all else that it imports
from weakref import WeakSet

__all__ = ["Locked", "count"]

_forks = 0
_locked: WeakSet[Locked] = WeakSet()


def count() -> int:
    """How often this process was forked, or is about to be: a child shares the memory that there is then."""
    return _forks


class Locked:
    """Something with a lock, which is free in a child: the thread that held it isn't there.

    Under it nothing is ever half done that the child would meet. It is reentrant, since destructors run
    wherever garbage is collected.
    """

    _lock: RLock

    def __init__(self) -> None:
        self._lock = RLock()
        _locked.add(self)


def _count() -> None:
    global _forks
    _forks += 1


def _unlock() -> None:
    for one in _locked:
        one._lock = RLock()


# Before and after: other threads begin and end walks meanwhile.
os.register_at_fork(before=_count, after_in_parent=_count, after_in_child=_unlock)
