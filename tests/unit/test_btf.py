"""The BTF reader on BTF that the tests write, and on damaged BTF."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libbpf_iter.btf import Btf, Kind
from libbpf_iter.btf import types as bt
from libbpf_iter.btf.check import check
from libbpf_iter.btf.writer import Writer as BtfWriter
from libbpf_iter.errors import BtfError
from tests.conftest import environment_skip

from .btf_writer import Writer

KERNEL = Path("/sys/kernel/btf/vmlinux")


def sample(order: str = "<") -> bytes:
    writer = Writer(order)
    number = writer.int("int", 4, 1)
    char = writer.int("char", 1, 1)
    text = writer.array(char, 16)
    inner = writer.struct("", 8, [("low", number, 0), ("high", number, 32)])
    alias = writer.typedef("alias_t", writer.const(writer.typedef("inner_t", number)))
    writer.struct("outer", 32, [("a", number, 0), ("", inner, 32), ("comm", text, 96), ("b", alias, 224)])
    writer.enum("signed", {"LESS": -1, "MORE": 1}, signed=True)
    writer.enum64("wide", {"TOP": 1 << 40})
    writer.bitfields("bits", 4, [("one", number, 3, 5)])
    return writer.build()


@pytest.mark.parametrize("order", "<>")
def test_reads_both_byte_orders(order: str) -> None:
    btf = Btf(sample(order))
    struct = btf[btf.find("outer", Kind.STRUCT)]
    assert isinstance(struct, bt.Struct)
    assert [(m.name, m.bit_offset) for m in btf.flat_members(btf.find("outer", Kind.STRUCT))] == [
        ("a", 0),
        ("low", 32),
        ("high", 64),
        ("comm", 96),
        ("b", 224),
    ]
    assert btf.size_of(struct.members[2].type_id) == 16
    assert btf.typedefs(struct.members[3].type_id) == ("alias_t", "inner_t")
    assert btf.c_name(struct.members[2].type_id) == "char[16]"
    assert btf[btf.find("signed", Kind.ENUM)].values == (("LESS", -1), ("MORE", 1))  # type: ignore[attr-defined]
    assert btf[btf.find("wide", Kind.ENUM64)].values == (("TOP", 1 << 40),)  # type: ignore[attr-defined]
    bits = btf[btf.find("bits", Kind.STRUCT)]
    assert isinstance(bits, bt.Struct)
    assert (bits.members[0].bit_offset, bits.members[0].bitfield_size) == (3, 5)


def test_types_are_spelled_as_in_c() -> None:
    writer = BtfWriter()
    number = writer.integer("int", 4, signed=True)
    row = writer.array(number, 3)
    types = {
        "int[3]": row,
        "int[2][3]": writer.array(row, 2),
        "int *": writer.pointer(number),
        "int *[3]": writer.array(writer.pointer(number), 3),
        "int[2][3]*": writer.pointer(writer.array(row, 2)),
        "const int *": writer.pointer(writer.const(number)),
    }
    btf = Btf(writer.finish())
    assert {spelled: btf.c_name(type_id) for spelled, type_id in types.items()} == {
        name: name for name in types
    }


def test_split_btf_goes_on_where_its_base_ends() -> None:
    base = Btf(sample())
    data = Writer()
    data.strings = b"\0more\0"
    data.types = data.words(len(base.sections()[1]) + 1, 8 << 24, 1)
    split = Btf(data.build(), base)
    assert len(split) == len(base) + 1
    assert split[len(base)].name == "more"
    assert split.resolve(len(base)) == 1
    assert split.find("int", Kind.INT) == 1
    assert "int" in split and "more" in split and "more" not in base and "mor" not in split


def test_a_missing_name_is_named() -> None:
    with pytest.raises(BtfError, match="no struct 'nope'"):
        Btf(sample()).find("nope", Kind.STRUCT)


@pytest.mark.parametrize("length", [0, 10, 23, 24, 40, 100])
def test_truncated_data_is_refused(length: int) -> None:
    with pytest.raises(BtfError):
        walk(Btf(sample()[:length]))


def test_cycles_are_refused() -> None:
    writer = Writer()
    writer.typedef("a", 2)
    writer.typedef("b", 1)
    writer.struct("s", 8, [("", 3, 0)])
    btf = Btf(writer.build())
    with pytest.raises(BtfError, match="an endless chain"):
        btf.resolve(1)
    with pytest.raises(BtfError, match="contains itself"):
        btf.flat_members(3)


def walk(btf: Btf) -> None:
    """Every operation on every type."""
    for type_id in range(len(btf)):
        for operation in (btf.__getitem__, btf.resolve, btf.size_of, btf.c_name, btf.flat_members):
            try:
                operation(type_id)
            except BtfError:
                continue
    btf.get("outer", Kind.STRUCT)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(sample()) - 1), st.integers(0, 255)), max_size=8))
def test_damaged_data_raises_nothing_else(changes: list[tuple[int, int]]) -> None:
    data = bytearray(sample())
    for at, value in changes:
        data[at] = value
    with contextlib.suppress(BtfError):
        walk(Btf(bytes(data)))


def test_agrees_with_bpftool_on_the_kernel() -> None:
    bpftool = shutil.which("bpftool", path=os.environ["PATH"] + ":/usr/sbin")
    if not KERNEL.exists() or bpftool is None:
        environment_skip("the kernel's BTF and bpftool are needed")
    dump = subprocess.run(
        [bpftool, "btf", "dump", "file", str(KERNEL), "-j"], capture_output=True, check=True
    )
    expected = json.loads(dump.stdout)["types"]
    btf = Btf(KERNEL.read_bytes())
    assert len(btf) == len(expected) + 1
    for theirs in expected:
        ours = btf[theirs["id"]]
        assert bt.KIND_NAMES[ours.kind] == theirs["kind"].lower()
        assert ours.name == theirs["name"].replace("(anon)", "")
        if isinstance(ours, bt.Struct):
            assert [m.name for m in ours.members] == [
                m["name"].replace("(anon)", "") for m in theirs["members"]
            ]
            assert [m.bit_offset for m in ours.members] == [m["bits_offset"] for m in theirs["members"]]
        elif isinstance(ours, bt.Enum):
            # bpftool sign-extends the 32-bit values that are unsigned.
            mask = (1 << ours.size * 8) - 1
            assert [v & mask for _, v in ours.values] == [v["val"] & mask for v in theirs["values"]]


def test_references_are_checked_for_others() -> None:
    check(Btf(sample()))
    writer = Writer()
    writer.pointer(9)
    with pytest.raises(BtfError, match="refers to type 9"):
        check(Btf(writer.build()))
    writer = Writer()
    writer.array(1, 4)
    with pytest.raises(BtfError):
        check(Btf(writer.build()))
