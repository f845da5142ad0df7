"""`Steady`: a steady-state genetic algorithm for accuracy under bounds, which never waits for a generation."""

from collections.abc import Sequence

from deap import tools

from search.contracts import Genome
from search.genetic import Elitist
from search.novelty import until_exhausted


class Steady(Elitist):
    """After the first generation each free place gets one child at once; samples fill places before it is measured.

    Age decides who leaves, as in regularised evolution (Real et al. 2019): a candidate whose noisy measurement came
    out lucky cannot breed for ever. But with some tens of evaluations the best is too dear to be lost, so that the
    `elitism` best stay whatever their age; the rest are the youngest. This mix is our design.

    Cheap candidates finish first, and a population of what has finished would drift towards them (Scott and De Jong
    2015). So outcomes enter it in the order of asks, as if none could overtake another; a straggler holds up at most
    `population` others, then they pass it. The age of a candidate is counted in asks, too. This is our design, and
    holds back no ask: a child has older parents instead. A surrogate learns from every outcome at once, as what it
    predicts for a chromosome does not depend on how many of which cost it has seen.
    """

    _proposed = 0

    def _propose(self, room: int) -> Sequence[Genome]:
        left = self._spec.population - self._proposed
        if left > 0:
            genomes = self._next_first(min(room, left))
        else:
            self._renew()
            genomes = until_exhausted(self._child if self._ready else self._breeder.novelty.sample, 1)
        self._proposed += len(genomes)
        return genomes

    def _next_first(self, count: int) -> list[Genome]:
        return until_exhausted(self._breeder.novelty.sample, count) if self._proposed else self._first(count)

    @property
    def _ready(self) -> bool:
        """Whether enough was measured to choose parents from."""
        return len(self._pool) > self._spec.elitism

    def _renew(self) -> None:
        entered = [self._individual(*pair) for pair in self._ledger.entered(self._spec.population)]
        young = self._spec.population - self._spec.elitism
        self._pool = tools.selBest(entered[:-young], self._spec.elitism) + entered[-young:]
        if self._ready:
            self._breeder.learn(self._ledger.measured())
