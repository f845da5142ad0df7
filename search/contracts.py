"""The contracts a search is made of: candidates and outcomes, the algorithm that asks, the runner that answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

Genome = tuple[int, ...]
"""The chromosome: for each gene the index of its choice. JSON as it is."""

Measurement = Mapping[str, float]
"""What a worker measured, by name: accuracy (0 to 1), macs, parameters, latency_ms, ..."""


class Fidelity(StrEnum):
    """How well a candidate is measured. Scores of different fidelities are never compared."""

    WARM = "warm"  # not one chromosome but the weights that all share, trained once; candidates start from them
    SCREEN = "screen"  # no training: the shared weights, scored on the fitness split
    RUNG_1 = "rung-1"  # the first steps of PROXY's run, scored on the fitness split
    RUNG_2 = "rung-2"
    RUNG_3 = "rung-3"
    PROXY = "proxy"  # short fine-tune, scored on the fitness split
    AUDIT = "audit"  # a longer one, scored on the fitness split: how far PROXY and those below it can be trusted
    FINAL = "final"  # long fine-tune, judged on the validation split; its weights are kept
    TEST = "test"  # the weights of FINAL, once on the test split, with latency; exported
    PROBE = "probe"  # not one chromosome but the backbone: a number for each layer gene, under `gene_key`
    PLAIN = "plain"  # the backbone as it came, no adapters, nothing trained, on the test split


def gene_key(gene: int) -> str:
    """The name, in the measurement of a PROBE, of what it found about a layer gene."""
    return f"gene.{gene}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One chromosome to be measured; `index` counts the asks of a search from 0."""

    index: int
    genome: Genome
    fidelity: Fidelity = Fidelity.PROXY


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a candidate has no measurement: diverged, out of memory, killed its worker. A value, not an exception."""

    reason: str


Outcome = Measurement | Failure


class SearchAlgorithm(Protocol):
    """Decides what to measure next. `ask` is a function of the spec and the tells so far, so recovery is replay."""

    @property
    def finished(self) -> bool:
        """No candidate will ever be asked again, and none is awaited."""

    def ask(self) -> Candidate | None:
        """The next candidate to measure; None while only tells can bring one, or when finished."""

    def tell(self, index: int, outcome: Outcome) -> None:
        """Take the outcome of the candidate that was asked as `index`.

        Raises:
            ValueError: no such candidate is awaited.
        """

    def front(self) -> Sequence[Candidate]:
        """The best so far, best first: one candidate for a single objective, else the Pareto front."""


class RankedAlgorithm(SearchAlgorithm, Protocol):
    """A search algorithm that can name several winners: those that a final fine-tune compares."""

    def best(self, count: int) -> Sequence[Candidate]:
        """At most `count` winners, best first; none of them failed, and each is feasible where a MACs budget holds.

        The most accurate ones for a single objective; else evenly spread along the Pareto front. An algorithm that
        decides without measuring names what it decided.
        """


class Runner(Protocol):
    """Measures what an algorithm asks for until it is finished, on whatever workers it has."""

    def run(self, algorithm: SearchAlgorithm) -> "Utilisation":
        """Ask, measure, tell; returns when the algorithm is finished and no worker holds a candidate.

        Raises:
            RunnerError: the workers cannot do this search at all, and why.
            ClusterLostError: there are no workers any more; another attempt may find some.
        """


class RunnerError(Exception):
    """The workers cannot do this search: a checkpoint that will not load, a cluster that is too small."""


class ClusterLostError(RunnerError):
    """The workers are gone or cannot be reached; another attempt, on a cluster that came back, may succeed."""


@dataclass(frozen=True, slots=True)
class Utilisation:
    """How much of the paid time was useful: scoring seconds over worker seconds, after start-up.

    `worker_seconds` adds up how long each worker was there, since they may join and leave; None: all of them, always.
    """

    slots: int  # the most workers at once
    wall_seconds: float
    scoring_seconds: float
    candidates: int
    worker_seconds: float | None = None

    @property
    def share(self) -> float:
        """Useful share, 0 to 1."""
        paid = self.slots * self.wall_seconds if self.worker_seconds is None else self.worker_seconds
        return self.scoring_seconds / paid if paid else 0.0
