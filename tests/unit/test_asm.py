"""Instructions: encoded, decoded, and as llvm-objdump reads them."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from libbpf_iter.asm import Assembler, Instruction, Label, decode, encode
from libbpf_iter.asm.instruction import ALU_OPS, JUMPS
from libbpf_iter.errors import ObjectError

from ..conftest import environment_skip


def everything() -> list[Instruction]:
    """Every instruction that the compiler can emit, with operands at their edges."""
    out, ahead = Assembler(), Label()
    for value in (0, 1, -1, 2**31 - 1, -(2**31), 2**31, 2**63, 2**64 - 1, -(2**63)):
        out.constant(3, value)
    out.map_value(1, 7, 16)
    out.kernel_variable(1, 4711)
    for size in (1, 2, 4, 8):
        for offset in (0, 8, -8, 0x7FF8, -0x8000):
            out.load(0, 6, offset, size)
            out.store(10, offset, 9, size)
    for op in ALU_OPS:
        if op != "neg":
            out.alu(op, 2, 3)
            out.alu_constant(op, 2, 5 if op not in ("<<", ">>", "s>>") else 63)
    out.negate(4)
    for op in JUMPS:
        if op == "goto":
            out.goto(ahead)
        else:
            out.jump(op, 1, 2, ahead)
            out.jump_constant(op, 1, -7, ahead)
    out.call(113)
    out.call_kfunc(12345)
    out.place(ahead)
    out.exit()
    return out.finish()


def test_what_is_encoded_is_decoded_again() -> None:
    assert decode(encode(everything())) == everything()


def test_llvm_reads_the_same(tmp_path: Path) -> None:
    objdump = shutil.which("llvm-objdump")
    if objdump is None:
        environment_skip("llvm-objdump is not installed (apt-get install llvm)")
    file = tmp_path / "all.o"
    file.write_bytes(elf(encode(everything())))
    run = subprocess.run(
        [objdump, "-d", "--no-show-raw-insn", file], capture_output=True, text=True, check=True
    )
    theirs = [
        line.partition(":")[2].strip() for line in run.stdout.splitlines() if re.match(r"\s+\d+:", line)
    ]
    ours = [str(instruction) for instruction in everything()]
    assert len(theirs) == len(ours)
    for there, here, instruction in zip(theirs, ours, everything(), strict=True):
        if instruction.src and (instruction.wide or "call" in here):
            continue  # What a pseudo register means is the kernel's, not LLVM's.
        assert normal(there) == normal(here)


def normal(text: str) -> str:
    """Numbers in decimal, without a sign or a label: how they are written is a matter of taste."""
    text = re.sub(r"<[.\w+]+>", "", text).strip()

    def number(match: re.Match[str]) -> str:
        value = int(match.group(0), 0)
        return str(value & 0xFFFFFFFFFFFFFFFF)

    text = re.sub(r"(?<![a-z0-9])[+-]?(0x[0-9a-f]+|\d+)\b", number, text)
    return re.sub(r"\s+", " ", text.replace("+ ", "").replace("- ", ""))


def elf(code: bytes) -> bytes:
    """The smallest BPF object around some code."""
    names = b"\0.text\0.shstrtab\0"
    head = 64
    text, strings = head, head + len(code)
    table = (strings + len(names) + 7) // 8 * 8
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 1, 247, 1, 0, 0, table, 0, 64, 0, 0, 64, 3, 2)
    sections = bytes(64)
    sections += struct.pack("<IIQQQQIIQQ", 1, 1, 6, 0, text, len(code), 0, 0, 8, 0)
    sections += struct.pack("<IIQQQQIIQQ", 7, 3, 0, 0, strings, len(names), 0, 0, 1, 0)
    return (header + code + names).ljust(table, b"\0") + sections


def test_a_jump_leads_to_its_label_over_wide_instructions() -> None:
    out, end = Assembler(), Label()
    out.goto(end)
    out.constant(0, 2**40)
    out.place(end)
    out.exit()
    assert out.finish()[0].offset == 2


def test_a_label_without_a_place_is_an_error() -> None:
    out = Assembler()
    out.goto(Label())
    with pytest.raises(ValueError, match="never placed"):
        out.finish()


def test_a_jump_too_far_is_refused() -> None:
    out, end = Assembler(), Label()
    out.goto(end)
    for _ in range(0x8000):
        out.constant(0, 0)
    out.place(end)
    out.exit()
    with pytest.raises(ObjectError, match="further than BPF can jump"):
        out.finish()


@pytest.mark.parametrize("code", [b"\xff" * 8, b"\x18" + bytes(7), bytes(7), b"\x00" * 8])
def test_what_is_no_instruction_is_refused(code: bytes) -> None:
    with pytest.raises(ObjectError):
        decode(code)


def test_notes_stay_with_their_instructions() -> None:
    out = Assembler()
    with out.note("a"):
        out.constant(0, 0)
        with out.note("b"):
            out.constant(0, 1)
        out.exit()
    assert out.notes == ["a", "b", "a"]
