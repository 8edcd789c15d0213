"""The corpus that fuzzing begins with: ``python -m tests.fuzz.seeds`` writes it anew, by our own writers."""

from __future__ import annotations

from pathlib import Path

from libbpf_iter.btf.writer import blob
from libbpf_iter.objects import packaged
from libbpf_iter.rewrite import Elf
from tests.unit import test_btf, test_query, test_records
from tests.unit.btf_writer import Writer

CORPUS = Path(__file__).parent / "corpus"

EXPRESSIONS = [
    "pid",
    "mm.total_vm // 2 + limits[3]",
    "pid == 1 or (flags > 2 and comm != 'java')",
    "comm.startswith('py') and mm is not None",
    "policy in ('IDLE', 0)",
    "text(mm.owner.comm, 16)",
    "1 < pid <= 1e6",
    "more if flags else -pid >> 3",
    "not uid % limit",
]


def record() -> bytes:
    """A BTF whose record says itself that it is one."""
    writer = Writer()
    number, char = writer.int("int", 4, 1), writer.int("char", 1, 1)
    struct = writer.struct("seed_record", 20, [("tid", number, 0), ("comm", writer.array(char, 16), 32)])
    pointer = writer.const(writer.pointer(writer.const(struct)))
    writer.add(14, "record_type", pointer, writer.words(1))
    return writer.build()


def seeds() -> dict[str, dict[str, bytes]]:
    small = Elf(packaged("bpf_link"))
    return {
        "btf": {
            "every-kind": test_btf.sample(),
            "record": record(),
            "kernel": blob(*map(bytes, test_query.BTF.sections())),
        },
        "decode": {
            "one": test_records.event_bytes(),
            "three": test_records.event_bytes() * 3,
            "cut": test_records.event_bytes()[:-3],
        },
        "elf": {"bpf_link": small.finish()},
        "query": {str(number): text.encode() for number, text in enumerate(EXPRESSIONS)},
        "schema": {"record": record(), "bpf_link": small.section(".BTF")},
    }


def main() -> None:
    for target, files in seeds().items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
