"""Files, mappings, symbols, caches and cgroups against /proc, /sys and cgroupfs."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import re
import stat
from pathlib import Path

import pytest

from libbpf_iter import CgroupIter, DmabufIter, KmemCacheIter, KsymIter, TaskFileIter, TaskVmaIter, errors
from libbpf_iter._libbpf import Fd
from tests.conftest import environment_skip
from tests.kernel.since import told


def test_own_files(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    with path.open("rb") as file, TaskFileIter(pid=os.getpid()) as files:
        file.seek(33)
        found = {record.fd: record for record in files}
        status = os.fstat(file.fileno())
        for fd, record in found.items():
            try:
                link = os.readlink(f"/proc/self/fd/{fd}")
            except FileNotFoundError:
                continue  # The session's own, closed since.
            if not link.endswith("bpf_iter"):
                assert record.path == told(files.schema, "path", link)
        record = found[file.fileno()]
    assert record.path == told(files.schema, "path", str(path))
    assert (record.pos, record.size) == (33, 100)
    assert (record.inode, record.device, record.mode) == (status.st_ino, status.st_dev, status.st_mode)
    assert repr(record.kind) == "REGULAR"
    assert stat.S_ISREG(record.mode)


def test_kinds_of_files() -> None:
    read, write = os.pipe()
    event = os.eventfd(0)
    try:
        with TaskFileIter(pid=os.getpid()) as files:
            kinds = {record.fd: repr(record.kind) for record in files}
    finally:
        for fd in (read, write, event):
            os.close(fd)
    assert (kinds[read], kinds[event]) == ("PIPE", "ANON")


def test_own_mappings() -> None:
    with TaskVmaIter(pid=os.getpid()) as mappings:
        ours = [(r.start, r.end, r.permissions, r.offset, r.inode, r.path) for r in mappings]
    theirs = {}
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, permissions, offset, _, inode, *path = line.split(None, 5)
        start, end = (int(part, 16) for part in span.split("-"))
        theirs[start] = (end, permissions, int(offset, 16), int(inode), path[0] if path else None)
    same = 0
    for start, end, permissions, offset, inode, path in ours:
        expected = theirs.get(start)
        # Reading the one and the other moves the heap; files stay where they are.
        if expected is None or path is None or not path.startswith("/"):
            continue
        assert (end, permissions, offset, inode, path) == expected
        same += 1
    assert same == sum(1 for entry in theirs.values() if (entry[4] or "").startswith("/"))
    names = {path for *_, path in ours if path and path.startswith("[")}
    # [vsyscall] belongs to no task's memory; /proc adds it to each.
    assert names == {entry[4] for entry in theirs.values() if (entry[4] or "").startswith("[")} - {
        "[vsyscall]"
    }
    assert {"[heap]", "[stack]", "[vdso]"} <= names


# Documentation/filesystems/proc.rst, VmFlags; those of mappings that nobody made by an odd system call.
MNEMONICS = {
    "rd": "VM_READ",
    "wr": "VM_WRITE",
    "ex": "VM_EXEC",
    "sh": "VM_SHARED",
    "mr": "VM_MAYREAD",
    "mw": "VM_MAYWRITE",
    "me": "VM_MAYEXEC",
    "ms": "VM_MAYSHARE",
    "gd": "VM_GROWSDOWN",
    "pf": "VM_PFNMAP",
    "lo": "VM_LOCKED",
    "io": "VM_IO",
    "sr": "VM_SEQ_READ",
    "rr": "VM_RAND_READ",
    "dc": "VM_DONTCOPY",
    "de": "VM_DONTEXPAND",
    "ac": "VM_ACCOUNT",
    "nr": "VM_NORESERVE",
    "wf": "VM_WIPEONFORK",
    "dd": "VM_DONTDUMP",
    "sd": "VM_SOFTDIRTY",
    "hg": "VM_HUGEPAGE",
    "nh": "VM_NOHUGEPAGE",
    "mg": "VM_MERGEABLE",
}


def test_flags_of_mappings_are_named_as_smaps_names_them() -> None:
    with mmap.mmap(-1, 8192, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_DONTFORK)
        memory.madvise(mmap.MADV_DONTDUMP)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        with TaskVmaIter(pid=os.getpid(), columns=["start", "flags"]) as mappings:
            ours = {vma.start: vma.flags for vma in mappings}
        theirs, start = {}, 0
        for line in Path("/proc/self/smaps").read_text().splitlines():
            if span := re.match("([0-9a-f]+)-[0-9a-f]+ ", line):
                start = int(span[1], 16)
            elif line.startswith("VmFlags:"):
                theirs[start] = set(line.split()[1:])
    assert {"dc", "dd"} <= theirs[address]
    both = ours.keys() & theirs.keys()
    assert len(both) > len(theirs) // 2
    for start in both:
        named = {short for short, name in MNEMONICS.items() if name in repr(ours[start]).split("|")}
        assert named == theirs[start] & MNEMONICS.keys(), hex(start)


def test_flags_of_files_are_those_of_open(tmp_path: Path) -> None:
    """By the C library's constants, among which O_LARGEFILE is 0 if off_t has 64 bits anyway."""
    ways = {
        os.O_RDONLY: {"LARGEFILE"},
        os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK: {"WRONLY", "APPEND", "NONBLOCK", "LARGEFILE"},
        os.O_RDWR | os.O_SYNC | os.O_NOATIME: {"RDWR", "SYNC", "DSYNC", "NOATIME", "LARGEFILE"},
        os.O_WRONLY | os.O_DSYNC | os.O_NOFOLLOW: {"WRONLY", "DSYNC", "NOFOLLOW", "LARGEFILE"},
    }
    folders = {
        os.O_RDONLY | os.O_DIRECTORY: {"DIRECTORY_ONLY", "LARGEFILE"},
        os.O_PATH: {"PATH"},
        os.O_RDWR | os.O_TMPFILE: {"RDWR", "TMPFILE", "DIRECTORY_ONLY", "LARGEFILE"},
    }
    file = tmp_path / "file"
    file.touch()
    names = {}
    try:
        for path, flags in [(file, ways), (tmp_path, folders)]:
            names |= {os.open(path, flag | os.O_CLOEXEC): name for flag, name in flags.items()}
        with TaskFileIter(pid=os.getpid(), columns=["fd", "flags"]) as files:
            found = {f.fd: f.flags for f in files}
        assert {fd: set(repr(found[fd]).split("|")) for fd in names} == names
    finally:
        for fd in names:
            os.close(fd)


