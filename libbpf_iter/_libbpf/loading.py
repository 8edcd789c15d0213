"""What loading a program asks for, whichever way it is loaded."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import VerifierError
from .calls import Fd, failure

# What else is at the end of the verifier's log: numbers, source lines, the two states of a loop.
_NO_REASONS = ("processed ", "libbpf:", ";", "--", "cur state:", "old state:")


def refusal(number: int, program: str, call: str, log: str) -> VerifierError:
    """The verifier's own last word, out of its log."""
    lines = [line.strip() for line in log.splitlines()]
    end = next((i for i, line in enumerate(lines) if "END PROG LOAD LOG" in line), len(lines))
    said = [line for line in lines[:end] if line and not line.startswith(_NO_REASONS)]
    reason = said[-1] if said else "no reason given"
    message = f"the verifier refuses program {program!r}: {reason}"
    return VerifierError(program, message, errno=number, call=call, log=log)


@contextmanager
def undisturbed() -> Iterator[None]:
    """No signal meanwhile.

    Where one is pending the verifier gives up (kernel/bpf/verifier.c, do_check()), and libbpf tries
    five times only: a profiler's timer is quicker than that.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# More than a program, its maps and types, and a probe of libbpf's take at once.
_ROOM = 16


def need_descriptors() -> None:
    """Refuse here what would fail in libbpf for want of descriptors.

    libbpf probes what the kernel can do when it first needs to know, and keeps
    the answer: a probe that got no descriptor says, for as long as the process
    lives, that this kernel has no global data or no BTF.
    """
    taken: list[Fd] = []
    try:
        taken.append(Fd(os.eventfd(0)))
        while len(taken) < _ROOM:
            taken.append(Fd(os.dup(taken[0].number)))
    except OSError as error:
        what = f"loading a program takes up to {_ROOM} descriptors"
        raise failure(error.errno or errno.EMFILE, "dup", what) from error
    finally:
        for fd in taken:
            fd.close()
