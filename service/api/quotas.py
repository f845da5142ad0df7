"""Routes of quotas: what each owner may use, as admins say."""

from dataclasses import replace
from typing import Annotated, Self, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from service.api.auth import Administers
from service.api.problems import RESPONSES
from service.api.services import Given, Services
from service.domain.person import OWNER, check_owner
from service.domain.quota import LEAST_WEIGHT, MOST, Quota
from service.domain.quota import Given as GivenQuota

router = APIRouter(prefix="/quotas", tags=["people"], responses=RESPONSES)

AfterOwner = Annotated[str, Query(pattern=f"^({OWNER.pattern})?$", description="the `next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
Count = Annotated[int | None, Field(ge=0, le=MOST)]


class QuotaWish(BaseModel):
    """What is said of one owner; a null leaves it to the installation's settings."""

    model_config = ConfigDict(extra="forbid", strict=True)

    queued: Count = None  # searches that wait
    running: Count = None  # searches at once
    candidates: Count = None  # of one search
    gpu_hours: float | None = Field(None, ge=0, le=MOST, allow_inf_nan=False)  # of scoring, in searches of 30 days
    weight: float | None = Field(None, ge=LEAST_WEIGHT, le=MOST, allow_inf_nan=False)  # of the slots; 1 by default

    def given(self) -> GivenQuota:
        """Only what is said."""
        return cast(GivenQuota, self.model_dump(exclude_none=True))


class QuotaView(BaseModel):
    """What one owner may use; a null is as much as there is."""

    model_config = ConfigDict(from_attributes=True)

    queued: int | None
    running: int | None
    candidates: int | None
    gpu_hours: float | None
    weight: float

    @classmethod
    def of(cls, quota: Quota) -> Self:
        """The view of a quota."""
        return cls.model_validate(quota)


class OwnerQuotaView(BaseModel):
    """What is said of one owner, and what they may use by that and the settings."""

    owner: str
    given: QuotaWish
    quota: QuotaView


class QuotaPage(BaseModel):
    """By owner; `next` is the `after` of the next page, null at the end."""

    items: list[OwnerQuotaView]
    next: str | None


@router.get("")
def list_quotas(services: Given, _caller: Administers, after: AfterOwner = "", limit: Limit = 50) -> QuotaPage:
    """Every owner of whom something is said."""
    found = services.store.quotas.listed(after=after, limit=limit)
    items = [_view(services, owner, given) for owner, given in found]
    return QuotaPage(items=items, next=found[-1][0] if len(found) == limit else None)


@router.get("/{owner}")
def get_quota(owner: str, services: Given, _caller: Administers) -> OwnerQuotaView:
    """What one owner may use."""
    check_owner(owner)
    return _view(services, owner, services.store.quotas.given(owner))


@router.put("/{owner}")
def set_quota(owner: str, wish: QuotaWish, services: Given, caller: Administers) -> OwnerQuotaView:
    """Say this of an owner, and nothing else."""
    services.store.quotas.set(owner, actor=caller.name, **wish.given())
    return _view(services, owner, wish.given())


def _view(services: Services, owner: str, given: GivenQuota) -> OwnerQuotaView:
    quota = replace(services.store.quotas.default, **given)
    return OwnerQuotaView(owner=owner, given=QuotaWish(**given), quota=QuotaView.of(quota))
