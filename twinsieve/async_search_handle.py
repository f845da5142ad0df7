"""`AsyncSearchHandle`: one search, for programs that do other things while they wait."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from anyio import to_thread

from twinsieve import search_calls as calls
from twinsieve.call import Call
from twinsieve.candidate import Candidate, Candidates
from twinsieve.event_stream import AsyncEventStream
from twinsieve.known_search import POLL_SECONDS, KnownSearch
from twinsieve.model_archive import arriving
from twinsieve.retries import PATIENT
from twinsieve.search_state import SearchState

if TYPE_CHECKING:
    from pandas import DataFrame

    from twinsieve.async_client import AsyncClient


class AsyncSearchHandle(KnownSearch):
    """A search, through an `AsyncClient`; every method does what that of `SearchHandle` does."""

    def __init__(self, client: "AsyncClient", state: SearchState) -> None:
        super().__init__(state)
        self._client = client

    async def refresh(self) -> Self:
        """Ask for its state."""
        return await self._take(calls.state(self.id))

    async def states(self, *, poll_seconds: float = POLL_SECONDS) -> AsyncGenerator[SearchState, None]:
        """Its state now and at every look from now on, until it has ended; a restart of the service is waited out."""
        while True:
            yield await self._look()
            if self.state.ended:
                return
            await self._client.wait(poll_seconds)

    async def wait(
        self,
        *,
        timeout_seconds: float | None = None,
        poll_seconds: float = POLL_SECONDS,
        told: Callable[[SearchState], object] | None = None,
    ) -> Self:
        """Return when it has succeeded; `told` is called at every look. A paused search is waited for, too.

        Raises:
            SearchEndedError: it failed or was cancelled.
            WaitTimeoutError: that took longer than `timeout_seconds`; the search goes on.
        """
        since = time.monotonic()
        while True:
            state = await self._look()
            if told is not None:
                told(state)
            if state.ended:
                self.check()
                return self
            await self._client.wait(self._pause(poll_seconds, since=since, timeout_seconds=timeout_seconds))

    async def front(self) -> Candidates:
        """The best by proxy score, best first: one for a single objective, else the Pareto front."""
        return await self._client.send(calls.front(self.id))

    def candidates(self, *, fidelity: Sequence[str] = ()) -> AsyncIterator[Candidate]:
        """Its candidates in the order of the asks, of all fidelities or of some, page by page."""
        return self._client.paged(lambda after: calls.candidates(self.id, fidelity, after))

    async def to_frame(self, *, fidelity: Sequence[str] = ()) -> "DataFrame":
        """A data frame with a line for each candidate.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return Candidates([each async for each in self.candidates(fidelity=fidelity)]).to_frame()

    def events(self, *, after: str | None = None) -> AsyncEventStream:
        """What happens to it, from the beginning or behind an event, until it has ended."""
        return AsyncEventStream(self._client, calls.at(self.id, "/events"), last=after, to_the_end=True)

    async def pause(self) -> Self:
        """Ask for a break; what was measured is kept."""
        return await self._take(calls.action(self.id, "pause"))

    async def resume(self) -> Self:
        """Let it go on after a break."""
        return await self._take(calls.action(self.id, "resume"))

    async def cancel(self) -> Self:
        """Ask for its end; what was measured is kept."""
        return await self._take(calls.action(self.id, "cancel"))

    async def change(
        self,
        *,
        workers: int | None = None,
        priority: int | None = None,
        labels: Sequence[str] | None = None,
        notes: str | None = None,
    ) -> Self:
        """Change how it runs, or what is said about it; what is None stays."""
        wanted = {"workers": workers, "priority": priority, "labels": labels, "notes": notes}
        return await self._take(calls.change(self.id, wanted))

    async def extend(self, candidates: int, *, key: str | None = None) -> "AsyncSearchHandle":
        """A new search with so many candidates, those of this one included, which has ended."""
        return AsyncSearchHandle(self._client, await self._client.send(calls.extension(self.id, candidates, key)))

    async def clone(self, *, key: str | None = None, **changes: Any) -> "AsyncSearchHandle":  # noqa: ANN401 - parts of a spec
        """A new search of the same spec, with changes such as `seed=1` or `budget={"candidates": 96}`."""
        return AsyncSearchHandle(self._client, await self._client.send(calls.copy(self.id, changes, key)))

    async def delete(self) -> None:
        """Forget the search, which has ended, and what it exported."""
        await self._client.send(calls.deletion(self.id))

    async def delete_artifacts(self) -> Self:
        """Delete what it exported; its measurements stay."""
        return await self._take(calls.artifacts_deletion(self.id))

    async def download(self, folder: str | Path, *, told: Callable[[int], object] | None = None) -> Path:
        """Put the model that it chose into a new folder; `told` is called with the bytes that are here.

        Raises:
            DownloadError: the folder exists, or what came is damaged.
        """
        with arriving(Path(folder)) as arrival:
            path = calls.at(self.id, "/model")
            async with self._client.stream(path) as chunks:
                with arrival.archive.open("wb") as file:
                    async for chunk in chunks:
                        file.write(chunk)
                        if told is not None:
                            told(file.tell())
            return await to_thread.run_sync(arrival.finish)

    async def report(self, form: str = "html") -> str:
        """What it found, as `html`, `md`, `tex` or `json`."""
        return await self._client.send(calls.report(self.id, form))

    async def _look(self) -> SearchState:
        self.state = await self._client.send(calls.state(self.id), retries=PATIENT)
        return self.state

    async def _take(self, call: Call[SearchState]) -> Self:
        self.state = await self._client.send(call)
        return self
