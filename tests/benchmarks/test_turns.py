"""Ways take turns, and ratios are those within a turn."""

import pytest

from benchmarks.spread import Spread, paired
from benchmarks.turns import in_turns


def test_every_other_turn_goes_the_other_way_round() -> None:
    seen: list[tuple[str, int]] = []

    def measure(way: str, turn: int) -> int:
        seen.append((way, turn))
        return len(seen)

    turns = in_turns(["a", "b"], 2, measure, title="")
    assert seen == [("a", 0), ("b", 0), ("b", 1), ("a", 1)]
    assert turns.found == {"a": [1, 4], "b": [2, 3]}
    assert turns.whole


def test_an_interrupt_keeps_the_complete_turns() -> None:
    def measure(way: str, turn: int) -> int:
        if (way, turn) == ("a", 1):
            raise KeyboardInterrupt
        return turn

    turns = in_turns(["a", "b"], 3, measure, title="")
    assert turns.found == {"a": [0], "b": [0]}
    assert not turns.whole
    with pytest.raises(KeyboardInterrupt):
        in_turns(["a"], 1, lambda *_: measure("a", 1), title="")


def test_a_ratio_is_the_median_within_turns() -> None:
    assert paired([2.0, 30.0, 4.0], [1.0, 10.0, 4.0]) == 2.0
    with pytest.raises(ValueError, match="2 values beside 1"):
        paired([1.0, 2.0], [1.0])


def test_a_spread_says_where_the_values_lie() -> None:
    found = Spread.of([float(value) for value in range(1, 201)])
    assert (found.mean, found.median, found.p99, found.count) == (100.5, 100.5, 199.0, 200)
    assert Spread.of([3.0]).p99 == 3.0
