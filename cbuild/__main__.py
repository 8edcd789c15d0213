"""``python -m cbuild [extension] [programs]``: build in place, from any directory."""

from __future__ import annotations

import argparse
import os
import sys

from . import programs, tools


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m cbuild", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="extension|programs", help="what to build (default: both)")
    parser.add_argument("--force", action="store_true", help="compile what is up to date, too")
    arguments = parser.parse_args()
    what = arguments.what or ["extension", "programs"]
    if unknown := set(what) - {"extension", "programs"}:
        parser.error(f"there is no {', '.join(sorted(unknown))} to build")
    os.chdir(tools.ROOT)
    try:
        if "extension" in what:
            from . import commands  # needs setuptools and cffi; the programs need neither

            commands.build_extension_in_place(force=arguments.force)
        if "programs" in what:
            for made in programs.build(force=arguments.force):
                print(made.relative_to(tools.ROOT))
    except tools.BuildError as error:
        print(f"cbuild: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
