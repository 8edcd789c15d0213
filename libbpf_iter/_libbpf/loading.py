"""What all ways to load a program have in common."""

from __future__ import annotations

import errno
import os

from ..errors import VerifierError
from .calls import failure
from .fd import Fd

# Other lines at the end of a verifier log: statistics, source lines, the two states of a loop.
_NO_REASONS = ("processed ", "libbpf:", ";", "--", "cur state:", "old state:")


def refusal(number: int, program: str, call: str, log: str) -> VerifierError:
    """The exception for a program that the verifier rejects, with the reason from the end of its log."""
    lines = [line.strip() for line in log.splitlines()]
    end = next((i for i, line in enumerate(lines) if "END PROG LOAD LOG" in line), len(lines))
    said = [line for line in lines[:end] if line and not line.startswith(_NO_REASONS)]
    reason = said[-1] if said else "no reason given"
    message = f"the verifier rejects program {program!r}: {reason}"
    return VerifierError(program, message, errno=number, call=call, log=log)


# More than what a program, its maps and BTF, and one of libbpf's probes take at once.
_ROOM = 16


def need_descriptors() -> None:
    """Fail early if there are too few free descriptors for a load.

    libbpf probes the kernel's features when it first needs them, and caches the results. A probe that fails
    for want of a descriptor would tell it for as long as the process lives that this kernel has no global
    data, or no BTF.
    """
    taken: list[Fd] = []
    try:
        taken.append(Fd(os.eventfd, 0))
        while len(taken) < _ROOM:
            taken.append(Fd(os.dup, taken[0].number))
    except OSError as error:
        what = f"loading a program takes up to {_ROOM} free file descriptors"
        raise failure(error.errno or errno.EMFILE, "dup", what) from error
    finally:
        for fd in taken:
            fd.close()
