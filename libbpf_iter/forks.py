"""What a child of fork() must not take over from its parent. Imports nothing of ours."""

from __future__ import annotations

import os
from _thread import RLock  # that of threading and of weakref, without all else that they import
from _weakrefset import WeakSet

__all__ = ["Locked", "count"]

_forks = 0
_locked: WeakSet[Locked] = WeakSet()


def count() -> int:
    """How often this process has forked or is about to: a child shares the memory that exists then."""
    return _forks


class Locked:
    """An object with a lock, which is free in a child: the thread that held it doesn't exist there.

    What the lock protects is never left half done where a child could see it. The lock is reentrant, since
    the garbage collector may run a destructor anywhere.
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


# Counted before and after, since other threads begin and end walks meanwhile.
os.register_at_fork(before=_count, after_in_parent=_count, after_in_child=_unlock)