def test_anonymous_memory_that_has_a_name() -> None:
    """prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME), include/uapi/linux/prctl.h."""
    libc = ctypes.CDLL(None, use_errno=True)
    memory = mmap.mmap(-1, 8192, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    longest = "n" * 79
    for name in ("a name", longest):
        given = libc.prctl(
            0x53564D41, 0, ctypes.c_ulong(address), ctypes.c_ulong(8192), ctypes.c_char_p(name.encode())
        )
        # EINVAL: a kernel without CONFIG_ANON_VMA_NAME has no names to show.
        assert given == 0 or ctypes.get_errno() == errno.EINVAL
        with TaskVmaIter(pid=os.getpid()) as mappings:
            (found,) = [vma for vma in mappings if vma.start <= address < vma.end]
        assert found.path == (None if given else f"[anon:{name}]")


def test_symbols() -> None:
    with KsymIter() as symbols:
        ours = [(s.name, s.type, s.module) for s in symbols]
        numbers = [s.seq_num for s in symbols]
    theirs = []
    for line in Path("/proc/kallsyms").read_text().splitlines():
        _, kind, name, *module = line.split()
        theirs.append((name, kind, module[0].strip("[]") if module else None))
    # Programs come and go, this test's own among them.
    ours, theirs = ([s for s in side if s[2] != "bpf"] for side in (ours, theirs))
    assert ours == theirs
    assert len(numbers) == len(set(numbers))


def slabinfo() -> dict[str, list[int]]:
    """Active objects, all objects, size, objects and pages a slab, by cache."""
    try:
        lines = Path("/proc/slabinfo").read_text().splitlines()[2:]
    except FileNotFoundError:
        environment_skip("the kernel has no /proc/slabinfo")
    return {line.split()[0]: [int(word) for word in line.split()[1:6]] for line in lines}


def test_slab_caches() -> None:
    with KmemCacheIter() as caches:
        before = slabinfo()
        ours = {record.name: record for record in caches}
        after = slabinfo()
    assert set(before) & set(after) <= set(ours)
    # What nobody allocated from meanwhile has to be the same number by number.
    quiet = [name for name in before if before[name] == after.get(name)]
    assert len(quiet) > len(before) // 2
    for name in quiet:
        record = ours[name]
        if record.active_objects is None:
            # Too many partly filled slabs to be counted: each has an object free, at least.
            assert before[name][1] - before[name][0] > 10_000
            continue
        found = [record.active_objects, record.total_objects, record.size, record.objects_per_slab]
        assert [*found, record.pages_per_slab] == before[name], name


def test_dmabufs_answer() -> None:
    with DmabufIter() as buffers:
        assert all(record.size > 0 for record in buffers)


def test_a_large_tree_is_complete(tree: Path) -> None:
    with CgroupIter(tree) as cgroups:
        assert cgroups.engine == "snapshot"
        found = {record.id: record for record in cgroups}
    assert len(found) == 1202
    root = found[tree.stat().st_ino]
    assert (root.path, root.descendants, root.populated) == (f"/{tree.name}", 1201, False)
    deep = tree / "child0" / "grandchild"
    record = found[deep.stat().st_ino]
    assert record.path == f"/{tree.name}/child0/grandchild"
    assert record.parent_id == deep.parent.stat().st_ino
    assert record.level == root.level + 2


def test_orders(tree: Path) -> None:
    child = tree / "child0"
    deep = child / "grandchild"

    def names(order: str, **how: object) -> list[str]:
        with CgroupIter(how.get("at", child), order=order) as cgroups:  # type: ignore[arg-type]
            return [str(record.path).rpartition("/")[2] for record in cgroups]

    assert names("self_only") == ["child0"]
    assert names("descendants_pre") == ["child0", "grandchild"]
    assert names("descendants_post") == ["grandchild", "child0"]
    assert names("ancestors_up", at=deep)[:3] == ["grandchild", "child0", tree.name]
    assert names("self_only", at=deep.stat().st_ino) == ["grandchild"]


def test_a_descriptor_may_be_closed_once_attached(tree: Path) -> None:
    with Fd(os.open, tree / "child0", os.O_RDONLY) as folder, CgroupIter(folder) as cgroups:
        folder.close()
        assert len(list(cgroups)) == 2


def test_nonsense_is_refused() -> None:
    with pytest.raises(errors.ParameterError, match="order"):
        CgroupIter(order="sideways")
    with pytest.raises(errors.NoSuchObject):
        CgroupIter("/nowhere")
    with pytest.raises(errors.NoSuchObject, match="none with id 18446744073709551615"):
        CgroupIter((1 << 64) - 1)
    with pytest.raises(errors.ParameterError, match="/proc isn't a directory of a cgroup"):
        CgroupIter("/proc")
