"""Where samples lie, and that none is missed when draws bring nothing new."""

import random
from statistics import mean

import pytest

from search import novelty as module
from search.novelty import Novelty, until_exhausted
from tests.search.landscape import made_up_space

SPACE = made_up_space(blocks=12)
FULL = SPACE.macs(SPACE.full)


def test_what_draws_miss_is_found_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRIES", 0)
    monkeypatch.setattr(module, "FILLED", 1.0)
    space = made_up_space(blocks=3)
    budget = round(0.6 * space.macs(space.full))
    novelty = Novelty(space, budget, random.Random(0))
    assert until_exhausted(novelty.sample, 1000) == list(space.within(budget))
    assert novelty.sample() is None


def test_the_first_generation_holds_what_the_budget_leaves_of_everything() -> None:
    small = made_up_space(blocks=3)
    for_a_front = Novelty(small, None, random.Random(0), spread=True).first(5, lambda genome: genome)
    assert for_a_front[:2] == [small.full, small.cheapest]
    assert len(set(for_a_front)) == 5
    unbounded = Novelty(small, None, random.Random(0)).first(5, lambda genome: genome, seeds=[(0,) * 5 + (1,)] * 2)
    assert unbounded[:2] == [small.full, (0,) * 5 + (1,)]
    just_short = Novelty(small, small.macs(small.full) - 1, random.Random(0)).first(1, lambda genome: genome)
    assert [sum(genome) for genome in just_short] == [5]


def test_seeds_enter_the_first_generation_as_they_are() -> None:
    budget = round(0.6 * FULL)
    seeds = [SPACE.cheapest, SPACE.flipped(SPACE.cheapest, 3), SPACE.cheapest]
    first = Novelty(SPACE, budget, random.Random(0)).first(8, lambda genome: genome, seeds=seeds)
    assert first[1:3] == seeds[:2]
    assert len(set(first)) == 8
    few = Novelty(SPACE, budget, random.Random(0)).first(2, lambda genome: genome, seeds=seeds)
    assert few == first[:2]


@pytest.mark.parametrize("ratio", [0.4, 0.6, 0.75, 0.9])
def test_samples_lie_near_the_budget(ratio: float) -> None:
    novelty = Novelty(SPACE, round(ratio * FULL), random.Random(0))
    samples = [novelty.sample() for _ in range(100)]
    shares = [SPACE.macs(genome) / FULL for genome in samples if genome is not None]
    assert len(shares) == 100
    assert mean(shares) > ratio - 0.07


def test_samples_for_a_front_spread_over_all_costs() -> None:
    novelty = Novelty(SPACE, round(0.8 * FULL), random.Random(0), spread=True)
    shares = [SPACE.macs(genome) / FULL for genome in (novelty.sample() for _ in range(100)) if genome is not None]
    least = SPACE.min_macs() / FULL
    quarter = (0.8 - least) / 4
    for place in range(4):
        assert sum(least + place * quarter <= share <= least + (place + 1) * quarter for share in shares) >= 12
