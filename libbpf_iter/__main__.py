"""``python -m libbpf_iter`` is the command ``libbpf-iter``."""

from __future__ import annotations

import sys


def main() -> int:
    try:
        from .cli import main as command
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich"):
            raise
        print(f"libbpf-iter: {error.name} is not installed: pip install 'libbpf_iter[cli]'", file=sys.stderr)
        return 1
    return command()


if __name__ == "__main__":
    sys.exit(main())
