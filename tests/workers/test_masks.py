"""What shared weights are trained under: feasible, different, and every module that a candidate can need."""

import random

import pytest

from models.registry import BackboneEntry
from search.build import build_space, macs_budget
from tests.workers.specs import SMALL, small_spec
from workers.masks import FULL_EVERY, Masks, choices

WIDE = {"modules": ["bottleneck:4", "lora:2", "none"], "dropped": "bottleneck:2", "patch_ratios": [1.0, 0.5]}


def test_masks_are_feasible_and_the_full_one_comes_now_and_then(tiny: BackboneEntry) -> None:
    spec = small_spec(budget={"macs_ratio": 0.6})
    space = build_space(spec, tiny)
    masks, budget = Masks(spec, space), macs_budget(spec, space)
    assert budget is not None
    full = space.decode(space.full)
    drawn = [masks.at(step) for step in range(1, 65)]
    assert [step for step, each in enumerate(drawn, 1) if each == full] == list(range(FULL_EVERY, 65, FULL_EVERY))
    within = {space.decode(genome) for genome in space.within(budget)}
    assert {each for each in drawn if each != full} <= within
    assert len(set(drawn)) > 8
    again = Masks(spec, space)
    assert [again.at(step) for step in range(1, 65)] == drawn
    other = Masks(small_spec(budget={"macs_ratio": 0.6}, seed=1), space)
    assert [other.at(step) for step in range(1, 65)] != drawn


def test_without_a_budget_any_mask_is_drawn(tiny: BackboneEntry) -> None:
    spec = small_spec(budget={"macs_ratio": None})
    space = build_space(spec, tiny)
    masks = Masks(spec, space)
    assert len({masks.at(step).kept for step in range(1, 65)}) >= 5


@pytest.mark.parametrize("space", [SMALL["space"], WIDE, {**WIDE, "granularity": "layer", "dropped": "identity"}])
def test_every_choice_of_every_chromosome_is_there(tiny_meter: BackboneEntry, space: dict[str, object]) -> None:
    made = build_space(small_spec(space=space), tiny_meter)
    known, rng = choices(made), random.Random(0)
    met = [set(place) for place in zip(*(made.decode(made.sample(rng)).choices for _ in range(300)), strict=True)]
    assert met == [set(each) for each in known]
    assert all(len(set(each)) == len(each) for each in known)
