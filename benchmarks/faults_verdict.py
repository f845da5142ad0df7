"""`judge`: what a storm of faults did to the searches that it came upon, beside the same searches without it."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.faults_searches import Followed
from benchmarks.hosts_lab import DISPATCHERS, DRIVER, WORKER, WORKERS, Lab
from search.contracts import Candidate, Failure, Outcome
from service.domain.records import Progress, SearchNotFoundError, Status, StoredCandidate

TIMED = ("seconds", "elapsed_seconds", "latency_ms", "latency_p90_ms", "peak_memory_mb")
"""What of a measurement depends on the machine at that moment."""
ALL = 100_000  # searches
GONE_SECONDS = 60.0  # after the last search, for its driver and workers to end

Front = Sequence[tuple[tuple[int, ...], float]]


@dataclass(frozen=True, slots=True)
class Result:
    """How a search ended, without what depends on the clock."""

    status: Status | None  # None: there is no such search
    history: Sequence[StoredCandidate]
    front: Front
    chosen: int | None
    fetched: bool  # its exported model can be had

    @classmethod
    def of(cls, search_id: str, lab: Lab) -> "Result":
        """The result of a search that is over."""
        try:
            search = lab.store.searches.get(search_id)
        except SearchNotFoundError:
            return cls(None, (), (), None, fetched=False)
        history, front = lab.store.candidates.history(search_id), lab.client.front(search_id)
        fetched = search.status is Status.SUCCEEDED and lab.client.has_model(search_id)
        return cls(search.status, history, front, (search.result or {}).get("chosen"), fetched)

    @property
    def scores(self) -> Mapping[Candidate, Outcome | None]:
        """What each candidate was measured to be."""
        return {each.candidate: _without_times(each.outcome) for each in self.history}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Counts over all searches; all but the first two should be 0."""

    searches: int
    candidates: int
    searches_lost: int  # submitted, and not there or not succeeded
    searches_twice: int  # there, and submitted by nobody
    candidates_lost: int  # not measured as in the undisturbed search, or otherwise than a client was shown before
    counted_twice: int  # rows, places in the order, or counts that are too many
    fronts_other: int  # searches with another front or another winner than undisturbed
    models_missing: int  # searches whose winner cannot be fetched
    left_behind: int  # processes that work for no search, rows that wait for an outcome

    @property
    def clean(self) -> bool:
        """Nothing was lost, counted twice, came out otherwise, or stayed."""
        amiss = (self.searches_lost, self.searches_twice, self.candidates_lost, self.counted_twice)
        return not any((*amiss, self.fronts_other, self.models_missing, self.left_behind))


def all_searches(lab: Lab) -> set[str]:
    """The ids of all that there are."""
    return {each.id for each in lab.store.searches.page(limit=ALL)}


def judge(
    lab: Lab, followed: Sequence[Followed], undisturbed: Mapping[str, Result], *, earlier: Collection[str]
) -> Verdict:
    """Look at everything once all searches are over.

    Args:
        lab: where they ran.
        followed: the searches, and what their users saw.
        undisturbed: of each spec a search that no fault came upon, by id, in the order of the specs.
        earlier: the ids of all searches that there were before.
    """
    before = list(undisturbed.values())
    cases = [(each, Result.of(each.id, lab), before[each.spec]) for each in followed]
    counts = lab.store.candidates.progress([each.id for each in followed])
    return Verdict(
        searches=len(cases),
        candidates=sum(len(expected.history) for _, _, expected in cases),
        searches_lost=sum(found.status is not Status.SUCCEEDED for _, found, _ in cases),
        searches_twice=len(all_searches(lab) - {each.id for each in followed} - set(earlier)),
        candidates_lost=sum(lost(found, expected, each.told) for each, found, expected in cases),
        counted_twice=sum(twice(found.history, counts[each.id]) for each, found, _ in cases),
        fronts_other=sum((found.front, found.chosen) != (other.front, other.chosen) for _, found, other in cases),
        models_missing=sum(not found.fetched for _, found, _ in cases),
        left_behind=_waiting([found for _, found, _ in cases]) + _working(lab),
    )


def lost(found: Result, expected: Result, shown: Mapping[int, Mapping[str, Any]]) -> int:
    """Candidates that were not measured as `expected`, or are not what a client was `shown`, by index, before."""
    scores = found.scores
    other = {candidate.index for candidate, outcome in expected.scores.items() if scores.get(candidate) != outcome}
    now = {each.candidate.index: each for each in found.history}
    forgotten = {index for index, each in shown.items() if index not in now or not _same(now[index], each)}
    return len(other | forgotten)


def twice(history: Sequence[StoredCandidate], counts: Progress) -> int:
    """Candidates there more than once, places in the order that are given wrongly, outcomes counted and not there."""
    different = {(each.candidate.fidelity, each.candidate.genome) for each in history}
    indices = {each.candidate.index for each in history}
    order = sorted(each.told_order for each in history if each.told_order is not None)
    misplaced = sum(place != should for should, place in enumerate(order))
    miscounted = abs(sum(each.told for each in counts.values()) - len(order))
    return (len(history) - len(different)) + (len(history) - len(indices)) + misplaced + miscounted


def _same(stored: StoredCandidate, shown: Mapping[str, Any]) -> bool:
    failure = stored.outcome.reason if isinstance(stored.outcome, Failure) else None
    measurement = None if isinstance(stored.outcome, Failure) else stored.outcome
    was = (tuple(shown["genome"]), shown["fidelity"], shown["told_order"], shown["failure"], shown["measurement"])
    return was == (stored.candidate.genome, stored.candidate.fidelity, stored.told_order, failure, measurement)


def _waiting(results: Sequence[Result]) -> int:
    return sum(each.outcome is None for result in results for each in result.history)


def _working(lab: Lab) -> int:
    """Processes that have not ended a while after the last search did."""
    deadline = time.monotonic() + GONE_SECONDS
    while True:
        hosts = [lab.hosts[name] for name in (*DISPATCHERS, *WORKERS)]
        left = sum(len(host.processes(begins)) for host in hosts for begins in (DRIVER, WORKER))
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(1.0)


def _without_times(outcome: Outcome | None) -> Outcome | None:
    if outcome is None or isinstance(outcome, Failure):
        return outcome
    return {name: value for name, value in outcome.items() if name not in TIMED}
