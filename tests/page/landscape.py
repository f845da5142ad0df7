"""`Landscape`: made-up measurements of real chromosomes, in which a search gets better as it goes on."""

import random
from collections.abc import Iterator, Mapping, Sequence

from models.registry import BackboneRegistry
from search.build import build_space, macs_budget
from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome
from search.spec import SearchSpec

BEST = 0.80  # accuracy with everything kept
NOISE = 0.004  # standard deviation between two measurements of one chromosome
FAILING = 0.03  # share of the candidates
REASONS = ("diverged: the loss is nan at step 4", "CUDA out of memory: 23.6 GiB of 24 GiB in use")
LONGER = {Fidelity.AUDIT: 0.01, Fidelity.FINAL: 0.02, Fidelity.TEST: 0.015, Fidelity.PLAIN: -0.02}
SURVIVORS = 12
FULL_PARAMETERS, PER_LAYER = 690_000, 9_000


class Landscape:
    """Each sub-layer that is dropped costs some accuracy, most of them little; MACs are the backbone's own."""

    def __init__(self, spec: SearchSpec, rng: random.Random) -> None:
        space = build_space(spec, BackboneRegistry().get(spec.backbone))
        self.full = space.full
        self._macs = space.macs(space.full)
        self._saved = space.savings(space.full)
        self._budget = macs_budget(spec, space) or self._macs
        self._harm = [min(0.06, rng.expovariate(1 / 0.012)) for _ in self._saved]
        self._rng = rng

    def evolved(self, count: int) -> Iterator[tuple[Candidate, Outcome]]:
        """`count` different chromosomes: random ones, then children of the best so far."""
        best, seen = list[tuple[float, Genome]](), set[Genome]()
        while len(seen) < count:
            genome = self._feasible(self._child(best))
            if genome in seen:
                genome = self._feasible(tuple(self._rng.randrange(2) for _ in self.full))
            if genome in seen:
                continue
            outcome = self._outcome(genome)
            yield Candidate(len(seen), genome), outcome
            seen.add(genome)
            if not isinstance(outcome, Failure):
                best = sorted([*best, (outcome["accuracy"], genome)], reverse=True)[:SURVIVORS]

    def measured(self, genome: Genome, stage: Fidelity = Fidelity.PROXY) -> Mapping[str, float]:
        """What a worker would have said."""
        harm = sum(harm for gene, harm in zip(genome, self._harm, strict=True) if not gene)
        dropped = genome.count(0)
        return {
            "accuracy": round(max(0.05, BEST + LONGER.get(stage, 0) - harm + self._rng.gauss(0, NOISE)), 4),
            "macs": float(self._cost(genome)),
            "parameters": float(FULL_PARAMETERS - PER_LAYER * dropped),
            "latency_ms": round(14 - 0.3 * dropped + self._rng.gauss(0, 0.2), 3),
            "seconds": 2.5,
        }

    def _outcome(self, genome: Genome) -> Outcome:
        return Failure(self._rng.choice(REASONS)) if self._rng.random() < FAILING else self.measured(genome)

    def _child(self, best: Sequence[tuple[float, Genome]]) -> Genome:
        if len(best) < SURVIVORS:
            return tuple(int(self._rng.random() < 0.7) for _ in self.full)
        genes = list(self._rng.choice(best)[1])
        for gene in self._rng.sample(range(len(genes)), self._rng.choice((1, 2, 2, 3))):
            genes[gene] = 1 - genes[gene]
        return tuple(genes)

    def _feasible(self, genome: Genome) -> Genome:
        genes = list(genome)
        while self._cost(genes) > self._budget:
            genes[self._rng.choice([gene for gene, kept in enumerate(genes) if kept])] = 0
        return tuple(genes)

    def _cost(self, genome: Sequence[int]) -> int:
        return self._macs - sum(saved for gene, saved in zip(genome, self._saved, strict=True) if not gene)
