"""Nothing imports upward: each module's imports, read from its source."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from libbpf_iter import decode

PACKAGE = Path(__file__).parents[2] / "libbpf_iter"

# From the bottom up; a module imports only from those above it in this list.
LAYERS = [
    "typed",
    "errors",
    "forks",
    "immutable",
    "names",
    "_records_py",
    "_records",
    "columns",
    "values",
    "btf.types",
    "btf.reader",
    "btf.check",
    "btf",
    "btf.writer",
    "asm.instruction",
    "asm.program",
    "asm",
    "rewrite",
    "relocate",
    "kfuncs",
    "elf",
    "kinds",
    "tabular",
    "schema",
    "layout",
    "display",
    "query.tree",
    "query.scope",
    "query.parse",
    "query.paths",
    "query.ask",
    "query.arithmetic",
    "query.emit",
    "query.result",
    "query.compile",
    "query.explain",
    "query",
    "decode",
    "_arrow",
    "arrow",
    "_extension",
    "_libbpf.fd",
    "_libbpf.token",
    "_libbpf.calls",
    "_libbpf.loading",
    "_libbpf.object",
    "_libbpf.bare",
    "_libbpf.types",
    "_libbpf.links",
    "_libbpf.info",
    "_libbpf",
    "kernel",
    "workarounds",
    "arrays",
    "netns",
    "params",
    "program",
    "maps",
    "objects",
    "compiled",
    "fit",
    "load",
    "link",
    "losses",
    "ends",
    "session",
    "rows",
    "probes",
    "parameters",
    "recipe",
    "pins",
    "engine",
    "snapshot",
    "records",
    "base",
    "iterators",
    "foreign",
    "symbols",
    "__init__",
    "aio",
    "metrics.aggregate",
    "metrics.groups",
    "metrics.exporters",
    "metrics",
    "cli.command",
    "cli.views",
    "cli.table",
    "cli.output",
    "cli.watch",
    "cli.values",
    "cli.options",
    "cli.targets",
    "cli.look",
    "cli.doctor",
    "cli",
    "__main__",
]
PURE = [name for name in LAYERS[: LAYERS.index("_extension")] if name not in ("_records", "_arrow")]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    """Modules of ours that a module imports."""
    found = set()
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = [*parts[: len(parts) - node.level], *(node.module or "").split(".")]
        base = [part for part in base if part]
        for alias in node.names:
            longer = ".".join([*base, alias.name])
            found.add(longer if longer in LAYERS else ".".join(base) or "__init__")
    return found


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[name_of(path) for path in MODULES])
def test_imports_only_from_below(path: Path) -> None:
    name = name_of(path)
    assert name in LAYERS, f"{name} has no place in the layers yet"
    above = {other for other in imports(path) if LAYERS.index(other) >= LAYERS.index(name)}
    assert not above


# What needs an extra, and who may import it.
OPTIONAL = {
    "click": {"cli"},
    "opentelemetry": {"metrics"},
    "prometheus_client": {"metrics"},
    "rich": {"cli", "display", "tabular"},
    "pyarrow": {"cli"},
    "numpy": {"arrays", "base", "rows"},
}


@pytest.mark.parametrize("path", MODULES, ids=[name_of(path) for path in MODULES])
def test_optional_libraries_are_imported_only_where_they_are_used(path: Path) -> None:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    part = name_of(path).partition(".")[0]
    assert not {library for library in found & OPTIONAL.keys() if part not in OPTIONAL[library]}


def test_the_package_is_imported_without_any_of_them() -> None:
    code = f"import sys, libbpf_iter; print(sorted(set(sys.modules) & {{*{sorted(OPTIONAL)!r}, 'html'}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# What takes longest to import of the standard library: a program that only walks needs none of it.
SLOW = {"dataclasses", "enum", "inspect", "ipaddress", "pathlib", "re", "signal", "socket", "typing"}


def test_the_package_is_imported_without_what_is_slow() -> None:
    # Without site, which may have imported some of it for the environment's sake.
    code = f"import sys; sys.path[:] = {sys.path!r}; import libbpf_iter; print({SLOW!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def annotated(module: ModuleType) -> Iterator[tuple[str, object]]:
    """What a module defines that has annotations: its functions, its classes and their methods."""
    for name, value in vars(module).items():
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            yield name, value
            for part, member in vars(value).items():
                member = getattr(member, "__func__", getattr(member, "fget", member))
                if inspect.isfunction(member):
                    yield f"{name}.{part}", member


PUBLIC = [
    *("aio", "base", "decode", "errors", "foreign", "iterators", "kernel", "link", "metrics.aggregate"),
    *("metrics.exporters", "metrics.groups", "objects", "params", "query.paths", "query.scope", "records"),
    *("rows", "schema", "session", "symbols", "values", "_libbpf.info", "_libbpf.fd"),
]


@pytest.mark.parametrize("name", PUBLIC)
def test_annotations_can_be_evaluated(name: str) -> None:
    """For tools that check calls or make forms of them; what they name is imported late, if at all."""
    found = list(annotated(import_module(f"libbpf_iter.{name}")))
    assert found or name == "records"
    for _, value in found:
        typing.get_type_hints(value)


def test_what_stands_in_for_typing_is_anything() -> None:
    hints = typing.get_type_hints(decode.asdict)
    assert hints["record"] is decode.Record and hints["return"].__origin__ is dict
    _, stand_in = hints["return"].__args__
    assert isinstance(None, stand_in) and isinstance(3, stand_in)


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_do_no_io(name: str) -> None:
    path = PACKAGE.joinpath(*name.split("."))
    source = (path.with_suffix(".py") if not path.is_dir() else path / "__init__.py").read_text()
    called = {
        node.func.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert "open" not in called
