"""Which generation a proxy is of, by the settings of its algorithm."""

import pytest

from search.generations import Generations


def numbers(generations: Generations | None, count: int) -> list[int]:
    assert generations is not None
    return [generations.number(place) for place in range(count)]


def test_the_elite_is_not_asked_again() -> None:
    found = Generations.of({"name": "genetic", "population": 4, "elitism": 1})
    assert numbers(found, 11) == [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_with_several_objectives_each_is_a_population(name: str) -> None:
    assert numbers(Generations.of({"name": name, "population": 4}), 9) == [1, 1, 1, 1, 2, 2, 2, 2, 3]


@pytest.mark.parametrize("name", ["steady", "random", "mine"])
def test_others_have_none_whatever_their_settings_are_called(name: str) -> None:
    assert Generations.of({"name": name, "population": 4, "elitism": 4}) is None
