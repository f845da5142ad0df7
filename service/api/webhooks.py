"""Routes of webhooks: who is told of what happens to the caller's searches."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from service.api.auth import Runs
from service.api.problems import RESPONSES, ProblemError
from service.api.services import Given, Services
from service.domain.action import ENDS, Action
from service.domain.person import Caller, Role
from service.domain.search_id import PATTERN
from service.events.addresses import MAX_URL, Addresses
from service.events.signature import installation_secret, secret_of
from service.events.webhooks import Delivery, Webhook

router = APIRouter(prefix="/webhooks", tags=["webhooks"], responses=RESPONSES)

Limit = Annotated[int, Query(ge=1, le=200)]
AfterHook = Annotated[str | None, Query(pattern=f"^{PATTERN.pattern}$", description="the `next` of the page before")]
AfterEntry = Annotated[int | None, Query(ge=1, lt=2**63, description="the `next` of the page before")]


class WebhookWish(BaseModel):
    """A webhook to make."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=MAX_URL, examples=["https://example.org/hook"])
    actions: list[Action] = Field(sorted(ENDS), min_length=1, max_length=len(Action))

    @field_validator("actions")
    @classmethod
    def _of_searches(cls, actions: list[Action]) -> list[Action]:
        for action in actions:
            if not action.of_searches:
                known = ", ".join(each for each in Action if each.of_searches)
                raise ValueError(f"expected what happens to searches ({known}), got {action}")
        return actions


class WebhookView(BaseModel):
    """A webhook; nobody sees its secret again."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    owner: str
    url: str
    actions: Sequence[Action]
    created_at: AwareDatetime

    @classmethod
    def of(cls, webhook: Webhook) -> Self:
        """The view of a webhook."""
        return cls.model_validate(webhook)


class NewWebhookView(BaseModel):
    """A new webhook, and the only time that anybody sees what its deliveries are signed with."""

    secret: str
    webhook: WebhookView


class WebhookPage(BaseModel):
    """Oldest first; `next` is the `after` of the next page, null at the end."""

    items: Sequence[WebhookView]
    next: str | None


class DeliveryView(BaseModel):
    """One entry of the journal on its way; with neither `next_at` nor `delivered_at` it was given up."""

    model_config = ConfigDict(from_attributes=True)

    journal_id: int
    attempts: int
    next_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    error: str | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """The view of a delivery."""
        return cls.model_validate(delivery)


class DeliveryPage(BaseModel):
    """Newest first; `next` is the `after` of the next page, null at the end."""

    items: Sequence[DeliveryView]
    next: int | None


@router.post("", status_code=HTTPStatus.CREATED)
async def create_webhook(wish: WebhookWish, services: Given, caller: Runs, response: Response) -> NewWebhookView:
    """Be told of what happens to your searches, by a POST to `url`.

    The body is `{"type": "search.succeeded", "timestamp": ..., "data": {...}}` with an entry of the journal as data.
    Each is delivered at least once: what is not answered with 200 to 299 within 10 seconds is sent again, up to 8 times
    in 15 hours. To know that a request is ours, take `webhook-id`, `webhook-timestamp` and `webhook-signature` from its
    headers and compute `v1,` + base64(HMAC-SHA256(key, `<id>.<timestamp>.<body>`)), where the key is what follows
    `whsec_` in the secret, decoded from base64: it must be one of the signatures. Refuse old timestamps, and ids that
    you have seen. This is Standard Webhooks 1.0, and its libraries do it for you.
    """
    secret = await run_in_threadpool(installation_secret, services.settings)
    if secret is None:
        detail = "webhooks cannot be signed here yet: an admin sets TWINSIEVE_WEBHOOK_SECRET_FILE for every process"
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail)
    await Addresses(private=services.settings.webhook_private).target(wish.url)
    made = await run_in_threadpool(
        services.store.webhooks.create, caller.owner, wish.url, wish.actions, actor=caller.name
    )
    response.headers["Cache-Control"] = "no-store"
    return NewWebhookView(secret=secret_of(made.id, secret), webhook=WebhookView.of(made))


@router.get("")
def list_webhooks(services: Given, caller: Runs, after: AfterHook = None, limit: Limit = 50) -> WebhookPage:
    """The caller's webhooks, oldest first; an admin sees everybody's."""
    owner = None if caller.role is Role.ADMIN else caller.owner
    found = services.store.webhooks.page(owner=owner, after=after, limit=limit)
    items = [WebhookView.of(each) for each in found]
    return WebhookPage(items=items, next=found[-1].id if len(found) == limit else None)


@router.get("/{webhook_id}/deliveries")
def list_deliveries(
    webhook_id: str, services: Given, caller: Runs, after: AfterEntry = None, limit: Limit = 50
) -> DeliveryPage:
    """What was sent or is still to be, newest first, with the error of the last attempt."""
    _theirs(webhook_id, services, caller)
    found = services.store.webhooks.deliveries(webhook_id, before=after, limit=limit)
    items = [DeliveryView.of(each) for each in found]
    return DeliveryPage(items=items, next=found[-1].journal_id if len(found) == limit else None)


@router.delete("/{webhook_id}", status_code=HTTPStatus.NO_CONTENT)
def delete_webhook(webhook_id: str, services: Given, caller: Runs) -> None:
    """Tell it nothing more, also not what is still on its way."""
    _theirs(webhook_id, services, caller)
    services.store.webhooks.delete(webhook_id, actor=caller.name)


def _theirs(webhook_id: str, services: Services, caller: Caller) -> None:
    webhook = services.store.webhooks.get(webhook_id)
    if not caller.may_change(webhook.owner):
        detail = f"webhook {webhook_id} is not {caller.owner}'s: only its owner or an admin looks at it or changes it"
        raise ProblemError(HTTPStatus.FORBIDDEN, detail)
