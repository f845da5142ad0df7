"""DeepHyper's regularised evolution (Real et al. 2019) in the contest; what is too dear gets a penalised fitness."""

import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from deephyper.hpo import HpProblem, RegularizedEvolution

from benchmarks.quality_loop import Entry, penalised
from benchmarks.quality_problem import Problem, Seen
from search.contracts import Genome

POPULATION, SAMPLE = 20, 5  # DeepHyper's 100 is a third of all evaluations; ours has 12


class DeepHyperContestant:
    """DeepHyper's ask and tell with one categorical parameter for each gene."""

    uses_infeasible = False

    def __init__(self, problem: Problem, seed: int) -> None:
        self._genes = [f"gene{gene:02}" for gene in range(len(problem.space.layers))]
        described = HpProblem()
        for gene in self._genes:
            described.add_hyperparameter([0, 1], gene)
        self._folder = tempfile.TemporaryDirectory(prefix="twinsieve-deephyper-")  # it writes where it is told to
        self._search = RegularizedEvolution(
            described, random_state=seed, log_dir=self._folder.name, population_size=POPULATION, sample_size=SAMPLE
        )
        self._asked: dict[str, Any] = {}

    def ask(self) -> Genome:
        """The next configuration's chromosome."""
        (self._asked,) = self._search.ask(1)
        return tuple(int(self._asked[gene]) for gene in self._genes)

    def tell(self, genome: Genome, seen: Seen) -> None:
        """Take the answer to the last ask."""
        del genome
        self._search.tell([(self._asked, penalised(seen))])


def _regularised_evolution(problem: Problem, evaluations: int, seed: int) -> DeepHyperContestant:
    del evaluations
    return DeepHyperContestant(problem, seed)


def deephyper_contestants() -> Mapping[str, Entry]:
    """By name; for one objective."""
    return {f"DeepHyper {version('deephyper')} regularised evolution": _regularised_evolution}
