"""Optuna's samplers in the contest; the MACs bound goes to them as a constraint, as Optuna means it to."""

from collections.abc import Mapping
from typing import Any

import optuna

from benchmarks.quality_loop import Entry
from benchmarks.quality_problem import Problem, Seen
from search.contracts import Genome

POPULATION = 20  # Optuna's 50 is a sixth of all evaluations; ours has 12
EXCESS = "excess"


class OptunaContestant:
    """A study with one categorical parameter for each gene."""

    uses_infeasible = False

    def __init__(self, problem: Problem, sampler: optuna.samplers.BaseSampler, *, objectives: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._genes = [f"gene{gene:02}" for gene in range(len(problem.space.layers))]
        self._study = optuna.create_study(directions=["maximize", "minimize"][:objectives], sampler=sampler)
        self._objectives = objectives
        self._trial: Any = None

    def ask(self) -> Genome:
        """The next trial's chromosome."""
        self._trial = self._study.ask()
        return tuple(self._trial.suggest_categorical(gene, [0, 1]) for gene in self._genes)

    def tell(self, genome: Genome, seen: Seen) -> None:
        """Take the answer to the last ask."""
        del genome
        self._trial.set_constraint(EXCESS, seen.excess)
        self._study.tell(self._trial, [seen.accuracy, float(seen.macs)][: self._objectives])


def _tpe(problem: Problem, evaluations: int, seed: int) -> OptunaContestant:
    del evaluations
    sampler = optuna.samplers.TPESampler(seed=seed)
    return OptunaContestant(problem, sampler, objectives=1)


def _nsga2(objectives: int) -> Entry:
    def enter(problem: Problem, evaluations: int, seed: int) -> OptunaContestant:
        del evaluations
        sampler = optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)
        return OptunaContestant(problem, sampler, objectives=objectives)

    return enter


def optuna_contestants(objectives: int) -> Mapping[str, Entry]:
    """By name."""
    both: dict[str, Entry] = {f"Optuna {optuna.__version__} NSGA-II": _nsga2(objectives)}
    return both if objectives > 1 else {f"Optuna {optuna.__version__} TPE": _tpe, **both}
