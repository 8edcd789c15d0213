"""Raw BTF from readable calls, for tests: each method adds a type and gives its id."""

from __future__ import annotations

import struct


class Writer:
    def __init__(self, order: str = "<") -> None:
        self.order = order
        self.types = b""
        self.count = 0
        self.strings = b"\0"

    def string(self, text: str) -> int:
        if not text:
            return 0
        at = self.strings.find(b"\0" + text.encode() + b"\0")
        if at >= 0:
            return at + 1
        self.strings += text.encode() + b"\0"
        return len(self.strings) - len(text.encode()) - 1

    def add(
        self,
        kind: int,
        name: str,
        word: int,
        extra: bytes = b"",
        count: int = 0,
        flag: bool = False,
    ) -> int:
        info = kind << 24 | count | flag << 31
        self.types += struct.pack(self.order + "III", self.string(name), info, word) + extra
        self.count += 1
        return self.count

    def words(self, *values: int) -> bytes:
        return struct.pack(f"{self.order}{len(values)}I", *(v & 0xFFFFFFFF for v in values))

    def int(self, name: str, size: int, encoding: int = 0, bits: int | None = None) -> int:
        return self.add(1, name, size, self.words(encoding << 24 | (bits or size * 8)))

    def pointer(self, to: int) -> int:
        return self.add(2, "", to)

    def array(self, of: int, count: int, index: int = 1) -> int:
        return self.add(3, "", 0, self.words(of, index, count))

    def struct(
        self, name: str, size: int, members: list[tuple[str, int, int]], *, union: bool = False
    ) -> int:
        extra = b"".join(self.words(self.string(n), t, bits) for n, t, bits in members)
        return self.add(5 if union else 4, name, size, extra, len(members))

    def bitfields(self, name: str, size: int, members: list[tuple[str, int, int, int]]) -> int:
        extra = b"".join(self.words(self.string(n), t, w << 24 | bits) for n, t, bits, w in members)
        return self.add(4, name, size, extra, len(members), flag=True)

    def enum(self, name: str, values: dict[str, int], *, signed: bool = False, size: int = 4) -> int:
        extra = b"".join(self.words(self.string(n), v) for n, v in values.items())
        return self.add(6, name, size, extra, len(values), flag=signed)

    def enum64(self, name: str, values: dict[str, int], *, signed: bool = False) -> int:
        extra = b"".join(self.words(self.string(n), v, v >> 32) for n, v in values.items())
        return self.add(19, name, 8, extra, len(values), flag=signed)

    def typedef(self, name: str, to: int) -> int:
        return self.add(8, name, to)

    def const(self, to: int) -> int:
        return self.add(10, "", to)

    def tag(self, name: str, of: int, component: int = -1) -> int:
        return self.add(17, name, of, self.words(component))

    def build(self) -> bytes:
        header = struct.pack(
            self.order + "HBBIIIII",
            0xEB9F,
            1,
            0,
            24,
            0,
            len(self.types),
            len(self.types),
            len(self.strings),
        )
        return header + self.types + self.strings
