"""What a surrogate predicts, and that it is always the same."""

import random
from itertools import pairwise
from typing import Self

import numpy as np
import pytest

from search.algorithm_spec import SurrogateName
from search.constraints import Bounds
from search.contracts import Candidate
from search.ledger import Measured
from search.regression import REGRESSIONS, Floats
from search.spec import Objective
from search.surrogate import Surrogate
from tests.search.landscape import Landscape, made_up_space

SPACE = made_up_space(blocks=12, patch_ratios=[1.0, 0.75, 0.5])
LANDSCAPE = Landscape(SPACE, seed=6, noise=0.0)
BOTH = (Objective.ACCURACY, Objective.MACS)


def rows(count: int, seed: int = 0) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], list[float]]:
    """One-hot genes (count, 48), and something that adds up but for one pair that acts together."""
    bits = np.random.default_rng(seed).integers(0, 2, (count, 24))
    weights = np.linspace(0.5, 2.0, 24)
    values = bits @ weights + 4.0 * bits[:, 0] * bits[:, 1]
    return np.concatenate([bits, 1 - bits], axis=1).astype(np.float64), list(values)


@pytest.mark.parametrize("name", SurrogateName)
def test_it_ranks_what_it_has_not_seen(name: SurrogateName) -> None:
    known, values = rows(60)
    unknown, truth = rows(200, seed=1)
    mean, deviation = REGRESSIONS[name]().fit(known, np.array(values)).predict(unknown)
    assert np.corrcoef(mean, truth)[0, 1] > 0.8
    assert (deviation >= 0).all()


@pytest.mark.parametrize("name", SurrogateName)
def test_equal_measurements_are_survived(name: SurrogateName) -> None:
    known, _ = rows(5)
    for count in (1, 2, 5):
        mean, deviation = REGRESSIONS[name]().fit(known[:count], np.full(count, 0.25)).predict(known)
        assert mean == pytest.approx(np.full(5, 0.25))
        assert np.isfinite(deviation).all()


def test_a_gaussian_process_knows_how_sure_it_is() -> None:
    known, values = rows(40)
    model = REGRESSIONS[SurrogateName.GAUSSIAN_PROCESS]().fit(known, np.array(values))
    assert model.predict(known)[1].mean() < 0.6 * model.predict(rows(40, seed=1)[0])[1].mean()


def surrogate(
    *, limits: dict[str, float] | None = None, objectives: tuple[Objective, ...] = BOTH[:1], seed: int = 0
) -> Surrogate:
    made = REGRESSIONS[SurrogateName.GAUSSIAN_PROCESS]
    learnt = Surrogate(SPACE, made, objectives=objectives, bounds=Bounds(limits or {}), rng=random.Random(seed))
    luck = random.Random(1)
    genomes = [SPACE.sample(luck) for _ in range(60)]
    learnt.learn([Measured(each, LANDSCAPE.measure(each)) for each in map(Candidate, range(60), genomes)])
    return learnt


def sampled(count: int = 100) -> list[tuple[int, ...]]:
    luck = random.Random(2)
    return [SPACE.sample(luck) for _ in range(count)]


def test_it_chooses_well_and_always_the_same() -> None:
    genomes = sampled()
    chosen = surrogate().best(genomes)
    assert chosen == surrogate(seed=5).best(genomes), "one objective needs no luck"
    assert sum(LANDSCAPE.accuracy(each) > LANDSCAPE.accuracy(chosen) for each in genomes) < 20


def test_its_parents_are_the_best_by_prediction() -> None:
    parents = surrogate().parents()
    assert len(parents) == 5
    luck = random.Random(1)
    known = sorted((LANDSCAPE.accuracy(SPACE.sample(luck)) for _ in range(60)), reverse=True)
    assert min(map(LANDSCAPE.accuracy, parents)) > known[20]


def test_what_is_predicted_beyond_a_bound_comes_last() -> None:
    limits = {"latency_ms": 12.0}
    genomes = sampled()
    chosen = surrogate(limits=limits).best(genomes)
    assert LANDSCAPE.costs(chosen)["latency_ms"] <= 13.0
    assert surrogate().best(genomes) != chosen


def test_several_objectives_are_weighed_anew_each_time() -> None:
    genomes = sampled(300)
    learnt = surrogate(objectives=BOTH)
    chosen = [learnt.best(genomes) for _ in range(30)]
    again = surrogate(objectives=BOTH)
    assert chosen == [again.best(genomes) for _ in range(30)]
    assert len(set(chosen)) > 4
    costs = [SPACE.macs(each) for each in chosen]
    assert max(costs) > 1.3 * min(costs)


def test_of_many_measurements_a_few_new_ones_change_nothing() -> None:
    fitted: list[int] = []

    class Counting:
        def fit(self, rows: Floats, values: Floats) -> Self:
            fitted.append(len(values))
            return self

        def predict(self, rows: Floats) -> tuple[Floats, Floats]:
            return rows.sum(axis=1), np.zeros(len(rows))

    learnt = Surrogate(SPACE, Counting, objectives=BOTH[:1], bounds=Bounds({}), rng=random.Random(0))
    luck = random.Random(1)
    genomes = [SPACE.sample(luck) for _ in range(110)]
    measured = [Measured(each, LANDSCAPE.measure(each)) for each in map(Candidate, range(110), genomes)]
    for count in range(1, 111):
        learnt.learn(measured[:count])
    assert fitted[:39] == [*range(1, 40)]
    assert all(later - earlier == max(1, later // 20) for earlier, later in pairwise(fitted))
    assert len(fitted) < 70
