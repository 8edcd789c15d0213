"""What start-up costs: TaskIter() in a fresh interpreter to its first record, against C with libbpf.

``python -m tests.bench.startup [RUNS]``, as root. Both load the same object, in turn; the interpreter's own
start is not counted, the package's import is.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
OBJECT = HERE.parents[1] / "libbpf_iter" / "programs" / "task.bpf.o"
PYTHON = """
import time
start = time.perf_counter()
from libbpf_iter import TaskIter
imported = time.perf_counter()
tasks = TaskIter()
attached = time.perf_counter()
next(iter(tasks)).tid
end = time.perf_counter()
print(end - start, imported - start, attached - imported, end - attached)
"""


# As pip installs it: compiled, whatever this shell says of that.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: list[str]) -> list[float]:
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    return [float(part) for part in run.stdout.split()]


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/startup"
        subprocess.run(["cc", "-O2", "-o", program, str(HERE / "startup.c"), "-lbpf"], check=True)
        seconds([sys.executable, "-c", PYTHON])  # compiles
        pairs = [
            (seconds([program, str(OBJECT)]), seconds([sys.executable, "-c", PYTHON])) for _ in range(runs)
        ]
    parts = [statistics.median(ours[part] for _, ours in pairs) for part in range(4)]
    result = {
        "ratio": statistics.median(ours[0] / theirs[0] for theirs, ours in pairs),
        "c_seconds": statistics.median(theirs[0] for theirs, _ in pairs),
        "python_seconds": parts[0],
        "import_seconds": parts[1],
        "attach_seconds": parts[2],
        "first_record_seconds": parts[3],
    }
    print("TaskIter() to its first record in a fresh interpreter, against C with libbpf, as times of C's")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
