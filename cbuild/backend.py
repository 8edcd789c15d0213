"""The build backend that pyproject.toml names: setuptools', with this package importable.

setuptools does the work; pyproject.toml hooks ``cbuild.commands`` into it. What is here makes a
missing compiler one sentence at the end of pip's output rather than a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

from .tools import BuildError

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    with _plain_errors():
        return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    with _plain_errors():
        return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except BuildError as error:
        sys.exit(f"libbpf_iter can't be built: {error}")
