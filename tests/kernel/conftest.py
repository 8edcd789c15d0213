"""Every test here loads programs."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _bpf(needs_bpf: None) -> None:
    """Skips, or fails where that was promised not to happen."""
