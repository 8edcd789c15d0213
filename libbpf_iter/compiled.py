"""What names in a query stand for, and programs made of a query alone. Imports query, kernel, program.

The query compiler is a large part of the package, so this is imported only when there is a query to compile.
"""

from __future__ import annotations

import re

from . import _libbpf, kernel
from .btf import Btf
from .btf.types import Kind as BtfKind
from .btf.writer import Writer
from .errors import VerifierError
from .layout import layout
from .maps import MapTypes
from .names import class_name
from .program import SEQ, Program, Query
from .query.ask import Asked, ask
from .query.compile import Compiled, fits, plain_columns, whole_program
from .query.result import RECORD as QUERY_RECORD
from .query.scope import Scope, objects_of
from .query.tree import CType, Member, Node
from .query.tree import Object as Pointing
from .schema import Schema

__all__ = ["ask", "blame", "load_asked", "load_query", "scope", "whole_of"]


def scope(target: str, query: Query, whole: Schema | None, types: MapTypes | None) -> Scope:
    """What the names in a query stand for, for a target: with ``types``, the key and value of a map too."""
    btf = kernel.btf()
    context = btf.get(f"bpf_iter__{target}", BtfKind.STRUCT)
    if context is None:
        raise kernel.no_target(target)
    objects: dict[str, Node] = {}
    missing: dict[str, str] = {}
    if types is not None:
        info = types.info
        parts = {"key": (info.key_type_id, info.key_size), "value": (info.value_type_id, info.value_size)}
        if types.per_cpu:
            del parts["value"]
            missing["value"] = "a per-CPU map has several; a query can't choose"
        for name, (type_id, size) in parts.items():
            found = types.described(type_id)
            ctype = CType(*found) if found else _bytes(size)
            objects[name] = Member(Pointing(name, ctype), 0, ctype, None, name)
        if whole is not None:
            whole = whole.with_fields(f for f in whole.fields if f.name not in ("key", "value"))
    params = query.params.names if query.params else ()
    return Scope(btf, objects_of(btf, context) | objects, record=whole, params=params, missing=missing)


def _bytes(size: int) -> CType:
    """The type of what no BTF describes: ``key[0]`` is its first byte."""
    writer = Writer()
    type_id = writer.array(writer.integer("__u8", 1), size)
    return CType(Btf(writer.finish()), type_id)


def whole_of(target: str, query: Query, whole: Schema) -> Program | None:
    """A whole program for a query that uses only kernel paths; None if it uses a column of the record."""
    asked = ask(scope(target, query, whole, None), query.columns, query.where)
    if asked.columns is None or asked.used or not fits(asked):
        return None
    return load_asked(target, asked, query)


def load_query(target: str, query: Query) -> Program:
    """A whole program for a target for which the package has none."""
    names = scope(target, query, None, None)
    columns = plain_columns(names) if query.columns is None else query.columns
    return load_asked(target, ask(names, columns, query.where), query)


def load_asked(target: str, asked: Asked, query: Query) -> Program:
    """Compile a whole program and load it."""
    btf = kernel.btf()
    function = btf.get(f"bpf_iter_{target}", BtfKind.FUNC)
    context = btf.find(f"bpf_iter__{target}", BtfKind.STRUCT)
    if function is None:
        raise kernel.no_target(target)
    compiled = whole_program(asked, btf, context, query.params_fd)
    own = Btf(compiled.btf)
    schema = layout(own, own.find(QUERY_RECORD, BtfKind.STRUCT))
    with _libbpf.load_btf(compiled.btf) as types:
        try:
            fd = _libbpf.load_iterator(compiled.code, "query", function, types, compiled.function)
        except VerifierError as error:
            blamed = blame(error, compiled, compiled.code)
            raise blamed from (error if blamed is not error else None)
    schema = Schema(class_name(target), schema.size, schema.framed, schema.fields)
    return Program(fd, target, schema, None, SEQ, None, asked, compiled, compiled.btf)


def blame(error: VerifierError, compiled: Compiled, code: bytes) -> VerifierError:
    """The error with the part of the query that the verifier rejects: its log ends at that instruction."""
    start = code.find(compiled.code)
    slots = [int(m.group(1)) for m in re.finditer(r"^(\d+): \(", error.log, re.MULTILINE)]
    if slots and start >= 0 and slots[-1] >= start // 8:
        note = compiled.note_of(slots[-1] - start // 8)
    elif not slots and "kernel symbol" in error.log:
        # The verifier resolves variables before it follows instructions, so the log has none yet.
        note = compiled.note_of_variable()
    else:
        return error
    message = f"{note}: {error.strerror}"
    return VerifierError(error.program, message, errno=error.errno, call=error.call, log=error.log)
