"""`AsyncClient`: the service from Python, for programs that do other things while they wait.

What is asked, how answers are read, and what is tried again is shared with `Client`; only the waiting is here.
"""

import random
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import anyio
import httpx

from twinsieve import search_calls as calls
from twinsieve.async_search_handle import AsyncSearchHandle
from twinsieve.call import Call, Page, read_json
from twinsieve.client import TIMEOUT_SECONDS
from twinsieve.connection import Connection, InsecureKeyWarning
from twinsieve.event_stream import AsyncEventStream
from twinsieve.retries import DEFAULT, Retries
from twinsieve.search_state import SearchSummary
from twinsieve.tries import Tries, unreachable

T = TypeVar("T")


class AsyncClient:
    """As `Client`, under asyncio or trio."""

    def __init__(
        self,
        server: str | None = None,
        *,
        key: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        retries: Retries = DEFAULT,
        transport: httpx.AsyncBaseTransport | None = None,
        wait: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        """As of `Client`."""
        self.connection = Connection.of(server, key)
        self.retries = retries
        self.wait = wait
        self._rng = random.Random()  # noqa: S311 - nothing secret
        self._http = httpx.AsyncClient(transport=transport, timeout=timeout_seconds, **self.connection.options)
        if self.connection.warning is not None:
            warnings.warn(self.connection.warning, InsecureKeyWarning, stacklevel=2)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.connection.server!r})"

    async def close(self) -> None:
        """Give its connections back."""
        await self._http.aclose()

    async def submit(
        self,
        spec: calls.SpecSource | None = None,
        /,
        *,
        labels: Sequence[str] = (),
        priority: int | None = None,
        seeds_from: str | None = None,
        key: str | None = None,
        **keys: Any,  # noqa: ANN401 - parts of a spec
    ) -> AsyncSearchHandle:
        """As of `Client`."""
        body = calls.spec_of(spec, keys)
        call = calls.submission(body, labels=labels, priority=priority, seeds_from=seeds_from, key=key)
        return AsyncSearchHandle(self, await self.send(call))

    async def search(self, search_id: str) -> AsyncSearchHandle:
        """A search by its id."""
        return AsyncSearchHandle(self, await self.send(calls.state(search_id)))

    def searches(
        self, *, status: str | None = None, owner: str | None = None, label: str | None = None
    ) -> AsyncIterator[SearchSummary]:
        """Searches, newest first, page by page."""
        chosen = {"status": status, "owner": owner, "label": label}
        return self.paged(lambda after: calls.searches(chosen, after))

    def events(self, *, after: str | None = None) -> AsyncEventStream:
        """What happens to any search from now on, or behind an event, without an end."""
        return AsyncEventStream(self, "/events", last=after)

    async def catalogue(self, name: calls.Catalogue) -> list[dict[str, Any]]:
        """What a spec can name: backbones, data, foregrounds, tasks or algorithms."""
        return await self.send(calls.catalogue(name))

    async def me(self) -> dict[str, Any]:
        """Who the caller is, and what they may use."""
        found: dict[str, Any] = await self.get("/me")
        return found

    async def get(self, path: str, **parameters: Any) -> Any:  # noqa: ANN401 - JSON
        """What a GET of `/v1<path>` answers; parameters that are None are left out."""
        return await self.send(Call(method="GET", path=path, parameters=parameters, read=read_json))

    async def post(self, path: str, body: object = None, *, key: str | None = None, **parameters: Any) -> Any:  # noqa: ANN401 - JSON
        """What a POST to `/v1<path>` answers; only under an idempotency `key` is it sent again, see `Client`."""
        call = Call(method="POST", path=path, parameters=parameters, body=body, key=key, read=read_json)
        return await self.send(call)

    async def patch(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """What a PATCH of `/v1<path>` answers."""
        return await self.send(Call(method="PATCH", path=path, body=body, read=read_json))

    async def delete(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What a DELETE of `/v1<path>` answers; None where it says nothing."""
        return await self.send(Call(method="DELETE", path=path, read=read_json))

    def pages(self, path: str, **parameters: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - JSON
        """Every item of a paged list."""
        return self.paged(lambda after: calls.page(path, parameters, after))

    async def paged(self, call: Callable[[calls.After], Call[Page[T]]]) -> AsyncGenerator[T, None]:
        """Every item of the pages behind `call`, which takes the place to go on from."""
        after: calls.After = None
        while True:
            page = await self.send(call(after))
            for item in page.items:
                yield item
            if (after := page.next) is None:
                return

    @asynccontextmanager
    async def stream(self, path: str, **parameters: Any) -> AsyncGenerator[AsyncIterator[bytes], None]:  # noqa: ANN401 - JSON
        """The bytes of a GET of `/v1<path>` as they come."""
        call = Call(method="GET", path=path, parameters=parameters, read=read_json)
        async with self.opened(call, retries=self.retries) as chunks:
            yield chunks

    @asynccontextmanager
    async def opened(self, call: Call[Any], *, retries: Retries) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """The bytes of the answer to `call` as they come.

        Raises:
            UnreachableError: the connection broke; what came until then was not all.
        """
        answer = await self._answered(call, retries, stream=True)
        try:
            yield answer.aiter_bytes()
        except httpx.TransportError as error:
            raise unreachable(self.connection.server, error) from None
        finally:
            await answer.aclose()

    async def send(self, call: Call[T], *, retries: Retries | None = None) -> T:
        """The answer to `call`, also to one that no method here makes.

        Raises:
            UnreachableError: nobody answers.
            ProblemError: the service refuses.
            UnexpectedAnswerError: that was not Twinsieve.
        """
        return call.read(await self._answered(call, retries or self.retries))

    async def _answered(self, call: Call[Any], retries: Retries, *, stream: bool = False) -> httpx.Response:
        tries = Tries(call, retries, server=self.connection.server, rng=self._rng)
        while True:
            try:
                answer = await self._http.send(self._http.build_request(**call.request()), stream=stream)
                if not answer.is_error:
                    return answer
                await answer.aread()
            except httpx.TransportError as error:
                pause = tries.lost(error)
            else:
                pause = tries.refused(answer)
            await self.wait(pause)
