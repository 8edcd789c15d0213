"""``python -m cbuild.bundle WHEEL FOLDER``: a wheel that brings its libraries, for machines without them.

auditwheel copies libbpf and libelf into it and gives it a manylinux tag: that of this machine's C
library, so whoever wants an older one builds on an older system. Their licences go with them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from .tools import BuildError, run

# Neither is on manylinux's list of libraries that every system has; zlib, which both use, is.
BUNDLED = ("libbpf.so.1", "libelf.so.1")


def bundle(wheel: Path, destination: Path) -> Path:
    """The bundled wheel, in ``destination``."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        run([sys.executable, "-m", "wheel", "unpack", "--dest", scratch, wheel])
        (tree,) = scratch.iterdir()
        (licenses,) = tree.glob("*.dist-info/licenses")
        for library, path in _libraries(tree).items():
            shutil.copyfile(_license(path), licenses / f"{library}.txt")
        packed = scratch / "packed"
        packed.mkdir()
        run([sys.executable, "-m", "wheel", "pack", "--dest-dir", packed, tree])
        (plain,) = packed.iterdir()
        repaired = scratch / "repaired"
        run([sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", repaired, plain])
        (made,) = repaired.iterdir()
        run([sys.executable, "-m", "abi3audit", "--strict", made])
        destination.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(made, destination))


def _libraries(tree: Path) -> dict[str, Path]:
    """Where the linker finds those that will be bundled."""
    (extension,) = tree.glob("libbpf_iter/_extension*.so")
    found = {}
    for line in run(["ldd", extension]).splitlines():
        name, _, place = line.strip().partition(" => ")
        if name in BUNDLED and place:
            found[name] = Path(place.split()[0]).resolve()
    if missing := set(BUNDLED) - found.keys():
        raise BuildError(f"{extension.name} isn't linked with {', '.join(sorted(missing))}")
    return found


def _license(library: Path) -> Path:
    """What Debian's package of a library says of its licences."""
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
