"""Which architectures shared weights are trained under, and what modules they need for that."""

import random
from itertools import product

from models.architecture import Architecture, Choice
from search.build import macs_budget
from search.space import DROP, KEEP, SearchSpace
from search.spec import SearchSpec

FULL_EVERY = 8  # training steps


class Masks:
    """A fresh random feasible chromosome for each step; fair coins where no MACs budget bounds them.

    Samples cost what the budget allows in expectation and are repaired where they exceed it. Every `FULL_EVERY`th is
    the no-skip adapter model, which finals start from the same weights as the winners, and which is hardly ever drawn
    (our design; the slimmable networks of Yu and Huang, ICCV 2019, train the widest at every step).
    """

    def __init__(self, spec: SearchSpec, space: SearchSpace) -> None:
        self._space = space
        self._budget = macs_budget(spec, space)
        self._rng = random.Random(spec.seed)  # noqa: S311 - nothing secret

    def at(self, step: int) -> Architecture:
        """The architecture of a step, counted from 1; call it for one step after the other."""
        if step % FULL_EVERY == 0:
            return self._space.decode(self._space.full)
        drawn = self._space.sample(self._rng, target=self._budget)
        return self._space.decode(self._space.repair(drawn, self._budget, self._rng))


def choices(space: SearchSpace) -> list[tuple[Choice, ...]]:
    """By place: each choice that a chromosome of `space` can mean there, once and always in the same order."""
    layers = len(space.layers)
    free = list(product(*map(range, space.sizes[layers:])))
    ends = [space.decode((gene,) * layers + genes) for gene in (KEEP, DROP) for genes in free]
    return [tuple(dict.fromkeys(each)) for each in zip(*(end.choices for end in ends), strict=True)]
