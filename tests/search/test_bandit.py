"""DAS's bandit: its update against the original, its draws against their distribution."""

import json
import math
import random
from collections import Counter, defaultdict
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from search import bandit

RECORDS = sorted((Path(__file__).parents[1] / "fixtures" / "das").glob("*_bandit.json"))
RUNS = [run for record in RECORDS for run in json.loads(record.read_text(encoding="utf-8"))["runs"]]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["tag"])
def test_a_run_in_a_row_is_that_of_the_original(run: dict[str, Any]) -> None:
    preferences = [0.0] * run["n_candidates"]
    for update in run["updates"]:
        assert bandit.probabilities(preferences) == pytest.approx(update["p"], rel=0, abs=1e-6)
        rewards = [bandit.reward(losses) for losses in update["losses"]]
        assert rewards == pytest.approx(update["rewards"], rel=0, abs=1e-6)
        preferences = bandit.updated(preferences, update["subsets"], rewards, step_size=run["eta"])
        assert preferences == pytest.approx(update["preferences_after"], rel=0, abs=1e-6)
    assert bandit.top(preferences, run["k"]) == set(run["top_k_after"])


def test_only_losses_count_for_the_reward() -> None:
    assert bandit.reward({"vqa_loss": 0.5, "itm_loss_2": 0.25, "accuracy": 3.0}) == pytest.approx(math.exp(-0.75))


def test_a_better_set_becomes_likelier_and_the_others_layers_stay() -> None:
    after = bandit.updated([0.0, 0.0, 0.0], [{0}, {1}], [0.9, 0.1], step_size=2.0)
    assert after == pytest.approx([0.2, -0.2, 0.0])


@pytest.mark.parametrize(("sets", "rewards"), [([], []), ([{0}], [0.1, 0.2])])
def test_every_set_needs_its_reward(sets: list[set[int]], rewards: list[float]) -> None:
    with pytest.raises(ValueError, match="skip sets come with"):
        bandit.updated([0.0], sets, rewards)


def test_draws_follow_the_weights_without_replacement() -> None:
    preferences, rng = [2.0, 0.0, -2.0, 1.0], random.Random(0)
    drawn = Counter(bandit.draw(preferences, 2, rng) for _ in range(20_000))
    weights = bandit.probabilities(preferences)
    total = sum(weights)
    exact: defaultdict[frozenset[int], float] = defaultdict(float)
    for one, two in permutations(range(4), 2):
        exact[frozenset({one, two})] += weights[one] / total * weights[two] / (total - weights[one])
    assert set(drawn) == set(exact)
    for skip_set, probability in exact.items():
        assert drawn[skip_set] / 20_000 == pytest.approx(probability, abs=0.015)


def test_more_layers_than_there_are_cannot_be_skipped() -> None:
    with pytest.raises(ValueError, match="5 layers are to be skipped; there are 4"):
        bandit.draw([0.0] * 4, 5, random.Random(0))


def test_a_draw_ends_when_it_is_enough_or_when_all_are_skipped() -> None:
    rng = random.Random(0)
    assert len(bandit.draw_until([0.0] * 6, lambda skipped: len(skipped) >= 4, rng)) == 4
    assert bandit.draw_until([0.0] * 6, lambda _: False, rng) == frozenset(range(6))
    assert bandit.draw_until([0.0] * 6, lambda _: True, rng) == frozenset()


def test_sets_are_distinct_and_no_more_than_there_are() -> None:
    rng = random.Random(0)
    found = bandit.distinct_sets(lambda: bandit.draw([0.0] * 4, 2, rng), 5)
    assert len(set(found)) == 5
    assert sorted(map(min, bandit.distinct_sets(lambda: bandit.draw([0.0] * 3, 1, rng), 9))) == [0, 1, 2]


def test_the_most_preferred_are_the_top() -> None:
    assert bandit.top([0.1, 0.5, 0.5, -1.0], 2) == {1, 2}
    assert bandit.ranked([0.1, 0.5, 0.5, -1.0]) == [1, 2, 0, 3]
