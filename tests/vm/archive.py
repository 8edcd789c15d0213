"""Kernels of Debian's archive, fetched by apt.

apt has a state of its own for it, so that the system's sources and lists stay
as they are. Where the archive is, the system's own sources say.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import tarfile
import time
from pathlib import Path
from typing import NamedTuple

# Each series is in one of these; "" stands for the release that the system has.
SUITES = (
    ("-security", "bullseye-security"),
    ("-security", "bookworm-security"),
    ("-security", "trixie-security"),
    ("", "trixie-backports"),
)
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# The builds for virtual machines: small, and with what a machine needs to boot built in. From 6.19
# on, linux-image is an empty package that leads to linux-binary.
PACKAGE = re.compile(r"linux-(?:image|binary)-(\d+\.\d+)\.\S*-cloud-amd64")
EMPTY = 1 << 20
LISTS_LIVE = 12 * 3600


class Unfetched(Exception):
    """A kernel, or the archive's index, that can't be had; the message says why."""


class Build(NamedTuple):
    """One kernel of the archive."""

    series: str
    package: str
    version: str

    @property
    def order(self) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", self.version)]


class Archive:
    def __init__(self, folder: Path) -> None:
        # apt takes a path that is not absolute for one below /.
        self._kernels = folder.resolve() / "kernels"
        self._apt = folder.resolve() / "apt"

    def update(self) -> None:
        """Fetch the indices, unless those that are there are fresh."""
        if platform.machine() != "x86_64":
            raise Unfetched(f"kernels are taken for x86-64 alone, and this is {platform.machine()}")
        fresh = self._apt / "updated"
        if fresh.exists() and time.time() - fresh.stat().st_mtime < LISTS_LIVE:
            return
        for name in ("lists/partial", "cache/archives/partial"):
            (self._apt / name).mkdir(parents=True, exist_ok=True)
        sources = _sources()
        lines = [f"deb [signed-by={KEYRING}] {sources[like]} {suite} main\n" for like, suite in SUITES]
        (self._apt / "sources.list").write_text("".join(lines))
        self._run("apt-get", "update", "--error-on=any")
        fresh.touch()

    def builds(self) -> dict[str, Build]:
        """The newest build of each series, oldest series first."""
        newest: dict[str, Build] = {}
        for stanza in self._run("apt-cache", "dumpavail").split("\n\n"):
            said = dict(re.findall(r"^(Package|Version|Size): (.*)$", stanza, re.MULTILINE))
            match = PACKAGE.fullmatch(said.get("Package", ""))
            if match is None or int(said["Size"]) < EMPTY:
                continue
            build = Build(match[1], said["Package"], said["Version"])
            if build.series not in newest or build.order > newest[build.series].order:
                newest[build.series] = build
        return dict(sorted(newest.items(), key=lambda item: item[1].order))

    def fetch(self, build: Build) -> Path:
        """The kernel's image; it is kept."""
        kernel = self._kernels / f"{build.package}_{build.version}"
        if kernel.exists():
            return kernel
        download = self._apt / build.package
        shutil.rmtree(download, ignore_errors=True)
        download.mkdir()
        self._run("apt-get", "download", f"{build.package}={build.version}", cwd=download)
        (package,) = download.iterdir()
        self._kernels.mkdir(exist_ok=True)
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpack:
            _extract_kernel(unpack, kernel)
        shutil.rmtree(download)
        return kernel

    def _run(self, *command: str, cwd: Path | None = None) -> str:
        options = {
            "Dir::Etc::SourceList": self._apt / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": self._apt / "lists",
            "Dir::State::status": "/dev/null",
            "Dir::Cache": self._apt / "cache",
            "APT::Sandbox::User": "root",  # the folder may be nobody else's
            "Acquire::Retries": "3",
        }
        arguments = [argument for name, value in options.items() for argument in ("-o", f"{name}={value}")]
        done = subprocess.run([command[0], *arguments, *command[1:]], cwd=cwd, capture_output=True, text=True)
        if done.returncode:
            raise Unfetched(f"{' '.join(command[:2])}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def _sources() -> dict[str, str]:
    """Where the archive is, and where its security updates are: as the system's sources have it."""
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


def _extract_kernel(unpack: subprocess.Popen[bytes], kernel: Path) -> None:
    """/boot/vmlinuz-RELEASE; from 7.2 on it is /usr/lib/modules/RELEASE/vmlinuz."""
    with tarfile.open(fileobj=unpack.stdout, mode="r|") as tar:
        for member in tar:
            if member.isfile() and Path(member.name).name.startswith("vmlinuz"):
                partial = kernel.with_suffix(".partial")
                with tar.extractfile(member) as source, partial.open("wb") as to:  # type: ignore[union-attr]
                    shutil.copyfileobj(source, to)
                partial.rename(kernel)
                break
        else:
            raise Unfetched(f"{kernel.name} has no vmlinuz in it")
    unpack.kill()
