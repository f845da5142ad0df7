"""`Generations`: how the proxies of an algorithm fall into generations, read off the settings that a spec stores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

GENERATIONAL = ("genetic", "nsga2", "nsga3")  # by name: what a plugin's settings mean, nobody else knows


@dataclass(frozen=True, slots=True)
class Generations:
    """So many proxies are asked in the first generation and in each later one, where the elite is not asked again."""

    first: int
    later: int

    @classmethod
    def of(cls, algorithm: Mapping[str, Any]) -> Self | None:
        """Those of an algorithm by its settings, as a stored spec has them; None where it has none."""
        if algorithm["name"] not in GENERATIONAL:
            return None
        population = algorithm["population"]
        return cls(population, population - algorithm.get("elitism", 0))

    def number(self, place: int) -> int:
        """The generation, from 1, of the proxy that `place` others were asked before."""
        return 1 if place < self.first else 2 + (place - self.first) // self.later
