"""What records are made of: their bytes, their columns, and the loop that cuts chunks into records.

Imports _records, which is ``cbuild/records.c``, or _records_py if that was not built.
"""

from __future__ import annotations

from .typed import Buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._records_py import Bytes, Column, FileMode, KernelPointer, Records, UserPointer
else:
    try:
        from ._records import Bytes, Column, FileMode, KernelPointer, Records, UserPointer
    except ImportError:  # Slower. Whoever needs the kernel is told by _libbpf that nothing was built.
        from ._records_py import Bytes, Column, FileMode, KernelPointer, Records, UserPointer

__all__ = ["Buffer", "Bytes", "Column", "FileMode", "KernelPointer", "Records", "UserPointer"]
