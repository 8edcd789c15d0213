"""BPF instructions, encoded, decoded and printed; and an assembler with labels. Pure."""

from .instruction import Instruction, decode, encode
from .program import Assembler, Label

__all__ = ["Assembler", "Instruction", "Label", "decode", "encode"]
