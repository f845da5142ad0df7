"""What a report says it does not show."""

from dataclasses import replace
from typing import Any

import pytest

from search.contracts import Fidelity
from service.domain.records import Status
from service.report.limits import limits
from service.report.report import Report
from service.report.source import Source
from tests.service.report.made_source import PROXIES, made

ALWAYS = ("one seed (0)", "MACs are multiply-accumulates")


def said(source: Source) -> str:
    return "\n".join(limits(Report.of(source)))


@pytest.mark.parametrize("part", [*ALWAYS, "Proxy scores are of short", "best validation", "The baselines are"])
def test_of_a_whole_search(part: str) -> None:
    assert part in said(made())


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"status": Status.CANCELLED}, "status cancelled"),
        ({"search": {"result": {"stopped_by": "budget.wall_hours"}}}, "budget.wall_hours ended the search"),
        ({"search": {"extends": "01M0000000000000000000PAST"}}, "goes on from search 01M0000000000000000000PAST"),
        ({"known": False}, "is not known here"),
        ({"provenance": {}}, "No exported model is there"),
    ],
)
def test_some_hold_only_where_they_are_true(changes: dict[str, Any], part: str) -> None:
    assert part in said(made(**changes))
    assert part not in said(made())


def test_a_made_world_is_called_one() -> None:
    assert "made by a program" in said(made())
    source = made()
    real = replace(source, search=replace(source.search, spec={**source.search.spec, "data": "vqav2"}))
    assert "made by a program" not in said(real)


def test_failures_are_counted() -> None:
    assert "2 of 20 candidates failed" in said(made())
    whole = [(genome, Fidelity.PROXY, outcome) for genome, outcome in PROXIES[:2]]
    assert "failed and have no score" not in said(made(whole, status=Status.RUNNING))


def test_without_an_audit_trust_is_not_known() -> None:
    assert "trained longer for comparison" not in said(made())
    proxies = [(genome, Fidelity.PROXY, outcome) for genome, outcome in PROXIES]
    assert "trained longer for comparison" in said(made(proxies, status=Status.CANCELLED))


def test_latency_belongs_to_its_machine() -> None:
    assert "as one example on the CPU" in said(made())
    assert "on the worker's device" in said(made(provenance={}))


def test_measurements_taken_over_are_named() -> None:
    source = made()
    taken = replace(source.history[0], reused_from="01M0000000000000000000PAST")
    found = replace(source, history=[taken, *source.history[1:]])
    assert "1 of 20 measurements were taken over" in said(found)
    assert "taken over" not in said(source)
