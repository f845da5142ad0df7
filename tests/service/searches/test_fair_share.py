"""Who gets the next slot: in proportion of weights, however few slots there are, and nobody waits for ever."""

import itertools
import random
from collections import Counter

import pytest

from service.searches.fair_share import CREDIT, FairShare, Line, next_tag


class World:
    """Slots, owners with endless queues, and searches that end one after the other."""

    def __init__(self, weights: dict[str, float], *, seed: int = 0) -> None:
        self.weights = weights
        self.running = list[str]()
        self.last = dict[str, float]()
        self.present = 0.0
        self.numbers = itertools.count()
        self.generator = random.Random(seed)

    def start(self, *waiting: str) -> str:
        """The next start, of one of those who wait."""
        lines = [self._line(owner, waits=owner in waiting) for owner in self.weights]
        chosen = FairShare.of(each for each in lines if each.length or each.running).next()
        assert chosen is not None
        self.present = self.last[chosen.owner] = chosen.tag
        self.running.append(chosen.owner)
        return chosen.owner

    def end_one(self) -> None:
        self.running.pop(self.generator.randrange(len(self.running)))

    def _line(self, owner: str, *, waits: bool) -> Line:
        weight, last = self.weights[owner], self.last.get(owner)
        return Line(
            owner=owner,
            weight=weight,
            running=self.running.count(owner),
            tag=next_tag(present=self.present, last=last, weight=weight),
            length=1000 if waits else 0,
            first=f"{next(self.numbers):06}",
        )


@pytest.mark.parametrize("slots", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("weights", [{"a": 1.0, "b": 3.0}, {"a": 0.1, "b": 0.3}, {"a": 2.0, "b": 1.0, "c": 1.0}])
def test_starts_are_in_the_proportion_of_weights(slots: int, weights: dict[str, float]) -> None:
    world, starts = World(weights), Counter[str]()
    for _ in range(4000):
        if len(world.running) == slots:
            world.end_one()
        starts[world.start(*weights)] += 1
    for owner, weight in weights.items():
        assert starts[owner] / 4000 == pytest.approx(weight / sum(weights.values()), abs=0.02)


def test_slots_are_in_the_proportion_of_weights_whoever_runs_longer() -> None:
    """Of four slots, one and three: an owner whose searches never end does not get those of the others."""
    world = World({"short": 1.0, "long": 3.0})
    for _ in range(4):
        world.start("short", "long")
    assert sorted(world.running) == ["long", "long", "long", "short"]
    for _ in range(100):
        world.running.remove("short")
        assert world.start("short", "long") == "short"


def test_who_was_away_catches_up_a_little() -> None:
    world = World({"here": 1.0, "away": 1.0})
    world.start("here", "away")
    for _ in range(100):
        world.end_one()
        world.start("here")
    turns = Counter[str]()
    for _ in range(100):
        world.end_one()
        turns[world.start("here", "away")] += 1
    assert turns["away"] - turns["here"] <= CREDIT + 2


def test_idle_slots_go_to_whoever_wants_them() -> None:
    world = World({"modest": 5.0, "eager": 1.0})
    assert [world.start("eager") for _ in range(4)] == ["eager"] * 4
    assert world.start("modest", "eager") == "modest"


def test_nobody_waits() -> None:
    assert FairShare.of([]).next() is None


def test_the_place_in_the_queue_is_the_order_of_starts() -> None:
    """With one slot the forecast of every search is what comes, among owners of several weights."""
    queues = {"a": 5, "b": 9, "c": 2}
    weights = {"a": 1.0, "b": 3.0, "c": 0.5}
    heads = {"a": "3", "b": "1", "c": "2"}

    def line(owner: str, tag: float, length: int) -> Line:
        return Line(owner=owner, weight=weights[owner], running=0, tag=tag, length=length, first=heads[owner])

    forecast = FairShare.of(line(owner, 0.0, queues[owner]) for owner in queues)
    expected = {(owner, place): forecast.ahead(owner, place) for owner in queues for place in range(queues[owner])}
    tags, left, found = dict.fromkeys(queues, 0.0), dict(queues), dict[tuple[str, int], int]()
    for position in range(sum(queues.values())):
        chosen = FairShare.of(line(owner, tags[owner], left[owner]) for owner in queues).next()
        assert chosen is not None
        owner = chosen.owner
        found[owner, queues[owner] - left[owner]] = position
        left[owner] -= 1
        tags[owner] += 1 / weights[owner]
    assert expected == found
