"""The records of the package's own programs, by name: ``records.Task`` is what ``TaskIter`` gives.

Made from the BTF of the programs when first asked for; what they are is in the
stub beside this file, which is generated from the same BTF.
"""

from __future__ import annotations

from typing import Any

from . import objects
from .decode import record_class
from .names import class_name


def __getattr__(name: str) -> Any:
    for target in objects.packaged_targets():
        if class_name(target) == name:
            return record_class(objects.object_schema(objects.packaged(target), target))
    raise AttributeError(f"module {__name__!r} has no record {name!r}")
