"""Expressions without a kernel: whatever the text, a program or an error that is ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libbpf_iter.asm import decode
from libbpf_iter.btf import Btf, Kind
from libbpf_iter.errors import ParameterError
from libbpf_iter.query.ask import ask
from libbpf_iter.query.compile import Compiled, whole_program
from libbpf_iter.query.scope import Scope, objects_of
from tests.unit.btf_writer import Writer
from tests.unit.expressions import expressions


def kernel() -> Btf:
    """As much of one as a task iterator needs."""
    w = Writer()
    signed, byte, word = w.int("int", 4, 1), w.int("char", 1, 1), w.int("long unsigned int", 8)
    comm = w.array(byte, 16)
    policy = w.enum("policy", {"NORMAL": 0, "IDLE": 5})
    mm = w.struct("mm_struct", 24, [("total_vm", word, 0), ("pid", signed, 64), ("owner", w.count + 2, 128)])
    w.pointer(w.count + 3)
    to_mm, limits = w.pointer(mm), w.array(word, 16)
    members = [("pid", signed, 0, 0), ("flags", signed, 32, 3), ("more", signed, 35, 7)]
    members += [("comm", comm, 64, 0), ("mm", to_mm, 192, 0), ("limits", limits, 256, 0)]
    members += [("policy", policy, 1280, 0)]
    task = w.bitfields("task_struct", 168, members)
    meta = w.struct("bpf_iter_meta", 16, [("seq", w.pointer(0), 0), ("seq_num", word, 64)])
    given = [("meta", w.pointer(meta), 0), ("task", w.pointer(task), 64), ("uid", signed, 128)]
    w.struct("bpf_iter__task", 24, given)
    return Btf(w.build())


BTF = kernel()
CONTEXT = BTF.find("bpf_iter__task", Kind.STRUCT)
NUMBERS = ["pid", "flags", "more", "mm.total_vm", "mm.pid", "limits[3]", "policy", "uid", "meta.seq_num"]
NUMBERS += ["limit"]
TEXTS = ["comm", "task.comm"]
POINTERS = ["mm", "task", "mm.owner", "meta"]


PARAMS_FD = 3  # no map is behind it


def compiled(columns: dict[str, str] | None, where: str | None) -> Compiled:
    scope = Scope(BTF, objects_of(BTF, CONTEXT), params=["limit"])
    return whole_program(ask(scope, columns or {"x": "pid"}, where), BTF, CONTEXT, PARAMS_FD)


@given(expressions(NUMBERS, TEXTS, POINTERS))
def test_an_expression_is_a_program_or_our_error(text: str) -> None:
    for columns, where in (({"x": text}, None), (None, text)):
        try:
            program = compiled(columns, where)
        except ParameterError as error:
            assert error.parameter in ("columns", "where")
            continue
        assert tuple(decode(program.code)) == program.instructions
        # Jumps only go forward, and within: the program ends, whatever it is given.
        starts, at = {}, 0
        for instruction in program.instructions:
            starts[at] = instruction
            at += instruction.slots
        for at, instruction in starts.items():
            if instruction.jumps:
                assert instruction.offset >= 0 and at + 1 + instruction.offset in starts


@given(st.text(max_size=60))
def test_any_text_at_all(text: str) -> None:
    try:
        compiled(None, text)
    except ParameterError as error:
        assert error.parameter == "where"


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__[0]",
        "[pid for pid in (1,)]",
        "(lambda: 1)()",
        "pid := 3",
        "f'{pid}'",
        "pid if",
        "-" * 10_000 + "pid",
        "(" * 1000 + "pid" + ")" * 1000,
        "pid" + " + pid" * 3000,
        "not " * 3000 + "pid",
        "1" * 5000,
        "limits[" * 200 + "0" + "]" * 200,
    ],
)
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        compiled(None, text)
