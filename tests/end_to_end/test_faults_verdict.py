"""The verdict on a storm sees what it is there to see: a candidate lost, forgotten, doubled or miscounted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.faults_verdict import Result, Verdict, lost, twice
from search.contracts import Candidate, Failure, Fidelity
from service.domain.records import FidelityProgress, Progress, Status, StoredCandidate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COUNTS: Progress = {Fidelity.PROXY: FidelityProgress(asked=3, told=3)}


def candidate(index: int, *, place: int | None) -> StoredCandidate:
    return StoredCandidate(
        candidate=Candidate(index, (index, 1), Fidelity.PROXY),
        asked_after=0,
        asked_at=NOW,
        told_order=place,
        told_at=NOW,
        outcome={"accuracy": index / 10, "seconds": 1.0},
        seconds=1.0,
    )


HISTORY = [candidate(0, place=1), candidate(1, place=0), candidate(2, place=2)]


def result(history: Sequence[StoredCandidate]) -> Result:
    return Result(Status.SUCCEEDED, history, [((0, 1), 0.0)], 0, fetched=True)


def shown(stored: StoredCandidate) -> dict[str, Any]:
    """As a client sees a candidate."""
    return {
        "genome": list(stored.candidate.genome),
        "fidelity": str(stored.candidate.fidelity),
        "told_order": stored.told_order,
        "failure": None,
        "measurement": stored.outcome,
    }


def test_the_same_again_is_clean_whatever_the_clock_said() -> None:
    slower = [replace(each, outcome={"accuracy": each.candidate.index / 10, "seconds": 9.0}) for each in HISTORY]
    assert lost(result(slower), result(HISTORY), {0: shown(slower[0])}) == 0
    assert twice(slower, COUNTS) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda each: replace(each, outcome=None, told_order=None),
        lambda each: replace(each, outcome=Failure("its worker died 3 times")),
        lambda each: replace(each, outcome={"accuracy": 0.9, "seconds": 1.0}),
        lambda each: replace(each, candidate=Candidate(2, (7, 7), Fidelity.PROXY)),
    ],
)
def test_a_candidate_measured_otherwise_is_lost(change: Callable[[StoredCandidate], StoredCandidate]) -> None:
    assert lost(result([*HISTORY[:2], change(HISTORY[2])]), result(HISTORY), {}) == 1


def test_a_candidate_that_a_client_saw_and_is_gone_or_changed_is_lost() -> None:
    assert lost(result(HISTORY[:2]), result(HISTORY[:2]), {2: shown(HISTORY[2])}) == 1
    later = replace(HISTORY[2], told_order=3)
    assert lost(result([*HISTORY[:2], later]), result(HISTORY), {2: shown(HISTORY[2])}) == 1


@pytest.mark.parametrize(
    ("history", "counts", "expected"),
    [
        ([*HISTORY[:2], replace(HISTORY[2], told_order=3)], 3, 1),  # a gap
        ([*HISTORY[:2], replace(HISTORY[2], candidate=replace(HISTORY[1].candidate, index=2))], 3, 1),  # a chromosome
        (HISTORY, 4, 1),  # an outcome that was counted twice
    ],
)
def test_what_is_there_or_counted_too_often_is_seen(
    history: Sequence[StoredCandidate], counts: int, expected: int
) -> None:
    assert twice(history, {Fidelity.PROXY: FidelityProgress(asked=counts, told=counts)}) == expected


def test_one_figure_is_enough_to_be_unclean() -> None:
    figures = ("searches_lost", "searches_twice", "candidates_lost", "counted_twice")
    more = ("fronts_other", "models_missing", "left_behind")
    nothing = dict.fromkeys((*figures, *more), 0)
    assert Verdict(searches=1, candidates=3, **nothing).clean
    assert not any(Verdict(searches=1, candidates=3, **(nothing | {name: 1})).clean for name in nothing)
