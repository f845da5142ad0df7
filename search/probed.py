"""`probed`: a search that looks at each layer of the whole backbone once before anything else."""

from collections.abc import Callable, Sequence

from search.contracts import Fidelity, Measurement, RankedAlgorithm, gene_key
from search.prepared import Prepared
from search.space import SearchSpace

Scores = Sequence[float]
"""What a PROBE found, one number per layer gene."""


def probed(space: SearchSpace, decide: Callable[[Scores | None], RankedAlgorithm], *, index: int = 0) -> Prepared:
    """Asks one PROBE, which carries the genome of the no-skip adapter model; then the algorithm of `decide` goes on.

    `decide` gets the PROBE's numbers, None where it failed; what it returns counts its asks from `index` + 1.
    """
    keys = [gene_key(gene) for gene in range(len(space.layers))]

    def by_scores(found: Measurement | None) -> RankedAlgorithm:
        return decide(None if found is None else [found[key] for key in keys])

    return Prepared(space.full, Fidelity.PROBE, by_scores, required=keys, index=index)
