"""The fidelity report on data whose answer is known."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from search.audit import Audited
from search.contracts import Candidate, Failure, Fidelity, Outcome
from search.fidelity_report import FidelityReport
from search.spec import SearchSpec, parse_spec
from search.verdict import Verdict
from tests.search.algorithms import build
from tests.search.driving import Told, drive
from tests.search.landscape import Landscape, made_up_space

SCREEN, RUNG_1, PROXY, AUDIT, FINAL = (
    Fidelity.SCREEN,
    Fidelity.RUNG_1,
    Fidelity.PROXY,
    Fidelity.AUDIT,
    Fidelity.FINAL,
)
RISING = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]


def spec(**fidelity: object) -> SearchSpec:
    return parse_spec({"proxy": {"steps": 10}, "final": {"steps": 300}, "fidelity": {"warm_steps": 5} | fidelity})


def told(seconds: float = 2.0, **accuracies: Sequence[float | None]) -> Told:
    """Outcomes by the name of a fidelity: the genome of each is its place; None is a failure."""
    rows: Told = []
    for name, found in accuracies.items():
        for place, accuracy in enumerate(found):
            outcome: Outcome = Failure("lost") if accuracy is None else {"accuracy": accuracy, "seconds": seconds}
            rows.append((Candidate(len(rows), (place,), Fidelity[name]), outcome))
    return rows


def strict(report: FidelityReport) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(report.to_json(), allow_nan=False))
    return loaded


def test_a_proxy_that_ranks_as_longer_training_does_is_trusted() -> None:
    report = FidelityReport.of(spec(), told(PROXY=RISING, AUDIT=[0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9, 0.8]))
    (row,) = report.agreements
    assert row.correlation.value == pytest.approx(1 - 6 * 2 / (8 * 63))
    assert (row.steps, row.against_steps, row.restricted) == (10, 40, False)
    assert row.correlation.verdict is Verdict.TRUSTED
    assert report.summary.startswith(
        "The proxy (10 steps) can be trusted to rank as 40 steps do: rank correlation 0.98,"
    )
    assert report.summary.endswith("8 candidates.")
    assert strict(report)["agreements"][0] | {"low": 0} == {
        "fidelity": "proxy",
        "against": "audit",
        "steps": 10,
        "against_steps": 40,
        "candidates": 8,
        "spearman": pytest.approx(0.976, abs=0.001),
        "low": 0,
        "high": 1.0,
        "verdict": "trusted",
        "restricted": False,
    }


def test_an_anti_correlated_screen_is_not_trusted() -> None:
    rows = told(SCREEN=RISING[::-1], PROXY=[None, None, None, None, *RISING[4:]], AUDIT=RISING)
    screen, proxy = FidelityReport.of(spec(screen=4), rows).agreements
    assert (screen.fidelity, screen.steps) == (SCREEN, 0)
    assert screen.correlation.value == pytest.approx(-1.0)
    assert screen.correlation.verdict is Verdict.NOT_TRUSTED
    assert not screen.restricted
    assert (proxy.correlation.pairs, proxy.correlation.verdict, proxy.restricted) == (4, Verdict.OPEN, True)
    summary = FidelityReport.of(spec(screen=4), rows).summary
    assert summary.startswith("The proxy (10 steps) is not known to rank")
    assert "; the screen (no training) cannot be trusted to rank as 40 steps do: rank correlation -1.00" in summary


def test_a_sample_of_survivors_is_restricted() -> None:
    rows = told(SCREEN=RISING, PROXY=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], AUDIT=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    screen, proxy = FidelityReport.of(spec(screen=2, audit_steps=77), rows).agreements
    assert screen.restricted
    assert proxy.restricted
    assert screen.against_steps == 77
    assert "in a restricted range" in FidelityReport.of(spec(screen=2), rows).summary
    wider = told(SCREEN=RISING, PROXY=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], AUDIT=RISING)
    assert [each.restricted for each in FidelityReport.of(spec(screen=2), wider).agreements] == [False, True]


def test_rungs_and_finals_have_rows_of_their_own() -> None:
    rows = told(RUNG_1=RISING, PROXY=RISING, AUDIT=RISING, FINAL=[0.1, 0.2, 0.4, 0.3])
    report = FidelityReport.of(spec(rungs=[4]), rows)
    assert [(each.fidelity, each.against, each.steps, each.against_steps) for each in report.agreements] == [
        (RUNG_1, AUDIT, 4, 40),
        (PROXY, AUDIT, 10, 40),
        (RUNG_1, FINAL, 4, 300),
        (PROXY, FINAL, 10, 300),
    ]
    assert [each.restricted for each in report.agreements] == [False, False, True, True]
    assert report.agreements[3].correlation.value == pytest.approx(0.8)
    too_few = FidelityReport.of(spec(), told(PROXY=RISING, FINAL=[0.1, 0.2, 0.4]))
    assert too_few.agreements == ()
    assert "no candidate of it was audited" in too_few.summary


def test_scores_that_are_all_alike_say_so() -> None:
    report = FidelityReport.of(spec(), told(PROXY=[0.5] * 6, AUDIT=RISING[:6]))
    row = strict(report)["agreements"][0]
    assert (row["spearman"], row["low"], row["high"], row["verdict"]) == (None, None, None, "open")
    assert "undefined" in report.summary


def test_failures_and_broken_numbers_are_left_out() -> None:
    rows = told(PROXY=[*RISING, float("nan")], AUDIT=[0.1, None, float("inf"), 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    assert strict(FidelityReport.of(spec(), rows))["agreements"][0]["candidates"] == 6


def test_every_fidelity_says_what_it_cost() -> None:
    rows = [*told(1.5, PROXY=[0.1, 0.2, None]), (Candidate(3, (1,), Fidelity.WARM), {"loss": 1.0, "seconds": 9.0})]
    assert strict(FidelityReport.of(spec(), rows))["costs"] == {
        "proxy": {"candidates": 3, "failed": 1, "seconds": 3.0},
        "warm": {"candidates": 1, "failed": 0, "seconds": 9.0},
    }


def test_nothing_told_makes_an_empty_report() -> None:
    assert strict(FidelityReport.of(spec(), [])) == {
        "summary": "Nobody knows whether the proxy can be trusted to rank: no candidate of it was audited.",
        "agreements": [],
        "costs": {},
    }


@pytest.mark.parametrize(("sign", "verdict"), [(1, "trusted"), (-1, "not trusted")])
def test_a_whole_search_judges_its_screen(sign: int, verdict: str) -> None:
    space = made_up_space(blocks=8)
    landscape = Landscape(space, seed=2)
    asked = spec(screen=4, audit=24)
    inner = build("genetic, plain", space, budget=None, candidates=24, fidelity=asked.fidelity)
    algorithm = Audited(inner, asked.fidelity.audit)

    def measure(candidate: Candidate) -> Outcome:
        found = dict(landscape.measure(candidate))
        return found | {"accuracy": sign * found["accuracy"]} if candidate.fidelity is SCREEN else found

    rows = drive(algorithm, measure)
    report = strict(FidelityReport.of(asked, rows))
    assert [(row["fidelity"], row["candidates"], row["restricted"]) for row in report["agreements"]] == [
        ("screen", 24, False),
        ("proxy", 12, True),
    ]
    assert report["agreements"][0]["verdict"] == verdict
    assert FidelityReport.of(asked, reversed(rows)).to_json() == report
