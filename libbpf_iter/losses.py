"""What a walk may have left out. Imports errors."""

from __future__ import annotations

from .errors import LossWarning

__all__ = ["Losses"]

_CUT_UNIX = "sockets may be missing: this kernel loses some between two reads"
_CUT_COUNTED = "objects may be missing, or doubled, if others came or went between two reads"
_SHIFTED = "ksym: symbols of modules and of BPF may be missing, or doubled: some came or went meanwhile"
_DOUBLED = "ksym: the last symbol may be there twice: records that have seq_num tell them apart"
_ENDED = "threads may be missing: one exited meanwhile, where the kernel ends its walk of a process"
_MIXED_UP = "threads may be missing, or doubled: this kernel mixes those of one process up"


class Losses:
    """What a walk may have lost, a sentence each: for its session, or a warning if it has none.

    ``counts`` says that the kernel finds its place again by counting the objects before it.
    """

    def __init__(self, target: str, *, counts: bool, session: bool) -> None:
        self._target, self._counts, self._session = target, counts, session
        self.sentences: list[str] = []

    def cut(self) -> None:
        """The kernel paused its walk, and resumed it later."""
        if self._target == "unix":
            # net/unix/af_unix.c: it skips the rest of a hash bucket, even if nothing has changed.
            self._add(_CUT_UNIX, warn=True)
        elif self._counts:
            self._add(f"{self._target}: {_CUT_COUNTED}", warn=not self._session)

    def shifted(self) -> None:
        """Modules or BPF programs, whose symbols are among those walked, came or went during the walk."""
        self._add(_SHIFTED, warn=not self._session)

    def doubled(self) -> None:
        """The kernel shows its last object twice, and the records don't tell the two apart."""
        self._add(_DOUBLED, warn=not self._session)

    def thread_exited(self) -> None:
        """One of the threads of the process that the kernel walks is gone, maybe while it was there."""
        self._add(f"{self._target}: {_ENDED}", warn=not self._session)

    def mixed_up(self) -> None:
        """The kernel asks the wrong threads of a process whether they share its files."""
        self._add(f"{self._target}: {_MIXED_UP}", warn=not self._session)

    def _add(self, sentence: str, *, warn: bool) -> None:
        if sentence in self.sentences:
            return
        self.sentences.append(sentence)
        if warn:
            import warnings

            warnings.warn(sentence, LossWarning, stacklevel=4)
