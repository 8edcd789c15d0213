"""A record's bytes, the columns that read them, and the loop that makes records of chunks.

Imports _records, which is ``cbuild/records.c``, or _records_py where that was not built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._records_py import Buffer

if TYPE_CHECKING:
    from ._records_py import Bytes, Column, Records
else:
    try:
        from ._records import Bytes, Column, Records
    except ImportError:  # Slower. The kernel takes the other extension, which says what is missing.
        from ._records_py import Bytes, Column, Records

__all__ = ["Buffer", "Bytes", "Column", "Records"]
