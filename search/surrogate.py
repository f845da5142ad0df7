"""`Surrogate`: predicts, from the proxies told so far, which of many chromosomes is worth the next one."""

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from search.constraints import Bounds
from search.contracts import Genome, Measurement
from search.ledger import Measured
from search.ranking import pareto_front
from search.regression import Floats, Regression, thread_pools
from search.space import SearchSpace
from search.spec import Objective

MOST = 300  # measurements to learn from, the latest: what a fit costs grows with their cube
NEWS = 20  # of so many measurements one must be new to fit again: with hundreds, one more changes little
PARENTS = 5
SURE = 1.0  # standard deviations by which an uncertain prediction is taken to be better
EVEN = 0.05  # weight of the sum of all objectives beside the worst one (ParEGO)
DIGITS = 9  # to which scores are compared, so that the last bit of a machine's arithmetic decides nothing


class Surrogate:
    """A regression of each name that no closed form gives, on genes as one-hot features.

    It is optimistic where it is not sure (an upper confidence bound, Srinivas et al. 2010), of objectives as of bounds,
    and prefers as Deb's rules do: first what it takes to be feasible. Several objectives are weighed anew for each
    choice, by a Chebyshev distance under random weights (ParEGO, Knowles 2006).
    """

    def __init__(
        self,
        space: SearchSpace,
        regression: Callable[[], Regression],
        *,
        objectives: Sequence[Objective],
        bounds: Bounds,
        rng: random.Random,
    ) -> None:
        self._space = space
        self._regression = regression
        self._objectives = tuple(objectives)
        self._bounds = bounds
        self._rng = rng
        self._measured: Sequence[Measured] = ()
        self._known = 0
        self._models: dict[str, Regression] = {}
        self._front: list[Measurement] = []
        self._elite: list[Genome] = []

    def learn(self, measured: Sequence[Measured]) -> None:
        """Fit to what was measured, in the order of asks; again only when enough of it is new."""
        new = len(measured) - self._known
        if not new or new < len(measured) // NEWS:
            return
        self._known = len(measured)
        self._measured = measured = measured[-MOST:]
        rows = self._rows([each.candidate.genome for each in measured])
        with thread_pools().limit(limits=1):
            for name in self._uncertain():
                values = np.array([each.measurement[name] for each in measured])
                self._models[name] = self._regression().fit(rows, values)
        self._front = [each.measurement for each in self._non_dominated()]
        self._elite = self._best_known()

    def parents(self) -> Sequence[Genome]:
        """The measured chromosomes that are best by prediction: a lucky measurement makes no parent."""
        return self._elite

    def best(self, genomes: Sequence[Genome]) -> Genome:
        """The most promising of `genomes`, of which there must be one."""
        with thread_pools().limit(limits=1):
            return genomes[int(np.argmax(self._scores(genomes, sure=SURE)))]

    def _best_known(self) -> list[Genome]:
        if len(self._objectives) > 1:
            return [each.candidate.genome for each in self._non_dominated()]
        genomes = [each.candidate.genome for each in self._measured]
        with thread_pools().limit(limits=1):
            order = np.argsort(-self._scores(genomes, sure=0.0), kind="stable")
        return [genomes[place] for place in order[:PARENTS]]

    def _non_dominated(self) -> list[Measured]:
        feasible = [each for each in self._measured if not self._bounds.violation(each.measurement)]
        by_index = {each.candidate.index: each for each in self._measured}
        return [by_index[each.index] for each in pareto_front(feasible or self._measured, self._objectives)]

    def _scores(self, genomes: Sequence[Genome], *, sure: float) -> Floats:
        """Higher is better, (N,)."""
        values = self._optimistic(genomes, sure)
        worth = values[Objective.ACCURACY] if len(self._objectives) == 1 else self._weighed(values)
        beyond = np.array([self._violation(values, place) for place in range(len(genomes))])
        worst = float(worth.min()) - 1.0
        return np.asarray(np.round(np.where(beyond > 0, worst - beyond, worth), DIGITS), dtype=np.float64)

    def _weighed(self, values: Mapping[str, Floats]) -> Floats:
        """Minus the distance from the best of everything, by weights drawn anew, (N,)."""
        weights = np.array([self._rng.expovariate(1.0) for _ in self._objectives])
        gaps = []
        for name, weight in zip(self._objectives, weights / weights.sum(), strict=True):
            reached = [name.sign * each[name] for each in self._front]
            span = max(reached) - min(reached) or abs(max(reached)) or 1.0
            gaps.append(weight * (max(reached) - name.sign * values[name]) / span)
        distance: Floats = np.max(gaps, axis=0) + EVEN * np.sum(gaps, axis=0)
        return -distance

    def _violation(self, values: Mapping[str, Floats], place: int) -> float:
        return sum(self._bounds.excess(name, float(values[name][place])) for name in self._bounds.measured)

    def _optimistic(self, genomes: Sequence[Genome], sure: float) -> dict[str, Floats]:
        """By name: what a chromosome may well have, (N,); closed-form costs as they are."""
        rows, values = self._rows(genomes), {}
        for name, model in self._models.items():
            mean, deviation = model.predict(rows)
            better = Objective(name).sign
            values[name] = mean + better * sure * deviation
        for name in set(self._objectives) - set(values):
            cost = self._space.sketch.macs if name is Objective.MACS else self._space.sketch.parameters
            values[str(name)] = np.array([cost(genome) for genome in genomes], dtype=np.float64)
        return values

    def _uncertain(self) -> list[str]:
        closed = {Objective.MACS} | ({Objective.PARAMETERS} if self._space.knows_parameters else set())
        return sorted(str(name) for name in {*self._objectives, *self._bounds.measured} - closed)

    def _rows(self, genomes: Sequence[Genome]) -> Floats:
        """One-hot genes, (N, choices of all genes)."""
        genes = np.array(genomes)
        columns = [genes[:, gene, None] == np.arange(size) for gene, size in enumerate(self._space.sizes)]
        return np.concatenate(columns, axis=1).astype(np.float64)
