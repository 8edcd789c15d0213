"""How the bytes of one column become a Python value. Imports columns, immutable and errors.

A kind is a small immutable object: it has the column's size in the record, its Python type as an annotation,
and ``decode(data, offset)``, which reads the column at ``offset`` in the bytes of one record. :func:`column`
makes a descriptor for record classes that reads the same. Kinds compare and pickle, since schemas are made of
them.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache

from . import columns
from .columns import Column, FileMode, KernelPointer, UserPointer
from .errors import SchemaError
from .immutable import Immutable
from .typed import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    import enum

    from .values import Device, Members

_INTEGERS = {
    (size, signed): struct.Struct("=" + (code if signed else code.upper())).unpack_from
    for size, code in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))
    for signed in (True, False)
}
# include/linux/socket.h; the socket module is too slow to import for two numbers.
_AF_INET, _AF_INET6 = 2, 10
# Sets of flags have many values.
_MEANINGS_KEPT = 4096
_SPAN = struct.Struct("=II").unpack_from


def text(raw: bytes) -> str:
    """Text from the kernel, decoded like file names: bytes that aren't UTF-8 become surrogates."""
    return raw.decode("utf-8", "surrogateescape")


class Kind(Immutable):
    """The base of all kinds; ``size`` is in bytes."""

    size: int

    @property
    def annotation(self) -> str:
        raise NotImplementedError

    def decode(self, data: bytes, offset: int) -> Any:
        raise NotImplementedError


class Integer(Kind):
    signed: bool
    unit: str = ""  # "ns" or "bytes"; "" for a number without one

    @property
    def annotation(self) -> str:
        return "int"

    def decode(self, data: bytes, offset: int) -> int:
        unpack = _INTEGERS.get((self.size, self.signed))
        if unpack:
            return unpack(data, offset)[0]  # type: ignore[no-any-return]
        raw = data[offset : offset + self.size]
        return int.from_bytes(raw, sys.byteorder, signed=self.signed)


class BitField(Kind):
    """``bits`` bits, from bit ``shift`` on, of the ``size`` bytes at the column's offset."""

    shift: int
    bits: int
    signed: bool
    inner: Kind | None = None  # an enum or bool that the bits stand for

    @property
    def annotation(self) -> str:
        return self.inner.annotation if self.inner else "int"

    def decode(self, data: bytes, offset: int) -> Any:
        whole = int.from_bytes(data[offset : offset + self.size], sys.byteorder)
        shift = self.shift if sys.byteorder == "little" else self.size * 8 - self.shift - self.bits
        value = whole >> shift & (1 << self.bits) - 1
        if self.signed and value >> self.bits - 1:
            value -= 1 << self.bits
        if self.inner is None:
            return value
        signed = value < 0
        return self.inner.decode(value.to_bytes(self.inner.size, sys.byteorder, signed=signed), 0)


class Boolean(Kind):
    @property
    def annotation(self) -> str:
        return "bool"

    def decode(self, data: bytes, offset: int) -> bool:
        return data[offset] != 0


class Float(Kind):
    @property
    def annotation(self) -> str:
        return "float"

    def decode(self, data: bytes, offset: int) -> float:
        if code := {2: "e", 4: "f", 8: "d"}.get(self.size):
            return struct.unpack_from("=" + code, data, offset)[0]  # type: ignore[no-any-return]
        raise SchemaError(f"a float of {self.size} bytes can't be decoded")


class Text(Kind):
    """A char array, which holds text up to its first NUL."""

    @property
    def annotation(self) -> str:
        return "str"

    def decode(self, data: bytes, offset: int) -> str:
        return text(data[offset : offset + self.size].partition(b"\0")[0])


class Bytes(Kind):
    @property
    def annotation(self) -> str:
        return "bytes"

    def decode(self, data: bytes, offset: int) -> bytes:
        return data[offset : offset + self.size]


class _Meanings(dict[int, int]):
    """A cache of what numbers mean; one that isn't a value of its enum means itself."""

    def __init__(self, meaning: Callable[[int], int]) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, value: int) -> int:
        try:
            found = self._meaning(value)
        except (ValueError, TypeError):  # TypeError from an enum without members
            found = value
        if len(self) < _MEANINGS_KEPT:
            self[value] = found
        return found


