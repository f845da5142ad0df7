"""Routes of the journal: what happened and who did it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict

from service.api.auth import Administers, Looks
from service.api.problems import RESPONSES
from service.api.services import Given
from service.domain.action import Action
from service.domain.person import OWNER
from service.domain.search_id import is_id
from service.events.journal import Entry

router = APIRouter(tags=["journal"], responses=RESPONSES)

AfterEntry = Annotated[int | None, Query(ge=1, lt=2**63, description="the `next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
OfOwner = Annotated[str | None, Query(pattern=f"^{OWNER.pattern}$")]


class EntryView(BaseModel):
    """One thing that happened. Ids grow; between two of them there may be numbers that nothing has."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: AwareDatetime
    actor: str  # an owner, with the id of the key that was used; or the service by itself
    action: Action
    search_id: str | None
    owner: str | None  # of what it happened to
    detail: Mapping[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """The view of an entry."""
        return cls.model_validate(entry)


class JournalPage(BaseModel):
    """`next` is the `after` of the next page, null at the end so far."""

    items: Sequence[EntryView]
    next: int | None


@router.get("/journal")
def get_journal(
    services: Given, _caller: Administers, owner: OfOwner = None, after: AfterEntry = None, limit: Limit = 50
) -> JournalPage:
    """Everything that happened, newest first; or what happened to what one owner has."""
    return _page(services.store.journal.page(before=after, limit=limit, owner=owner), limit)


@router.get("/searches/{search_id}/journal")
def get_search_journal(
    search_id: str, services: Given, _caller: Looks, after: AfterEntry = None, limit: Limit = 50
) -> JournalPage:
    """What happened to one search, oldest first; also to one that was deleted since."""
    found = services.store.journal.of_search(search_id, after=after or 0, limit=limit) if is_id(search_id) else ()
    if not found:
        services.store.searches.get(search_id)
    return _page(found, limit)


def _page(found: Sequence[Entry], limit: int) -> JournalPage:
    items = [EntryView.of(each) for each in found]
    return JournalPage(items=items, next=found[-1].id if len(found) == limit else None)
