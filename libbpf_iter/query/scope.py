"""What the names in an expression stand for. Imports tree, btf, schema, names and errors.

A name is looked up among the parameters, the record's columns, the program's arguments, and the members of
the object that is iterated, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import kinds
from ..btf import Btf, Kind
from ..btf import types as bt
from ..errors import BtfError, ParameterError
from ..immutable import Immutable
from ..names import near
from ..schema import Schema
from . import tree
from .tree import CType, Node, Pointer

__all__ = ["Place", "Scope", "objects_of"]

_AF_INET, _AF_INET6 = 2, 10


class Place(Immutable):
    """A member that a kernel path can continue with."""

    name: str
    c_type: str
    offset: int
    size: int


def objects_of(btf: Btf, context: int) -> dict[str, Node]:
    """A program's arguments by name: the members of its ``struct bpf_iter__X``."""
    found: dict[str, Node] = {}
    for member in btf.flat_members(context):
        node = btf[btf.resolve(member.type_id)]
        if isinstance(node, bt.Pointer):
            to = btf[btf.resolve(node.type_id)] if node.type_id else None
            if isinstance(to, bt.Struct):
                found[member.name] = tree.Object(member.name, CType(btf, node.type_id))
        elif isinstance(node, bt.Int):
            found[member.name] = tree.Argument(member.name, CType(btf, member.type_id))
    return found


