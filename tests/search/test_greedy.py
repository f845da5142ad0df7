"""Backward elimination: its rounds, its end, and what it does when candidates run out."""

import pytest

from search.contracts import Candidate, Failure, Measurement, Outcome
from search.greedy import Greedy
from tests.search.driving import asked_now, drive
from tests.search.landscape import Landscape, made_up_space

SPACE = made_up_space(blocks=3, patch_ratios=[1.0])  # attention costs 300, an FFN 700
FULL = SPACE.macs(SPACE.full)
WEIGHTS = (0.05, 0.03, 0.01, 0.06, 0.02, 0.04)


def measure(candidate: Candidate) -> Measurement:
    return {"accuracy": 1.0 - sum(weight for weight, gene in zip(WEIGHTS, candidate.genome, strict=True) if not gene)}


def dropped(candidate: Candidate) -> tuple[int, ...]:
    return tuple(gene for gene, kept in enumerate(candidate.genome) if not kept)


def test_rounds_remove_what_is_missed_least() -> None:
    algorithm = Greedy(SPACE, budget=FULL - 1200, candidates=100)
    rounds = []
    while batch := asked_now(algorithm):
        rounds.append([dropped(candidate) for candidate in batch])
        for candidate in batch:
            algorithm.tell(candidate.index, measure(candidate))
    assert sorted(rounds[0]) == [(gene,) for gene in range(6)]
    assert rounds[1:] == [[(2, 4), (1, 2), (2, 5), (0, 2), (2, 3)], [(1, 2, 4), (2, 4, 5), (0, 2, 4), (2, 3, 4)]]
    assert [dropped(candidate) for candidate in algorithm.best(9)] == [(1, 2, 4), (2, 4, 5), (2, 3, 4)]
    assert [dropped(candidate) for candidate in algorithm.front()] == [(1, 2, 4)]


def test_a_budget_that_holds_already_asks_nothing_and_names_the_no_skip_model() -> None:
    algorithm = Greedy(SPACE, budget=FULL, candidates=100)
    assert algorithm.finished
    assert algorithm.ask() is None
    assert [each.genome for each in algorithm.best(9)] == [each.genome for each in algorithm.front()] == [SPACE.full]


@pytest.mark.parametrize(
    ("candidates", "asked", "winners"),
    [
        (6, 6, [(1, 2, 4)]),  # 2 is gone; 4, then 1 were next best in the only round
        (8, 8, [(1, 2, 4)]),
        (12, 12, [(1, 2, 4)]),
        (14, 14, [(1, 2, 4), (2, 4, 5)]),
    ],
)
def test_what_is_not_measured_goes_by_the_last_ranking(
    candidates: int, asked: int, winners: list[tuple[int, ...]]
) -> None:
    algorithm = Greedy(SPACE, budget=FULL - 1200, candidates=candidates)
    assert len(drive(algorithm, measure)) == asked
    assert [dropped(candidate) for candidate in algorithm.best(9)] == winners


def test_a_round_that_fails_goes_by_macs() -> None:
    algorithm = Greedy(SPACE, budget=FULL - 600, candidates=7)

    def fail(candidate: Candidate) -> Outcome:
        return Failure("diverged") if len(dropped(candidate)) == 1 else measure(candidate)

    told = drive(algorithm, fail)
    assert [dropped(candidate) for candidate, _ in told][:3] == [(1,), (3,), (5,)]
    assert len(told) == 6
    assert list(algorithm.best(3)) == []


def test_free_genes_are_made_cheaper_too() -> None:
    space = made_up_space(blocks=3, patch_ratios=[1.0, 0.25], modules=["bottleneck:80", "bottleneck:8"])
    landscape = Landscape(space, seed=0)
    budget = space.min_macs()
    told = drive(Greedy(space, budget=budget, candidates=200), landscape.measure)
    last = told[-1][0].genome
    assert space.macs(last) == budget
    assert {candidate.genome[6:] for candidate, _ in told} > {(0, 0), last[6:]}
