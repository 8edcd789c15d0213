"""What is fuzzed: each takes any bytes, and raises nothing but what is no error of ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from libbpf_iter._records_py import Records as Slow
from libbpf_iter.asm import decode as instructions
from libbpf_iter.btf import Btf
from libbpf_iter.btf.check import check
from libbpf_iter.btf.types import Kind
from libbpf_iter.decode import asdict, record_class, records
from libbpf_iter.elf import check_elf
from libbpf_iter.errors import ClosedError, Error, SchemaError
from libbpf_iter.kfuncs import declared
from libbpf_iter.layout import layout, record_struct
from libbpf_iter.relocate import roots
from libbpf_iter.rewrite import Elf
from tests.unit import test_query, test_records


def btf(data: bytes) -> None:
    """Every type is decoded, and asked for all that can be asked."""
    try:
        types = Btf(data)
        check(types)
        for type_id in types:
            node = types[type_id]
            types.resolve(type_id)
            types.typedefs(type_id)
            if node.kind in (Kind.STRUCT, Kind.UNION):
                types.flat_members(type_id)
    except Error:
        return
    for type_id in types:
        for question in (types.size_of, types.c_name):
            with suppress(Error):
                question(type_id)


def schema(data: bytes) -> None:
    """The record's struct of a BTF, as every object and every pin brings its own."""
    try:
        types = Btf(data)
        found = layout(types, record_struct(types))
    except Error:
        return
    with suppress(Error):
        for record in records(found, data[: found.size] or b"\0"):
            asdict(record)


def elf(data: bytes) -> None:
    """An object file: what is checked before libbpf sees it, and what is written into it."""
    try:
        check_elf(data, "fuzzed")
    except Error:
        return
    with suppress(Error):
        object_file = Elf(data)
        object_file.programs()
        types = Btf(object_file.section(".BTF"))
        roots(object_file, types)
        declared(types)
        for place in object_file.labels("column_").values():
            object_file.add_to_immediate(place, 1)
        for places in object_file.settings().values():
            object_file.set_number(places[0], 1)
        object_file.take_externs()
        object_file.replace_function("query_slot", bytes(8))
        check_elf(object_file.finish(), "rewritten")


_EVENT = test_records.event()


def decode(data: bytes) -> None:
    """Records of variable length, in C and in Python: the same values, or the same refusal."""
    found: list[object] = []
    for walk in (records, _slowly):
        try:
            found.append([asdict(record) for record in walk(_EVENT, data)])
        except Error as error:
            found.append(type(error))
    assert repr(found[0]) == repr(found[1])


def _slowly(layout: object, data: bytes) -> Slow:  # type: ignore[type-arg]
    record, size, framed = record_class(_EVENT), _EVENT.size, _EVENT.framed
    return Slow(record, (data,), size, framed, SchemaError, ClosedError.forked)


def query(data: bytes) -> None:
    """An expression, as a column and as a filter."""
    text = data.decode("utf-8", "replace")
    for columns, where in (({"x": text}, None), (None, text)):
        try:
            compiled = test_query.compiled(columns, where)
        except Error:
            continue
        assert instructions(compiled.code)
        assert Btf(compiled.btf).find("query_record", Kind.STRUCT)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "btf": btf,
    "decode": decode,
    "elf": elf,
    "query": query,
    "schema": schema,
}
