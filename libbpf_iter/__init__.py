"""Every BPF iterator of the running Linux kernel as a typed Python iterable.

>>> from libbpf_iter import TaskIter
>>> for task in TaskIter():  # doctest: +SKIP
...     print(task.tid, task.comm)
"""

from . import errors
from .decode import Record, asdict, fields, schema
from .foreign import ObjectIter, PinnedIter
from .iterators import *  # noqa: F403 - its __all__ is the list of them
from .iterators import __all__ as _iterators
from .kernel import targets
from .objects import include_dir
from .symbols import KernelSymbols

__all__ = [
    "KernelSymbols",
    "ObjectIter",
    "PinnedIter",
    "Record",
    "asdict",
    "errors",
    "fields",
    "include_dir",
    "schema",
    "targets",
    *_iterators,
]