class EnumValue(Kind):
    name: str
    signed: bool
    flags: bool
    members: Members

    @cached_property
    def enum(self) -> type[enum.IntEnum] | type[enum.IntFlag]:
        from .values import enum_class  # imports enum, which takes long

        return enum_class(self.name, self.members, self.flags)

    @property
    def annotation(self) -> str:
        # A newer kernel may have values that the program's BTF doesn't name.
        return "KernelFlags" if self.flags else "KernelEnum | int"

    @cached_property
    def convert(self) -> Callable[[int], int]:
        """A look-up in a cache, since calling an enum's class takes four times as long.

        The class is made when the first value is read, which most columns of most programs never are.
        """
        return _Meanings(lambda value: self.enum(value)).__getitem__

    def decode(self, data: bytes, offset: int) -> int:
        return self.convert(_INTEGERS[self.size, self.signed](data, offset)[0])


def _device(number: int) -> Device:
    from .values import Device

    return Device(number)


_MEANINGS: dict[str, Callable[[int], Any]] = {
    "KernelPointer": KernelPointer,
    "UserPointer": UserPointer,
    "FileMode": FileMode,
    "Device": _Meanings(_device).__getitem__,  # cached, since there are few
}


class Typed(Kind):
    """An unsigned integer that has a Python type of its own."""

    meaning: str
    signed = False

    @property
    def annotation(self) -> str:
        return self.meaning

    @property
    def convert(self) -> Callable[[int], Any]:
        return _MEANINGS[self.meaning]

    def decode(self, data: bytes, offset: int) -> Any:
        return self.convert(_INTEGERS[self.size, False](data, offset)[0])


class Nullable(Kind):
    """A value that may be missing: None if all bits are set."""

    inner: Kind

    @property
    def annotation(self) -> str:
        return f"{self.inner.annotation} | None"

    def decode(self, data: bytes, offset: int) -> Any:
        if data[offset : offset + self.size] == b"\xff" * self.size:
            return None
        return self.inner.decode(data, offset)


@lru_cache(maxsize=4096)
def _address(raw: bytes) -> Any:
    """Cached, since most sockets of a machine have the same few addresses."""
    import ipaddress  # slow to import, and only needed for addresses

    family = int.from_bytes(raw[:4], sys.byteorder)
    if family == _AF_INET:
        return ipaddress.IPv4Address(raw[4:8])
    if family == _AF_INET6:
        return ipaddress.IPv6Address(raw[4:20])
    return None


class Ip(Kind):
    """rec_ip of progs/record.h: the family, and the address in network byte order."""

    @property
    def annotation(self) -> str:
        return "IPv4Address | IPv6Address | None"

    @property
    def convert(self) -> Callable[[bytes], Any]:
        return _address

    def decode(self, data: bytes, offset: int) -> Any:
        return _address(data[offset : offset + 20])


def _code(kind: Kind) -> str:
    """The struct module's code for a plain number, by which a whole array is unpacked at once; else ""."""
    match kind:
        case Integer(size=1 | 2 | 4 | 8):
            code = {1: "b", 2: "h", 4: "i", 8: "q"}[kind.size]
            return code if kind.signed else code.upper()
        case Boolean(size=1):
            return "?"
        case Float(size=4 | 8):
            return "f" if kind.size == 4 else "d"
    return ""


class Array(Kind):
    element: Kind
    count: int

    @property
    def annotation(self) -> str:
        return f"tuple[{self.element.annotation}, ...]"

    @cached_property
    def _numbers(self) -> Callable[[bytes, int], tuple[Any, ...]] | None:
        code = _code(self.element)
        return struct.Struct(f"={self.count}{code}").unpack_from if code else None

    def decode(self, data: bytes, offset: int) -> tuple[Any, ...]:
        if self._numbers is not None:
            return self._numbers(data, offset)
        step, decode = self.element.size, self.element.decode
        return tuple(decode(data, offset + index * step) for index in range(self.count))


def _args(raw: bytes) -> tuple[str, ...]:
    return tuple(map(text, raw.removesuffix(b"\0").split(b"\0"))) if raw else ()


def _pointers(raw: bytes) -> tuple[KernelPointer, ...]:
    whole = len(raw) - len(raw) % 8
    return tuple(map(KernelPointer, struct.unpack(f"={whole // 8}Q", raw[:whole])))


