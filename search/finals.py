"""`WithFinals`: after a search, the comparison that counts: winners against the no-skip adapter model."""

import math
from collections import deque
from collections.abc import Sequence

from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome, RankedAlgorithm
from search.ledger import Ledger
from search.ranking import most_accurate
from search.space import SearchSpace
from search.spec import FinalSpec
from search.stopping import Stopping


class WithFinals:
    """A search algorithm that ends with finals: PLAIN once, FINAL for baseline and winners, then TEST for those.

    Everything of `algorithm` passes through; once it is finished, indexes go on from its last. PLAIN and the baseline
    carry the genome of the no-skip adapter model. TEST waits for all FINAL outcomes and leaves out what failed. Where
    a WARM failed there are no finals, as these would start from its weights.
    """

    def __init__(
        self, algorithm: RankedAlgorithm, space: SearchSpace, spec: FinalSpec, *, stopping: Stopping | None = None
    ) -> None:
        """`stopping` is the part of `algorithm` that may end it early."""
        self._algorithm = algorithm
        self._stopping = stopping
        self._baseline = space.full
        self._count = spec.finalists
        self._asked = 0  # by the algorithm
        self._warm: int | None = None  # the index of its WARM
        self._finals: Ledger | None = None
        self._waiting: deque[tuple[Genome, Fidelity]] = deque()
        self._finalists: list[Genome] = []
        self._no_skip = False  # the algorithm wants the baseline
        self._tested = False

    @property
    def finished(self) -> bool:
        """Every outcome of the finals is in."""
        return self._tested and not self._waiting and self._finals is not None and not self._finals.awaited

    @property
    def stopped_by(self) -> str | None:
        """The key of the spec whose rule ended the search early; None where none did."""
        return None if self._stopping is None else self._stopping.stopped_by

    def ask(self) -> Candidate | None:
        """The algorithm's next candidate; when it is finished, the finals; None while only tells bring more."""
        if not self._algorithm.finished:
            candidate = self._algorithm.ask()
            self._asked += candidate is not None
            if candidate is not None and candidate.fidelity is Fidelity.WARM:
                self._warm = candidate.index
            return candidate
        if self._finals is None:
            self._finals = self._open()
        return self._finals.ask(*self._waiting.popleft()) if self._waiting else None

    def tell(self, index: int, outcome: Outcome) -> None:
        """Take an outcome of the algorithm's or of the finals.

        Raises:
            ValueError: no such candidate is awaited, or its accuracy was not measured.
        """
        if self._finals is None or index < self._asked:
            self._algorithm.tell(index, outcome)
            if index == self._warm and _failed(outcome):
                self._finals, self._tested = Ledger(first_index=self._asked), True
            return
        self._finals.tell(index, outcome)
        if not self._tested and self._told(Fidelity.FINAL) == 1 + len(self._finalists):
            self._tested = True
            self._waiting.extend((each.genome, Fidelity.TEST) for each in self._ranked())

    def front(self) -> Sequence[Candidate]:
        """The algorithm's front, by proxy scores."""
        return self._algorithm.front()

    def chosen(self) -> Candidate | None:
        """The finalist with the best validation accuracy so far; None where there is none.

        The baseline is chosen only where the algorithm names it and nothing else.
        """
        return next((each for each in self._ranked() if each.genome != self._baseline or self._no_skip), None)

    def _open(self) -> Ledger:
        self._finalists = self._winners()
        self._no_skip = not self._finalists and bool(self._algorithm.best(1))
        self._waiting.append((self._baseline, Fidelity.PLAIN))
        self._waiting.extend((genome, Fidelity.FINAL) for genome in [self._baseline, *self._finalists])
        return Ledger(first_index=self._asked)

    def _winners(self) -> list[Genome]:
        """The best but the baseline, which is in the finals anyway; one more is asked for to fill its place."""
        best = [each.genome for each in self._algorithm.best(self._count)]
        if self._baseline in best:
            best = [each.genome for each in self._algorithm.best(self._count + 1)]
        return [genome for genome in best if genome != self._baseline][: self._count]

    def _told(self, fidelity: Fidelity) -> int:
        outcomes = [] if self._finals is None else self._finals.outcomes()
        return sum(candidate.fidelity is fidelity for candidate, _ in outcomes)

    def _ranked(self) -> list[Candidate]:
        """The FINAL candidates that did not fail, by validation accuracy."""
        measured = [] if self._finals is None else self._finals.measured()
        return most_accurate([each for each in measured if each.candidate.fidelity is Fidelity.FINAL])


def _failed(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) or not all(map(math.isfinite, outcome.values()))
