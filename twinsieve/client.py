"""`Client`: the service from Python, waiting for each answer."""

import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import httpx

from twinsieve import search_calls as calls
from twinsieve.call import Call, Page, read_json
from twinsieve.connection import Connection, InsecureKeyWarning
from twinsieve.event_stream import EventStream
from twinsieve.retries import DEFAULT, Retries
from twinsieve.search_handle import SearchHandle
from twinsieve.search_state import SearchSummary
from twinsieve.tries import Tries, unreachable

T = TypeVar("T")
TIMEOUT_SECONDS = 30.0  # of each wait for the service; it gives a sign of life in every stream twice as often


class Client:
    """Talks to one service. Calls that fail in passing are repeated where that cannot do anything twice."""

    def __init__(
        self,
        server: str | None = None,
        *,
        key: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        retries: Retries = DEFAULT,
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """Address and key come from TWINSIEVE_SERVER and TWINSIEVE_API_KEY unless given; an empty key is none.

        `transport` carries the requests in place of the network, and `wait` lets time pass between tries and looks.

        Raises:
            AddressError: the address is none.
            KeyFormError: the key is none.
        """
        self.connection = Connection.of(server, key)
        self.retries = retries
        self.wait = wait
        self._rng = random.Random()  # noqa: S311 - nothing secret
        self._http = httpx.Client(transport=transport, timeout=timeout_seconds, **self.connection.options)
        if self.connection.warning is not None:
            warnings.warn(self.connection.warning, InsecureKeyWarning, stacklevel=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.connection.server!r})"

    def close(self) -> None:
        """Give its connections back."""
        self._http.close()

    def submit(
        self,
        spec: calls.SpecSource | None = None,
        /,
        *,
        labels: Sequence[str] = (),
        priority: int | None = None,
        seeds_from: str | None = None,
        key: str | None = None,
        **keys: Any,  # noqa: ANN401 - parts of a spec
    ) -> SearchHandle:
        """Queue a search: a spec, a YAML or JSON file of one, keys of a spec such as `seed=1`, or both.

        Under the same idempotency `key` the same submission makes no second search; by default each is another.

        Raises:
            InvalidRequestError: the spec is none; `fields` says what is wrong where.
        """
        body = calls.spec_of(spec, keys)
        call = calls.submission(body, labels=labels, priority=priority, seeds_from=seeds_from, key=key)
        return SearchHandle(self, self.send(call))

    def search(self, search_id: str) -> SearchHandle:
        """A search by its id.

        Raises:
            NotFoundError: there is none.
        """
        return SearchHandle(self, self.send(calls.state(search_id)))

    def searches(
        self, *, status: str | None = None, owner: str | None = None, label: str | None = None
    ) -> Iterator[SearchSummary]:
        """Searches, newest first, page by page."""
        chosen = {"status": status, "owner": owner, "label": label}
        return self.paged(lambda after: calls.searches(chosen, after))

    def events(self, *, after: str | None = None) -> EventStream:
        """What happens to any search from now on, or behind an event, without an end."""
        return EventStream(self, "/events", last=after)

    def catalogue(self, name: calls.Catalogue) -> list[dict[str, Any]]:
        """What a spec can name: backbones, data, foregrounds, tasks or algorithms."""
        return self.send(calls.catalogue(name))

    def me(self) -> dict[str, Any]:
        """Who the caller is, and what they may use."""
        found: dict[str, Any] = self.get("/me")
        return found

    def get(self, path: str, **parameters: Any) -> Any:  # noqa: ANN401 - JSON
        """What a GET of `/v1<path>` answers; parameters that are None are left out."""
        return self.send(Call(method="GET", path=path, parameters=parameters, read=read_json))

    def post(self, path: str, body: object = None, *, key: str | None = None, **parameters: Any) -> Any:  # noqa: ANN401 - JSON
        """What a POST to `/v1<path>` answers; only under an idempotency `key` is it sent again.

        Raises:
            ValueError: there is a key, but the service heeds none there: submissions, extensions and clones have one.
        """
        return self.send(Call(method="POST", path=path, parameters=parameters, body=body, key=key, read=read_json))

    def patch(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """What a PATCH of `/v1<path>` answers."""
        return self.send(Call(method="PATCH", path=path, body=body, read=read_json))

    def delete(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What a DELETE of `/v1<path>` answers; None where it says nothing."""
        return self.send(Call(method="DELETE", path=path, read=read_json))

    def pages(self, path: str, **parameters: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
        """Every item of a paged list."""
        return self.paged(lambda after: calls.page(path, parameters, after))

    def paged(self, call: Callable[[calls.After], Call[Page[T]]]) -> Iterator[T]:
        """Every item of the pages behind `call`, which takes the place to go on from."""
        after: calls.After = None
        while True:
            page = self.send(call(after))
            yield from page.items
            if (after := page.next) is None:
                return

    @contextmanager
    def stream(self, path: str, **parameters: Any) -> Iterator[Iterator[bytes]]:  # noqa: ANN401 - JSON
        """The bytes of a GET of `/v1<path>` as they come."""
        call = Call(method="GET", path=path, parameters=parameters, read=read_json)
        with self.opened(call, retries=self.retries) as chunks:
            yield chunks

    @contextmanager
    def opened(self, call: Call[Any], *, retries: Retries) -> Iterator[Iterator[bytes]]:
        """The bytes of the answer to `call` as they come.

        Raises:
            UnreachableError: the connection broke; what came until then was not all.
        """
        answer = self._answered(call, retries, stream=True)
        try:
            yield answer.iter_bytes()
        except httpx.TransportError as error:
            raise unreachable(self.connection.server, error) from None
        finally:
            answer.close()

    def send(self, call: Call[T], *, retries: Retries | None = None) -> T:
        """The answer to `call`.

        Raises:
            UnreachableError: nobody answers.
            ProblemError: the service refuses.
            UnexpectedAnswerError: that was not Twinsieve.
        """
        return call.read(self._answered(call, retries or self.retries))

    def _answered(self, call: Call[Any], retries: Retries, *, stream: bool = False) -> httpx.Response:
        tries = Tries(call, retries, server=self.connection.server, rng=self._rng)
        while True:
            try:
                answer = self._http.send(self._http.build_request(**call.request()), stream=stream)
                if not answer.is_error:
                    return answer
                answer.read()
            except httpx.TransportError as error:
                pause = tries.lost(error)
            else:
                pause = tries.refused(answer)
            self.wait(pause)