class Scope:
    """The names that one query can use.

    ``target`` is the object whose members need no path. ``missing`` says why names that one might expect
    aren't there.
    A parameter can have no other name's, except that of a member of the target, which it hides: a newer
    kernel may have any.
    """

    def __init__(
        self,
        btf: Btf,
        objects: Mapping[str, Node],
        *,
        record: Schema | None = None,
        params: Sequence[str] = (),
        missing: Mapping[str, str] | None = None,
    ) -> None:
        self.btf, self.objects, self.record, self.params = btf, objects, record, params
        self.missing = missing or {}
        columns = [field.name for field in record.fields] if record else []
        for name in params:
            if name in (*columns, *self.objects, *self.missing):
                what = "a column" if name in columns else "an argument of the program"
                raise ParameterError("params", f"{name!r} is {what}: give the parameter another name")
        pointers = [name for name, node in objects.items() if isinstance(node, tree.Object)]
        self.target = pointers[-1] if pointers else None

    # ---- names and paths ----------------------------------------------------

    def name(self, name: str, parameter: str) -> Node:
        if name in self.params:
            return tree.Param(name, self.params.index(name))
        if self.record is not None:
            for field in self.record.fields:
                if field.name == name:
                    return tree.Column(field, tree.column_type(field.kind, field.size))
        if name in self.objects:
            return self.objects[name]
        if name in self.missing:
            raise ParameterError(parameter, f"{name!r}: {self.missing[name]}")
        if self.target is not None:
            target = self.objects[self.target]
            found = self._find(target, name)
            if found is not None:
                return found
        known = [*self.params, *self.objects]
        known += [field.name for field in self.record.fields] if self.record else []
        where = "no column or object"
        if self.target is not None:
            target = self.objects[self.target]
            assert isinstance(target, tree.Object)
            known += [place.name for place in self.places(target)]
            where = f"no column, no object, and no member of {target.ctype}"
        raise ParameterError(parameter, f"{name!r} is {where}{near(name, known)}")

    def member(self, base: Node, name: str, parameter: str) -> Node:
        found = self._find(base, name)
        if found is not None:
            return found
        ctype = _struct(base)
        if ctype is None:
            raise ParameterError(parameter, f"{name!r} can't be a member: what precedes it isn't a struct")
        if isinstance(ctype.node, bt.Fwd):
            raise ParameterError(parameter, f"{name!r}: the kernel's BTF doesn't say what {ctype} contains")
        hint = near(name, (place.name for place in self.places(base)))
        raise ParameterError(parameter, f"{ctype} has no member {name!r}{hint}")

    def _find(self, base: Node, name: str) -> Node | None:
        ctype = _struct(base)
        if ctype is None or not isinstance(ctype.node, bt.Struct):
            return None
        for member in ctype.btf.flat_members(ctype.id):
            if member.name == name:
                return _at(
                    base, member.bit_offset, CType(ctype.btf, member.type_id), member.bitfield_size, name
                )
        return None

    def element(self, base: Node, index: int, parameter: str) -> Node:
        if index < 0:
            raise ParameterError(parameter, f"an index of at least 0 is expected, not {index}")
        if isinstance(base, tree.Member):
            node = base.ctype.node
            if isinstance(node, bt.Array):
                if node.count and index >= node.count:
                    message = f"{base.path} has {node.count} elements, so there is no [{index}]"
                    raise ParameterError(parameter, message)
                element = CType(base.ctype.btf, node.type_id)
                return _at(base, index * element.size * 8, element, 0, f"[{index}]")
        if isinstance(base.type, Pointer) and base.type.to is not None:
            element = base.type.to
            if index:
                base = tree.Cast(base, element, 0)  # the verifier allows loads from the first element only
            return _at(base, index * element.size * 8, element, 0, f"[{index}]")
        if isinstance(base, tree.Column):
            message = f"{base.field.name}[{index}]: {base.field.name} is a column, and taken as a whole"
            raise ParameterError(parameter, message)
        raise ParameterError(parameter, f"[{index}]: what precedes it is neither an array nor a pointer")

    def cast(self, name: str, pointer: Node, parameter: str) -> Node:
        if not isinstance(pointer.type, Pointer):
            raise ParameterError(parameter, f"cast() takes a pointer, and what is cast to {name!r} isn't one")
        words = name.replace("*", "").split()
        if len(words) != 2 or words[0] not in ("struct", "union"):
            raise ParameterError(parameter, f"cast(): 'struct NAME' is expected, not {name!r}")
        kind = Kind.STRUCT if words[0] == "struct" else Kind.UNION
        found = self.btf.get(words[1], kind)
        if found is None:
            hint = near(words[1], (known for known, _ in self.btf.names(kind, words[1][:3]) if known))
            raise ParameterError(parameter, f"cast(): the kernel has no {name!r}{hint}")
        kfunc = self.btf.get("bpf_rdonly_cast", Kind.FUNC) or 0
        return tree.Cast(pointer, CType(self.btf, found), kfunc)

    def per_cpu(self, pointer: Node, cpu: int, parameter: str) -> Node:
        if not isinstance(pointer.type, Pointer) or pointer.type.to is None:
            raise ParameterError(parameter, "percpu() takes a pointer to a type, and this isn't one")
        offsets = self.btf.get("this_cpu_off", Kind.VAR)
        if offsets is None:
            raise ParameterError(parameter, "percpu(): the kernel's BTF doesn't say where each CPU's data is")
        if isinstance(pointer, tree.Member):
            # Taken for a number, since the verifier allows no arithmetic on a pointer whose type it knows.
            pointer = _with_base(pointer, tree.Cast(pointer.base, _target(pointer.base), 0))
        return tree.PerCpu(pointer, cpu, offsets)

    # ---- text ---------------------------------------------------------------

    def matches(self, operand: Node, text: str, whole: bool, parameter: str) -> Node:
        """``operand == text``, or without ``whole``, ``operand.startswith(text)``."""
        data = text.encode("utf-8", "surrogateescape")
        if b"\0" in data:
            raise ParameterError(parameter, "a text with a NUL in it never matches")
        if isinstance(operand, tree.Column):
            kind = operand.field.kind
            if isinstance(kind, kinds.Ip):
                if not whole:
                    raise ParameterError(parameter, "an address can be compared with == only")
                return tree.Matches(operand, _address(text, parameter))
            if isinstance(kind, kinds.Span) and kind.meaning == "text":
                # Its length is known, and is compared if the whole text has to be equal.
                return tree.Matches(operand, data + b"\0" if whole else data)
        if not isinstance(operand.type, tree.Text):
            raise ParameterError(parameter, "what is compared with text isn't text")
        size = operand.type.size
        if len(data) > size or (isinstance(operand, tree.String) and len(data) >= size):
            raise ParameterError(parameter, f"{text!r} is longer than the {size} bytes it is compared with")
        if whole and len(data) < size:
            data += b"\0"
        return tree.Matches(operand, data)

    # ---- looking around -----------------------------------------------------

    def places(self, base: Node) -> list[Place]:
        """The members that a path can continue with."""
        ctype = _struct(base)
        if ctype is None or not isinstance(ctype.node, bt.Struct):
            return []
        return [
            Place(m.name, ctype.btf.c_name(m.type_id), m.bit_offset // 8, _size(ctype.btf, m.type_id))
            for m in ctype.btf.flat_members(ctype.id)
            if m.name
        ]


def _size(btf: Btf, type_id: int) -> int:
    try:
        return btf.size_of(type_id)
    except BtfError:
        return 0


def _target(node: Node) -> CType:
    assert isinstance(node.type, Pointer) and node.type.to is not None
    return node.type.to


def _with_base(node: tree.Member, base: Node) -> tree.Member:
    return tree.Member(base, node.offset, node.ctype, node.bits, node.path)


def _struct(node: Node) -> CType | None:
    """The struct that a path continues in: the one that a node points to, or the one that it is."""
    if isinstance(node.type, Pointer):
        return node.type.to
    if isinstance(node.type, tree.Whole):
        return node.type.ctype
    return None


def _at(base: Node, bits: int, ctype: CType, width: int, name: str) -> Node:
    """A member of a struct or an element of an array, as an offset from the last pointer before it."""
    before = base.path if isinstance(base, tree.Member) else getattr(base, "name", "")
    path = f"{before}{'' if name.startswith('[') else '.'}{name}".lstrip(".")
    offset = 0
    pointer = base
    if isinstance(base, tree.Member) and not isinstance(base.type, Pointer):
        pointer, offset = base.base, base.offset
    node = ctype.node
    whole = getattr(node, "bits", 0)
    if not width and isinstance(node, bt.Int) and not node.bool and whole != node.size * 8:
        width = whole
    if width:
        return tree.Member(pointer, offset, ctype, (bits, width), path)
    return tree.Member(pointer, offset + bits // 8, ctype, None, path)


def _address(text: str, parameter: str) -> bytes:
    """An IP address as in rec_ip of progs/record.h."""
    import ipaddress

    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ParameterError(parameter, f"{text!r} isn't an IP address") from None
    family = _AF_INET if address.version == 4 else _AF_INET6
    return family.to_bytes(4, "little") + address.packed.ljust(16, b"\0")
