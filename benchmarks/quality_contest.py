"""Who meets whom: every contestant by name, and one run of one of them on one problem."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.quality_das import Bandit
from benchmarks.quality_deephyper import deephyper_contestants
from benchmarks.quality_loop import Entry, Trace, race
from benchmarks.quality_optuna import optuna_contestants
from benchmarks.quality_ours import ours
from benchmarks.quality_suites import front_problem, problem
from benchmarks.quality_syne_tune import syne_tune_contestants

ROOT = Path(__file__).parents[1]
OURS = "ours"
DEFAULTS = ("ours: genetic", "ours: nsga2")
"""Ours as a spec that says nothing more gets them; a variant of them may do better."""
BASELINES = ("ours: random", "ours: greedy", "ours: random, two objectives")
"""Ours to run, but nobody's proposal: what the others must beat."""


@cache
def contestants(objectives: int) -> Mapping[str, Entry]:
    """By name, those for one objective or for two."""
    if objectives > 1:
        return {**ours(objectives), **optuna_contestants(objectives)}
    return {
        **ours(1),
        "DAS's bandit": Bandit,
        **optuna_contestants(1),
        **deephyper_contestants(),
        **syne_tune_contestants(),
    }


@dataclass(frozen=True, slots=True)
class Run:
    """One contestant on one problem from one seed."""

    problem: str
    contestant: str
    seed: int
    evaluations: int
    objectives: int = 1

    @property
    def key(self) -> tuple[str, ...]:
        """What its trace depends on: changed sources are another run."""
        own = self.contestant.startswith(OURS) or self.contestant.startswith("DAS")
        sources = _digest("search", "tests/search/algorithms.py") if own else _digest("benchmarks/quality_*.py")
        tables = _digest("benchmarks/tables", "benchmarks/quality_suites.py", "benchmarks/quality_loop.py")
        named = (self.problem, self.contestant, str(self.seed), str(self.evaluations), str(self.objectives))
        return (*named, sources, tables)

    def trace(self) -> Trace:
        """Run it."""
        entry = contestants(self.objectives)[self.contestant]
        posed = problem(self.problem, self.seed) if self.objectives == 1 else front_problem(self.problem)
        return race(posed, entry(posed, self.evaluations, self.seed), self.evaluations)


@cache
def _digest(*patterns: str) -> str:
    """Of the files that the patterns name, and of all in the folders that they name."""
    found = sorted(file for pattern in patterns for file in _files(pattern))
    return hashlib.sha256(b"".join(file.read_bytes() for file in found)).hexdigest()[:16]


def _files(pattern: str) -> list[Path]:
    whole = ROOT / pattern
    return [file for file in (whole.rglob("*") if whole.is_dir() else ROOT.glob(pattern)) if file.suffix in KEPT]


KEPT = (".py", ".npz")
