"""What counts as an evaluation, and how our own searches and DAS's bandit fare in the loop."""

import itertools

import numpy as np
import pytest

from benchmarks.quality_das import Bandit
from benchmarks.quality_loop import ASKS, Trace, best_so_far, penalised, race
from benchmarks.quality_ours import OBJECTIVES, ours
from benchmarks.quality_problem import Problem, Seen
from benchmarks.quality_suites import problem
from benchmarks.table_space import number_of
from search.contracts import Genome
from tests.search.algorithms import EXAMPLES

POSED = problem("block knapsack", 0)
CHEAP, OTHER, FULL = (0,) * 16, (1, *(0,) * 15), (1,) * 16


class Script:
    """Asks what it is given, and remembers what it is told."""

    def __init__(self, genomes: list[Genome], *, uses_infeasible: bool = False, forever: bool = False) -> None:
        self.uses_infeasible = uses_infeasible
        self._genomes = itertools.cycle(genomes) if forever else iter(genomes)
        self.told: list[Seen] = []

    def ask(self) -> Genome | None:
        return next(self._genomes, None)

    def tell(self, genome: Genome, seen: Seen) -> None:
        self.told.append(seen)


def test_repeats_and_what_is_too_dear_are_free() -> None:
    script = Script([CHEAP, FULL, CHEAP, OTHER])
    trace = race(POSED, script, 10)
    assert trace.evaluated == [number_of(CHEAP), number_of(OTHER)]
    assert (trace.asks, len(script.told)) == (4, 4)
    assert [each.excess > 0 for each in script.told] == [False, True, False, False]


def test_who_learns_from_what_is_too_dear_pays_for_it() -> None:
    trace = race(POSED, Script([FULL, CHEAP], uses_infeasible=True), 10)
    assert trace.evaluated == [number_of(FULL), number_of(CHEAP)]
    assert best_so_far(POSED, trace, 3).tolist() == [-np.inf, POSED.values[0], POSED.values[0]], "too dear: not best"


def test_evaluations_and_asks_are_bounded() -> None:
    assert len(race(POSED, Script([CHEAP, OTHER]), 1).evaluated) == 1
    assert race(POSED, Script([CHEAP], forever=True), 5).asks == 5 * ASKS


def test_a_penalised_fitness_is_below_every_feasible_one_and_falls_with_the_excess() -> None:
    feasible, dear, dearer = (penalised(Seen(0.0, 10, excess)) for excess in (0.0, 0.1, 0.2))
    assert feasible > dear > dearer


def test_the_best_so_far_never_falls() -> None:
    best = best_so_far(POSED, Trace([0, 5, 9, 3], 4, 0.0), 6)
    assert best.shape == (6,)
    assert (np.diff(best) >= 0).all()
    assert best[-1] == max(POSED.values[number] for number in (0, 5, 9, 3) if POSED.feasible[number])


def test_every_algorithm_that_measures_is_in_the_contest() -> None:
    able = {name: each.objectives for name, each in EXAMPLES.items() if each.proxies and not each.probes}
    expected = {name for name, objectives in able.items() if objectives in (OBJECTIVES[:1], OBJECTIVES)}
    assert {name.removeprefix("ours: ") for goals in (1, 2) for name in ours(goals)} == expected


@pytest.mark.parametrize("name", ours(1))
def test_ours_use_their_evaluations(name: str) -> None:
    traces = [race(POSED, ours(1)[name](POSED, 24, seed), 24) for seed in (5, 5)]
    assert traces[0].evaluated == traces[1].evaluated
    assert 0 < len(traces[0].evaluated) <= 24
    if EXAMPLES[name.removeprefix("ours: ")].samples:
        assert len(traces[0].evaluated) == 24
        assert POSED.feasible[traces[0].evaluated].all()


def test_the_bandit_draws_until_the_bound_holds_and_learns() -> None:
    traces = [race(POSED, Bandit(POSED, 60, seed), 60) for seed in (1, 1, 2)]
    assert traces[0].evaluated == traces[1].evaluated != traces[2].evaluated
    assert POSED.feasible[traces[0].evaluated].all()
    by_seed = [_first_and_last(seed) for seed in range(12)]
    assert np.mean([last - first for first, last in by_seed]) > 0, "later draws are better on average"


def _first_and_last(seed: int) -> tuple[float, float]:
    posed: Problem = problem("OneMax", seed)
    values = posed.values[race(posed, Bandit(posed, 200, seed), 200).evaluated]
    return float(values[:50].mean()), float(values[-50:].mean())
