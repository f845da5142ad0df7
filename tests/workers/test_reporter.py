"""Every row is reported, in order, without the worker waiting for it; where they come fast, several at once."""

import threading
from collections.abc import Sequence

import pytest

from workers.reporter import Reporter, Row


def rows(*numbers: int) -> list[Row]:
    return [{"candidate": number} for number in numbers]


def test_rows_that_come_while_a_report_is_on_its_way_share_the_next_one() -> None:
    reports: list[list[Row]] = []
    first, go_on = threading.Event(), threading.Event()

    def report(some: Sequence[Row]) -> None:
        reports.append(list(some))
        first.set()
        assert go_on.wait(10)

    with Reporter(report, seconds=0.0) as reporter:
        reporter.put(rows(0))
        assert first.wait(10)
        reporter.put(rows(1, 2))
        reporter.put(rows(3))
        go_on.set()
    assert reports == [rows(0), rows(1, 2, 3)]


def test_leaving_waits_for_nothing_but_the_reports() -> None:
    reports: list[list[Row]] = []
    with Reporter(lambda some: reports.append(list(some)), seconds=3600.0) as reporter:
        for number in range(5):
            reporter.put(rows(number))
    assert [row for some in reports for row in some] == rows(0, 1, 2, 3, 4)


def test_no_row_no_report() -> None:
    reports: list[Sequence[Row]] = []
    with Reporter(reports.append):
        pass
    assert reports == []


def test_a_report_that_fails_is_logged_once_and_the_last(caplog: pytest.LogCaptureFixture) -> None:
    tried: list[Sequence[Row]] = []
    failed = threading.Event()

    def report(some: Sequence[Row]) -> None:
        tried.append(some)
        failed.set()
        raise OSError("the disk is full")

    with Reporter(report, seconds=0.0) as reporter:
        reporter.put(rows(0))
        assert failed.wait(10)
        reporter.put(rows(1, 2))
    assert tried == [rows(0)]
    (record,) = caplog.records
    assert "cannot be reported" in record.message
