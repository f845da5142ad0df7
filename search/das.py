"""`Das`: DAS's bandit over the layers of a space: which skip sets are drawn, and what is decided in the end."""

import math
import random
from collections.abc import Sequence

from search import bandit
from search.algorithm_spec import DasSpec
from search.bandit import SkipSet
from search.contracts import Genome
from search.elimination import eliminated
from search.space import DROP, KEEP, SearchSpace
from search.spec import SpecError


class Das:
    """What the one long measurement of this search needs of the space, and the decision from its result.

    As published, sets have a fixed size; without one, a set is drawn until the MACs budget holds (our design).
    """

    def __init__(self, space: SearchSpace, spec: DasSpec, budget: int | None) -> None:
        self._space = space
        self._spec = spec
        self._budget = budget

    def check(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            SpecError: there are too few layers, or too few different sets.
        """
        layers, skipped = len(self._space.layers), self._spec.skipped
        if skipped is not None and math.comb(layers, skipped) < self._spec.candidate_sets:
            raise SpecError(
                f"algorithm.skipped is {skipped} and the space has {layers} layers: that gives "
                f"{math.comb(layers, skipped)} skip sets, and an update compares {self._spec.candidate_sets}"
            )

    def updates_at(self, step: int) -> bool:
        """Whether the preferences are updated after `step` training steps."""
        return step > self._spec.warm_steps and (step - self._spec.warm_steps) % self._spec.update_every == 0

    def draw(self, preferences: Sequence[float], rng: random.Random) -> SkipSet:
        """A skip set for one training step, or to be compared."""
        if self._spec.skipped is not None:
            return bandit.draw(preferences, self._spec.skipped, rng)
        return bandit.draw_until(preferences, self._cheap_enough, rng)

    def candidates(self, preferences: Sequence[float], rng: random.Random) -> list[SkipSet]:
        """The different sets that one update compares; fewer where there are no more."""
        return bandit.distinct_sets(lambda: self.draw(preferences, rng), self._spec.candidate_sets)

    def genome(self, skipped: SkipSet) -> Genome:
        """The chromosome that skips these layers; the other genes are those of the no-skip adapter model."""
        layers = len(self._space.layers)
        return (*(DROP if gene in skipped else KEEP for gene in range(layers)), *self._space.full[layers:])

    def decide(self, preferences: Sequence[float]) -> Genome:
        """As published the most preferred layers are skipped; else as many of them as the MACs budget asks."""
        if self._spec.skipped is not None or self._budget is None:
            return self.genome(bandit.top(preferences, self._spec.skipped or 0))
        return eliminated(self._space, bandit.ranked(preferences), self._budget)

    def _cheap_enough(self, skipped: SkipSet) -> bool:
        return self._space.feasible(self.genome(skipped), self._budget)
