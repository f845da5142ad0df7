"""What one API process takes on: how large and how slow a body may be, how many requests, and which searches.

The layers are plain ASGI, outside of all routes, so that what is refused costs next to nothing. Their numbers are per
process. Every refusal is a problem document.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from ipaddress import IPv6Network, ip_address

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search.spec import SearchSpec
from service.api.problems import respond
from service.api.services import Services
from service.limits import MAX_CALLERS, RateLimiter, require_modest, require_room

BODY_SECONDS = 20.0  # for the whole body, from the end of the head
LINGER_SECONDS = 1.0  # for the rest of a body that nobody wants: who has not sent it all may miss the answer
MAX_CONCURRENT = 128  # requests at once, in one process
THREADS = 6  # that look things up for them: more only take turns at the interpreter's lock, and under load none gets on
NEVER_REFUSED = frozenset({"/healthz", "/readyz"})  # whoever keeps the process running must see that it runs
CLOSE = {"Connection": "close"}


def admit(spec: SearchSpec, services: Services) -> None:
    """Refuse a search that wants too much, or that finds no room for what it would write.

    Raises:
        SpecTooLargeError: 422; see `require_modest`.
        DiskFullError: 507; see `require_room`.
    """
    settings = services.settings
    require_modest(spec, max_candidates=settings.max_candidates)
    require_room(services.artifacts, min_free_bytes=settings.min_free_disk_bytes)


@asynccontextmanager
async def few_threads(_app: ASGIApp) -> AsyncIterator[None]:
    """As long as the process serves; requests that wait for one of them cost next to nothing."""
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


class BodyLimit:
    """Bounds every body in size and in time, whether a route reads it or not."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; 413 at once where it says itself that its body is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body = _Body(headers, receive, send, max_bytes=self._max_bytes, seconds=self._seconds)
        declared = int(headers.get("content-length", "0"))  # the server has refused what is no number
        if declared > self._max_bytes:
            refusal = respond(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, body.too_large)
            await refusal(scope, receive, body.send)
        else:
            await self._app(scope, body.receive, body.send)


class _Body:
    """The body of one request on its way in, and the answer that may come before its end."""

    def __init__(self, headers: Headers, receive: Receive, send: Send, *, max_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._send = send
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._bytes = 0
        self._coming = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        self._asks_first = headers.get("expect", "").lower() == "100-continue"

    @property
    def too_large(self) -> str:
        return f"the body has more than {self._max_bytes} bytes, and no request here needs as many"

    async def receive(self) -> Message:
        """As the server's; an error once the body is too large or too slow."""
        if not self._coming:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._next()
        except TimeoutError:
            late = f"the body was not here after {self._seconds:g} s; send it faster, or less"
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, late, CLOSE) from None
        if self._bytes > self._max_bytes:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self.too_large, CLOSE)
        return message

    async def send(self, message: Message) -> None:
        """As the server's. After an answer that came early the connection ends, once the client could read it."""
        if message["type"] == "http.response.start" and self._coming:
            MutableHeaders(scope=message).update(CLOSE)
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not last or not self._coming:
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        await self._linger()
        await self._send({"type": "http.response.body", "body": b""})

    async def _next(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        self._coming = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def _linger(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while self._coming and not self._asks_first:
                    await self._next()


class RateLimit:
    """At most so many requests of a caller: of an API key once it was found good, else of a client's address."""

    def __init__(self, app: ASGIApp, *, limiter: RateLimiter) -> None:
        self._app = app
        self._limiter = limiter
        self._verified: OrderedDict[bytes, str] = OrderedDict()  # by digest: the ids of keys that let somebody in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or 429 and when to try again."""
        if scope["type"] != "http" or scope["path"] in NEVER_REFUSED:
            await self._app(scope, receive, send)
            return
        authorization = hashlib.sha256(Headers(scope=scope).get("authorization", "").encode()).digest()
        caller = self._verified.get(authorization) or _address(scope)
        if wait := self._limiter.wait(caller):
            detail = f"too many requests from {caller}; the next one is taken in {wait} s"
            refusal = respond(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(wait)})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)
        self._remember(authorization, scope.get("state", {}))

    def _remember(self, authorization: bytes, state: Mapping[str, object]) -> None:
        """A key counts by itself only after a route has checked it, so that made-up ones win nothing."""
        key_id = getattr(state.get("caller"), "key_id", None)
        if key_id is not None:
            self._verified[authorization] = f"key {key_id}"
        if len(self._verified) > MAX_CALLERS:
            self._verified.popitem(last=False)


class CrowdLimit:
    """At most so many requests at once; an event stream counts until it has begun, as streams have their own."""

    def __init__(self, app: ASGIApp, *, most: int = MAX_CONCURRENT) -> None:
        self._app = app
        self._most = most
        self._inside: set[object] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or 503 where too many are being answered."""
        if scope["type"] != "http" or scope["path"] in NEVER_REFUSED:
            await self._app(scope, receive, send)
            return
        if len(self._inside) >= self._most:
            detail = f"{self._most} requests are being answered already; try again in a second"
            refusal = respond(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "1"})
            await refusal(scope, receive, send)
            return
        place = object()

        async def leaving_early(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_stream(message):
                self._inside.discard(place)
            await send(message)

        self._inside.add(place)
        try:
            await self._app(scope, receive, leaving_early)
        finally:
            self._inside.discard(place)


def _is_stream(start: Message) -> bool:
    return MutableHeaders(scope=start).get("content-type", "").startswith("text/event-stream")


def _address(scope: Scope) -> str:
    """Where a request comes from; one subscriber's IPv6 addresses, of which there are many, count as one."""
    host = scope["client"][0] if scope.get("client") else "an unknown address"
    with suppress(ValueError):
        if ip_address(host).version == 6:
            return str(IPv6Network((host, 64), strict=False))
    return host
