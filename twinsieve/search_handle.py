"""`SearchHandle`: one search, to look at, to wait for, to change, and to take the model from."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from twinsieve import search_calls as calls
from twinsieve.call import Call
from twinsieve.candidate import Candidate, Candidates
from twinsieve.event_stream import EventStream
from twinsieve.known_search import POLL_SECONDS, KnownSearch
from twinsieve.model_archive import arriving
from twinsieve.retries import PATIENT
from twinsieve.search_state import SearchState

if TYPE_CHECKING:
    from pandas import DataFrame

    from twinsieve.client import Client


class SearchHandle(KnownSearch):
    """A search, through a client that waits for answers."""

    def __init__(self, client: "Client", state: SearchState) -> None:
        super().__init__(state)
        self._client = client

    def refresh(self) -> Self:
        """Ask for its state."""
        return self._take(calls.state(self.id))

    def states(self, *, poll_seconds: float = POLL_SECONDS) -> Iterator[SearchState]:
        """Its state now and at every look from now on, until it has ended; a restart of the service is waited out."""
        while True:
            yield self._look()
            if self.state.ended:
                return
            self._client.wait(poll_seconds)

    def wait(
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
            state = self._look()
            if told is not None:
                told(state)
            if state.ended:
                self.check()
                return self
            self._client.wait(self._pause(poll_seconds, since=since, timeout_seconds=timeout_seconds))

    def front(self) -> Candidates:
        """The best by proxy score, best first: one for a single objective, else the Pareto front."""
        return self._client.send(calls.front(self.id))

    def candidates(self, *, fidelity: Sequence[str] = ()) -> Iterator[Candidate]:
        """Its candidates in the order of the asks, of all fidelities or of some, page by page."""
        return self._client.paged(lambda after: calls.candidates(self.id, fidelity, after))

    def to_frame(self, *, fidelity: Sequence[str] = ()) -> "DataFrame":
        """A data frame with a line for each candidate.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return Candidates(self.candidates(fidelity=fidelity)).to_frame()

    def events(self, *, after: str | None = None) -> EventStream:
        """What happens to it, from the beginning or behind an event, until it has ended."""
        return EventStream(self._client, calls.at(self.id, "/events"), last=after, to_the_end=True)

    def pause(self) -> Self:
        """Ask for a break; what was measured is kept."""
        return self._take(calls.action(self.id, "pause"))

    def resume(self) -> Self:
        """Let it go on after a break."""
        return self._take(calls.action(self.id, "resume"))

    def cancel(self) -> Self:
        """Ask for its end; what was measured is kept."""
        return self._take(calls.action(self.id, "cancel"))

    def change(
        self,
        *,
        workers: int | None = None,
        priority: int | None = None,
        labels: Sequence[str] | None = None,
        notes: str | None = None,
    ) -> Self:
        """Change how it runs, or what is said about it; what is None stays."""
        wanted = {"workers": workers, "priority": priority, "labels": labels, "notes": notes}
        return self._take(calls.change(self.id, wanted))

    def extend(self, candidates: int, *, key: str | None = None) -> "SearchHandle":
        """A new search with so many candidates, those of this one included, which has ended."""
        return SearchHandle(self._client, self._client.send(calls.extension(self.id, candidates, key)))

    def clone(self, *, key: str | None = None, **changes: Any) -> "SearchHandle":  # noqa: ANN401 - parts of a spec
        """A new search of the same spec, with changes such as `seed=1` or `budget={"candidates": 96}`."""
        return SearchHandle(self._client, self._client.send(calls.copy(self.id, changes, key)))

    def delete(self) -> None:
        """Forget the search, which has ended, and what it exported."""
        self._client.send(calls.deletion(self.id))

    def delete_artifacts(self) -> Self:
        """Delete what it exported; its measurements stay."""
        return self._take(calls.artifacts_deletion(self.id))

    def download(self, folder: str | Path, *, told: Callable[[int], object] | None = None) -> Path:
        """Put the model that it chose into a new folder; `told` is called with the bytes that are here.

        Raises:
            DownloadError: the folder exists, or what came is damaged.
        """
        with arriving(Path(folder)) as arrival:
            with self._client.stream(calls.at(self.id, "/model")) as chunks, arrival.archive.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    if told is not None:
                        told(file.tell())
            return arrival.finish()

    def report(self, form: str = "html") -> str:
        """What it found, as `html`, `md`, `tex` or `json`."""
        return self._client.send(calls.report(self.id, form))

    def _look(self) -> SearchState:
        self.state = self._client.send(calls.state(self.id), retries=PATIENT)
        return self.state

    def _take(self, call: Call[SearchState]) -> Self:
        self.state = self._client.send(call)
        return self
