"""Arrays of records whose columns aren't plain bytes."""

from __future__ import annotations

import struct

from libbpf_iter.arrays import array
from libbpf_iter.btf import Btf
from libbpf_iter.layout import layout

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
