"""The records of the package's own programs, by name: ``records.Task`` is what ``TaskIter`` gives.

Whichever columns that was asked for, ``isinstance(task, records.Task)`` holds; its schema has all
that there are. They are made from the BTF of the programs when first asked for; what they are is in
the stub beside this file, which is generated from the same BTF.
"""

from __future__ import annotations

from typing import Any

from . import objects
from .decode import family
from .names import class_name


def __getattr__(name: str) -> Any:
    for target in objects.packaged_targets():
        if class_name(target) == name:
            record = family(name)
            record.__schema__ = objects.object_schema(objects.packaged(target), target)
            return record
    raise AttributeError(f"module {__name__!r} has no record {name!r}")
