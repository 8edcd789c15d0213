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


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # slow to import, and pyproject.toml is the version's home

        return version("libbpf_iter")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
