"""What the tests share: who may skip, what a kernel test needs, and that no descriptor leaks.

``LIBBPF_ITER_REQUIRE_KERNEL=1`` promises a complete environment (root, BTF, a bpffs, a compiler):
there, what would be skipped for want of it fails.
"""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

# How long an example takes is this machine's matter.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

REQUIRED = os.environ.get("LIBBPF_ITER_REQUIRE_KERNEL") == "1"
KERNEL_TESTS = Path(__file__).parent / "kernel"
BTF = Path("/sys/kernel/btf/vmlinux")
BPFFS = Path("/sys/fs/bpf")

# include/uapi/linux/capability.h
CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}


def environment_skip(reason: str) -> NoReturn:
    """Skip for what this environment lacks; fail where it was promised to lack nothing."""
    if REQUIRED:
        pytest.fail(
            "this environment was promised to be complete (LIBBPF_ITER_REQUIRE_KERNEL=1): " + reason,
            pytrace=False,
        )
    pytest.skip(reason)


def installed(name: str) -> Any:
    """A module that not every environment has."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        environment_skip(str(error))


def effective_capabilities() -> set[str]:
    """Those of CAPABILITIES that this thread has in effect."""
    status = Path("/proc/thread-self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    mask = int(line.split()[1], 16)
    return {name for name, bit in CAPABILITIES.items() if mask >> bit & 1}


def missing_capabilities() -> list[str]:
    """What is needed to load iterators and isn't there; CAP_SYS_ADMIN stands in for both."""
    have = effective_capabilities()
    if "CAP_SYS_ADMIN" in have:
        return []
    return sorted({"CAP_BPF", "CAP_PERFMON"} - have)


def open_fds() -> dict[int, str]:
    """The descriptors of this process, and what each one is."""
    found = {}
    for entry in list(Path("/proc/self/fd").iterdir()):
        # The listing's own descriptor is gone by now.
        with contextlib.suppress(FileNotFoundError):
            found[int(entry.name)] = str(entry.readlink())
    return found


@pytest.fixture(scope="session")
def needs_bpf() -> None:
    """The kernel's types, and the right to load programs."""
    if not BTF.exists():
        environment_skip(f"the kernel has no BTF: {BTF} is missing (CONFIG_DEBUG_INFO_BTF)")
    if missing := missing_capabilities():
        environment_skip(f"loading BPF programs needs {' and '.join(missing)}")


@pytest.fixture
def bpffs() -> Iterator[Path]:
    """A directory of the test's own on a mounted bpffs; what is pinned there goes with it."""
    if f" {BPFFS} bpf " not in Path("/proc/mounts").read_text():
        environment_skip(f"no bpffs is mounted at {BPFFS}: mount -t bpf bpf {BPFFS}")
    if not os.access(BPFFS, os.W_OK):
        environment_skip(f"{BPFFS} is not writable")
    # A bpffs holds pins and directories only: rmtree, which is what this uses, gets along with it.
    # Its names may hold no dot (kernel/bpf/inode.c, bpf_lookup()).
    with tempfile.TemporaryDirectory(dir=BPFFS, prefix="libbpf_iter_") as folder:
        yield Path(folder)


@pytest.fixture
def count_fds() -> Callable[[], int]:
    """A function: how many descriptors are open, garbage aside."""

    def count() -> int:
        gc.collect()
        return len(open_fds())

    return count


@pytest.fixture(autouse=True)
def no_fd_leak(request: pytest.FixtureRequest) -> Iterator[None]:
    """A kernel test leaves no descriptor behind. Set up first, so it looks after all the others."""
    if KERNEL_TESTS not in request.path.parents:
        yield
        return
    gc.collect()
    before = open_fds()
    yield
    gc.collect()
    leaked = {fd: what for fd, what in open_fds().items() if before.get(fd) != what}
    if len(open_fds()) > len(before):
        pytest.fail(f"descriptors were left open: {leaked}", pytrace=False)
