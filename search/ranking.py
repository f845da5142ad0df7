"""Which measured candidate is better: DEAP's fitness and sorting, fed with what a ledger holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deap import base, tools

from search.contracts import Candidate, Failure, Measurement, Outcome
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
    violation: float = 0.0  # of bounds, as a share of them; 0: feasible


def constrained_fitness(outcome: Outcome, *, violation: float) -> Fitness:
    """Feasible first (Deb 2000): a failure, then by how far beyond bounds, then by accuracy; compared in that order."""
    if isinstance(outcome, Failure):
        values = (0.0, 0.0)
    elif violation > 0:
        values = (1.0, -violation)
    else:
        values = (2.0, outcome[Objective.ACCURACY])
    return Fitness(values, weights=(1, 1))


def individuals(
    measured: Sequence[Measured],
    objectives: Sequence[Objective],
    violation: Callable[[Measurement], float] = lambda _: 0.0,
) -> list[Individual]:
    """Each measured candidate with its fitness in `objectives`."""
    signs = [objective.sign for objective in objectives]

    def fitness(each: Measured) -> Fitness:
        return Fitness([each.measurement[name] for name in objectives], weights=signs)

    return [Individual(each.candidate, fitness(each), violation(each.measurement)) for each in measured]


def survivors(
    pool: Sequence[Individual], count: int, select: Callable[[Sequence[Individual], int], list[Individual]]
) -> list[Individual]:
    """`count` of `pool`: feasible ones by `select`; of others those with less violation (Deb et al. 2002)."""
    feasible = [each for each in pool if not each.violation]
    others = sorted((each for each in pool if each.violation), key=lambda each: each.violation)
    chosen = select(feasible, count) if feasible else []
    return chosen + others[: count - len(chosen)]


def beats(first: Individual, second: Individual) -> bool:
    """Whether `first` constraint-dominates `second` (Deb et al. 2002, definition 1)."""
    if first.violation or second.violation:
        return first.violation < second.violation
    dominates: bool = first.fitness.dominates(second.fitness)
    return dominates


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
