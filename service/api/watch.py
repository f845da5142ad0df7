"""`Watch`: around everything else, it gives each request an id, times it and writes a line about it."""

import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.domain.search_id import is_id
from service.observing.logs import about
from service.observing.metrics import ApiMetrics

logger = logging.getLogger(__name__)

HEADER = "X-Request-Id"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})  # asked for every few seconds: that all is well is no news
UNMATCHED = "none"  # the route of a path that we do not have: a client may make up any number of those


class Watch:
    """The outermost layer. A request's time ends when its answer begins: an event stream may then last for hours."""

    def __init__(self, app: ASGIApp, *, metrics: ApiMetrics, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        with about(lambda: _facts(scope, request_id)), self._metrics.in_progress.track_inprogress():
            await self._watched(scope, receive, send, request_id)

    async def _watched(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        answer = _Answer(send, request_id, self._clock)
        try:
            await self._app(scope, receive, answer.send)
        except Exception:
            # the layer of errors has logged it and answered; half an answer is cut off by the server
            if not answer.complete:
                raise
        finally:
            self._enter(scope, answer)

    def _enter(self, scope: Scope, answer: "_Answer") -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = route_template(scope)
        seconds = answer.seconds
        self._metrics.requests.labels(route, method, str(answer.status or "gone")).observe(seconds)
        path = scope.get("raw_path", b"").decode("latin-1")
        facts = {"method": method, "route": route, "status": answer.status, "milliseconds": round(1000 * seconds, 1)}
        level = logging.DEBUG if route in PROBES and answer.status == HTTPStatus.OK else logging.INFO
        logger.log(level, "%s %s %s", method, path, answer.status, extra={"facts": facts})


class _Answer:
    """Sends, and remembers what became of the answer."""

    def __init__(self, send: Send, request_id: str, clock: Callable[[], float]) -> None:
        self._send = send
        self._request_id = request_id
        self._clock = clock
        self._began = clock()
        self._seconds: float | None = None
        self.status: int | None = None
        self.complete = False

    @property
    def seconds(self) -> float:
        """Until the answer began; until now, where it has not."""
        return self._clock() - self._began if self._seconds is None else self._seconds

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._seconds = message["status"], self.seconds
            MutableHeaders(scope=message)[HEADER] = self._request_id
        self.complete = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)


def route_template(scope: Scope) -> str:
    """The matched route's path with its parameters' names, its router's prefix included; UNMATCHED without a match.

    The route knows its path below the prefix alone; the prefix is what stands before it in the path that was asked for.
    """
    template: str | None = getattr(scope.get("route"), "path_format", None)
    if template is None:
        return UNMATCHED
    below = template.format(**scope.get("path_params", {}))
    path: str = scope["path"]
    return path.removesuffix(below) + template if path.endswith(below) else template


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(HEADER, "")
    return given if WELL_FORMED.fullmatch(given) else secrets.token_hex(16)


def _facts(scope: Scope, request_id: str) -> Mapping[str, str | None]:
    caller: Any = scope.get("state", {}).get("caller")
    named: str = scope.get("path_params", {}).get("search_id", "")
    search_id = named if is_id(named) else None
    return {"request_id": request_id, "caller": None if caller is None else caller.name, "search_id": search_id}
