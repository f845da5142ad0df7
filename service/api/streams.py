"""`Streams`: how many clients this process sends events to, and the threads that read for all of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

from service.api.problems import ProblemError
from service.settings import Settings

THREADS = 4  # of their own, so that no number of streams keeps other requests waiting
RETRY_SECONDS = 5

T = TypeVar("T")


class Streams:
    """Streams come and go on the one event loop of a process, so nothing here needs a lock."""

    def __init__(self) -> None:
        self._of = Counter[str]()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="events")
        self._stopping: Callable[[], bool] = lambda: False

    @property
    def open(self) -> int:
        """How many there are."""
        return self._of.total()

    @property
    def ended(self) -> bool:
        """The server stops, and every stream with it; its client goes on elsewhere where it was."""
        return self._stopping()

    def end_when(self, stopping: Callable[[], bool]) -> None:
        """Ask `stopping`, which a server that stops answers with yes, at every look at the database."""
        self._stopping = stopping

    @contextmanager
    def taken(self, owner: str, settings: Settings) -> Iterator[None]:
        """One more stream of `owner` for as long as the block lasts.

        Raises:
            ProblemError: 429; the caller, or this process, has as many as it may.
        """
        for found, most, who in (
            (self._of[owner], settings.max_streams_per_caller, f"{owner} has"),
            (self.open, settings.max_streams, "this server has"),
        ):
            if found >= most:
                detail = f"{who} {found} of {most} streams of events open: close one, or poll instead"
                retry = {"Retry-After": str(RETRY_SECONDS)}
                raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, detail, headers=retry)
        self._of[owner] += 1
        try:
            yield
        finally:
            self._of[owner] -= 1
            self._of += Counter()  # forgets whom it counts no more

    async def read(self, ask: Callable[[], T]) -> T:
        """What `ask` returns from a thread for readers."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)
