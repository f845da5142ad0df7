"""`Spending`: what a search cost, by stage and in hours, and what failed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from search.contracts import Failure
from service.domain.records import StoredCandidate
from service.observing.failure_class import FailureClass
from service.report.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The candidates of one fidelity."""

    fidelity: str
    told: int
    failed: int  # of those told
    reused: int  # of those told: an earlier search had measured them
    seconds: float  # of scoring, over all workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a search cost so far; `wall_seconds` since it first began, breaks included."""

    stages: tuple[Stage, ...]  # as the search came to them
    workers: int  # wanted at once
    wall_seconds: float | None  # None before it began
    utilisation: float | None  # share of the workers' time spent on scoring, after start-up
    failures: Mapping[str, int]  # by class, the most frequent first

    @classmethod
    def of(cls, source: Source) -> Self:
        """The spending of a search, ended or not."""
        search = source.search
        stages = {each.candidate.fidelity: list[StoredCandidate]() for each in source.history}
        for each in source.history:
            if each.outcome is not None:
                stages[each.candidate.fidelity].append(each)
        began, ended = search.started_at, search.finished_at or source.made_at
        return cls(
            stages=tuple(_stage(str(fidelity), told) for fidelity, told in stages.items()),
            workers=search.slots or int(search.spec["workers"]),
            wall_seconds=None if began is None else max(0.0, (ended - began).total_seconds()),
            utilisation=(search.result or {}).get("utilisation", {}).get("share"),
            failures=_failures(source.history),
        )

    @property
    def scoring_seconds(self) -> float:
        """Over all workers and stages."""
        return sum(each.seconds for each in self.stages)

    @property
    def told(self) -> int:
        """Outcomes of every fidelity."""
        return sum(each.told for each in self.stages)

    @property
    def reused(self) -> int:
        """Measurements that were taken over from earlier searches."""
        return sum(each.reused for each in self.stages)

    @property
    def failed(self) -> int:
        """Candidates without a measurement, of every fidelity."""
        return sum(each.failed for each in self.stages)


def _stage(fidelity: str, told: Sequence[StoredCandidate]) -> Stage:
    return Stage(
        fidelity=fidelity,
        told=len(told),
        failed=sum(isinstance(each.outcome, Failure) for each in told),
        reused=sum(each.reused_from is not None for each in told),
        seconds=sum(each.seconds or 0.0 for each in told),
    )


def _failures(history: Sequence[StoredCandidate]) -> Mapping[str, int]:
    reasons = (each.outcome.reason for each in history if isinstance(each.outcome, Failure))
    return dict(Counter(str(FailureClass.of(reason)) for reason in reasons).most_common())
