"""What a worker measures with, and how it comes by it: in production a `Scorer`, in a test anything that takes time."""

from collections.abc import Sequence
from typing import Protocol

from search.contracts import Candidate, Fidelity, Outcome
from workers.scoring_job import ScoringJob


class Scoring(Protocol):
    """Measures packs of candidates."""

    def measure(self, candidates: Sequence[Candidate]) -> Sequence[Outcome]:
        """The outcome of each candidate, in their order; all are of one fidelity."""

    def pack_size(self, fidelity: Fidelity) -> int:
        """How many candidates it wants at once; asked of a fidelity when it first comes up, then often."""


class Opener(Protocol):
    """Called once by each worker, in its own process; Ray pickles it."""

    def __call__(self, job: ScoringJob, *, threads: int, memory_share: float | None) -> Scoring:
        """Load what `job` needs; `memory_share` is the part of its GPU that the worker may fill, None for all of it.

        Raises:
            ValueError: the job cannot be done by any worker, and why.
            OSError: a file cannot be read.
        """


def open_scorer(job: ScoringJob, *, threads: int, memory_share: float | None) -> Scoring:
    """A scorer on the GPU that this worker was given, else on the CPU."""
    from workers.scorer import Scorer, best_device  # here, so that the driver starts without torch

    return Scorer(job, device=best_device(), threads=threads, memory_share=memory_share)
