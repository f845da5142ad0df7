"""`Candidates`: what was asked and told, as rows; written under a lease, read by everyone."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError

from search.contracts import Candidate, Failure, Fidelity, Measurement, Outcome
from service.domain.records import (
    MOST_WORKER,
    Credit,
    DuplicateCandidateError,
    Earlier,
    FidelityProgress,
    Lease,
    Progress,
    StoredCandidate,
)
from service.searches.leases import held_row
from service.searches.stage_counts import count, count_anew
from service.storage.clock import Clock, utc_now
from service.storage.database import reading, writing
from service.storage.lost_connections import safe_to_repeat
from service.storage.tables import CandidateRow, StageCountRow

AT_ONCE = 500  # rows named in one statement


class Candidates:
    """The history of every search; it grows, and nothing in it is ever changed."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    @safe_to_repeat
    def record_ask(self, lease: Lease, candidate: Candidate, asked_after: int) -> None:
        """Write an ask that came after `asked_after` tells; the very same one again changes nothing.

        Raises:
            LeaseLostError: the lease is not current.
            DuplicateCandidateError: its index or its chromosome (at this fidelity) was asked before.
        """
        row = CandidateRow(
            search_id=lease.search_id,
            index=candidate.index,
            genome=list(candidate.genome),
            fidelity=candidate.fidelity,
            asked_after=asked_after,
            asked_at=self._clock(),
        )
        try:
            with writing(self._engine) as session:
                held_row(session, lease)
                session.add(row)
                count(session, lease.search_id, candidate.fidelity, FidelityProgress(asked=1))
        except IntegrityError as error:
            if self._asked(lease.search_id, candidate, asked_after):
                return
            raise DuplicateCandidateError(
                f"candidate {candidate.index} of search {lease.search_id} cannot be recorded: its index, or its "
                f"chromosome {list(candidate.genome)} at fidelity {candidate.fidelity}, was asked before"
            ) from error

    def _asked(self, search_id: str, candidate: Candidate, asked_after: int) -> bool:
        with reading(self._engine) as session:
            row = session.get(CandidateRow, (search_id, candidate.index))
            known = None if row is None else _from_row(row)
        return known is not None and (known.candidate, known.asked_after) == (candidate, asked_after)

    @safe_to_repeat
    def record_tell(
        self,
        lease: Lease,
        index: int,
        outcome: Outcome,
        seconds: float | None = None,
        *,
        measure_key: str | None = None,
        reused_from: str | None = None,
        credit: Credit | None = None,
    ) -> bool:
        """Write an outcome, told after all tells in the table; False if this candidate was told before.

        Under `measure_key` later searches find it; `reused_from` is the search that it was taken over from, `credit` is
        for the worker that made it.

        Raises:
            LeaseLostError: the lease is not current.
            ValueError: no such candidate was asked.
        """
        of_search = CandidateRow.search_id == lease.search_id
        orders = select(func.coalesce(func.max(CandidateRow.told_order) + 1, 0)).where(of_search)
        asked = select(CandidateRow, orders.scalar_subquery()).where(of_search, CandidateRow.index == index)
        failed = isinstance(outcome, Failure)
        with writing(self._engine) as session:
            search = held_row(session, lease)
            found = session.execute(asked).one_or_none()
            if found is None:
                raise ValueError(f"candidate {index} of search {lease.search_id} was told but never asked")
            row, order = found
            if row.told_order is not None:
                return False
            row.told_order, row.told_at, row.seconds = order, self._clock(), seconds
            row.failure = outcome.reason if isinstance(outcome, Failure) else None
            row.measurement = None if isinstance(outcome, Failure) else dict(outcome)
            row.measure_key, row.reused_from = measure_key, reused_from
            if credit is not None:
                row.worker, row.busy_seconds = credit.worker[:MOST_WORKER], credit.seconds
            search.attempts = 0  # progress: see Leases
            reused, busy = reused_from is not None, (seconds if credit is None else credit.seconds) or 0.0
            more = FidelityProgress(0, 1, int(failed), seconds or 0.0, int(reused), 0.0 if reused else busy)
            count(session, lease.search_id, Fidelity(row.fidelity), more)
        return True

    @safe_to_repeat
    def record_front(self, lease: Lease, indices: Sequence[int] | None) -> None:
        """Write which candidates are the best so far, best first; None: whoever asks must find out.

        Raises:
            LeaseLostError: the lease is not current.
        """
        with writing(self._engine) as session:
            held_row(session, lease).front = None if indices is None else list(indices)

    @safe_to_repeat
    def recount(self, lease: Lease) -> None:
        """Count a search's candidates anew, for who reads them all anyway.

        A driver of an earlier version, which knows of no counts, may have written since the database was upgraded.

        Raises:
            LeaseLostError: the lease is not current.
        """
        with writing(self._engine) as session:
            held_row(session, lease)
            count_anew(session, lease.search_id)

    def page(
        self, search_id: str, *, after: int = -1, limit: int = 50, fidelities: Collection[Fidelity] = ()
    ) -> Sequence[StoredCandidate]:
        """The next `limit` candidates behind index `after`, of some fidelities or (empty) all."""
        query = select(CandidateRow).where(CandidateRow.search_id == search_id, CandidateRow.index > after)
        query = query.order_by(CandidateRow.index).limit(limit)
        # one by one, each along its index: together they would be sorted, or looked for among all the others
        stages = [query.where(CandidateRow.fidelity == each) for each in set(fidelities)] or [query]
        with reading(self._engine) as session:
            found = [_from_row(row) for each in stages for row in session.scalars(each)]
        return sorted(found, key=lambda each: each.candidate.index)[:limit]

    def named(self, search_id: str, indices: Sequence[int]) -> Sequence[StoredCandidate]:
        """The candidates of these indices, in their order; unknown ones are left out."""
        found = dict[int, StoredCandidate]()
        query = select(CandidateRow).where(CandidateRow.search_id == search_id)
        with reading(self._engine) as session:
            for start in range(0, len(indices), AT_ONCE):
                part = query.where(CandidateRow.index.in_(indices[start : start + AT_ONCE]))
                found |= {row.index: _from_row(row) for row in session.scalars(part)}
        return [found[index] for index in indices if index in found]

    def told(self, search_id: str, *, after: int = -1, limit: int = 50) -> Sequence[StoredCandidate]:
        """The next `limit` that were told behind the one of order `after`, in the order of the tells."""
        query = select(CandidateRow).where(CandidateRow.search_id == search_id, CandidateRow.told_order > after)
        with reading(self._engine) as session:
            return [_from_row(row) for row in session.scalars(query.order_by(CandidateRow.told_order).limit(limit))]

    def history(self, search_id: str) -> Sequence[StoredCandidate]:
        """Every candidate in the order of the asks."""
        query = select(CandidateRow).where(CandidateRow.search_id == search_id).order_by(CandidateRow.index)
        with reading(self._engine) as session:
            return [_from_row(row) for row in session.scalars(query)]

    def measured(self, search_id: str, fidelity: Fidelity) -> Sequence[StoredCandidate]:
        """The candidates of one fidelity that have a measurement, in the order of the asks."""
        query = select(CandidateRow).where(CandidateRow.search_id == search_id, CandidateRow.fidelity == fidelity)
        query = query.where(CandidateRow.measurement.is_not(None)).order_by(CandidateRow.index)
        with reading(self._engine) as session:
            return [_from_row(row) for row in session.scalars(query)]

    def measured_as(self, measure_key: str) -> Earlier | None:
        """A measurement under that key, of any search, and who made it; None where there is none."""
        query = (
            select(CandidateRow.measurement, func.coalesce(CandidateRow.reused_from, CandidateRow.search_id))
            .where(CandidateRow.measure_key == measure_key, CandidateRow.measurement.is_not(None))
            .order_by(CandidateRow.reused_from.is_not(None), CandidateRow.search_id, CandidateRow.index)
            .limit(1)
        )
        with reading(self._engine) as session:
            row = session.execute(query).one_or_none()
        return None if row is None or row[0] is None else Earlier(row[0], row[1])

    def progress(self, search_ids: Collection[str]) -> Mapping[str, Progress]:
        """Counts per search and fidelity, whatever the number of candidates; one without any is left out."""
        query = select(StageCountRow).where(StageCountRow.search_id.in_(search_ids))
        found: dict[str, dict[Fidelity, FidelityProgress]] = {search_id: {} for search_id in search_ids}
        with reading(self._engine) as session:
            for row in session.scalars(query):
                counts = FidelityProgress(row.asked, row.told, row.failed, row.seconds, row.reused, row.busy_seconds)
                found[row.search_id][Fidelity(row.fidelity)] = counts
        return found


def _from_row(row: CandidateRow) -> StoredCandidate:
    outcome: Measurement | Failure | None = row.measurement if row.failure is None else Failure(row.failure)
    return StoredCandidate(
        candidate=Candidate(row.index, tuple(row.genome), Fidelity(row.fidelity)),
        asked_after=row.asked_after,
        asked_at=row.asked_at,
        told_order=row.told_order,
        told_at=row.told_at,
        outcome=outcome,
        seconds=row.seconds,
        reused_from=row.reused_from,
    )
