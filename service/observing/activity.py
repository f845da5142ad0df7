"""`activity`: what happened inside one search, worker by worker and reason by reason, summed up by the database."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Double, Engine, cast, extract, func, select
from sqlalchemy.orm import Session

from service.domain.records import Search
from service.observing.failure_class import FailureClass
from service.storage.database import reading
from service.storage.tables import CandidateRow

HEAD = 80  # characters of a reason: enough to tell its class; what follows may differ for every candidate
LONGEST = 500  # characters of an example


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerActivity:
    """One worker by its name; `busy` is the share of each bin, 0 to 1, in which it scored."""

    name: str
    candidates: int
    failed: int
    busy_seconds: float
    utilisation: float  # 0 to 1, between its first candidate and its last
    first_at: datetime
    last_at: datetime
    busy: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureKind:
    """How many candidates failed in one way; `example` is what the first of them, `candidate`, says."""

    kind: FailureClass
    count: int
    example: str
    candidate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """`bins` parts of `bin_seconds` each, the first from `begins_at` on."""

    begins_at: datetime | None
    bin_seconds: int
    bins: int
    workers: Sequence[WorkerActivity] = ()
    unattributed: int = 0
    failures: Sequence[FailureKind] = ()

    @property
    def utilisation(self) -> float | None:
        """Of all workers, 0 to 1: busy seconds over those between the first and the last candidate of each."""
        busy = sum(each.busy_seconds for each in self.workers)
        there = sum(each.busy_seconds / each.utilisation for each in self.workers if each.utilisation)
        return min(1.0, busy / there) if there else None


@dataclass(frozen=True, slots=True)
class _Part:
    """The outcomes that one worker brought in one bin; times in whole seconds since 1970."""

    bin: int
    candidates: int
    failed: int
    busy_seconds: float
    first: float
    last: int


def activity(engine: Engine, search: Search, *, bins: int, now: datetime) -> Activity:
    """What happened in `search` so far, in at most `bins` parts of its time; none is shorter than a second.

    It looks at every candidate of the search, in two statements.
    """
    if search.started_at is None:
        return Activity(begins_at=None, bin_seconds=1, bins=0)
    begins, ends = math.floor(search.started_at.timestamp()), (search.finished_at or now).timestamp()
    span = max(1, math.ceil(ends) - begins)
    width = math.ceil(span / bins)
    count = math.ceil(span / width)
    with reading(engine) as session:
        parts, unattributed = _parts(session, search.id, begins, width)
        return Activity(
            begins_at=datetime.fromtimestamp(begins, UTC),
            bin_seconds=width,
            bins=count,
            workers=[_worker(name, found, count, width) for name, found in sorted(parts.items())],
            unattributed=unattributed,
            failures=_failures(session, search.id),
        )


def _parts(session: Session, search_id: str, begins: int, width: int) -> tuple[Mapping[str, Sequence[_Part]], int]:
    """The parts of each worker, and how many told candidates are nobody's."""
    row, second = CandidateRow, cast(extract("epoch", CandidateRow.told_at), BigInteger)  # in whole ones, since 1970
    numbers = (
        func.count(),
        func.count(row.failure),
        func.coalesce(func.sum(row.busy_seconds), 0.0),
        func.min(cast(second, Double) - func.coalesce(row.busy_seconds, 0.0)),
        func.max(second),
    )
    told = row.search_id == search_id, row.told_order.is_not(None), row.reused_from.is_(None)
    # grouped by its name: by the expression, PostgreSQL would see other parameters and take it for another one
    place = ((second - begins) // width).label("place")
    summed = select(row.worker, place, *numbers).where(*told).group_by(row.worker, "place")
    parts, unattributed = defaultdict[str, list[_Part]](list), 0
    for worker, at, candidates, failed, busy, first, last in session.execute(summed):
        if worker is None:
            unattributed += candidates
        else:
            parts[worker].append(_Part(at, candidates, failed, busy, first, last))
    return parts, unattributed


def _worker(name: str, parts: Sequence[_Part], bins: int, width: int) -> WorkerActivity:
    first, last = min(each.first for each in parts), max(each.last for each in parts)
    busy = sum(each.busy_seconds for each in parts)
    return WorkerActivity(
        name=name,
        candidates=sum(each.candidates for each in parts),
        failed=sum(each.failed for each in parts),
        busy_seconds=busy,
        utilisation=busy / max(busy, last - first) if busy else 0.0,
        first_at=datetime.fromtimestamp(first, UTC),
        last_at=datetime.fromtimestamp(last, UTC),
        busy=_shares(parts, bins, width),
    )


def _shares(parts: Iterable[_Part], bins: int, width: int) -> tuple[float, ...]:
    """The busy share of each bin. An outcome comes at the end of its work, so what a bin cannot hold was done before.

    What does not fit into the first bin either was done before the search, by clocks that differ; it is left out.
    """
    seconds = [0.0] * bins
    for each in parts:
        seconds[min(max(each.bin, 0), bins - 1)] += each.busy_seconds
    shares, before = [0.0] * bins, 0.0
    for place in reversed(range(bins)):
        held = seconds[place] + before
        before = max(0.0, held - width)
        shares[place] = min(1.0, held / width)
    return tuple(shares)


def _failures(session: Session, search_id: str) -> Sequence[FailureKind]:
    """The most frequent kind first."""
    row, counts, firsts = CandidateRow, Counter[FailureClass](), dict[FailureClass, int]()
    of_search = row.search_id == search_id, row.failure.is_not(None)
    head = func.substr(row.failure, 1, HEAD).label("head")
    alike = select(head, func.count(), func.min(row.index)).where(*of_search).group_by("head")
    for begins, count, first in session.execute(alike):
        kind = FailureClass.of(begins)
        counts[kind] += count
        firsts[kind] = min(firsts.get(kind, first), first)
    named = select(row.index, row.failure).where(*of_search, row.index.in_(list(firsts.values())))
    reasons = dict(found for found in session.execute(named))
    kinds = [
        FailureKind(kind=kind, count=counts[kind], example=(reasons[first] or "")[:LONGEST], candidate=first)
        for kind, first in firsts.items()
    ]
    return sorted(kinds, key=lambda each: (-each.count, each.kind))