_SPANS: dict[str, Callable[[bytes], Any]] = {"text": text, "bytes": bytes, "args": _args, "kptrs": _pointers}


class Span(Kind):
    """Data behind the struct, by its offset and length: rec_span of progs/record.h. Offset 0 is None."""

    meaning: str  # "text", "bytes", "args" or "kptrs"

    @property
    def annotation(self) -> str:
        types = {
            "text": "str",
            "bytes": "bytes",
            "args": "tuple[str, ...]",
            "kptrs": "tuple[KernelPointer, ...]",
        }
        return types[self.meaning] + " | None"

    def decode(self, data: bytes, offset: int) -> Any:
        start, length = _SPAN(data, offset)
        if start == 0:
            return None
        raw = data[start : start + length]
        if len(raw) != length:
            raise SchemaError(f"a span of {length} bytes at {start} leaves a record of {len(data)}")
        return self.convert(raw)

    @property
    def convert(self) -> Callable[[bytes], Any]:
        return _SPANS[self.meaning]


class Nested(Kind):
    """A struct or union inside a record or a map's value, which becomes a :class:`Group`."""

    name: str
    fields: tuple[tuple[str, int, Kind], ...]

    @property
    def annotation(self) -> str:
        return "Group"

    @property
    def group(self) -> type[Group]:
        return _group_class(self)

    def decode(self, data: bytes, offset: int) -> Group:
        return self.group(data[offset : offset + self.size])


class Group(columns.Bytes):
    """The members of a struct or union as attributes; in a union, they share the same bytes.

    Like a record it has no public methods, so that members can have any name. Iterating gives the name and
    value of each.
    """

    __slots__ = ()
    __nested__: Nested

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    __delattr__ = __setattr__  # type: ignore[assignment]

    def __dir__(self) -> list[str]:
        return sorted(name for name, _, _ in self.__nested__.fields)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """The name and value of each member."""
        data = _bytes_of(self)
        return iter([(name, kind.decode(data, at)) for name, at, kind in self.__nested__.fields])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Group):
            return NotImplemented
        return (type(self).__name__, dict(self)) == (type(other).__name__, dict(other))

    def __hash__(self) -> int:
        return hash((type(self).__name__, tuple(self)))

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in self)
        return f"{type(self).__name__}({inner})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _group, (self.__nested__, _bytes_of(self))


# Read past the class: a member may be called "_data" as well.
_bytes_of: Callable[[Group], bytes] = vars(columns.Bytes)["_data"].__get__


def _group(kind: Nested, data: bytes) -> Group:
    return kind.group(data)


@lru_cache(maxsize=256)
def _group_class(kind: Nested) -> type[Group]:
    """The class of a struct's groups; equal structs have the same class."""
    body: dict[str, Any] = {
        name: column(inner, offset, f"{inner.annotation} at offset {offset}")
        for name, offset, inner in kind.fields
        if not (name.startswith("__") and name.endswith("__"))  # names that Python gives a meaning to
    }
    return type(kind.name, (Group,), body | {"__slots__": (), "__nested__": kind, "__module__": __name__})


def column(kind: Kind, offset: int, doc: str) -> Column:
    """A descriptor, for a class of records, that reads a column of this kind."""
    nullable = isinstance(kind, Nullable)
    plain = kind.inner if isinstance(kind, Nullable) else kind
    size = plain.size
    # Most columns are numbers, or are made of one.
    match plain:
        case Integer(size=1 | 2 | 4 | 8):
            return Column.integer(offset, size, plain.signed, nullable, None, doc)
        case EnumValue(size=1 | 2 | 4 | 8) | Typed(size=1 | 2 | 4 | 8):
            return Column.integer(offset, size, plain.signed, nullable, plain.convert, doc)
    if not nullable:
        match plain:
            case Text():
                return Column.text(offset, size, doc)
            case Bytes():
                return Column.raw(offset, size, None, doc)
            case Ip():
                return Column.raw(offset, size, plain.convert, doc)
            case Boolean():
                return Column.integer(offset, 1, False, False, bool, doc)
            case Span():
                convert = None if plain.meaning == "text" else plain.convert
                return Column.span(offset, convert, SchemaError, doc)
            case Nested():
                return Column.record(offset, size, plain.group, doc)
    return Column.decoded(offset, kind.size, kind.decode, doc)
