"""`Candidates`: what was asked and told, as rows; written under a lease, read by everyone."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError

from search.contracts import Candidate, Failure, Fidelity, Measurement, Outcome
from service.database import reading, writing
from service.leases import held_row
from service.records import DuplicateCandidateError, Earlier, FidelityProgress, Lease, Progress, StoredCandidate
from service.searches import Clock, utc_now
from service.tables import CandidateRow


class Candidates:
    """The history of every search; it grows, and nothing in it is ever changed."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def record_ask(self, lease: Lease, candidate: Candidate, asked_after: int) -> None:
        """Write an ask that came after `asked_after` tells.

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
        except IntegrityError as error:
            raise DuplicateCandidateError(
                f"candidate {candidate.index} of search {lease.search_id} cannot be recorded: its index, or its "
                f"chromosome {list(candidate.genome)} at fidelity {candidate.fidelity}, was asked before"
            ) from error

    def record_tell(
        self,
        lease: Lease,
        index: int,
        outcome: Outcome,
        seconds: float | None = None,
        *,
        measure_key: str | None = None,
        reused_from: str | None = None,
    ) -> bool:
        """Write an outcome, told after all tells in the table; False if this candidate was told before.

        Under `measure_key` later searches find it; `reused_from` is the search that it was taken over from.

        Raises:
            LeaseLostError: the lease is not current.
            ValueError: no such candidate was asked.
        """
        last = select(func.max(CandidateRow.told_order)).where(CandidateRow.search_id == lease.search_id)
        with writing(self._engine) as session:
            search = held_row(session, lease)
            row = session.get(CandidateRow, (lease.search_id, index))
            if row is None:
                raise ValueError(f"candidate {index} of search {lease.search_id} was told but never asked")
            if row.told_order is not None:
                return False
            before = session.scalars(last).one()
            if isinstance(outcome, Failure):
                row.failure = outcome.reason
            else:
                row.measurement = dict(outcome)
            row.told_order = 0 if before is None else before + 1
            row.told_at, row.seconds = self._clock(), seconds
            row.measure_key, row.reused_from = measure_key, reused_from
            search.attempts = 0  # progress: see Leases
        return True

    def page(
        self, search_id: str, *, after: int = -1, limit: int = 50, fidelities: Collection[Fidelity] = ()
    ) -> Sequence[StoredCandidate]:
        """The next `limit` candidates behind index `after`, of some fidelities or (empty) all."""
        query = select(CandidateRow).where(CandidateRow.search_id == search_id, CandidateRow.index > after)
        if fidelities:
            query = query.where(CandidateRow.fidelity.in_(fidelities))
        with reading(self._engine) as session:
            return [_from_row(row) for row in session.scalars(query.order_by(CandidateRow.index).limit(limit))]

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
        """Counts per search and fidelity; a fidelity without candidates is left out."""
        query = (
            select(
                CandidateRow.search_id,
                CandidateRow.fidelity,
                func.count(),
                func.count(CandidateRow.told_order),
                func.count(CandidateRow.failure),
                func.sum(CandidateRow.seconds),
                func.count(CandidateRow.reused_from),
            )
            .where(CandidateRow.search_id.in_(search_ids))
            .group_by(CandidateRow.search_id, CandidateRow.fidelity)
        )
        found: dict[str, dict[Fidelity, FidelityProgress]] = {search_id: {} for search_id in search_ids}
        with reading(self._engine) as session:
            for search_id, fidelity, asked, told, failed, seconds, reused in session.execute(query):
                found[search_id][Fidelity(fidelity)] = FidelityProgress(asked, told, failed, seconds or 0.0, reused)
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
