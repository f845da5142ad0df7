"""`Audited`: after a search, some candidates are trained longer, to learn how far its cheaper scores can be trusted."""

from collections import deque
from collections.abc import Sequence

from search.contracts import Candidate, Fidelity, Genome, Outcome, RankedAlgorithm
from search.ledger import Ledger
from search.scores import ORDER, Scores

FEWEST = 4  # proxies that make an audit worth its cost


class Audited:
    """A search algorithm that ends with at most `count` AUDITs of its candidates; what it found stays as it is.

    Everything of `algorithm` passes through; once it is finished, indexes go on from its last.
    """

    def __init__(self, algorithm: RankedAlgorithm, count: int) -> None:
        self._algorithm = algorithm
        self._count = count
        self._asked: list[Candidate] = []  # by the algorithm
        self._told: dict[int, Outcome] = {}
        self._audits: Ledger | None = None
        self._waiting: deque[Genome] = deque()

    @property
    def finished(self) -> bool:
        """The algorithm is finished, and every audit was told."""
        audited = self._audits is None or (not self._waiting and not self._audits.awaited)
        return self._algorithm.finished and audited

    def ask(self) -> Candidate | None:
        """The algorithm's next candidate; when it is finished, the audits."""
        if self._audits is not None:
            return self._audits.ask(self._waiting.popleft(), Fidelity.AUDIT) if self._waiting else None
        if (candidate := self._algorithm.ask()) is not None:
            self._asked.append(candidate)
        return candidate

    def tell(self, index: int, outcome: Outcome) -> None:
        """Take an outcome of the algorithm's or of an audit.

        Raises:
            ValueError: no such candidate is awaited, or what it must have was not measured.
        """
        if self._audits is not None and index >= len(self._asked):
            self._audits.tell(index, outcome)
            return
        self._algorithm.tell(index, outcome)
        self._told[index] = outcome
        if self._algorithm.finished:
            self._open()

    def front(self) -> Sequence[Candidate]:
        """The algorithm's front, by proxy scores."""
        return self._algorithm.front()

    def best(self, count: int) -> Sequence[Candidate]:
        """The algorithm's winners, by proxy scores."""
        return self._algorithm.best(count)

    def _open(self) -> None:
        told = [(each, self._told[each.index]) for each in self._asked if each.index in self._told]
        self._audits = Ledger(first_index=len(self._asked))
        self._waiting.extend(sample(Scores.of(told), self._count))


def sample(scores: Scores, count: int) -> list[Genome]:
    """The chromosomes to audit: evenly spread over the ranking of proxies, best and worst included.

    Where some stopped on the way, half are from these instead, spread from the last stage's best to the first one's
    worst: without them a screen would be judged by what it let through alone. None where proxies are too few.
    """
    proxies = scores.ranked(Fidelity.PROXY)
    if len(proxies) < FEWEST:
        return []
    stopped = [genome for fidelity in reversed(ORDER[:-1]) for genome in scores.ranked(fidelity)]
    count = min(count, len(proxies) + len(stopped))
    aside = min(max(count // 2, count - len(proxies)), len(stopped))
    return spread(proxies, count - aside) + spread(stopped, aside)


def spread(ranking: Sequence[Genome], count: int) -> list[Genome]:
    """At most `count` of a ranking at even distances, its ends included."""
    count = min(count, len(ranking))
    step = (len(ranking) - 1) / max(count - 1, 1)
    return [ranking[round(place * step)] for place in range(count)]
