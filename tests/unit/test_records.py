"""From a struct's BTF and bytes to records."""

from __future__ import annotations

import copy
import ipaddress
import os
import pickle
import struct

import pytest

from libbpf_iter.btf import Btf
from libbpf_iter.decode import Record, asdict, fields, record_class, records, schema
from libbpf_iter.errors import ParameterError, SchemaError
from libbpf_iter.layout import layout
from libbpf_iter.schema import Schema

from .btf_writer import Writer


def event() -> Schema:
    writer = Writer()
    s32, u32, u64 = writer.int("int", 4, 1), writer.int("__u32", 4), writer.int("__u64", 8)
    char, flag = writer.int("char", 1, 1), writer.int("_Bool", 1, 4)
    size = writer.typedef("rec_size", u32)
    span = writer.struct("rec_span", 8, [("offset", u32, 0), ("length", u32, 32)])
    text, args = writer.typedef("rec_text", span), writer.typedef("rec_args", span)
    ip = writer.typedef(
        "rec_ip", writer.struct("", 20, [("family", u32, 0), ("addr", writer.array(u32, 4), 32)])
    )
    color = writer.enum("color", {"RED": 0, "BLUE": 2})
    bits = writer.typedef("rec_flags_bit", writer.enum("bit", {"A": 1, "B": 4}))
    record = writer.struct(
        "net_event_record",
        120,
        [
            ("record_size", size, 0),
            ("tid", s32, 32),
            ("comm", writer.array(char, 8), 64),
            ("ok", flag, 128),
            ("missing", writer.typedef("rec_opt_u64", u64), 192),
            ("address", ip, 256),
            ("color", color, 416),
            ("bits", bits, 448),
            ("device", writer.typedef("rec_dev", u32), 480),
            ("pointer", writer.typedef("rec_kptr", u64), 512),
            ("path", text, 576),
            ("args", args, 640),
            ("gone", text, 704),
            ("pair", writer.array(s32, 2), 768),
        ],
    )
    return layout(Btf(writer.build()), record, on_request=frozenset({"path"}))


def event_bytes(tid: int = -5, color: int = 2) -> bytes:
    tail = b"/tmp/\xffx" + b"a\0bc\0"
    head = struct.pack("=Ii8s?", 120 + len(tail), tid, b"comm\0zz", True).ljust(24, b"\0")
    head += struct.pack("=Q", 2**64 - 1) + struct.pack("=I", 2) + bytes([127, 0, 0, 1]) + bytes(12)
    head += struct.pack("=III", color, 13, os.makedev(8, 1)) + struct.pack("=Q", 0xFFFF888000000000)
    head += struct.pack("=IIIIII", 120, 7, 127, 5, 0, 0) + struct.pack("=ii", 3, -4)
    return head.ljust(120, b"\0") + tail


def one(**how: int) -> Record:
    (record,) = records(event(), event_bytes(**how))
    return record


def test_every_meaning_decodes() -> None:
    assert asdict(one()) == {
        "tid": -5,
        "comm": "comm",
        "ok": True,
        "missing": None,
        "address": ipaddress.IPv4Address("127.0.0.1"),
        "color": 2,
        "bits": 13,
        "device": os.makedev(8, 1),
        "pointer": 0xFFFF888000000000,
        "path": "/tmp/\udcffx",
        "args": ("a", "bc"),
        "gone": None,
        "pair": (3, -4),
    }


def test_repr_names_what_it_shows() -> None:
    text = repr(one())
    assert text.startswith("NetEvent(tid=-5, comm='comm', ok=True, missing=None")
    assert "color=BLUE" in text and "device=8:1" in text and "pointer=0xffff888000000000" in text


def test_an_unknown_enum_value_stays_a_number() -> None:
    assert asdict(one(color=77))["color"] == 77


def test_names_that_python_has_a_use_for_are_c_all_the_same() -> None:
    writer = Writer()
    s32 = writer.int("int", 4, 1)
    names = {"mro": 1, "_so_": 2, "__so__": 3, "name": 4, "value": 5, "_x": 6}
    odd = writer.enum("odd", names)
    none = writer.enum("none", {"mro": 1})
    members = [("_data", s32, 0), ("name", s32, 32), ("__class", s32, 64), ("__iter__", s32, 96)]
    inner = writer.struct("inner", 16, members)
    record = writer.struct("rec", 24, [("odd", odd, 0), ("none", none, 32), ("inner", inner, 64)])
    schema = layout(Btf(writer.build()), record)
    make = record_class(schema)
    found = [make(struct.pack("=6i", number, 1, 7, 8, 9, 10)) for number in range(1, 7)]
    assert [repr(each.odd) for each in found] == ["1", "2", "3", "name", "value", "_x"]
    assert pickle.loads(pickle.dumps(found)) == found and found[0].none == 1
    inner = found[0].inner
    assert (inner._data, inner.name) == (7, 8) and getattr(inner, "__class") == 9
    assert dict(inner) == {"_data": 7, "name": 8, "__class": 9, "__iter__": 10}
    assert pickle.loads(pickle.dumps(inner)) == inner == found[1].inner != found[0]
    assert hash(inner) == hash(found[1].inner) and repr(inner).startswith("Inner(_data=7, name=8, ")
    with pytest.raises(AttributeError, match="immutable"):
        inner.name = 9
    with pytest.raises(AttributeError, match="other"):
        _ = inner.other


