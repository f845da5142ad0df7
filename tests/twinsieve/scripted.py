"""Services that answer as a test says: each request gets the next answer, an error among them is raised."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

SERVER = "http://127.0.0.1:8321"
PROBLEM = {"type": "urn:x", "title": "Service Unavailable", "status": 503, "detail": "try again in a few seconds"}

Pieces = Sequence[bytes | httpx.TransportError]


@dataclass(frozen=True, slots=True)
class Reply:
    """What one answer will be; an error among the pieces of its body ends it."""

    status: int = 200
    body: object = None  # JSON, unless there are pieces
    pieces: Pieces | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> httpx.Response:
        """A new one, as a response serves one request."""
        if self.pieces is None:
            return httpx.Response(self.status, json=self.body, headers=self.headers)
        return httpx.Response(self.status, stream=_Body(self.pieces), headers=self.headers)


Answer = Reply | httpx.TransportError


class Scripted(httpx.MockTransport):
    """A transport for both clients; `asked` are the requests so far."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(self._next)
        self._answers = iter(answers)
        self.asked = list[httpx.Request]()

    def _next(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self._answers, None)
        assert answer is not None, f"nobody expected {request.method} {request.url}"
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer.response()


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, httpx.TransportError):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def refused(status: int, **headers: str) -> Reply:
    """A problem document."""
    more = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, PROBLEM | {"status": status}, headers={"content-type": "application/problem+json", **more})


def page(status: int, content: bytes, kind: str = "text/html", **headers: str) -> Reply:
    """What something else than Twinsieve may answer."""
    return Reply(status, pieces=[content], headers={"content-type": kind, **headers})


def streamed(*pieces: bytes | httpx.TransportError) -> Reply:
    """A stream of events; without a piece, the answer that says that nothing more comes."""
    return Reply(200 if pieces else 204, pieces=pieces, headers={"content-type": "text/event-stream"})


LOST = httpx.ReadError("connection reset by peer")
NOBODY = httpx.ConnectError("connection refused")
