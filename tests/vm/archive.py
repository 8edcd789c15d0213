"""Kernels of Debian's archive."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

from cbuild.apt import Apt, Suite, Unfetched

# Each series is in one of these.
SUITES = (
    Suite("bullseye-security", "-security"),
    Suite("bookworm-security", "-security"),
    Suite("trixie-security", "-security"),
    Suite("trixie-backports"),
)
# A series alone is the build for virtual machines: small, and with what a machine needs to boot built in.
# From 6.19 on, linux-image is an empty package that leads to linux-binary.
PACKAGE = re.compile(r"linux-(?:image|binary)-(\d+\.\d+)\.\S*?-(cloud-|rt-|)amd64")
FLAVOURS = {"cloud-": "", "rt-": "-rt", "": "-generic"}
EMPTY = 1 << 20


def series_of(package: str) -> str | None:
    """Which kernel a package has: 6.12, or 6.12-rt; None where it has none."""
    match = PACKAGE.fullmatch(package)
    return match and match[1] + FLAVOURS[match[2]]


class Build(NamedTuple):
    """One kernel of the archive."""

    series: str  # such as 6.12, and 6.12-rt or 6.12-generic for other builds than that for machines
    package: str
    version: str

    @property
    def order(self) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", self.version)]


class Archive:
    def __init__(self, folder: Path) -> None:
        self._kernels = folder.resolve() / "kernels"
        self._apt = Apt(folder / "apt", SUITES)

    def update(self) -> None:
        """Fetch the indices, unless those that are there are fresh."""
        if platform.machine() != "x86_64":
            raise Unfetched(f"kernels are taken for x86-64 alone, and this is {platform.machine()}")
        self._apt.update()

    def builds(self) -> dict[str, Build]:
        """The newest build of each series and flavour, oldest first."""
        newest: dict[str, Build] = {}
        for stanza in self._apt.run("apt-cache", "dumpavail").split("\n\n"):
            said = dict(re.findall(r"^(Package|Version|Size): (.*)$", stanza, re.MULTILINE))
            series = series_of(said.get("Package", ""))
            if series is None or int(said["Size"]) < EMPTY:
                continue
            build = Build(series, said["Package"], said["Version"])
            if build.series not in newest or build.order > newest[build.series].order:
                newest[build.series] = build
        return dict(sorted(newest.items(), key=lambda item: item[1].order))

    def fetch(self, build: Build) -> Path:
        """The kernel's image; it is kept."""
        kernel = self._kernels / f"{build.package}_{build.version}"
        if kernel.exists():
            return kernel
        download = self._apt.folder / build.package
        shutil.rmtree(download, ignore_errors=True)
        download.mkdir()
        self._apt.run("apt-get", "download", f"{build.package}={build.version}", cwd=download)
        (package,) = download.iterdir()
        self._kernels.mkdir(exist_ok=True)
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpack:
            _extract_kernel(unpack, kernel)
        shutil.rmtree(download)
        return kernel


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
