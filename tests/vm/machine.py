"""One run of a kernel under QEMU."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import NamedTuple

# Some kernels stop at boot now and then where the processor is emulated: 7.3 panics while it patches
# its own text. What has started is never begun again.
BOOTS = 5
BOOT_SECONDS = 180
TAIL = 25
# Emulated on purpose: /dev/kvm may be there, and hang the machine. It ends with whoever started it.
QEMU = (
    "setpriv --pdeathsig KILL qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 3072"
    " -nodefaults -no-user-config -display none -no-reboot"
)
BOOT_OPTIONS = "console=ttyS0 panic=-1 quiet mitigations=off"


class Run(NamedTuple):
    """What came of a kernel's run."""

    results: str | None  # pytest's report, as JUnit's XML; None where none came
    exit_code: int | None
    boots: int
    seconds: float
    problem: str  # why there are no results, with the console's tail


def run(kernel: Path, image: Path, folder: Path, seconds: float) -> Run:
    """Boot, and boot again if the kernel doesn't come up; ``seconds`` is for what runs then."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    boots = 0
    started = ""
    while not started and boots < BOOTS:
        boots += 1
        problem = _run_once(kernel, image, folder, seconds)
        _, started, said = _read(folder / "results").partition("started\n")
    results, _, code = said.rpartition("exit ")
    exit_code = int(code) if code.strip().isdigit() else None
    if exit_code is None:
        results = ""
        problem = problem or _with_tail("the machine stopped before the tests were done", folder)
    return Run(results or None, exit_code, boots, time.monotonic() - begun, problem)


def _run_once(kernel: Path, image: Path, folder: Path, seconds: float) -> str:
    """What went wrong, or nothing."""
    ports = [folder / name for name in ("console", "output", "results")]
    for port in ports:
        port.write_bytes(b"")
    command = [*QEMU.split(), "-kernel", str(kernel), "-initrd", str(image), "-append", BOOT_OPTIONS]
    for port in ports:
        command += ["-serial", f"file:{port}"]
    with (folder / "qemu").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as qemu:
        try:
            return _wait(qemu, folder, seconds)
        finally:
            qemu.kill()


def _wait(qemu: subprocess.Popen[bytes], folder: Path, seconds: float) -> str:
    begun = time.monotonic()
    started = False
    while qemu.poll() is None:
        passed = time.monotonic() - begun
        if not started:
            started = "started" in _read(folder / "results")
            if not started and passed > BOOT_SECONDS:
                return _with_tail(f"the kernel wasn't up after {BOOT_SECONDS} seconds", folder)
        if passed > BOOT_SECONDS + seconds:
            return _with_tail(f"the tests weren't done after {seconds:.0f} seconds", folder)
        time.sleep(0.2)
    if qemu.returncode:
        return f"QEMU ended with {qemu.returncode}: {_read(folder / 'qemu')}"
    if "started" not in _read(folder / "results"):
        return _with_tail("the kernel didn't come up", folder)
    return ""


def _with_tail(what: str, folder: Path) -> str:
    lines = []
    for name in ("console", "output"):
        last = _read(folder / name).splitlines()[-TAIL:]
        if last:
            lines += [f"-- the end of its {name}:", *last]
    return "\n".join([what, *lines])


def _read(path: Path) -> str:
    return path.read_text(errors="replace").replace("\r", "")
