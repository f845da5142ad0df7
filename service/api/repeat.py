"""`GivenRepeat`: whether a submission came before, under the key that its sender gave it."""

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from service.api.auth import Runs
from service.api.body import Body
from service.api.services import Given
from service.domain.records import Idempotency, Search

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",  # visible ASCII
        description="a name of your own for this submission: the same request under it again makes no second search",
    ),
]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The key, None where the sender gave none, and what came of the same request before."""

    idempotency: Idempotency | None
    search: Search | None


def _repeat(request: Request, services: Given, caller: Runs, body: Body, key: Key = None) -> Repeat:
    """A request is where it was sent, query included, and its body as it came."""
    if key is None:
        return Repeat(None, None)
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + body
    idempotency = Idempotency(key, hashlib.sha256(asked).hexdigest())
    return Repeat(idempotency, services.store.searches.submitted(caller, idempotency))


GivenRepeat = Annotated[Repeat, Depends(_repeat)]
