"""Routes of people: who the caller is, and the keys that admins make and take back."""

from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.api.auth import Administers, Looks
from service.api.problems import RESPONSES
from service.api.quotas import QuotaView
from service.api.services import Given
from service.domain.person import OWNER, Role
from service.domain.search_id import ALPHABET
from service.people.keys import ID_LENGTH, MAX_LABEL, KeyRecord

router = APIRouter(tags=["people"], responses=RESPONSES)

AfterKey = Annotated[str | None, Query(pattern=f"^[{ALPHABET}]{{{ID_LENGTH}}}$", description="the `next` before")]
Limit = Annotated[int, Query(ge=1, le=200)]
OfOwner = Annotated[str | None, Query(pattern=f"^{OWNER.pattern}$")]


class Me(BaseModel):
    """Who the caller is, and what they may use; nulls in `quota` are as much as there is."""

    owner: str
    role: Role
    key_id: str | None  # null where nobody needs a key
    quota: QuotaView


class KeyWish(BaseModel):
    """A key to make."""

    model_config = ConfigDict(extra="forbid")

    owner: str = Field(pattern=f"^{OWNER.pattern}$")
    role: Role = Role.MEMBER
    label: str = Field("", max_length=MAX_LABEL)
    expires_at: AwareDatetime | None = None  # null: never


class KeyView(BaseModel):
    """What is known of a key."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    owner: str
    role: Role
    label: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None  # to a minute

    @classmethod
    def of(cls, record: KeyRecord) -> Self:
        """The view of a record."""
        return cls.model_validate(record)


class NewKeyView(BaseModel):
    """A new key, and the only time that anybody sees it."""

    key: str
    record: KeyView


class KeyPage(BaseModel):
    """Oldest first; `next` is the `after` of the next page, null at the end."""

    items: list[KeyView]
    next: str | None


@router.get("/me")
def get_me(services: Given, caller: Looks) -> Me:
    """Who the caller is."""
    quota = QuotaView.of(services.store.quotas.of(caller.owner))
    return Me(owner=caller.owner, role=caller.role, key_id=caller.key_id, quota=quota)


@router.post("/keys", status_code=HTTPStatus.CREATED)
def create_key(wish: KeyWish, services: Given, caller: Administers) -> NewKeyView:
    """Make a key; it stands in this answer and nowhere else."""
    new = services.store.keys.create(
        wish.owner, wish.role, label=wish.label, expires_at=wish.expires_at, actor=caller.name
    )
    return NewKeyView(key=new.key, record=KeyView.of(new.record))


@router.get("/keys")
def list_keys(
    services: Given, _caller: Administers, owner: OfOwner = None, after: AfterKey = None, limit: Limit = 50
) -> KeyPage:
    """Keys, oldest first, revoked and expired ones too."""
    found = services.store.keys.listed(owner, after=after, limit=limit)
    items = [KeyView.of(each) for each in found]
    return KeyPage(items=items, next=found[-1].id if len(found) == limit else None)


@router.delete("/keys/{key_id}")
def revoke_key(key_id: str, services: Given, caller: Administers) -> KeyView:
    """Take a key back, from the next request on; twice changes nothing."""
    return KeyView.of(services.store.keys.revoke(key_id, actor=caller.name))
