"""From the text of an expression, in Python's syntax, to its tree. Imports tree, scope and errors.

The text is parsed but never run, and syntax that isn't handled here is refused.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable

from ..errors import ParameterError
from . import tree
from .scope import Scope
from .tree import Node, Number, Pointer, Text, pointed_text

__all__ = ["parse"]

_LENGTH_MAX = 16384
_DEPTH_MAX = 64
_BINARY = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}
_FOLD: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
}
_COMPARE = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def parse(text: str, scope: Scope, parameter: str) -> Node:
    """The tree of an expression; anything wrong with it raises :class:`ParameterError` for ``parameter``."""
    if not isinstance(text, str):
        raise ParameterError(parameter, f"an expression as text is expected, not {text!r}")
    if len(text) > _LENGTH_MAX:
        raise ParameterError(parameter, f"an expression of {len(text)} characters is too long")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        rest = text
        for compared in ("==", "!=", "<=", ">="):
            rest = rest.replace(compared, "")
        hint = "; == compares" if "=" in rest else ""
        for name in re.findall(r"\.\s*(\w+)", text):
            if keyword.iskeyword(name):
                hint = f"; a member of that name is written [{name!r}]"
        raise ParameterError(parameter, f"{text!r} isn't an expression: {error.msg}{hint}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ParameterError(parameter, f"the expression can't be parsed: {error}") from None
    return _Parser(text, scope, parameter).node(body, 0)


class _Parser:
    def __init__(self, text: str, scope: Scope, parameter: str) -> None:
        self._text, self._scope, self._parameter = text, scope, parameter

    def _refuse(self, what: ast.AST, why: str) -> ParameterError:
        part = ast.get_source_segment(self._text.strip(), what) or self._text
        part = part if len(part) <= 60 else part[:57] + "..."
        return ParameterError(self._parameter, f"{part!r}: {why}")

    def node(self, e: ast.expr, depth: int) -> Node:
        if depth > _DEPTH_MAX:
            raise ParameterError(self._parameter, f"the expression is nested deeper than {_DEPTH_MAX}")
        match e:
            case ast.Constant():
                return self._constant(e)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                return self._path(e, depth)
            case ast.UnaryOp():
                return self._unary(e, depth)
            case ast.BinOp():
                return self._binary(e, depth)
            case ast.BoolOp():
                op = "and" if isinstance(e.op, ast.And) else "or"
                return tree.Logic(op, tuple(self._truth(part, depth + 1) for part in e.values))
            case ast.Compare():
                return self._compare(e, depth)
            case ast.IfExp():
                return tree.Choice(
                    self._truth(e.test, depth + 1),
                    self._operand(e.body, depth + 1),
                    self._operand(e.orelse, depth + 1),
                )
            case ast.Call():
                return self._call(e, depth)
        raise self._refuse(e, "such an expression can't run in the kernel")

    # ---- leaves -------------------------------------------------------------

    def _constant(self, e: ast.Constant) -> Node:
        value = e.value
        if isinstance(value, str):
            return tree.Literal(value)
        if isinstance(value, bool):
            return tree.Constant(int(value))
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # 1e8 is easier to read than 100000000
        if isinstance(value, int):
            return self._bounded(e, value)
        raise self._refuse(e, "integers and text are expected")

    def _bounded(self, e: ast.AST, value: int) -> Node:
        if not -(1 << 63) <= value < 1 << 64:
            raise self._refuse(e, "the number doesn't fit 64 bits")
        return tree.Constant(value)

    def _path(self, e: ast.expr, depth: int) -> Node:
        match e:
            case ast.Name():
                return self._scope.name(e.id, self._parameter)
            case ast.Attribute():
                return self._scope.member(self.node(e.value, depth + 1), e.attr, self._parameter)
            case ast.Subscript():
                index = self.node(e.slice, depth + 1)
                if isinstance(index, tree.Literal):  # a name that Python keeps to itself: device['class']
                    return self._scope.member(self.node(e.value, depth + 1), index.text, self._parameter)
                if not isinstance(index, tree.Constant):
                    raise self._refuse(e.slice, "an index has to be a constant")
                return self._scope.element(self.node(e.value, depth + 1), index.value, self._parameter)
        raise AssertionError(e)

    def _call(self, e: ast.Call, depth: int) -> Node:
        if e.keywords or any(isinstance(a, ast.Starred) for a in e.args):
            raise self._refuse(e, "arguments can't be passed by name")
        if isinstance(e.func, ast.Attribute) and e.func.attr == "startswith":
            if len(e.args) != 1:
                raise self._refuse(e, "startswith() takes one text")
            prefix = self.node(e.args[0], depth + 1)
            if not isinstance(prefix, tree.Literal):
                raise self._refuse(e.args[0], "a text in quotation marks is expected")
            return self._matches(e, self.node(e.func.value, depth + 1), prefix.text, whole=False)
        if not isinstance(e.func, ast.Name) or e.func.id not in ("cast", "text", "percpu"):
            raise self._refuse(e.func, "the only functions are cast(), text(), percpu() and .startswith()")
        if len(e.args) != 2:
            raise self._refuse(e, f"{e.func.id}() takes two arguments")
        if e.func.id == "cast":
            to, pointer = e.args[0], self.node(e.args[1], depth + 1)
            if not isinstance(to, ast.Constant) or not isinstance(to.value, str):
                raise self._refuse(to, "a type in quotation marks is expected, such as 'struct tcp_sock'")
            return self._scope.cast(to.value, pointer, self._parameter)
        if e.func.id == "percpu":
            cpu = self.node(e.args[1], depth + 1)
            if not isinstance(cpu, tree.Constant) or not 0 <= cpu.value < 1 << 16:
                raise self._refuse(e.args[1], "the number of a CPU is expected")
            return self._scope.per_cpu(self.node(e.args[0], depth + 1), cpu.value, self._parameter)
        size = self.node(e.args[1], depth + 1)
        if not isinstance(size, tree.Constant) or not 2 <= size.value <= 256:
            raise self._refuse(e.args[1], "a size from 2 to 256 is expected")
        pointer = self.node(e.args[0], depth + 1)
        if not isinstance(pointer.type, Pointer):
            raise self._refuse(e.args[0], "text() takes a pointer, and this isn't one")
        return tree.String(pointer, size.value)

    # ---- numbers ------------------------------------------------------------

    def _number(self, e: ast.expr, depth: int) -> Node:
        node = self.node(e, depth)
        if isinstance(node.type, Number | Pointer) and not isinstance(node, tree.Literal):
            return node
        raise self._refuse(e, f"a number is expected, not {describe(node)}")

    def _operand(self, e: ast.expr, depth: int) -> Node:
        """A number that can be computed with, which an address can't."""
        node = self._number(e, depth)
        if isinstance(node.type, Number):
            return node
        raise self._refuse(e, f"a number is expected, not {describe(node)}")

    def _truth(self, e: ast.expr, depth: int) -> Node:
        node = self.node(e, depth)
        if isinstance(node, tree.Column) and is_nullable(node):
            raise self._refuse(e, "it may be None: compare it with something")
        if isinstance(node.type, Number | Pointer) and not isinstance(node, tree.Literal):
            return node
        raise self._refuse(e, f"true or false is expected, not {describe(node)}")

    def _unary(self, e: ast.UnaryOp, depth: int) -> Node:
        if isinstance(e.op, ast.Not):
            return tree.Not(self._truth(e.operand, depth + 1))
        operand = self._operand(e.operand, depth + 1)
        if is_nullable(operand):
            raise self._refuse(e.operand, "a number that is never None is expected")
        if isinstance(e.op, ast.UAdd):
            return operand
        if isinstance(operand, tree.Constant):
            return self._bounded(e, -operand.value if isinstance(e.op, ast.USub) else ~operand.value)
        return tree.Unary("-" if isinstance(e.op, ast.USub) else "~", operand)

    def _binary(self, e: ast.BinOp, depth: int) -> Node:
        op = _BINARY.get(type(e.op))
        if op is None:
            hint = "; // divides" if isinstance(e.op, ast.Div) else ""
            raise self._refuse(e, f"the kernel has no such operator{hint}")
        left, right = self.node(e.left, depth + 1), self.node(e.right, depth + 1)
        left, right = self._enumerator(e, left, right), self._enumerator(e, right, left)
        for part, node in ((e.left, left), (e.right, right)):
            if not isinstance(node.type, Number):
                raise self._refuse(part, f"a number is expected, not {describe(node)}")
            if is_nullable(node):
                raise self._refuse(part, "it may be None: say what then, as in (x if x is not None else 0)")
        if op in ("<<", ">>") and isinstance(right, tree.Constant) and not 0 <= right.value < 64:
            raise self._refuse(e, "a shift by 0 to 63 bits is expected")
        if op in ("//", "%") and isinstance(right, tree.Constant) and not right.value:
            raise self._refuse(e, "a division by zero")
        if isinstance(left, tree.Constant) and isinstance(right, tree.Constant):
            return self._bounded(e, _FOLD[op](left.value, right.value))
        return tree.Binary(op, left, right)

    # ---- comparisons --------------------------------------------------------

    def _compare(self, e: ast.Compare, depth: int) -> Node:
        parts: list[Node] = []
        before = e.left
        for op, after in zip(e.ops, e.comparators, strict=True):
            parts.append(self._one_comparison(e, op, before, after, depth + 1))
            before = after
        return parts[0] if len(parts) == 1 else tree.Logic("and", tuple(parts))

    def _one_comparison(self, e: ast.Compare, op: ast.cmpop, a: ast.expr, b: ast.expr, depth: int) -> Node:
        if isinstance(op, ast.Is | ast.IsNot):
            if not (isinstance(b, ast.Constant) and b.value is None):
                raise self._refuse(e, "'is' can only be used with None")
            operand = self.node(a, depth)
            if not (isinstance(operand.type, Pointer) or is_nullable(operand)):
                raise self._refuse(a, f"{describe(operand)} is never None")
            test: Node = tree.IsNull(operand)
            return tree.Not(test) if isinstance(op, ast.IsNot) else test
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(b, ast.Tuple | ast.List | ast.Set) or not b.elts:
                raise self._refuse(b, "'in' takes constants in parentheses")
            left = self.node(a, depth)
            tests = tuple(self._equal(e, left, self.node(item, depth)) for item in b.elts)
            test = tests[0] if len(tests) == 1 else tree.Logic("or", tests)
            return tree.Not(test) if isinstance(op, ast.NotIn) else test
        left, right = self.node(a, depth), self.node(b, depth)
        symbol = _COMPARE[type(op)]
        if symbol in ("==", "!="):
            test = self._equal(e, left, right)
            return tree.Not(test) if symbol == "!=" else test
        return self._ordered(e, symbol, left, right)

    def _ordered(self, e: ast.AST, symbol: str, left: Node, right: Node) -> Node:
        left, right = self._enumerator(e, left, right), self._enumerator(e, right, left)
        for node in (left, right):
            if not isinstance(node.type, Number | Pointer) or isinstance(node, tree.Literal):
                part = ": choose a member or an element of it" if isinstance(node.type, tree.Whole) else ""
                raise self._refuse(e, f"{describe(node)} can't be compared with {symbol}{part}")
        test: Node = tree.Compare(symbol, left, right)
        for node in (left, right):
            # None is neither less than, nor equal to, nor greater than anything.
            if isinstance(node, tree.Column) and is_nullable(node):
                test = tree.Logic("and", (tree.Not(tree.IsNull(node)), test))
        return test

    def _equal(self, e: ast.AST, left: Node, right: Node) -> Node:
        if isinstance(left, tree.Literal) and not isinstance(right, tree.Literal):
            left, right = right, left
        left, right = self._enumerator(e, left, right), self._enumerator(e, right, left)
        if isinstance(right, tree.Literal):
            return self._matches(e, left, right.text, whole=True)
        return self._ordered(e, "==", left, right)

    def _matches(self, e: ast.AST, operand: Node, text: str, *, whole: bool) -> Node:
        if isinstance(operand, tree.Literal):
            raise self._refuse(e, "two text constants can't be compared")
        pointed = pointed_text(operand)
        if pointed is not None:
            operand = tree.String(pointed, min(max(len(text.encode("utf-8", "surrogateescape")) + 2, 8), 256))
        try:
            return self._scope.matches(operand, text, whole, self._parameter)
        except ParameterError as error:
            raise self._refuse(e, error.args[1]) from None

    def _enumerator(self, e: ast.AST, node: Node, other: Node) -> Node:
        """A text that is compared with an enum is the name of one of its values."""
        if not isinstance(node, tree.Literal) or not isinstance(other.type, Number) or not other.type.enum:
            return node
        enum = other.type.enum
        for name, value in enum.members:
            if name == node.text:
                return tree.Constant(value)
        from ..names import near

        hint = near(node.text, (name for name, _ in enum.members))
        raise self._refuse(e, f"enum {enum.name} has no {node.text!r}{hint}")


def is_nullable(node: Node) -> bool:
    return isinstance(node, tree.Column) and "None" in node.field.kind.annotation


def describe(node: Node) -> str:
    match node.type:
        case Text():
            return "text"
        case tree.Whole(ctype=ctype):
            return f"a whole {ctype}"
        case Pointer(to=to):
            return f"a pointer to {to}" if to else "a pointer"
        case Number():
            return "a number"
    if isinstance(node, tree.Column):
        wide = "128-bit " if node.field.kind.annotation == "int" else ""
        return f"the {wide}column {node.field.name} of type {node.field.kind.annotation}"
    return "that"
