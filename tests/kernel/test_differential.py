"""Expressions by three compilers: ours, clang's, and Python itself over unfiltered values.

They are made at random: over a map's elements of every integer type, at the edges of each, with
bitfields that begin and end within bytes; and over this process's own threads. A seed that finds
a difference says so by its number.
"""

from __future__ import annotations

import os
import random
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from libbpf_iter._extension import lib

from libbpf_iter import BpfMapElemIter, ObjectIter, TaskIter, _libbpf
from tests.kernel.clang import compiled
from tests.unit.btf_writer import Writer

ARRAY, ELEMENTS, BATCH = 2, 48, 20
WORD = 1 << 64

# Name, signed, first bit, bits: as C packs them.
FIELDS = [
    ("g", False, 0, 64),
    ("h", True, 64, 64),
    ("e", False, 128, 32),
    ("f", True, 160, 32),
    ("c", False, 192, 16),
    ("d", True, 208, 16),
    ("a", False, 224, 8),
    ("b", True, 232, 8),
    ("i", False, 240, 3),
    ("j", True, 243, 7),
    ("k", False, 250, 13),
    ("m", True, 263, 33),
    # Clang has no instructions for a run of more than 64 bits.
    ("x", False, 296, 8),
    ("n", False, 304, 9),
    ("o", True, 313, 51),
    ("p", False, 364, 4),
]
TEXT, SIZE = 46, 56
TEXTS = [b"", b"a", b"ab", b"abcdefghi", b"abcdefghij", b"\xff"]

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "record.h"
#include "emit.h"
char _license[] SEC("license") = "GPL";
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
%(types)s
struct result { __u64 key; __u64 of[%(count)d]; };
RECORD(result);
typedef __u64 u;
typedef __s64 s;
#define F static inline __attribute__((always_inline))
F u shl(u a, u b) { return b > 63 ? 0 : a << b; }
F u shr(u a, u b) { return b > 63 ? 0 : a >> b; }
F s sar(s a, u b) { return a >> (b > 63 ? 63 : b); }
F u divide(u a, u b) { return b ? a / b : 0; }
F u rest(u a, u b) { return b ? a %% b : a; }
F s floor_divide(s a, s b)
{
	u x = a < 0 ? -(u)a : (u)a, y = b < 0 ? -(u)b : (u)b, q;
	if (!b)
		return 0;
	q = x / y;
	return (a < 0) == (b < 0) ? q : -(q + (x != q * y));
}
F s floor_rest(s a, s b) { return (u)a - (u)floor_divide(a, b) * (u)b; }
F int less_ss(s a, s b) { return a < b; }
F int less_uu(u a, u b) { return a < b; }
F int less_su(s a, u b) { return a < 0 || (u)a < b; }
F int less_us(u a, s b) { return b >= 0 && a < (u)b; }
F int same_ss(s a, s b) { return a == b; }
F int same_uu(u a, u b) { return a == b; }
F int same_su(s a, u b) { return a >= 0 && (u)a == b; }
F int same_us(u a, s b) { return b >= 0 && a == (u)b; }
%(functions)s
SEC("iter/%(target)s") int compute(struct bpf_iter__%(target)s *ctx)
{
	struct %(object)s *value = ctx->%(argument)s;
	struct result result;

	if (!value)
		return 0;
	result.key = %(key)s;
	%(calls)s
	bpf_seq_write(ctx->meta->seq, &result, sizeof(result));
	return 0;
}
"""

MAP_TYPES = """
struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; void *map; void *key; void *value; };
struct numbers { %s char text[10]; } __attribute__((packed));
"""
TASK_TYPES = """
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };
struct cred { __u32 uid, gid; };
struct rlimit { unsigned long rlim_cur, rlim_max; };
struct signal_struct { struct rlimit rlim[16]; };
struct mm_struct { unsigned long arg_start, env_end; };
struct task_struct {
	int pid, tgid, static_prio;
	unsigned int flags, policy, sched_reset_on_fork:1;
	__u64 start_boottime;
	struct mm_struct *mm;
	struct signal_struct *signal;
	struct task_struct *group_leader;
	char comm[16];
};
#pragma clang attribute pop
"""

Values = dict[str, Any]
Objects = dict[int, Values]
Results = dict[int, list[int]]


def wrap(value: int, unsigned: bool) -> int:
    """As 64 bits hold it."""
    value %= WORD
    return value if unsigned or value < WORD // 2 else value - WORD


class Expression:
    """One expression as the three of them read it; ``unsigned`` as C's usual conversions make it."""

    def __init__(self, text: str, c: str, unsigned: bool, value: Callable[[Values], int]) -> None:
        self.text, self.c, self.unsigned, self.value = text, c, unsigned, value


