"""What loading a program asks for, whichever way it is loaded."""

from __future__ import annotations

import errno
import os

from ..errors import VerifierError
from .calls import failure
from .fd import Fd

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
        taken.append(Fd(os.eventfd, 0))
        while len(taken) < _ROOM:
            taken.append(Fd(os.dup, taken[0].number))
    except OSError as error:
        what = f"loading a program takes up to {_ROOM} descriptors"
        raise failure(error.errno or errno.EMFILE, "dup", what) from error
    finally:
        for fd in taken:
            fd.close()
