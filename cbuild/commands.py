"""The setuptools commands that pyproject.toml names, which build the extension and the programs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from setuptools import Command, Distribution, Extension
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

from . import extension, programs
from .tools import ROOT


class BuildExt(build_ext):
    """build_ext, with one source that is generated, and flags from pkg-config."""

    def build_extension(self, ext: Extension) -> None:
        extension.configure(ext, Path(self.build_temp))
        super().build_extension(ext)


class BuildPrograms(Command):
    """Compile progs/*.bpf.c into the package and copy the public header beside them.

    In an editable install into the checkout, otherwise into what becomes the wheel.
    """

    description = "compile the BPF programs (clang) into the package"
    user_options: ClassVar[list[tuple[str, str | None, str]]] = [
        ("build-lib=", "d", "where the package is being built"),
    ]

    # These two and the get_ functions are setuptools' SubCommand protocol.
    build_lib: str
    editable_mode: bool

    def initialize_options(self) -> None:
        self.build_lib = ""
        self.editable_mode = False

    def finalize_options(self) -> None:
        self.build_lib = self.build_lib or self.get_finalized_command("build").build_lib

    def run(self) -> None:
        programs.build(programs.PACKAGE if self.editable_mode else self._package())

    def get_source_files(self) -> list[str]:
        paths = [*programs.sources(), *sorted(programs.PROGS.glob("*.h"))]
        return [str(path.relative_to(ROOT)) for path in paths]

    def get_outputs(self) -> list[str]:
        package = self._package()
        objects = [package / "programs" / programs.object_name(s) for s in programs.sources()]
        headers = [package / "include" / header.name for header in programs.HEADERS]
        return [*map(str, objects), *map(str, headers)]

    def get_output_mapping(self) -> dict[str, str]:
        if not self.editable_mode:
            return {}
        package = self._package()
        return {path: str(programs.PACKAGE / Path(path).relative_to(package)) for path in self.get_outputs()}

    def _package(self) -> Path:
        return Path(self.build_lib) / programs.PACKAGE.name


class Build(build):
    """build, with the programs."""

    sub_commands: ClassVar = [*build.sub_commands, ("build_programs", None)]


def build_extension_in_place(*, force: bool = False) -> None:
    """Build the extensions in place, like ``setup.py build_ext --inplace``."""
    distribution = Distribution(
        {
            "name": "libbpf_iter",
            "ext_modules": extension.make(),
            "cmdclass": {"build_ext": BuildExt},
            "script_name": "cbuild",
        }
    )
    command = distribution.get_command_obj("build_ext")
    command.inplace = True
    command.force = force
    distribution.run_command("build_ext")
