"""Which measured candidate is better: DEAP's fitness and sorting, fed with what a ledger holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from deap import base, tools

from search.contracts import Candidate, Failure, Outcome
from search.ledger import Measured
from search.spec import Objective


class Fitness(base.Fitness):  # type: ignore[misc]  # DEAP carries no types
    """DEAP's fitness with weights of its own, so that no class is entered in DEAP's global `creator`."""

    def __init__(self, values: Sequence[float], *, weights: Sequence[int]) -> None:
        self.weights = tuple(weights)
        super().__init__(values)


@dataclass(frozen=True, slots=True)
class Individual:
    """What DEAP selects: a candidate with its fitness."""

    candidate: Candidate
    fitness: Fitness


def constrained_fitness(outcome: Outcome, *, violation: int) -> Fitness:
    """Feasible first (Deb 2000): a failure, then by MACs above the budget, then by accuracy; compared in that order."""
    if isinstance(outcome, Failure):
        values = (0.0, 0.0)
    elif violation > 0:
        values = (1.0, float(-violation))
    else:
        values = (2.0, outcome[Objective.ACCURACY])
    return Fitness(values, weights=(1, 1))


def individuals(measured: Sequence[Measured], objectives: Sequence[Objective]) -> list[Individual]:
    """Each measured candidate with its fitness in `objectives`."""
    signs = [objective.sign for objective in objectives]
    return [
        Individual(each.candidate, Fitness([each.measurement[name] for name in objectives], weights=signs))
        for each in measured
    ]


def most_accurate(measured: Sequence[Measured]) -> list[Candidate]:
    """The candidates by accuracy, highest first; of equals the one asked first."""
    ordered = sorted(measured, key=lambda each: (-each.measurement[Objective.ACCURACY], each.candidate.index))
    return [each.candidate for each in ordered]


def pareto_front(measured: Sequence[Measured], objectives: Sequence[Objective]) -> list[Candidate]:
    """The candidates that no other dominates, most accurate first; of equals in every objective the first asked."""
    if len(objectives) == 1 or not measured:
        return most_accurate(measured)[:1]
    distinct = {tuple(each.measurement[name] for name in objectives): each for each in reversed(measured)}
    pool = individuals(list(distinct.values()), objectives)
    front = tools.sortLogNondominated(pool, len(pool), first_front_only=True)
    indexes = {each.candidate.index for each in front}
    return most_accurate([each for each in measured if each.candidate.index in indexes])


def best(measured: Sequence[Measured], objectives: Sequence[Objective], count: int) -> list[Candidate]:
    """`count` winners: the most accurate for accuracy alone, else evenly spread along the front, its top included."""
    if len(objectives) == 1:
        return most_accurate(measured)[:count]
    front = pareto_front(measured, objectives)
    if count >= len(front):
        return front
    step = (len(front) - 1) / max(count - 1, 1)
    return [front[round(place * step)] for place in range(count)]
