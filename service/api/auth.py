"""Who makes a request, and whether their role lets them: what every route but those of the process depends on."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.api.problems import ProblemError
from service.api.services import Given
from service.domain.person import Caller, Role
from service.domain.records import Search
from service.people.keys import KeyRefusedError
from service.settings import is_loopback

REALM = 'Bearer realm="twinsieve"'
HOW = "send an API key as 'Authorization: Bearer tws_...'; the command line takes it from TWINSIEVE_API_KEY"

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False, description=HOW))]


async def looking(request: Request, services: Given, bearer: Bearer) -> Caller:
    """The caller, also as `request.state.caller`."""
    if bearer is not None:
        caller = await _holder(services.store.keys.verified, bearer.credentials)
    elif services.settings.require_keys:
        raise _unknown(f"expected an API key, and the request has none: {HOW}")
    else:
        caller = _local(request)
    request.state.caller = caller
    return caller


Looks = Annotated[Caller, Depends(looking)]
"""Anybody with a key; they may look at everything, as a lab shares what it measures."""


async def _still_good(services: Given, bearer: Bearer) -> Callable[[], bool]:
    def still_good() -> bool:
        try:
            return bearer is None or bool(services.store.keys.verified(bearer.credentials))
        except KeyRefusedError:
            return False

    return still_good


StillGood = Annotated[Callable[[], bool], Depends(_still_good)]
"""Whether the caller's key is good yet: for answers that last, as keys are revoked and expire. It asks the database."""


async def _running(caller: Looks) -> Caller:
    return _with_role(caller, Role.MEMBER, Role.ADMIN)


async def _administering(caller: Looks) -> Caller:
    return _with_role(caller, Role.ADMIN)


Runs = Annotated[Caller, Depends(_running)]
"""A member or an admin: they may submit, and change what is theirs."""

Administers = Annotated[Caller, Depends(_administering)]
"""An admin."""


def owned(search: Search, caller: Caller) -> None:
    """Refuse a change of what is not the caller's.

    Raises:
        ProblemError: 403.
    """
    if not caller.may_change(search.owner):
        detail = f"search {search.id} is {search.owner}'s and you are {caller.owner}: only they or an admin change it"
        raise ProblemError(HTTPStatus.FORBIDDEN, detail)


async def _holder(verified: Callable[[str], Caller], key: str) -> Caller:
    try:
        return await run_in_threadpool(verified, key)  # it asks the database
    except KeyRefusedError as error:
        raise _unknown(str(error), f'{REALM}, error="invalid_token"') from None


def _local(request: Request) -> Caller:
    """Whoever reaches the loopback address, but no page that a browser of theirs has from elsewhere.

    Such a page can send requests here, under a name of its own that leads to this address if need be. It cannot choose
    what the browser says about whom it asks and where it came from.
    """
    asked, origin = f"//{request.headers.get('host', '')}", request.headers.get("origin")
    for said, where in ((asked, "Host"), (origin, "Origin")):
        if said is not None and not _names_loopback(said):
            raise _unknown(
                f"without an API key only requests from and to this machine by its own name are answered, such as "
                f"http://127.0.0.1, and {where} is {said.removeprefix('//')!r}: use that name, or {HOW}"
            )
    return Caller.local()


def _names_loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname
    except ValueError:
        return False
    return host is not None and is_loopback(host)


def _with_role(caller: Caller, *roles: Role) -> Caller:
    if caller.role not in roles:
        detail = f"expected a key with the role {' or '.join(roles)}, and yours has {caller.role}: ask an admin"
        raise ProblemError(HTTPStatus.FORBIDDEN, detail)
    return caller


def _unknown(detail: str, challenge: str = REALM) -> ProblemError:
    return ProblemError(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})
