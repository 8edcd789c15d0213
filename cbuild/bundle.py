"""``python -m cbuild.bundle WHEEL FOLDER``: a wheel that brings its libraries, for machines without them.

auditwheel copies libbpf, which is built for it, and the system's libelf into it (and zstd, where libelf needs
it; zlib every manylinux system has) and gives it a manylinux tag: the newest symbols of the C library that
anything in it was linked with. Built on Debian 12, whose glibc is 2.36, that is manylinux_2_34; for an older
one, build on an older system. The licences of what was copied go with it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

from . import libbpf
from .libbpf import Libbpf
from .tools import ROOT, BuildError, run

# SPDX expressions. A library that isn't here stops the build, since somebody has to read its licence first.
LICENSES = {
    "libbpf": "(LGPL-2.1-only OR BSD-2-Clause)",
    "libelf": "(GPL-2.0-or-later OR LGPL-3.0-or-later)",
    "libzstd": "(BSD-3-Clause OR GPL-2.0-only)",
}
EXPRESSION = "License-Expression: "


def bundle(wheel: Path, destination: Path) -> Path:
    """Make the bundled wheel in ``destination``; returns its path."""
    built = libbpf.build(ROOT / "build" / "libbpf")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        repaired, packed = scratch / "repaired", scratch / "packed"
        repair = [sys.executable, "-m", "auditwheel", "repair", f"--wheel-dir={repaired}", str(wheel)]
        run(repair, libraries=built.folder)
        (made,) = repaired.iterdir()
        run([sys.executable, "-m", "wheel", "unpack", "--dest", scratch / "tree", made])
        (tree,) = (scratch / "tree").iterdir()
        _add_licenses(tree, _notices(wheel, scratch / "plain", built))
        packed.mkdir()
        run([sys.executable, "-m", "wheel", "pack", "--dest-dir", packed, tree])
        (made,) = packed.iterdir()
        run([sys.executable, "-m", "abi3audit", "--strict", made])
        destination.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(made, destination))


def _notices(wheel: Path, scratch: Path, built: Libbpf) -> dict[str, Path]:
    """For each library that the extension is linked with, the file with its authors and licences."""
    run([sys.executable, "-m", "wheel", "unpack", "--dest", scratch, wheel])
    (extension,) = scratch.glob("*/libbpf_iter/_extension*.so")
    # The linker finds libelf as /lib/.../libelf-0.188.so.
    found = re.findall(r"^\t(\w+)\.so\S* => (/\S+)", run(["ldd", extension]), re.MULTILINE)
    of_the_system = {name: _notice(Path(path).resolve()) for name, path in found if name in LICENSES}
    return of_the_system | {"libbpf": built.copyright}


def _add_licenses(tree: Path, notices: dict[str, Path]) -> None:
    """Put the licences of the libraries into the wheel, and name them in its metadata."""
    (info,) = tree.glob("*.dist-info")
    metadata = info / "METADATA"
    before, expression, after = metadata.read_text().partition(EXPRESSION)
    own, newline, after = after.partition("\n")
    files = []
    for copied in sorted(tree.glob("*.libs/*")):
        name = copied.name.partition("-")[0]  # auditwheel appends a hash
        if name not in LICENSES or name not in notices:
            raise BuildError(f"{copied.name} is in the wheel, and nothing says under which licence")
        own += f" AND {LICENSES[name]}"
        files.append((f"{name}.txt", notices[name]))
        # The licences that the notice refers to by files of a Debian system.
        for text in re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", notices[name].read_text()):
            files.append((f"{text}.txt", Path("/usr/share/common-licenses", text)))
    for name, source in dict(files).items():
        shutil.copyfile(source, info / "licenses" / name)
        newline += f"License-File: {name}\n"
    metadata.write_text(before + expression + own + newline + after)


def _notice(library: Path) -> Path:
    """The copyright file of the Debian package that a library is from."""
    for path in (library, Path("/", *library.parts[2:])):  # /usr/lib is also /lib
        try:
            package = run(["dpkg-query", "--search", str(path)]).partition(":")[0]
        except BuildError:
            continue
        return Path(f"/usr/share/doc/{package}/copyright")
    raise BuildError(f"no package has {library}: its licence has to go with it")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m cbuild.bundle", description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    try:
        print(bundle(arguments.wheel, arguments.folder))
    except BuildError as error:
        print(f"cbuild: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
