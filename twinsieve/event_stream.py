"""`EventStream` and `AsyncEventStream`: events as they come, however often the connection is lost."""

import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from twinsieve.event import Event
from twinsieve.listening import PASSES, Listening

if TYPE_CHECKING:
    from twinsieve.async_client import AsyncClient
    from twinsieve.client import Client


class _Followed:
    """What both streams know."""

    def __init__(self, path: str, *, last: str | None, to_the_end: bool) -> None:
        self._listening = Listening(path, last=last, to_the_end=to_the_end)
        self._rng = random.Random()  # noqa: S311 - nothing secret

    @property
    def last(self) -> str | None:
        """The id behind which another stream would go on; it moves with the events."""
        return self._listening.last


class EventStream(_Followed):
    """The events at `path` behind the one of id `last`."""

    def __init__(self, client: "Client", path: str, *, last: str | None = None, to_the_end: bool = False) -> None:
        super().__init__(path, last=last, to_the_end=to_the_end)
        self._client = client

    def __iter__(self) -> Iterator[Event]:
        """As they come, until the service has nothing more.

        Raises:
            TwinsieveError: it cannot be reached, or refuses.
        """
        listening = self._listening
        while not listening.over:
            try:
                yield from self._connected()
                pause = listening.ended()
            except PASSES as error:
                pause = listening.lost(error, luck=self._rng.random())
            if not listening.over:
                self._client.wait(pause)

    def _connected(self) -> Iterator[Event]:
        call, retries = self._listening.begin(), self._listening.retries(self._client.retries)
        with self._client.opened(call, retries=retries) as chunks:
            for chunk in chunks:
                yield from self._listening.take(chunk)
                if self._listening.over:
                    return


class AsyncEventStream(_Followed):
    """The same, for an `AsyncClient`."""

    def __init__(self, client: "AsyncClient", path: str, *, last: str | None = None, to_the_end: bool = False) -> None:
        super().__init__(path, last=last, to_the_end=to_the_end)
        self._client = client

    async def __aiter__(self) -> AsyncIterator[Event]:
        """As they come, until the service has nothing more.

        Raises:
            TwinsieveError: it cannot be reached, or refuses.
        """
        listening = self._listening
        while not listening.over:
            try:
                async with aclosing(self._connected()) as events:
                    async for event in events:
                        yield event
                pause = listening.ended()
            except PASSES as error:
                pause = listening.lost(error, luck=self._rng.random())
            if not listening.over:
                await self._client.wait(pause)

    async def _connected(self) -> AsyncGenerator[Event, None]:
        call, retries = self._listening.begin(), self._listening.retries(self._client.retries)
        async with self._client.opened(call, retries=retries) as chunks:
            async for chunk in chunks:
                for event in self._listening.take(chunk):
                    yield event
                if self._listening.over:
                    return
