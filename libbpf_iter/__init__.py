"""Every BPF iterator of the running Linux kernel as a typed Python iterable.

>>> from libbpf_iter import TaskIter
>>> for task in TaskIter():  # doctest: +SKIP
...     print(task.tid, task.comm)
"""

from . import errors
from .decode import Record, asdict, fields, schema
from .iterators import *  # noqa: F403 - its __all__ is the list of them
from .iterators import __all__ as _iterators
from .kernel import targets
from .objects import include_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .foreign import ObjectIter, PinnedIter
    from .symbols import KernelSymbols

# Imported when they are asked for.
_LATER = {"KernelSymbols": "symbols", "ObjectIter": "foreign", "PinnedIter": "foreign"}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # slow to import, and pyproject.toml is the version's home

        return version("libbpf_iter")
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(globals().keys() | _LATER.keys())


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
