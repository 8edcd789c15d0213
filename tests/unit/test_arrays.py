"""Arrays of records whose columns aren't plain bytes."""

from __future__ import annotations

import struct

import pytest

from libbpf_iter.arrays import array
from libbpf_iter.btf import Btf
from libbpf_iter.kinds import Integer, Text
from libbpf_iter.layout import layout
from libbpf_iter.schema import Field, Schema

from .btf_writer import Writer


def test_bits_are_numbers() -> None:
    """Their bytes overlap, and are fewer than an object of Python's takes."""
    writer = Writer()
    unsigned, signed = writer.int("unsigned int", 4), writer.int("int", 4, 1)
    truth = writer.int("_Bool", 1, 4)
    members = [("a", unsigned, 0, 3), ("b", unsigned, 3, 9), ("c", signed, 12, 4), ("d", truth, 16, 1)]
    struct_id = writer.bitfields("bits", 4, members)
    schema = layout(Btf(writer.build()), struct_id)
    rows = struct.pack("=II", 1 << 16 | 0xF << 12 | 300 << 3 | 5, 0)
    found = array(schema, [rows])
    assert found.dtype.descr == [("a", "<u8"), ("b", "<u8"), ("c", "<i8"), ("d", "|b1")]
    assert found.tolist() == [(5, 300, -1, True), (0, 0, 0, False)]


@pytest.mark.parametrize("keep", [False, True])
def test_text_ends_at_its_first_nul_where_a_kernel_leaves_rests(
    keep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libbpf_iter.arrays.names_keep_rests", lambda: keep)
    schema = Schema(
        "Task", 12, False, (Field("comm", 0, Text(8), "char[8]"), Field("id", 8, Integer(4, True), "int"))
    )
    rows = struct.pack("=8si8si", b"py\0hon3", 7, b"kworker", 8)
    assert array(schema, [rows]).tolist() == [(b"py" if keep else b"py\0hon3", 7), (b"kworker", 8)]
