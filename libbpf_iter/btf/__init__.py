"""BTF, the type information of kernels and BPF programs, in pure Python. Imports errors alone."""

from .reader import Btf
from .types import Kind

__all__ = ["Btf", "Kind"]
