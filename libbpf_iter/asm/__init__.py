"""BPF instructions: encoded, decoded, printed; and programs with labels. Pure."""

from .instruction import Instruction, decode, encode
from .program import Assembler, Label

__all__ = ["Assembler", "Instruction", "Label", "decode", "encode"]
