"""Routes that stream: what happens to one search, and to all of them, as server-sent events.

Every event has an id. Who sends the last one back, as browsers do in the header `Last-Event-ID`, gets what comes behind
it: nothing is missed and nothing comes twice, however often the connection is lost. Events are read from the database,
so it does not matter which API process answers.
"""

import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel

from search.contracts import Fidelity
from service.api.auth import Looks, StillGood
from service.api.chromosomes import Chromosomes
from service.api.event_stream import Batch, EventStream, beginning, frame
from service.api.journal import EntryView
from service.api.problems import RESPONSES
from service.api.schemas import CandidateView, StageView
from service.api.search_feed import EventIdError, Happening, Place, SearchFeed
from service.api.services import Given, Services
from service.domain.records import Status
from service.events.journal import Entry
from service.events.journal_tail import JournalTail, newest
from service.storage.database import reading

router = APIRouter(tags=["events"], responses=RESPONSES)

PROGRESS_SECONDS = 1.0  # between two reports of progress, at least
PAGE = 200
WHOLE_NUMBER = re.compile("[0-9]{1,18}")

OPENAPI: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Server-sent events"},
    204: {"description": "The search has ended and everything was sent: do not ask again"},
    400: RESPONSES["default"],
}


class ProgressEvent(BaseModel):
    """How far a search is: its counts at this moment, of the stages that have begun."""

    status: Status
    stages: Mapping[Fidelity, StageView]


async def _slot(caller: Looks, services: Given) -> AsyncIterator[None]:
    with services.streams.taken(caller.owner, services.settings):
        yield


def _last_event_id(
    last_event_id: Annotated[str | None, Query(description="as the header, which counts for more")] = None,
    header: Annotated[str | None, Header(alias="Last-Event-ID", description="Go on behind this event.")] = None,
) -> str | None:
    return last_event_id if header is None else header  # a browser that reconnects repeats the address it was given


Slot = Annotated[None, Depends(_slot)]
LastEventId = Annotated[str | None, Depends(_last_event_id)]


@router.get("/searches/{search_id}/events", status_code=HTTPStatus.OK, response_class=EventStream, responses=OPENAPI)
async def stream_search(
    search_id: str, services: Given, last: LastEventId, allowed: StillGood, _slot: Slot
) -> Response:
    """One search from its submission to its end, then the stream ends.

    `state` is an entry of its journal and `candidate` an outcome, as `/candidates` shows it; `progress` has no id and
    comes at most once a second. Lines that begin with a colon only say that the connection lives.
    """
    place = Place() if last is None else Place.parse(last)
    feed = SearchFeed(services.store, search_id)

    def begin() -> _SearchEvents | None:
        feed.check(place)
        news = feed.after(place)
        return None if news.over and not news.happenings else _SearchEvents(services, search_id, place)

    if (events := await services.streams.read(begin)) is None:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return EventStream(events.next, services.streams, poll_seconds=services.settings.poll_seconds, allowed=allowed)


@router.get("/events", status_code=HTTPStatus.OK, response_class=EventStream, responses=OPENAPI)
async def stream_all(services: Given, last: LastEventId, allowed: StillGood, _caller: Looks, _slot: Slot) -> Response:
    """What happens to any search from now on, or behind an event: `state` events, until the client goes."""

    def begin() -> _AllEvents:
        return _AllEvents(JournalTail(services.store.engine, None if last is None else _entry(services, last)))

    events = await services.streams.read(begin)
    return EventStream(events.next, services.streams, poll_seconds=services.settings.poll_seconds, allowed=allowed)


class _SearchEvents:
    """What one client has of one search; one thread at a time asks it."""

    def __init__(self, services: Services, search_id: str, place: Place) -> None:
        self._store = services.store
        self._search_id = search_id
        self._known = Chromosomes.of(services.store.searches.get(search_id), services)
        self._feed = SearchFeed(services.store, search_id)
        self._place = place
        self._reported: float | None = None
        self._begun = False

    def next(self) -> Batch:
        """The events since the last call."""
        frames = [] if self._begun else [beginning(self._place)]
        self._begun = True
        news = self._feed.after(self._place)
        if news.happenings and news.status is not None:
            frames += self._progress(news.status, due=news.over)
        for place, happening in news.happenings:
            frames.append(self._frame(happening, place))
            self._place = place
        return Batch(frames, news.more, news.over)

    def _frame(self, happening: Happening, place: Place) -> bytes:
        if isinstance(happening, Entry):
            return frame("state", EntryView.of(happening), place)
        architecture = self._known.decode(happening.candidate.genome)
        return frame("candidate", CandidateView.of(happening, architecture), place)

    def _progress(self, status: Status, *, due: bool) -> list[bytes]:
        if not due and self._reported is not None and time.monotonic() < self._reported + PROGRESS_SECONDS:
            return []
        self._reported = time.monotonic()
        counts = self._store.candidates.progress([self._search_id])[self._search_id]
        stages = {fidelity: StageView(**asdict(count)) for fidelity, count in counts.items()}
        return [frame("progress", ProgressEvent(status=status, stages=stages))]


class _AllEvents:
    """What one client has of all searches."""

    def __init__(self, tail: JournalTail) -> None:
        self._tail = tail
        self._begun = False

    def next(self) -> Batch:
        """The events since the last call; none before nothing can be missed any more."""
        if not self._tail.opened():
            return Batch()
        frames = [] if self._begun else [beginning(self._tail.after)]
        self._begun = True
        found = self._tail.next(PAGE)
        frames += [frame("state", EntryView.of(each), each.id) for each in found if each.search_id is not None]
        return Batch(frames, more=len(found) == PAGE)


def _entry(services: Services, last: str) -> int:
    """The entry of the journal that an event of all searches told of."""
    with reading(services.store.engine) as session:
        most = newest(session)
    if WHOLE_NUMBER.fullmatch(last) is None or int(last) > most:
        raise EventIdError(
            f"expected the id of an event of all searches, a whole number up to {most}, and got {last[:64]!r}: leave "
            "it out to begin with what happens next"
        )
    return int(last)
