"""`Client`: what a careful user does: asks the APIs in turn, again where one is silent, and submits under a key."""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

ANSWER_SECONDS = 3.0  # then the other API is asked
PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 120.0
PAGE = 200


class RefusedError(Exception):
    """An API says that the request is wrong; asking again will not help."""


@dataclass(frozen=True, slots=True)
class Client:
    """All APIs of an installation, and a key that opens them."""

    addresses: Sequence[str]
    key: str = field(repr=False)
    _turns: Iterator[int] = field(default_factory=count, repr=False)

    def submit(self, spec: Mapping[str, Any]) -> str:
        """Queue a search once, however often it must be asked for; its id."""
        return str(self.request("POST", "/searches", json=spec, headers={"Idempotency-Key": uuid.uuid4().hex})["id"])

    def view(self, search_id: str) -> dict[str, Any]:
        """A search as an API shows it."""
        found: dict[str, Any] = self.request("GET", f"/searches/{search_id}")
        return found

    def candidates(self, search_id: str) -> Sequence[Mapping[str, Any]]:
        """The first `PAGE` candidates of a search."""
        found: Sequence[Mapping[str, Any]] = self.request(
            "GET", f"/searches/{search_id}/candidates", params={"limit": PAGE}
        )["items"]
        return found

    def front(self, search_id: str) -> list[tuple[tuple[int, ...], float]]:
        """Chromosomes and accuracies of a search's front."""
        found = self.request("GET", f"/searches/{search_id}/front")
        return [(tuple(each["genome"]), each["measurement"]["accuracy"]) for each in found]

    def has_model(self, search_id: str) -> bool:
        """Whether the exported winner can be fetched."""
        try:
            return bool(self.answer("GET", f"/searches/{search_id}/model").content)
        except RefusedError:
            return False

    def request(self, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401 - JSON, and what httpx takes
        """The JSON that one request is answered with; raises as `answer` does."""
        return self.answer(method, path, **more).json()

    def answer(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - passed on to httpx
    ) -> httpx.Response:
        """One request to whichever API answers.

        Raises:
            RefusedError: one answers that it will not.
            TimeoutError: none answers for `PATIENCE_SECONDS`.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        given = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        failed = "nothing"
        while time.monotonic() < deadline:
            url = f"{self.addresses[next(self._turns) % len(self.addresses)]}/v1{path}"
            try:
                answer = httpx.request(method, url, headers=given, timeout=ANSWER_SECONDS, trust_env=False, **more)
            except httpx.TransportError as error:
                failed = repr(error)
            else:
                if answer.is_success:
                    return answer
                failed = f"{answer.status_code}: {answer.text}"
                if answer.is_client_error and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    raise RefusedError(f"{method} {path} answers {failed}")
            time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"{method} {path}: no API answers for {PATIENCE_SECONDS:.0f} s; the last one: {failed}")
