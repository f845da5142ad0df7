"""The problems of the contest: the classical functions, bounded, with the optimum that enumeration finds."""

import random

import numpy as np
import pytest

from benchmarks.quality_suites import GENES, SUITES, leading_ones, nk_landscape, one_max, problem, traps
from benchmarks.table_space import bits, number_of

RNG = np.random.default_rng(0)
ROWS = np.array([[1, 1, 0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 0], [1] * 8])


def test_the_functions_are_the_textbook_ones() -> None:
    assert one_max(ROWS, RNG).tolist() == [7, 3, 8]
    assert leading_ones(ROWS, RNG).tolist() == [2, 0, 8]
    assert traps(ROWS, RNG).tolist() == [0 + 4, 3 + 0, 4 + 4], "all right 4; else 3 minus those right"


def test_a_gene_of_an_nk_landscape_depends_on_a_few_others() -> None:
    rows = bits(8)
    values = nk_landscape(rows, np.random.default_rng(1))
    assert len(np.unique(values)) > 250
    assert 0 < values.min() < values.max() < 1
    alone = values[0b10000000] - values[0]
    assert any(abs(values[0b10000000 | other] - values[other] - alone) > 1e-9 for other in range(128)), "epistasis"


def test_the_optimum_is_that_of_all_feasible_chromosomes() -> None:
    posed = problem("OneMax", 3)
    found = {number_of(genome): posed.space.macs(genome) for genome in posed.space.within(posed.budget)}
    assert set(found) == set(np.flatnonzero(posed.feasible).tolist())
    assert all(posed.macs[number] == macs for number, macs in found.items())
    assert posed.optimum == max(posed.values[number] for number in found)


@pytest.mark.parametrize("name", SUITES)
def test_values_go_from_0_to_1_and_the_bound_leaves_some_out(name: str) -> None:
    posed = problem(name, 3)
    assert (posed.values.min(), posed.values.max()) == (0, 1)
    assert 0.3 < posed.feasible.mean() < 0.9


@pytest.mark.parametrize("name", SUITES)
def test_an_instance_is_its_seed_and_no_start_gives_the_optimum_away(name: str) -> None:
    assert problem(name, 1).values.tolist() == problem(name, 1).values.tolist()
    instances = [problem(name, seed) for seed in range(8)]
    assert len({int(each.values.argmax()) for each in instances}) > 4
    assert any(each.values[-1] < each.optimum for each in instances), "the full chromosome is not the answer"


def test_a_threshold_is_passed_by_its_share_of_the_feasible() -> None:
    posed = problem("NK landscape", 0)
    at_least = (posed.values[posed.feasible] >= posed.threshold(0.99)).mean()
    assert at_least == pytest.approx(0.01, abs=0.001)
    assert posed.threshold(0.999) > posed.threshold(0.99)


def test_what_is_seen_of_a_chromosome() -> None:
    posed = problem("block knapsack", 0)
    assert posed.budget is not None
    full = posed.seen((1,) * GENES)
    assert full.excess == pytest.approx(full.macs / posed.budget - 1)
    rng = random.Random(0)
    cheap = posed.seen(posed.space.repair((1,) * GENES, posed.budget, rng))
    assert cheap.excess == 0


def test_an_unknown_problem_is_named() -> None:
    with pytest.raises(ValueError, match="no problem 'sphere'; there are"):
        problem("sphere", 0)
