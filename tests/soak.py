"""``python -m tests.soak MINUTES``: random walks under churn; whatever was taken has to be given back.

Iterators of every target, with random parameters, queries and engines, are walked, abandoned, pinned,
updated, shared by threads and forgotten, while tasks, files, sockets and map elements come and go.
Descriptors, threads, memory, and the kernel's programs, maps and links return to what they were.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from libbpf_iter import Iter, PinnedIter, errors
from libbpf_iter.objects import object_schema, packaged, packaged_targets
from tests.kernel.test_maps import Map

# include/uapi/linux/bpf.h
LRU_HASH = 9
WITH_A_MAP = {"bpf_map_elem", "bpf_sk_storage_map", "sockmap"}
# After so much time all that is kept for later is kept: what grows from there on is a leak.
WARM = 0.5
RSS_MAY_GROW = 24 << 20


def kernel_objects() -> Counter[str]:
    """This process's programs, maps and links, as bpftool sees them."""
    found: Counter[str] = Counter()
    for kind in ("prog", "map", "link"):
        shown = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, text=True, check=True)
        for one in json.loads(shown.stdout or "[]"):
            if any(holder["pid"] == os.getpid() for holder in one.get("pids", ())):
                found[kind] += 1
    return found


def resident() -> int:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free is not held
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def state() -> dict[str, int]:
    gc.collect()
    descriptors = len(os.listdir("/proc/self/fd"))
    return {"descriptors": descriptors, "threads": threading.active_count(), **kernel_objects()}


@contextmanager
def churn(map_: Map) -> Iterator[None]:
    """What comes and goes meanwhile, in a thread each."""
    stop = threading.Event()

    def tasks() -> None:
        child = os.posix_spawn("/bin/true", ["true"], {})
        os.waitpid(child, 0)

    def sockets() -> None:
        for family, kind in ((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_DGRAM)):
            socket.socket(family, kind).close()

    def elements() -> None:
        for _ in range(100):
            map_[random.randbytes(4)] = random.randbytes(8)

    def over_and_over(step: Callable[[], None]) -> None:
        while not stop.is_set():
            step()
            stop.wait(0.001)  # or it is all that this machine does

    workers = [threading.Thread(target=over_and_over, args=(step,)) for step in (tasks, sockets, elements)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        stop.set()
        for worker in workers:
            worker.join()


class Soak:
    def __init__(self, seed: int, map_: Map) -> None:
        self._random, self._map = random.Random(seed), map_
        self._columns: dict[str, list[str]] = {}
        for target in packaged_targets():
            self._columns[target] = [field.name for field in object_schema(packaged(target), target).fields]
        self.refused: list[str] = []
        self.done: Counter[str] = Counter()

    def made(self) -> Iter:
        chance = self._random
        target = chance.choice(sorted(self._columns))
        given: dict[str, Any] = {"engine": chance.choice(["auto", "auto", "seq", "snapshot"])}
        if target in WITH_A_MAP:
            target, given["map"] = "bpf_map_elem", self._map
        if target in ("task", "task_file", "task_vma") and chance.random() < 0.5:
            given[chance.choice(["tid", "pid"])] = chance.choice([os.getpid(), 1, 2**30])
        columns = self._columns[target]
        match chance.randrange(4):
            case 0:
                given["columns"] = chance.sample(columns, chance.randrange(1, min(len(columns), 6)))
            case 1:
                given["columns"] = {"number": "meta.seq_num"} if given["engine"] == "seq" else None
            case 2 if target not in WITH_A_MAP and target != "bpf_map_elem":
                given["where"] = f"{chance.choice(columns)} != {chance.randrange(5)}"
        try:
            return Iter(target, **given)
        except errors.VerifierError as error:
            self.refused.append(f"Iter({target!r}, **{given!r}): {error}")
            raise

    def step(self) -> None:
        """One iterator, from its making to its end, however that comes."""
        chance = self._random
        try:
            iterator = self.made()
        except errors.Error as error:
            self.done[type(error).__name__] += 1  # a query that makes no sense, mostly
            return
        try:
            self.walk(iterator)
        except errors.WalkCut as error:  # by seq: there may be more cgroups than one read takes
            self.done[type(error).__name__] += 1
        self.done[f"{iterator.target} {iterator.engine}"] += 1
        if chance.random() < 0.5:
            iterator.close()  # or it is forgotten

    def walk(self, iterator: Iter) -> None:
        """Some walks, each taken in another way."""
        chance = self._random
        for _ in range(chance.randrange(1, 4)):
            match chance.randrange(6):
                case 0:
                    list(iterator)
                case 1:
                    next(iter(iterator), None)  # and abandoned
                case 2:
                    sum(map(len, iterator.chunks()))
                case 3:
                    session = iterator.session()
                    threads = [threading.Thread(target=list, args=(session,)) for _ in range(2)]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join()
                case 4:
                    self.pin(iterator)
                case _:
                    iterator.collect()

    def pin(self, iterator: Iter) -> None:
        path = f"/sys/fs/bpf/libbpf_iter_soak_{os.getpid()}"
        iterator.pin(path)
        try:
            with PinnedIter(path) as pinned:
                next(iter(pinned), None)
        except errors.WalkCut:
            pass  # more cgroups than one read takes
        finally:
            iterator.unpin(path)


def one_arena() -> None:
    """Else each thread's arena keeps tens of MiB that nobody uses, and malloc_trim() doesn't give back."""
    allocator = ctypes.CDLL(None)
    for option, value in ((-8, 1), (-1, 128 << 10)):  # malloc.h: M_ARENA_MAX, M_TRIM_THRESHOLD
        assert allocator.mallopt(option, value) == 1


def main() -> int:
    one_arena()
    warnings.simplefilter("ignore", errors.LossWarning)
    seconds, seed = float(sys.argv[1]) * 60, int(os.environ.get("SEED", time.time()))
    print(f"{sys.argv[1]} minutes, SEED={seed}", flush=True)
    map_ = Map(LRU_HASH, 4, 8, 10_000, btf=True)
    soak, start = Soak(seed, map_), time.monotonic()
    before, memory = state(), 0
    with churn(map_):
        while (past := time.monotonic() - start) < seconds:
            soak.step()
            if not memory and past > seconds * WARM:
                memory = resident()
    after, grown = state(), resident() - memory
    map_.close()
    for name, count in sorted(soak.done.items()):
        print(f"  {count:7}  {name}")
    left = {name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)}
    print(f"{soak.done.total()} iterators; left: {left or 'nothing'}; memory: {grown / 2**20:+.1f} MiB")
    for refusal in soak.refused:
        print(refusal)
    return 1 if left or soak.refused or grown > RSS_MAY_GROW else 0


if __name__ == "__main__":
    sys.exit(main())
