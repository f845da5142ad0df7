"""`Tally`: what happened in a whole installation since this process first looked, added up and never counted anew.

From one look to the next it follows the journal and the searches that ran in between: their counts by stage, and the
failures among their newest tells. A look costs as much as happened since the one before, not as much as is stored.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from search.contracts import Fidelity
from service.domain.action import Action
from service.domain.records import FINISHED, Status
from service.events.journal import Entry
from service.events.journal_tail import JournalTail
from service.observing.failure_class import FailureClass
from service.storage.database import reading
from service.storage.journal_tables import JournalRow
from service.storage.tables import CandidateRow, SearchRow, StageCountRow

BEGUN = (Status.RUNNING, Status.PAUSED)
STARTS = (Action.STARTED, Action.CLAIMED)
TURNS = (*STARTS, Action.REQUEUED, Action.PAUSED, Action.RESUMED)
PAGE = 1000  # entries of the journal read at once
MOST_PAGES = 20  # of one look; the rest is for the next
CHUNK = 500  # searches asked for in one statement


@dataclass(frozen=True, slots=True)
class Stage:
    """Counts of one search's candidates of one fidelity."""

    asked: int = 0
    told: int = 0
    failed: int = 0
    reused: int = 0
    seconds: float = 0.0  # of scoring


Stages = Mapping[Fidelity, Stage]


@dataclass(slots=True)
class Totals:
    """Sums that only grow."""

    told: Counter[Fidelity] = field(default_factory=Counter)
    reused: Counter[Fidelity] = field(default_factory=Counter)
    seconds: defaultdict[Fidelity, float] = field(default_factory=lambda: defaultdict(float))
    failed: Counter[FailureClass] = field(default_factory=Counter)
    entries: Counter[Action] = field(default_factory=Counter)
    lost_leases: int = 0  # claims of searches whose driver had fallen silent


class Tally:
    """Kept by one thread at a time. What a search was told before it was first seen here is not counted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tail: JournalTail | None = None
        self._seen: dict[str, Stages] = {}  # of each search that has begun and not ended
        self.totals = Totals()

    def look(self) -> None:
        """Add what happened since the last look; the first one only finds out where to begin."""
        with reading(self._engine) as session:
            begun = set(session.scalars(select(SearchRow.id).where(SearchRow.status.in_(BEGUN))))
            if self._tail is None:
                self._tail = JournalTail(self._engine)
                self._seen = dict(stages_of(session, begun))
                return
        entries = list(_new(self._tail))  # behind `begun`: whoever was running by then is in it as started
        with reading(self._engine) as session:  # anew: SQLite would answer with what was there before the entries
            self._take(session, begun, entries)

    def _take(self, session: Session, begun: set[str], entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._enter(session, entry)
        claimed = {each.search_id for each in entries if each.action in STARTS and each.search_id is not None}
        found = stages_of(session, begun | claimed | set(self._seen))
        for search_id, stages in found.items():
            self._add(session, search_id, self._seen.get(search_id, stages), stages)
            self._seen[search_id] = stages  # at once: a look that breaks off counts nothing twice
        going = _unfinished(session, found)
        self._seen = {search_id: stages for search_id, stages in self._seen.items() if search_id in going}

    def _enter(self, session: Session, entry: Entry) -> None:
        self.totals.entries[entry.action] += 1
        if entry.action is Action.STARTED and entry.search_id is not None:
            self._seen.setdefault(entry.search_id, {})
        if entry.action is Action.CLAIMED:
            earlier = select(JournalRow.action).where(JournalRow.search_id == entry.search_id, JournalRow.id < entry.id)
            turn = earlier.where(JournalRow.action.in_(TURNS)).order_by(JournalRow.id.desc()).limit(1)
            # nobody gave the search back before it was claimed again, so its lease had expired
            self.totals.lost_leases += session.scalar(turn) in STARTS

    def _add(self, session: Session, search_id: str, before: Stages, now: Stages) -> None:
        if sum(each.failed for each in now.values()) > sum(each.failed for each in before.values()):
            self.totals.failed.update(_failures(session, search_id, _tells(before), _tells(now)))
        for fidelity, stage in now.items():
            then = before.get(fidelity, Stage())
            self.totals.told[fidelity] += stage.told - then.told
            self.totals.reused[fidelity] += stage.reused - then.reused
            self.totals.seconds[fidelity] += max(0.0, stage.seconds - then.seconds)


def stages_of(session: Session, search_ids: Iterable[str]) -> Mapping[str, Stages]:
    """The counts of each search, by fidelity; without any candidate an empty mapping."""
    found: dict[str, dict[Fidelity, Stage]] = {search_id: {} for search_id in search_ids}
    for chunk in _chunks(list(found)):
        for row in session.scalars(select(StageCountRow).where(StageCountRow.search_id.in_(chunk))):
            stage = Stage(row.asked, row.told, row.failed, row.reused, row.seconds)
            found[row.search_id][Fidelity(row.fidelity)] = stage
    return found


def _new(tail: JournalTail) -> Iterator[Entry]:
    for _ in range(MOST_PAGES):
        page = tail.next(PAGE)
        yield from page
        if len(page) < PAGE:
            return


def _tells(stages: Stages) -> int:
    return sum(each.told for each in stages.values())


def _failures(session: Session, search_id: str, first: int, end: int) -> Sequence[FailureClass]:
    """Of the tells from `first` to before `end`, which is a range of the index on their order."""
    told = CandidateRow.search_id == search_id, CandidateRow.told_order >= first, CandidateRow.told_order < end
    reasons = session.scalars(select(CandidateRow.failure).where(*told, CandidateRow.failure.is_not(None)))
    return [FailureClass.of(reason or "") for reason in reasons]


def _unfinished(session: Session, search_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in _chunks(list(search_ids)):
        rows = select(SearchRow.id).where(SearchRow.id.in_(chunk), SearchRow.status.not_in(FINISHED))
        found.update(session.scalars(rows))
    return found


def _chunks(search_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(search_ids), CHUNK):
        yield search_ids[start : start + CHUNK]
