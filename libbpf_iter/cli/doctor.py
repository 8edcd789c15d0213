"""The command that checks what works on this machine. Imports kernel, targets and tabular."""

from __future__ import annotations

import inspect
import sys
from typing import NamedTuple

import click

from .. import _libbpf, kernel
from ..errors import Error
from ..load import here
from ..objects import packaged_targets
from ..tabular import Tabular
from .targets import make
from .values import CLASSES, every_target, whole_schema

__all__ = ["doctor"]

OK, OPTIONAL, BAD = "ok", "-", "NO"
_STYLES = {OK: "green", OPTIONAL: "yellow", BAD: "bold red"}


class Check(NamedTuple):
    what: str
    state: str
    said: str
    todo: str = ""


def _btf() -> Check:
    try:
        found = len(kernel.targets())
    except (Error, OSError) as error:
        todo = "needs a kernel built with CONFIG_DEBUG_INFO_BTF=y, and /sys mounted"
        return Check("BTF", BAD, str(error), todo)
    return Check("BTF", OK, f"{kernel.BTF_PATH}: {found} iterator targets")


def _capabilities() -> Check:
    if _libbpf.in_user_namespace():
        # Capabilities don't count here, missing or not.
        why = _libbpf.token_obstacle()
        todo = "from outside, mount a bpffs here that delegates; needs Linux 6.9 and libbpf 1.4"
        return Check("BPF token", BAD, why, todo) if why else Check("BPF token", OK, "programs can be loaded")
    missing = kernel.missing_capabilities()
    if not missing:
        return Check("capabilities", OK, "programs can be loaded")
    todo = "run it as root, or give it these (systemd: AmbientCapabilities=); to read a pin needs none"
    return Check("capabilities", BAD, f"{' and '.join(missing)} missing", todo)


def _bpffs() -> Check:
    mount = kernel.mount_of("bpf")
    if mount is None:
        return Check(
            "bpffs", OPTIONAL, "none is mounted: nothing can be pinned", "mount -t bpf bpf /sys/fs/bpf"
        )
    return Check("bpffs", OK, mount)


def _pyarrow() -> Check:
    from importlib.metadata import version
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        return Check(
            "pyarrow", OPTIONAL, "not installed: only --format arrow needs it", "pip install pyarrow"
        )
    return Check("pyarrow", OK, version("pyarrow"))


def _checks() -> list[Check]:
    from importlib.metadata import version  # slow to import, and every command imports this module

    python = ".".join(map(str, sys.version_info[:3]))
    return [
        Check("libbpf_iter", OK, f"{version('libbpf_iter')}, Python {python}"),
        Check("libbpf", OK, _libbpf.version()),
        Check("kernel", OK, f"Linux {kernel.release()}"),
        _btf(),
        _capabilities(),
        _bpffs(),
        _pyarrow(),
    ]


def _target(name: str, offered: dict[str, int]) -> tuple[str, str, str, str]:
    """A target, whether each engine works here, and why not; both are tried."""
    if name not in offered:
        return name, OPTIONAL, OPTIONAL, "this kernel has no such iterator"
    given = {}
    if name == "bpf_map_elem":
        given["map"] = _libbpf.create_array("doctor", 8)
    elif "map" in inspect.signature(CLASSES[name]).parameters:
        return name, OPTIONAL, OPTIONAL, "not tried: it needs a map with sockets"
    states, reasons = [], []
    for engine in ("seq", "snapshot"):
        try:
            make(name, engine=engine, **given).close()
            states.append(OK)
        except Error as error:
            states.append(BAD)
            reasons.append(f"{engine}: {error}")
    for map_ in given.values():
        map_.close()
    return name, states[0], states[1], "; ".join(reasons)


def _show(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    table = Tabular(head, rows, [False] * len(head))
    for row in [head, *rows] if any(head) else rows:
        line = Text()
        for cell in table.cells(row):
            style = "bold" if row is head else _STYLES.get(cell.strip(), "")
            line.append(cell, style).append("  ")
        line.rstrip()
        console.print(line, soft_wrap=True)


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check what works here, and say what to do about the rest. Exit code 1 if anything is wrong."""
    checks = _checks()
    _show(("", "", ""), [(c.what, c.state, c.said) for c in checks])
    for check in checks:
        if check.todo:
            click.echo(f"{check.what}: {check.todo}")
    bad = any(check.state == BAD for check in checks)
    if not bad:
        offered = kernel.targets()
        click.echo()
        rows = [_target(name, offered) for name in packaged_targets()]
        _show(("target", "seq", "snapshot", ""), list(rows))
        for name in filter(offered.__contains__, packaged_targets()):
            for field in here(whole_schema(name)).fields:
                if field.unavailable:
                    click.echo(f"{name}: {field.name} is None: {field.unavailable}")
        others = [name for name in every_target() if name not in CLASSES]
        if others:
            click.echo(f"without a program of the package, by --columns: {', '.join(others)}")
        bad = any(BAD in row for row in rows)
    ctx.exit(1 if bad else 0)