def test_records_are_values() -> None:
    record = one()
    assert record == one() and hash(record) == hash(one())
    assert record != one(tid=6)
    for same in (pickle.loads(pickle.dumps(record)), copy.deepcopy(record)):
        assert same == record and type(same) is type(record)
    assert pickle.loads(pickle.dumps(asdict(record))) == asdict(record)


def test_records_are_immutable() -> None:
    record = one()
    for change in (
        lambda: setattr(record, "tid", 1),
        lambda: setattr(record, "other", 1),
        lambda: delattr(record, "tid"),
    ):
        with pytest.raises(AttributeError, match="immutable"):
            change()
    with pytest.raises(TypeError):
        iter(record)  # type: ignore[call-overload]


def test_a_chunk_holds_several() -> None:
    chunk = event_bytes(1) + event_bytes(2) + event_bytes(3)
    assert [asdict(record)["tid"] for record in records(event(), chunk)] == [1, 2, 3]


@pytest.mark.parametrize("length", [1, 100, 121, 131])
def test_a_cut_chunk_is_refused(length: int) -> None:
    with pytest.raises(SchemaError):
        list(records(event(), event_bytes()[:length]))


def test_dear_columns_are_asked_for() -> None:
    assert "path" not in [field.name for field in event().select(None).fields]
    assert [f.name for f in event().select(["path", "tid"]).fields] == ["path", "tid"]
    with pytest.raises(ParameterError, match="did you mean comm"):
        event().select(["comn"])
    with pytest.raises(ParameterError, match="list of names"):
        event().select("comm")


def test_a_column_says_what_it_needs_of_the_kernel() -> None:
    """progs/record.h, NEEDS(); tags of other types and other words are none."""
    writer = Writer()
    number = writer.int("__u32", 4)
    members = [("first", number, 0), ("second", number, 32)]
    other, record = writer.struct("other", 8, members), writer.struct("event_record", 8, members)
    writer.tag("needs:bpf_prog_aux.verified_insns count of them (Linux 5.16)", record, 1)
    writer.tag("needs:nothing", other, 0)
    writer.tag("needs:nothing", record)
    writer.tag("needs:nothing", record, 2)
    writer.tag("wants:nothing", record, 0)
    fields = layout(Btf(writer.build()), record).fields
    assert [field.needs for field in fields] == ["", "bpf_prog_aux.verified_insns"]
    assert [field.feature for field in fields] == ["", "count of them (Linux 5.16)"]
    assert [field.unavailable for field in fields] == [None, None]


def test_a_schema_has_columns_by_name() -> None:
    layout = event()
    assert list(layout) == [field.name for field in layout.fields]
    assert [layout[name] for name in layout] == list(layout.fields)
    assert layout.fields[0].name in layout and "nope" not in layout and 0 not in layout


def test_schema_and_fields_take_records_and_classes() -> None:
    cls = record_class(event())
    assert schema(one()) is schema(cls)
    assert fields(cls)[0].name == "tid"


def test_bitfields_across_bytes() -> None:
    writer = Writer()
    unsigned, signed = writer.int("unsigned int", 4), writer.int("int", 4, 1)
    struct_id = writer.bitfields(
        "bits", 4, [("a", unsigned, 0, 3), ("b", unsigned, 3, 9), ("c", signed, 12, 4)]
    )
    (record,) = records(layout(Btf(writer.build()), struct_id), struct.pack("=I", 0xF << 12 | 300 << 3 | 5))
    assert asdict(record) == {"a": 5, "b": 300, "c": -1}


@pytest.mark.parametrize("name", ["__class__", "_data", "__init__"])
def test_columns_that_would_break_a_record_are_refused(name: str) -> None:
    writer = Writer()
    struct_id = writer.struct("bad", 4, [(name, writer.int("int", 4, 1), 0)])
    with pytest.raises(SchemaError, match="can't be named"):
        layout(Btf(writer.build()), struct_id)


@pytest.mark.parametrize(("struct_name", "enum_name"), [("dam\udcffged", "fine"), ("fine", "dam\udcffged")])
def test_damaged_names_are_refused(struct_name: str, enum_name: str) -> None:
    """A mutated object's types load as they are: C's compiler was not asked."""
    raw = Writer()
    kind = raw.enum("enumXname", {"A": 1})
    struct_id = raw.struct("structXname", 4, [("a", kind, 0)])
    data = raw.build().replace(b"enumXname", enum_name.encode("utf-8", "surrogateescape").ljust(9, b"x"))
    data = data.replace(b"structXname", struct_name.encode("utf-8", "surrogateescape").ljust(11, b"x"))
    with pytest.raises(SchemaError):
        layout(Btf(data), struct_id)
