"""The matrix of kernels: which a package has, and the report of a run that is written here."""

from __future__ import annotations

import pytest

from tests.vm.archive import series_of
from tests.vm.machine import Run
from tests.vm.report import Outcome, exit_code, table

XML = """<testsuites><testsuite>
<testcase classname="tests.kernel.test_every_target" name="test_a_filter[task-seq]"/>
<testcase classname="tests.kernel.test_every_target" name="test_a_filter[task-snapshot]">
<skipped message="it has none (Linux 6.1.0-56)"/></testcase>
<testcase classname="tests.kernel.test_every_target" name="test_some_columns[task-snapshot]"/>
{more}</testsuite></testsuites>"""
FAILURE = """<testcase classname="tests.kernel.test_task" name="test_one">
<failure message="no&#10;more"/></testcase>"""


def outcome(series: str, more: str = "", code: int = 0) -> Outcome:
    return Outcome(series, f"{series}.3", Run(XML.format(more=more), code, 1, 2.0, ""), "")


def test_a_table_has_a_row_for_each_target_and_engine() -> None:
    lines = table([outcome("6.1"), outcome("7.3", FAILURE, 1)]).splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["target", "engine", "6.1", "7.3"],
        ["task", "seq", "passed", "passed"],
        ["task", "snapshot", "passed", "passed"],
    ]
    assert "unsupported on 6.1, 7.3: it has none" in lines
    assert lines[-2:] == ["FAILED on 7.3: no", "    test_task::test_one"]


def test_what_fails_the_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    missing = Outcome("5.15", "", None, "the archive has no kernel of this series")
    stopped = Outcome("7.3", "7.3.4", Run(None, None, 5, 9.0, "the kernel didn't come up"), "")
    assert missing.line == "5.15: not run: the archive has no kernel of this series"
    assert stopped.line.endswith("booted 5 times\nthe kernel didn't come up")
    assert exit_code([outcome("6.1"), missing], least=1) == 0
    assert exit_code([outcome("6.1"), missing], least=2) == 1
    assert exit_code([outcome("6.1"), stopped], least=1) == 1
    assert exit_code([outcome("6.1", FAILURE, 1)], least=1) == 1
    assert "failed on 7.3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("package", "series"),
    [
        ("linux-image-5.10.0-46-cloud-amd64", "5.10"),
        ("linux-image-6.12.118+deb13-rt-amd64", "6.12-rt"),
        ("linux-binary-7.3.4+deb13-amd64", "7.3-generic"),
        ("linux-image-6.1-rt-amd64", None),
        ("linux-image-6.12.118+deb13-rt-amd64-unsigned", None),
    ],
)
def test_a_package_has_a_kernel_by_its_name(package: str, series: str | None) -> None:
    assert series_of(package) == series