def field(text: str, c: str, unsigned: bool) -> Expression:
    return Expression(text, f"(({'u' if unsigned else 's'})value->{c})", unsigned, lambda v: int(v[text]))


class Generator:
    """``text``: an array of ten characters or more, as queries and C name it."""

    def __init__(self, seed: int, fields: list[Expression], text: tuple[str, str]) -> None:
        self.random = random.Random(seed)
        self.fields, self.characters = fields, text

    def field(self) -> Expression:
        return self.random.choice(self.fields)

    def constant(self, low: int = -(1 << 63), high: int = WORD - 1) -> Expression:
        edges = [0, 1, -1, 2, 7, 127, 128, 255, -128, 1 << 15, (1 << 31) - 1, 1 << 31, -(1 << 31), 1 << 32]
        edges += [(1 << 63) - 1, -(1 << 63), 1 << 63, WORD - 1, self.random.randint(-1000, 1000)]
        number = self.random.choice([edge for edge in edges if low <= edge <= high])
        unsigned = number >= 1 << 63
        c = f"{number % WORD}ULL"
        return Expression(f"({number})", f"(({'u' if unsigned else 's'}){c})", unsigned, lambda v: number)

    def number(self, depth: int) -> Expression:
        if depth <= 0 or self.random.random() < 0.15:
            return self.field()
        kind = self.random.choice(["+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^", "neg", "inv", "if"])
        if kind == "if":
            return self.choice(self.truth(depth - 1), self.number(depth - 1), self.number(depth - 1))
        left = self.number(depth - 1)
        if kind in ("neg", "inv"):
            sign = "-" if kind == "neg" else "~"
            return Expression(
                f"({sign}{left.text})",
                f"((s){sign}(u){left.c})",
                False,
                lambda v: wrap(-left.value(v) if kind == "neg" else ~left.value(v), False),
            )
        if kind in ("<<", ">>"):
            right = self.constant(0, 63) if self.random.random() < 0.7 else self.number(depth - 1)
            return self.shift(kind, left, right)
        if self.random.random() < 0.4:
            right = self.constant()
            if kind in ("//", "%") and right.value({}) == 0:
                right = self.field()
        else:
            right = self.number(depth - 1)
        return self.divide(kind, left, right) if kind in ("//", "%") else self.plain(kind, left, right)

    @staticmethod
    def choice(test: Expression, yes: Expression, no: Expression) -> Expression:
        unsigned = yes.unsigned or no.unsigned
        of = "u" if unsigned else "s"
        return Expression(
            f"({yes.text} if {test.text} else {no.text})",
            f"({test.c} ? ({of}){yes.c} : ({of}){no.c})",
            unsigned,
            lambda v: wrap((yes if test.value(v) else no).value(v), unsigned),
        )

    @staticmethod
    def plain(op: str, left: Expression, right: Expression) -> Expression:
        unsigned = left.unsigned or right.unsigned
        run: dict[str, Callable[[int, int], int]] = {
            "+": int.__add__,
            "-": int.__sub__,
            "*": int.__mul__,
            "&": int.__and__,
            "|": int.__or__,
            "^": int.__xor__,
        }
        return Expression(
            f"({left.text} {op} {right.text})",
            f"(({'u' if unsigned else 's'})((u){left.c} {op} (u){right.c}))",
            unsigned,
            lambda v: wrap(run[op](left.value(v), right.value(v)), unsigned),
        )

    @staticmethod
    def shift(op: str, left: Expression, right: Expression) -> Expression:
        name = "shl" if op == "<<" else "shr" if left.unsigned else "sar"

        def value(v: Values) -> int:
            number, count = left.value(v), right.value(v) % WORD
            if op == ">>":
                return number >> min(count, 64)
            return wrap(number << count, left.unsigned) if count < 64 else 0

        c = f"(({'u' if left.unsigned else 's'}){name}({left.c}, {right.c}))"
        return Expression(f"({left.text} {op} {right.text})", c, left.unsigned, value)

    @staticmethod
    def divide(op: str, left: Expression, right: Expression) -> Expression:
        unsigned = left.unsigned or right.unsigned
        name = ("" if unsigned else "floor_") + ("divide" if op == "//" else "rest")

        def value(v: Values) -> int:
            a, b = wrap(left.value(v), unsigned), wrap(right.value(v), unsigned)
            if op == "//":
                return wrap(a // b, unsigned) if b else 0
            return wrap(a % b, unsigned) if b else a

        return Expression(f"({left.text} {op} {right.text})", f"{name}({left.c}, {right.c})", unsigned, value)

    def truth(self, depth: int) -> Expression:
        kind = self.random.choice(["compare", "compare", "chain", "in", "and", "or", "not", "text", "number"])
        if kind in ("and", "or", "not") and depth > 0:
            return self.logic(kind, self.truth(depth - 1), self.truth(depth - 1))
        if kind == "text":
            return self.text()
        if kind == "number":
            return self.number(depth - 1)
        if kind == "in":
            left = self.number(depth - 1)
            items = [self.constant() for _ in range(self.random.randint(1, 4))]
            tests = [self.compare("==", left, item) for item in items]
            listed = ", ".join(item.text for item in items)
            return Expression(
                f"({left.text} in ({listed},))",
                "(" + " || ".join(test.c for test in tests) + ")",
                False,
                lambda v: any(test.value(v) for test in tests),
            )
        a = self.number(depth - 1)
        b = self.constant() if self.random.random() < 0.4 else self.number(depth - 1)
        first = self.compare(self.operator(), a, b)
        if kind == "compare":
            return first
        c = self.number(depth - 1)
        op = self.operator()
        second = self.compare(op, b, c)
        both = self.logic("and", first, second)
        both.text = f"({first.text[1:-1]} {op} {c.text})"
        return both

    def operator(self) -> str:
        return self.random.choice(["==", "!=", "<", "<=", ">", ">="])

    @staticmethod
    def compare(op: str, left: Expression, right: Expression) -> Expression:
        signs = ("u" if left.unsigned else "s") + ("u" if right.unsigned else "s")
        swapped = signs[::-1]
        c = {
            "==": f"same_{signs}({left.c}, {right.c})",
            "!=": f"!same_{signs}({left.c}, {right.c})",
            "<": f"less_{signs}({left.c}, {right.c})",
            ">=": f"!less_{signs}({left.c}, {right.c})",
            ">": f"less_{swapped}({right.c}, {left.c})",
            "<=": f"!less_{swapped}({right.c}, {left.c})",
        }[op]
        run: dict[str, Callable[[int, int], bool]] = {
            "==": int.__eq__,
            "!=": int.__ne__,
            "<": int.__lt__,
            "<=": int.__le__,
            ">": int.__gt__,
            ">=": int.__ge__,
        }
        text = f"({left.text} {op} {right.text})"
        return Expression(text, f"({c})", False, lambda v: run[op](left.value(v), right.value(v)))

    @staticmethod
    def logic(op: str, one: Expression, two: Expression) -> Expression:
        if op == "not":
            return Expression(f"(not {one.text})", f"(!{one.c})", False, lambda v: not one.value(v))
        if op == "and":
            c = f"({one.c} && {two.c})"
            return Expression(
                f"({one.text} and {two.text})", c, False, lambda v: bool(one.value(v) and two.value(v))
            )
        c = f"({one.c} || {two.c})"
        return Expression(
            f"({one.text} or {two.text})", c, False, lambda v: bool(one.value(v) or two.value(v))
        )

    def text(self) -> Expression:
        data = self.random.choice(TEXTS)
        whole = self.random.random() < 0.5
        name, c = self.characters
        known = data + b"\0" if whole and len(data) < 10 else data
        parts = [f"(unsigned char)value->{c}[{at}] == {byte}" for at, byte in enumerate(known)]
        literal = data.decode("utf-8", "surrogateescape")
        text = f"({name} == {literal!r})" if whole else f"{name}.startswith({literal!r})"

        def value(v: Values) -> int:
            held = v[name].split(b"\0")[0]
            return int(held == data if whole else held.startswith(data))

        return Expression(text, f"({' && '.join(parts) or '1'})", False, value)

    def batch(self) -> list[Expression]:
        return [self.number(3) if n % 2 else self.truth(3) for n in range(BATCH)]


def c_source(expressions: list[Expression], **names: str) -> str:
    # A function each: clang would keep the parts that they share on the stack.
    head = f"__attribute__((noinline)) static u compute_%d(struct {names['object']} *value)"
    functions = "\n".join(f"{head % n} {{ return (u){e.c}; }}" for n, e in enumerate(expressions))
    calls = " ".join(f"result.of[{n}] = compute_{n}(value);" for n in range(len(expressions)))
    return SOURCE % {"count": len(expressions), "functions": functions, "calls": calls, **names}


class Numbers:
    """An array map of them, and the same values here."""

    def __init__(self, seed: int) -> None:
        writer = Writer()
        ints = {
            (signed, bits): writer.int(f"{'s' if signed else 'u'}{bits}", bits // 8, int(signed))
            for signed in (False, True)
            for bits in (8, 16, 32, 64)
        }
        char = writer.int("char", 1, 1)
        text = writer.array(char, 10, ints[False, 32])
        members = []
        for name, signed, at, bits in FIELDS:
            plain = (signed, bits) in ints
            members.append((name, ints[signed, bits if plain else 64], at, 0 if plain else bits))
        members.append(("text", text, TEXT * 8, 0))
        value = writer.bitfields("numbers", SIZE, members)
        self.btf = _libbpf.load_btf(writer.build())
        types = self.btf.number, ints[False, 32], value
        made = _libbpf.Fd(lib.lbi_map_create, ARRAY, b"numbers", 4, SIZE, ELEMENTS, 0, *types)
        self.map = _libbpf.checked(made, "bpf_map_create", "no map")
        chance = random.Random(seed)
        self.values: Objects = {}
        for key in range(ELEMENTS):
            values: Values = {"text": chance.choice(TEXTS).ljust(10, b"\0")}
            packed = int.from_bytes(values["text"], "little") << TEXT * 8
            for name, signed, at, bits in FIELDS:
                low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
                edges = [low, high, 0, 1, min(high, 7), low + 1, chance.randint(low, high), high - 1]
                values[name] = chance.choice(edges)
                packed |= (values[name] & (1 << bits) - 1) << at
            self.values[key] = {f"value.{name}": value for name, value in values.items()}
            data = packed.to_bytes(SIZE, "little")
            assert lib.bpf_map_update_elem(self.map.number, struct.pack("=I", key), data, 0) == 0

    def close(self) -> None:
        self.map.close()
        self.btf.close()


@pytest.fixture
def numbers(seed: int) -> Iterator[Numbers]:
    made = Numbers(seed)
    yield made
    made.close()


def compare(expressions: list[Expression], ours: Results, theirs: Results, objects: Objects) -> None:
    assert ours.keys() == theirs.keys() == objects.keys()
    for key, values in objects.items():
        for n, expression in enumerate(expressions):
            expected = int(expression.value(values)) % WORD
            assert (ours[key][n], theirs[key][n]) == (expected, expected), f"{expression.text} of {values}"


def results(records: Iterable[Any]) -> Results:
    return {record.key: [getattr(record, f"of_{n}") % WORD for n in range(BATCH)] for record in records}


def seeds(count: int, few: int) -> list[Any]:
    """So many, and few where a batch takes long."""
    return [pytest.param(seed, marks=[pytest.mark.many] * (seed >= few)) for seed in range(count)]


@pytest.mark.parametrize("seed", seeds(25, 2))
def test_elements_by_ours_clang_and_python(numbers: Numbers, seed: int, tmp_path: Path) -> None:
    fields = [field(f"value.{name}", name, not signed and bits == 64) for name, signed, _, bits in FIELDS]
    expressions = Generator(seed, fields, ("value.text", "text")).batch()
    columns = {"key": "key"} | {f"of_{n}": e.text for n, e in enumerate(expressions)}
    with BpfMapElemIter(numbers.map, columns=columns) as elements:
        ours = results(elements)
    members = "".join(
        f"__{'s' if signed else 'u'}{bits if bits in (8, 16, 32, 64) else 64} {name}"
        f"{'' if bits in (8, 16, 32, 64) else f':{bits}'};"
        for name, signed, _, bits in FIELDS
    )
    source = c_source(
        expressions,
        types=MAP_TYPES % members,
        target="bpf_map_elem",
        object="numbers",
        argument="value",
        key="*(__u32 *)ctx->key",
    ).replace("if (!value)", "if (!value || !ctx->key)")
    with ObjectIter(compiled(tmp_path, source), map=numbers.map) as elements:
        theirs = {e.key: list(e.of) for e in elements}
    compare(expressions, ours, theirs, numbers.values)
    for expression in expressions[::4]:
        kept = {key for key, values in numbers.values.items() if expression.value(values)}
        with BpfMapElemIter(numbers.map, columns=["key"], where=expression.text) as elements:
            assert {e.key for e in elements} == kept, expression.text


TASK_FIELDS = [
    field("task.pid", "pid", False),
    field("tgid", "tgid", False),
    field("static_prio", "static_prio", False),
    field("task.policy", "policy", False),
    field("sched_reset_on_fork", "sched_reset_on_fork", False),
    field("start_boottime", "start_boottime", True),
    field("mm.arg_start", "mm->arg_start", True),
    field("mm.env_end", "mm->env_end", True),
    field("signal.rlim[7].rlim_cur", "signal->rlim[7].rlim_cur", True),
    field("signal.rlim[4].rlim_max", "signal->rlim[4].rlim_max", True),
    field("group_leader.pid", "group_leader->pid", False),
]


@pytest.mark.parametrize("seed", seeds(10, 1))
def test_tasks_by_ours_clang_and_python(seed: int, tmp_path: Path) -> None:
    me = os.getpid()
    expressions = Generator(seed, TASK_FIELDS, ("task.comm", "comm")).batch()
    go = threading.Event()
    parked = [threading.Thread(target=go.wait) for _ in range(20)]
    for thread in parked:
        thread.start()
    try:
        plain = {"key": "task.pid", "comm": "task.comm"}
        plain |= {f"of_{n}": f.text for n, f in enumerate(TASK_FIELDS)}
        objects = {}
        with TaskIter(pid=me, columns=plain) as tasks:
            for task in tasks:
                values = {f.text: getattr(task, f"of_{n}") for n, f in enumerate(TASK_FIELDS)}
                objects[task.key] = values | {"task.comm": task.comm.encode()}
        columns = {"key": "task.pid"} | {f"of_{n}": e.text for n, e in enumerate(expressions)}
        with TaskIter(pid=me, columns=columns) as tasks:
            ours = results(tasks)
        source = c_source(
            expressions,
            types=TASK_TYPES,
            target="task",
            object="task_struct",
            argument="task",
            key="value->pid",
        )
        with ObjectIter(compiled(tmp_path, source), pid=me) as tasks:
            theirs = {t.key: list(t.of) for t in tasks}
        for expression in expressions[::4]:
            kept = {key for key, values in objects.items() if expression.value(values)}
            with TaskIter(pid=me, columns={"key": "task.pid"}, where=expression.text) as tasks:
                assert {t.key for t in tasks} == kept, expression.text
    finally:
        go.set()
        for thread in parked:
            thread.join()
    compare(expressions, ours, theirs, objects)
