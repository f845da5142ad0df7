"""DAS on a space: which sets are drawn, and what is decided."""

import random

import pytest

from search.algorithm_spec import DasSetting, DasSpec
from search.das import Das
from search.spec import SpecError
from tests.search.landscape import made_up_space

SPACE = made_up_space(blocks=12, granularity="layer")
BUDGET = round(0.75 * SPACE.macs(SPACE.full))
PREFERENCES = [0.3, -0.2, 0.0, 0.9, -0.7, 0.1, 0.2, 0.4, 0.8, -0.1, -0.3, 0.5]


def published(skipped: int = 4, **settings: int) -> DasSpec:
    return DasSpec(setting=DasSetting.PUBLISHED, skipped=skipped, **settings)


def test_published_sets_have_one_size_whatever_they_cost() -> None:
    das, rng = Das(SPACE, published(), None), random.Random(0)
    sets = das.candidates(PREFERENCES, rng)
    assert len(set(sets)) == 3
    assert {len(each) for each in sets} == {4}
    assert das.genome(das.draw(PREFERENCES, rng)).count(0) == 4


def test_corrected_sets_end_with_the_budget() -> None:
    das, rng = Das(SPACE, DasSpec(), BUDGET), random.Random(0)
    for skipped in das.candidates(PREFERENCES, rng):
        assert SPACE.feasible(das.genome(skipped), BUDGET)
        assert not any(SPACE.feasible(das.genome(skipped - {layer}), BUDGET) for layer in skipped)


def test_the_published_decision_is_the_top() -> None:
    assert Das(SPACE, published(), None).decide(PREFERENCES) == (1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0)


def test_the_corrected_decision_is_the_top_within_the_budget() -> None:
    decided = Das(SPACE, DasSpec(), BUDGET).decide(PREFERENCES)
    assert decided == (1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0)  # 3, 8, 11, 7 is the order; three of twelve are too few
    assert SPACE.feasible(decided, BUDGET)
    assert not SPACE.feasible((*decided[:11], 1), BUDGET)


def test_updates_come_after_the_warm_steps() -> None:
    das = Das(SPACE, DasSpec(steps=60, warm_steps=20, update_every=15), BUDGET)
    assert [step for step in range(1, 61) if das.updates_at(step)] == [35, 50]


@pytest.mark.parametrize(("skipped", "sets"), [(13, 0), (12, 1), (11, 12)])
def test_too_few_sets_are_refused(skipped: int, sets: int) -> None:
    with pytest.raises(
        SpecError, match=f"skipped is {skipped} and the space has 12 layers: that gives {sets} skip sets"
    ):
        Das(SPACE, published(skipped, candidate_sets=13), None).check()
    Das(SPACE, published(11, candidate_sets=12), None).check()
