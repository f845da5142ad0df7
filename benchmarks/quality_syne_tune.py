"""Syne Tune's regularised evolution in the contest, in this process; too dear a chromosome gets a penalised fitness.

Its multi-fidelity schedulers (ASHA and its kin) are left out, as an answer of a table has one fidelity; and so is
BORE, its Bayesian optimiser without further installs: it takes a second for an ask, and does not repeat under a seed.
"""

import random
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from syne_tune.config_space import choice
from syne_tune.optimizer.baselines import REA
from syne_tune.optimizer.schedulers.ask_tell_scheduler import AskTellScheduler

from benchmarks.quality_loop import Entry, penalised
from benchmarks.quality_problem import Problem, Seen
from search.contracts import Genome

POPULATION, SAMPLE = 20, 5  # Syne Tune's 100 is a third of all evaluations; ours has 12
METRIC = "fitness"


class SyneTuneContestant:
    """Syne Tune's ask and tell with one categorical parameter for each gene."""

    uses_infeasible = False

    def __init__(self, problem: Problem, seed: int) -> None:
        self._genes = [f"gene{gene:02}" for gene in range(len(problem.space.layers))]
        rng = random.Random(seed)  # REA draws its first population from numpy's global generator; so it gets one
        first = [{gene: rng.randrange(2) for gene in self._genes} for _ in range(POPULATION)]
        self._scheduler = AskTellScheduler(
            base_scheduler=REA(
                {gene: choice([0, 1]) for gene in self._genes},
                metric=METRIC,
                do_minimize=False,
                random_seed=seed,
                points_to_evaluate=first,
                population_size=POPULATION,
                sample_size=SAMPLE,
            )
        )
        self._trial: Any = None

    def ask(self) -> Genome:
        """The next trial's chromosome."""
        self._trial = self._scheduler.ask()
        return tuple(int(self._trial.config[gene]) for gene in self._genes)

    def tell(self, genome: Genome, seen: Seen) -> None:
        """Take the answer to the last ask."""
        del genome
        self._scheduler.tell(self._trial, {METRIC: penalised(seen)})


def _rea(problem: Problem, evaluations: int, seed: int) -> SyneTuneContestant:
    del evaluations
    return SyneTuneContestant(problem, seed)


def syne_tune_contestants() -> Mapping[str, Entry]:
    """By name; for one objective."""
    return {f"Syne Tune {version('syne-tune')} regularised evolution": _rea}
