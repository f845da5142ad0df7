"""`Waiting`: an object of the asynchronous client, used like its twin that waits, so that both pass the same tests."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Protocol, cast

from anyio.from_thread import BlockingPortal

from twinsieve.async_client import AsyncClient
from twinsieve.client import Client
from twinsieve.event_stream import AsyncEventStream
from twinsieve.known_search import KnownSearch

END = object()


class Connect(Protocol):
    """Builds a client of one of the two kinds; `wait` and what else a client takes may be given."""

    def __call__(self, server: str, *, wait: Callable[[float], object] = ..., **options: Any) -> Client: ...  # noqa: ANN401 - passed on


class Waiting:
    """Runs every method of `inner` on the loop of `portal`, and returns when it is done."""

    def __init__(self, portal: BlockingPortal, inner: object) -> None:
        self._portal = portal
        self._inner = inner

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it is
        return self._plain(getattr(self._inner, name))

    def __iter__(self) -> Iterator[Any]:
        return self._iterated(cast(Any, self._inner).__aiter__())

    def __repr__(self) -> str:
        return repr(self._inner)

    def _plain(self, value: object) -> object:
        if isinstance(value, KnownSearch | AsyncEventStream):
            return Waiting(self._portal, value)
        if hasattr(value, "__anext__"):
            return self._iterated(value)
        if hasattr(value, "__aenter__"):
            return self._entered(value)
        return self._called(value) if callable(value) and not isinstance(value, type) else value

    def _called(self, method: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            return self._plain(self._portal.call(partial(method, *arguments, **options)))

        return call

    def _iterated(self, items: Any) -> Iterator[Any]:  # noqa: ANN401 - an asynchronous iterator
        async def step() -> object:
            return await anext(items, END)

        while (item := self._portal.call(step)) is not END:
            yield item

    @contextmanager
    def _entered(self, manager: Any) -> Iterator[object]:  # noqa: ANN401 - an asynchronous context manager
        with cast(AbstractContextManager[object], self._portal.wrap_async_context_manager(manager)) as inner:
            yield self._plain(inner)


def asynchronous(portal: BlockingPortal, server: str, wait: Callable[[float], object], **options: Any) -> Client:  # noqa: ANN401 - passed on
    """An `AsyncClient` that passes for a `Client`."""

    async def waited(seconds: float) -> None:
        wait(seconds)

    return cast(Client, Waiting(portal, AsyncClient(server, wait=waited, **options)))
