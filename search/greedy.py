"""`Greedy`: backward elimination by proxy accuracy under a MACs budget."""

from collections.abc import Sequence

from search.ask_tell import AskTell
from search.contracts import Candidate, Genome
from search.ranking import most_accurate
from search.space import SearchSpace
from search.spec import Objective

FREE = -1  # in place of a layer gene's index: all free genes together


class Greedy(AskTell):
    """Each round measures every way to make the current chromosome cheaper by one gene and goes on with the best.

    A way is a layer whose drop saves MACs, or the next cheaper combination of the free genes. It ends where the budget
    holds; where it holds from the start, nothing is measured. With too few candidates left for a round it measures
    those that did best before, and from there on takes them in that order. Most of what it measures lies above the
    budget and is never named as a winner.
    """

    def __init__(self, space: SearchSpace, *, budget: int, candidates: int, first_index: int = 0) -> None:
        space.check_budget(budget)
        super().__init__((Objective.ACCURACY,), candidates, first_index=first_index)
        self._space = space
        self._budget = budget
        self._current = space.full
        self._gene: dict[Genome, int] = {}  # of each asked chromosome: what was made cheaper for it
        self._refill()

    def front(self) -> Sequence[Candidate]:
        """The best so far, once something cheap enough was measured."""
        return self.best(1)

    def best(self, count: int) -> Sequence[Candidate]:
        """The feasible ones that were measured, most accurate first; before them the end, if that was not asked.

        The end of a search with nothing to measure is the no-skip adapter model.
        """
        measured = self._ledger.measured()
        found = most_accurate([each for each in measured if self._feasible(each.candidate.genome)])
        known = bool(measured) or not self._ledger.asked  # where everything failed, no end is better than another
        if self.finished and known and (end := self._end()) not in self._gene:
            found.insert(0, Candidate(self._ledger.asked, end))
        return found[:count]

    def _propose(self, room: int) -> Sequence[Genome]:
        if self._ledger.awaited:
            return []
        if self._ledger.asked:
            self._current = self._next(self._current)
        while not self._feasible(self._current):
            cheaper = self._cheaper(self._current)
            if new := [genome for genome in cheaper if genome not in self._gene][:room]:
                self._gene |= {genome: cheaper[genome] for genome in new}
                return new
            self._current = self._next(self._current)
        return []

    def _end(self) -> Genome:
        genome = self._current
        while not self._feasible(genome):
            genome = self._next(genome)
        return genome

    def _next(self, genome: Genome) -> Genome:
        """The most accurate of those one gene cheaper, as far as they were measured; else the most promising."""
        accuracies, cheaper = self._accuracies(), self._cheaper(genome)
        if measured := [each for each in cheaper if each in accuracies]:
            return max(measured, key=lambda each: accuracies[each])
        return next(iter(cheaper), self._space.cheapest)

    def _cheaper(self, genome: Genome) -> dict[Genome, int]:
        """Those one gene cheaper than `genome`, each with its gene; most promising first, of equals the fewest MACs."""
        genes = {
            self._space.flipped(genome, gene): gene for gene, macs in enumerate(self._space.savings(genome)) if macs > 0
        }
        if (smaller := self._space.cheaper_free(genome)) is not None:
            genes[smaller] = FREE
        worth = {self._gene[each]: accuracy for each, accuracy in self._accuracies().items()}  # the last counts
        order = sorted(genes, key=lambda each: (-worth.get(genes[each], -1.0), self._space.macs(each)))
        return {each: genes[each] for each in order}

    def _accuracies(self) -> dict[Genome, float]:
        return {each.candidate.genome: each.measurement[Objective.ACCURACY] for each in self._ledger.measured()}

    def _feasible(self, genome: Genome) -> bool:
        return self._space.feasible(genome, self._budget)
