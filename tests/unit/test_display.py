"""What people see: units, escapes, and tables that fit; without a kernel."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from libbpf_iter import kinds
from libbpf_iter.decode import record_class
from libbpf_iter.display import cell, duration, is_whole, printable, size
from libbpf_iter.schema import Field, Schema
from libbpf_iter.tabular import Tabular, width

COMM = Field("comm", 0, kinds.Text(16), "char[16]")
SCHEMA = Schema("Thing", 24, False, (COMM, Field("n", 16, kinds.Integer(8, False, "bytes"), "__u64")))
HOSTILE = b"<script>&\x1b[31m".ljust(16, b"\0") + (2048).to_bytes(8, "little")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (102_348, "99.9 KiB"),
        (1023 * 1024, "1.0 MiB"),
        (10 << 30, "10.0 GiB"),
        ((1 << 64) - 1, "16.0 EiB"),
    ],
)
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 s"),
        (999, "999 ns"),
        (1_500, "1.50 µs"),
        (999_600_000, "1.00 s"),
        (9_996_000, "10.0 ms"),
        (99_960_000, "100 ms"),
        (12_340_000_000, "12.3 s"),
        (60_000_000_000, "1m 00s"),
        (3_661_000_000_000, "1h 01m"),
        (90_000_000_000_000, "1d 01h"),
    ],
)
def test_durations(ns: int, text: str) -> None:
    assert duration(ns) == text


@given(st.integers(0, (1 << 64) - 1))
def test_every_number_has_a_short_text(number: int) -> None:
    assert len(size(number)) <= 8
    assert len(duration(number)) <= 12


@given(st.text() | st.binary().map(kinds.text))
def test_nothing_moves_the_cursor(text: str) -> None:
    assert printable(text).isprintable()


def test_bytes_that_are_no_text_are_escaped() -> None:
    assert printable(kinds.text(b"a\xff\x1b[2J\n\tb")) == r"a\xff\x1b[2J\n\tb"


def test_values_by_kind() -> None:
    assert cell(kinds.Nullable(8, kinds.Integer(8, False, "ns")))(None) == "-"
    assert cell(kinds.Boolean(1))(True) == "yes"
    assert cell(kinds.Typed(4, "FileMode"))(0o100644) == "-rw-r--r--"
    assert cell(kinds.Span(8, "args"))(("sh", "-c", "a\nb")) == r"sh -c a\nb"
    number = kinds.Integer(4, False)
    pair = kinds.Nested(8, "pair", (("a", 0, number), ("b", 4, kinds.Nullable(4, number))))
    assert cell(pair)(pair.decode(struct.pack("=Ii", 1, -1), 0)) == "a=1 b=-"


def test_html_is_escaped() -> None:
    page = record_class(SCHEMA)(HOSTILE)._repr_html_()
    assert "<script>" not in page
    assert r"&lt;script&gt;&amp;\x1b[31m" in page
    assert "2.0 KiB" in page


def test_a_schema_shows_its_columns() -> None:
    page = SCHEMA._repr_html_()
    assert "Thing: 2 columns, 24 bytes" in page
    assert "<td>n</td><td>int</td><td>bytes</td><td>__u64</td>" in page.replace(
        ' style="text-align: left"', ""
    )
    file = io.StringIO()
    Console(file=file, width=80).print(SCHEMA)
    assert [line.split() for line in file.getvalue().splitlines()][-2:] == [
        ["n", "int", "bytes", "__u64"],
        [],
    ]


def test_bits_without_a_name_are_shown_in_hexadecimal() -> None:
    flags = kinds.EnumValue(8, "flag", False, True, (("READ", 1), ("WRITE", 2)))
    for number, shown in ((3, "READ|WRITE"), (1 << 33 | 1, "READ|0x200000000"), (4, "0x4"), (0, "0x0")):
        assert cell(flags)(flags.decode(number.to_bytes(8, "little"), 0)) == shown


# ---- tables -------------------------------------------------------------------

ROWS = st.lists(st.tuples(*[st.text(max_size=30).filter(str.isprintable)] * 4), max_size=5)


@given(ROWS, st.integers(1, 60))
def test_lines_fit_the_room(rows: list[tuple[str, ...]], room: int) -> None:
    head = ("a", "number", "text", "more")
    table = Tabular(head, rows, (False, True, False, False), room)
    assert all(width(table.line(row)) <= room for row in [head, *rows])
    assert len(table.widths) + len(table.left_out) == len(head)


@given(ROWS)
def test_without_a_limit_all_is_there(rows: list[tuple[str, ...]]) -> None:
    table = Tabular(("a", "number", "text", "more"), rows, (False, True, False, False))
    assert all(text.strip() in table.line(row) for row in rows for text in row)


def test_numbers_stay_whole_and_the_widest_text_is_cut_first() -> None:
    row = ("short", "123456", "x" * 40, "y" * 20)
    table = Tabular(("a", "n", "b", "c"), [row], (False, True, False, False), 53)
    assert table.line(row) == f"short  123456  {'x' * 17}…  {'y' * 17}…"


def test_columns_go_from_the_right_where_there_is_no_room() -> None:
    table = Tabular(("first", "second", "third"), [("1" * 9, "2" * 9, "3" * 9)], (True, True, True), 21)
    assert table.left_out == ("third",)
    assert table.line(("1", "2", "3")) == "        1          2"


@given(ROWS, st.integers(1, 60))
def test_prose_fits_the_room_too(rows: list[tuple[str, ...]], room: int) -> None:
    head = ("a", "number", "text", "more")
    table = Tabular(head, rows, (False, True, False, False), room, prose=True)
    assert all(width(line) <= room for row in [head, *rows] for line in table.lines(row))


def test_prose_is_wrapped_and_names_are_whole() -> None:
    right, whole = (False, False, False), (True, False, False)
    row = ("name" * 5, "a type of its own", "this is what it means to those who read it")
    table = Tabular(("column", "type", "what"), [row], right, 63, whole=whole, prose=True)
    assert table.lines(row) == [
        f"{row[0]}  a type of its …  this is what it means to",
        f"{'':39}those who read it",
    ]
    table = Tabular(("column", "type", "what"), [row], right, 20, whole=whole, prose=True)
    assert table.left_out == ("type", "what")
    assert table.lines(row) == ["name" * 5]


def test_a_path_is_cut_at_its_beginning() -> None:
    """Its end says which file it is; other text, command lines too, begins with what it is."""
    for text, shown in (
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", "…-gnu/libc.so.6"),
        ("/tmp/some/where/gone (deleted)", "…gone (deleted)"),
        ("/usr/bin/python3 -m http.server", "/usr/bin/pytho…"),
        ("a name that is too long", "a name that is…"),
        ("/目録/目録/目録/目録", "…目録/目録/目録"),
    ):
        table = Tabular(("path",), [(text,)], (False,), 15)
        assert table.line((text,)) == shown


def test_names_of_the_kernel_and_addresses_in_memory_are_whole() -> None:
    enum = kinds.EnumValue(4, "state", False, False, ())
    for kind in (enum, kinds.Nullable(4, enum), kinds.Typed(8, "KernelPointer"), kinds.Boolean(1)):
        assert is_whole(kind)
    for kind in (kinds.Text(16), kinds.Span(8, "text"), kinds.EnumValue(4, "flags", False, True, ())):
        assert not is_whole(kind)
    table = Tabular(("state", "more"), [("TCP_ESTABLISHED", "")], (False, False), 15, whole=(True, False))
    assert table.line(("TCP_ESTABLISHED", "")) == "TCP_ESTABLISHED"
