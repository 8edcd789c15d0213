"""What the tests of the network targets share: namespaces of their own, and iproute2 as a witness."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import environment_skip

CLONE_NEWNET = 0x40000000


def inode(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


def run(*command: str, namespace: int | None = None) -> str:
    """What a command prints, run in a network namespace if that is given."""
    if shutil.which(command[0]) is None:
        environment_skip(f"{command[0]} is not installed")
    if namespace is not None:
        command = ("nsenter", f"--net=/proc/{os.getpid()}/fd/{namespace}", *command)
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@contextmanager
def other_namespace() -> Iterator[int]:
    """A network namespace: its descriptor."""
    made: list[int] = []

    def make() -> None:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0:
            made.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert made, "no network namespace could be made"
    try:
        yield made[0]
    finally:
        os.close(made[0])
