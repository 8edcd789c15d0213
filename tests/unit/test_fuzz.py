"""The fuzzer's corpus, and what is near it: the same thousand inputs each time."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.seeds import CORPUS, seeds
from tests.fuzz.targets import TARGETS

NEAR = 200


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A few bytes are others, are gone, or come twice."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at, length = chance.randrange(len(changed) + 1), chance.randrange(9)
        match chance.randrange(4):
            case 0:
                changed[at : at + length] = chance.randbytes(length)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length]
            case _:
                changed[at : at + 4] = chance.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x80"])
    return bytes(changed)


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_breaks_near_the_corpus(target: str) -> None:
    chance = random.Random(target)
    files = sorted((CORPUS / target).iterdir())
    assert files
    for file in files:
        data = file.read_bytes()
        TARGETS[target](data)
        for _ in range(NEAR // len(files)):
            TARGETS[target](damaged(data, chance))


def test_the_corpus_begins_with_what_our_writers_write() -> None:
    """Of the object files the names: compilers differ."""
    for target, files in seeds().items():
        for name, data in files.items():
            found = (CORPUS / target / name).read_bytes()
            assert found == data or "bpf_link" in name
