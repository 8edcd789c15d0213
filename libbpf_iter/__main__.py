"""``python -m libbpf_iter``: the live task list."""

from __future__ import annotations

import sys

from . import TaskIter
from .errors import Error


def main() -> int:
    try:
        with TaskIter() as tasks:
            print(f"{'TID':>7} {'PID':>7} {'STATE':5} {'CPU s':>9} {'RSS MiB':>8} COMM")
            for task in tasks:
                seconds = (task.utime_ns + task.stime_ns) / 1e9
                print(
                    f"{task.tid:>7} {task.pid:>7} {task.state:5} {seconds:>9.2f} "
                    f"{task.rss / 2**20:>8.1f} {task.comm}"
                )
    except Error as error:
        print(f"libbpf_iter: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader, head say, has seen enough.
        sys.stderr.close()
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
