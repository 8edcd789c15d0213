"""The checked-in stub is what the programs' BTF says."""

from __future__ import annotations

import pytest


def test_the_stub_is_up_to_date() -> None:
    pytest.importorskip("libbpf_iter._extension", reason="the extension isn't built")
    from cbuild.stubs import STUB, stub

    assert STUB.read_text() == stub(), "run make stubs"
