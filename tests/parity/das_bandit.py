"""One recorded run of DAS's bandit: every update of it made again from what was recorded before it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from search.bandit import probabilities, reward, top, updated
from tests.parity.compare import Comparison

TOLERANCE = 1e-6


def compare_run(name: str, run: Mapping[str, Any]) -> Iterator[Comparison]:
    """The largest difference of each quantity over all updates, and the layers that the run ends with.

    Raises:
        ValueError: the run has no updates.
    """
    updates: Sequence[Mapping[str, Any]] = run["updates"]
    if not updates:
        raise ValueError(f"{name}: run {run['tag']} has no updates")
    found = [_update(update, step_size=run.get("eta", 1.0)) for update in updates]
    for key in found[0]:
        ours = [value for each in found for value in each[key]]
        theirs = [value for update in updates for value in _listed(update[key])]
        yield _worst(f"{name}.{run['tag']}.{key}", ours, theirs)
    preferences = updates[-1]["preferences_after"]
    ours, theirs = (
        sorted(preferences[layer] for layer in layers) for layers in (top(preferences, run["k"]), run["top_k_after"])
    )
    yield _worst(f"{name}.{run['tag']}.top_k_after", ours, theirs)  # of equal preferences any may be chosen


def _update(update: Mapping[str, Any], *, step_size: float) -> Mapping[str, Sequence[float]]:
    before, rewards = update["preferences_before"], [reward(losses) for losses in update["losses"]]
    return {
        "p": probabilities(before),
        "rewards": rewards,
        "reward_mean": [sum(rewards) / len(rewards)],
        "preferences_after": updated(before, update["subsets"], rewards, step_size=step_size),
    }


def _listed(value: float | Sequence[float]) -> Sequence[float]:
    return value if isinstance(value, Sequence) else [value]


def _worst(name: str, ours: Sequence[float], theirs: Sequence[float]) -> Comparison:
    if len(ours) != len(theirs):
        raise ValueError(f"{name}: {len(ours)} values here, {len(theirs)} in the reference")
    return Comparison(name, max(abs(one - other) for one, other in zip(ours, theirs, strict=True)), TOLERANCE)
