"""From a ranking of layers to a chromosome within a MACs budget."""

from collections.abc import Sequence

from search.contracts import Genome
from search.space import DROP, SearchSpace

NEIGHBOURS = (1.0, 0.95, 0.9, 0.85)  # shares of a budget at which a ranking gives chromosomes that differ a little


def least_dense_first(space: SearchSpace, scores: Sequence[float]) -> list[int]:
    """The layers by score per MAC saved, lowest first; last those whose removal saves nothing.

    Scores count from the lowest one, as some are below 0 and dividing those would turn their order (our design).
    """
    saved, lowest = space.savings(space.full), min(scores)
    density = [(score - lowest) / macs if macs > 0 else float("inf") for score, macs in zip(scores, saved, strict=True)]
    return sorted(range(len(scores)), key=lambda gene: density[gene])


def eliminated(space: SearchSpace, order: Sequence[int], budget: int) -> Genome:
    """The no-skip adapter model without the first layers of `order`, as many as it takes to meet `budget`.

    What fits the budget again is kept again, the last of `order` first. The free genes stay as they are while
    dropping a layer still saves something.

    Raises:
        ValueError: no chromosome is that cheap.
    """
    space.check_budget(budget)
    genome = space.full
    while not space.feasible(genome, budget):
        saved = space.savings(genome)
        gene = next((gene for gene in order if saved[gene] > 0), None)
        smaller = space.cheaper_free(genome) if gene is None else space.flipped(genome, gene)
        genome = smaller or space.cheapest
    return space.keep(genome, [gene for gene in reversed(order) if genome[gene] == DROP], budget)


def neighbourhood(space: SearchSpace, scores: Sequence[float], budget: int) -> list[Genome]:
    """Different feasible chromosomes that `scores` suggest, at the budget and a little below, per MAC and as such."""
    per_mac = least_dense_first(space, scores)
    as_such = sorted(per_mac, key=lambda gene: scores[gene])
    bounds = [max(int(share * budget), space.min_macs()) for share in NEIGHBOURS]
    found = [eliminated(space, per_mac, each) for each in bounds] + [eliminated(space, as_such, budget)]
    return list(dict.fromkeys(found))
