"""``python -m tests.fuzz SECONDS [TARGET…]``: each target in turn, guided by coverage (atheris).

New inputs that reach further are kept in build/fuzz; what breaks a target is written there too, and
belongs into tests/fuzz/corpus once it is mended.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUND = ROOT / "build/fuzz"


def fuzz(target: str, seconds: int) -> int:
    found = FOUND / target
    found.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.run", target, str(found)]
    command += [str(ROOT / "tests/fuzz/corpus" / target), f"-max_total_time={seconds}"]
    command += ["-max_len=16384", "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={found}/broken-"]
    print(f"{target}: {seconds} s", flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main() -> int:
    from .targets import TARGETS

    seconds = int(sys.argv[1])
    wanted = sys.argv[2:] or list(TARGETS)
    if unknown := set(wanted) - TARGETS.keys():
        print(f"there is no target {unknown.pop()}, but {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    broken = [target for target in wanted if fuzz(target, max(seconds // len(wanted), 1))]
    print(f"broken: {', '.join(broken)}" if broken else "nothing broke")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
