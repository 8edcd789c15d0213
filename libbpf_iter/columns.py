"""A record's bytes, the columns that read them, their numbers, and the loop that makes records of chunks.

Imports _records, which is ``cbuild/records.c``, or _records_py where that was not built.
"""

from __future__ import annotations

from .typed import Buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._records_py import Bytes, Column, FileMode, KernelPointer, Records, UserPointer
else:
    try:
        from ._records import Bytes, Column, FileMode, KernelPointer, Records, UserPointer
    except ImportError:  # Slower. The kernel takes the other extension, which says what is missing.
        from ._records_py import Bytes, Column, FileMode, KernelPointer, Records, UserPointer

__all__ = ["Buffer", "Bytes", "Column", "FileMode", "KernelPointer", "Records", "UserPointer"]
