"""Packages of other Debian releases than the system's, fetched by apt.

apt has a state of its own for it, so that the system's sources and lists stay as they are. Where the archive
is, the system's own sources say.
"""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .tools import BuildError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LISTS_LIVE = 12 * 3600


class Unfetched(BuildError):
    """Something can't be fetched from the archive; the message says why."""


class Suite(NamedTuple):
    """A part of the archive; it is at the address that this system uses for ``like``, "" or "-security"."""

    name: str
    like: str = ""
    sources: bool = False  # instead of packages


class Apt:
    def __init__(self, folder: Path, suites: Iterable[Suite]) -> None:
        # apt takes a relative path to be below /.
        self.folder = folder.resolve()
        self._suites = suites

    def update(self) -> None:
        """Fetch the indices, unless they are there and recent."""
        fresh = self.folder / "updated"
        if fresh.exists() and time.time() - fresh.stat().st_mtime < LISTS_LIVE:
            return
        for name in ("lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        addresses = _addresses()
        lines = []
        for suite in self._suites:
            kind = "deb-src" if suite.sources else "deb"
            lines.append(f"{kind} [signed-by={KEYRING}] {addresses[suite.like]} {suite.name} main\n")
        (self.folder / "sources.list").write_text("".join(lines))
        self.run("apt-get", "update", "--error-on=any")
        fresh.touch()

    def run(self, *command: str, cwd: Path | None = None) -> str:
        options = {
            "Dir::Etc::SourceList": self.folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::status": "/dev/null",
            "Dir::Cache": self.folder / "cache",
            "APT::Sandbox::User": "root",  # apt's own user may not be allowed into the folder
            "Acquire::Retries": "3",
        }
        arguments = [argument for name, value in options.items() for argument in ("-o", f"{name}={value}")]
        line = [command[0], *arguments, *command[1:]]
        try:
            done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise Unfetched(f"{command[0]} is missing: is this Debian?") from error
        if done.returncode:
            raise Unfetched(f"{' '.join(command[:2])}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def _addresses() -> dict[str, str]:
    """The addresses of the archive and of its security updates, from the system's own sources."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    form = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    found: dict[str, str] = {}
    for line in lines:
        uri, release, component = line.split()
        if component == "main" and release.startswith(codename):
            found.setdefault(release.removeprefix(codename), uri)
    for suffix in ("", "-security"):
        if suffix not in found:
            raise Unfetched(f"the system's sources don't say where {codename}{suffix} is: is this Debian?")
    return found
