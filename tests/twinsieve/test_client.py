"""Both clients against a served API: submitting, looking, changing, and what is said when that cannot be."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.services import Services
from tests.service.asking import SPEC
from tests.service.conftest import Clock
from tests.twinsieve.made import WINNER, claimed, genome, measured, succeeded
from tests.twinsieve.scripted import LOST
from tests.twinsieve.waiting import Connect
from twinsieve.async_client import AsyncClient
from twinsieve.client import Client
from twinsieve.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    ProblemError,
    SearchEndedError,
    SpecFileError,
    UnreachableError,
    WaitTimeoutError,
)
from twinsieve.search_handle import SearchHandle
from twinsieve.search_state import SearchState


class TestSubmit:
    def test_keys_and_a_spec(self, client: Client) -> None:
        search = client.submit(SPEC, labels=["paper", "vqa"], priority=3, name="mine", seed=7)
        assert (search.status, search.state.labels, search.state.priority) == ("queued", ("paper", "vqa"), 3)
        assert (search.state.name, search.spec["seed"], search.spec["budget"]["candidates"]) == ("mine", 7, 8)
        keys: dict[str, Any] = dict(SPEC)
        assert client.submit(**keys).state.queue_position == 1

    @pytest.mark.parametrize("as_text", [True, False])
    def test_a_file(self, client: Client, tmp_path: Path, as_text: bool) -> None:
        file = tmp_path / "spec.yaml"
        file.write_text("{backbone: tiny, budget: {candidates: 5}, algorithm: {name: random}}")
        assert client.submit(str(file) if as_text else file).spec["budget"]["candidates"] == 5

    @pytest.mark.parametrize("content", [None, b"\xff", b"[1, 2", b"[1, 2]"])
    def test_a_file_that_is_none(self, client: Client, tmp_path: Path, content: bytes | None) -> None:
        if content is not None:
            (tmp_path / "spec.yaml").write_bytes(content)
        with pytest.raises(SpecFileError, match=r"spec\.yaml"):
            client.submit(tmp_path / "spec.yaml")

    def test_what_is_wrong_is_said_at_its_field(self, client: Client) -> None:
        with pytest.raises(InvalidRequestError) as found:
            client.submit(SPEC, budget={"candidates": 0}, surprise=1)
        assert {each.field for each in found.value.fields} == {"budget.candidates", "surprise"}
        assert "budget.candidates: " in str(found.value)
        assert isinstance(found.value, ValueError)

    def test_under_a_key_once(self, client: Client) -> None:
        first = client.submit(SPEC, key="mine")
        assert client.submit(SPEC, key="mine").id == first.id
        assert client.submit(SPEC).id != first.id
        with pytest.raises(ConflictError, match="was used before"):
            client.submit(SPEC, key="mine", seed=1)

    def test_an_answer_that_was_lost_makes_no_second_search(
        self, connect: Connect, server: str, services: Services
    ) -> None:
        lost = Losing(server, answers=2)
        search = connect(server, transport=lost).submit(SPEC)
        assert lost.requests == 3
        assert [each.id for each in services.store.searches.page()] == [search.id]

    def test_with_the_best_of_another(self, client: Client, services: Services) -> None:
        first = client.submit(SPEC)
        succeeded(services)
        second = client.submit(SPEC, seeds_from=first.id, seed=1)
        assert list(WINNER) in second.spec["first"]


class Losing(httpx.MockTransport):
    """Loses the first answers of a server, which did what it was asked for."""

    def __init__(self, server: str, *, answers: int) -> None:
        super().__init__(self._next)
        self._server = server
        self._to_lose = answers
        self.requests = 0

    def lose(self, answers: int) -> None:
        """So many more, from now on."""
        self._to_lose = answers

    def _next(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        url = httpx.URL(self._server).copy_with(raw_path=request.url.raw_path)
        with httpx.Client(trust_env=False) as forward:
            answer = forward.request(request.method, url, content=request.content, headers=request.headers)
        if self._to_lose:
            self._to_lose -= 1
            raise LOST
        kind = answer.headers.get("content-type", "")
        return httpx.Response(answer.status_code, content=answer.content, headers={"content-type": kind})


class TestLook:
    def test_by_id(self, client: Client) -> None:
        submitted = client.submit(SPEC)
        assert client.search(submitted.id).state == submitted.refresh().state
        with pytest.raises(NotFoundError, match="no search 'x'") as found:
            client.search("x")
        assert isinstance(found.value, LookupError)

    @pytest.mark.parametrize("name", ["../healthz", "a/b", "x?y=1", "x#y", "..", "%2e%2e"])
    def test_an_id_that_is_none_is_no_other_path(self, client: Client, name: str) -> None:
        with pytest.raises(ProblemError) as found:
            client.search(name)
        assert found.value.status in (404, 405)

    def test_all_page_by_page(self, client: Client, services: Services, clock: Clock) -> None:
        ids: list[str] = []
        for _ in range(3):
            ids.append(client.submit(SPEC, labels=["paper"] if len(ids) == 1 else []).id)
            clock.advance(1)
        assert [each.id for each in client.searches()] == ids[::-1]
        assert [each.id for each in client.searches(label="paper", status="queued", owner="local")] == [ids[1]]
        assert [each["id"] for each in client.pages("/searches", limit=1)] == ids[::-1]
        assert list(client.searches(status="failed")) == []

    def test_candidates_and_the_front(self, client: Client, services: Services) -> None:
        search = client.submit(SPEC)
        succeeded(services, candidates=203)
        found = list(search.candidates())
        assert [each.index for each in found] == [*range(204)]
        assert (found[0].genome, found[1].genome, found[4].failure) == (WINNER, genome(1), "diverged")
        assert (found[0].accuracy, found[0].macs, found[4].accuracy) == (0.75, 5e5, None)
        assert [each.fidelity for each in search.candidates(fidelity=["final"])] == ["final"]
        front = search.front()
        assert [each.index for each in front] == [0]
        assert search.refresh().best == front[0]

    def test_the_catalogue_and_oneself(self, client: Client) -> None:
        assert "tiny" in [each["name"] for each in client.catalogue("backbones")]
        assert "genetic" in [each["name"] for each in client.catalogue("algorithms")]
        assert client.me()["owner"] == "local"
        assert client.get("/tasks") == client.catalogue("tasks")


class TestChange:
    def test_a_break_and_the_end(self, client: Client, services: Services) -> None:
        search = client.submit(SPEC)
        assert search.pause().status == "paused"
        assert search.resume().status == "queued"
        lease = claimed(services)
        assert search.pause().state.pause_requested
        assert search.resume().status == "running"
        assert search.cancel().state.cancel_requested
        assert lease.search_id == search.id

    def test_what_is_said_of_it(self, client: Client) -> None:
        search = client.submit(SPEC, labels=["a"])
        state = search.change(priority=-5, notes="for [the] paper", workers=1).state
        assert (state.priority, state.notes, state.workers, state.labels) == (-5, "for [the] paper", 1, ("a",))
        assert search.change(labels=[]).state.labels == ()
        with pytest.raises(InvalidRequestError, match="nothing is to be changed"):
            search.change()

    def test_more_of_it(self, client: Client, services: Services) -> None:
        search = client.submit(SPEC, labels=["a"])
        with pytest.raises(ConflictError, match="has status queued"):
            search.extend(12)
        succeeded(services)
        longer = search.extend(12, key="once")
        assert (longer.state.extends, longer.spec["budget"]["candidates"]) == (search.id, 12)
        assert search.extend(12, key="once").id == longer.id
        other = search.clone(seed=9, budget={"candidates": 4})
        assert (other.spec["seed"], other.spec["budget"]["candidates"], other.state.labels) == (9, 4, ("a",))

    def test_forgetting_it(self, client: Client, services: Services) -> None:
        search = client.submit(SPEC)
        with pytest.raises(ConflictError):
            search.delete()
        succeeded(services)
        assert search.delete_artifacts().status == "succeeded"
        search.delete()
        with pytest.raises(NotFoundError):
            search.refresh()


class TestWait:
    def test_for_success(self, client: Client, services: Services) -> None:
        search, seen = client.submit(SPEC), list[SearchState]()

        def told(state: SearchState) -> None:
            seen.append(state)
            if len(seen) == 2:
                succeeded(services)

        assert search.wait(poll_seconds=0, told=told).status == "succeeded"
        assert [state.status for state in seen] == ["queued", "queued", "succeeded"]

    def test_what_ends_otherwise_is_an_error(self, client: Client) -> None:
        search = client.submit(SPEC)
        search.cancel()
        with pytest.raises(SearchEndedError, match=f"search {search.id} cancelled") as found:
            search.wait()
        assert found.value.status == "cancelled"

    def test_for_so_long(self, client: Client) -> None:
        search = client.submit(SPEC)
        with pytest.raises(WaitTimeoutError, match=r"is queued after 0\.05 s; it goes on") as found:
            search.wait(timeout_seconds=0.05, poll_seconds=0.01)
        assert isinstance(found.value, TimeoutError)

    def test_no_pause_outlasts_the_time(self, connect: Connect, server: str) -> None:
        pauses = list[float]()
        search = connect(server, wait=pauses.append).submit(SPEC)
        with pytest.raises(WaitTimeoutError):
            search.wait(timeout_seconds=0.2, poll_seconds=60)
        assert pauses
        assert all(0 < pause <= 0.2 for pause in pauses)

    def test_over_a_restart_of_the_service(self, connect: Connect, server: str, services: Services) -> None:
        transport = Losing(server, answers=0)
        search = connect(server, transport=transport).submit(SPEC)
        succeeded(services)
        transport.lose(8)
        assert search.wait().status == "succeeded"
        transport.lose(8)
        with pytest.raises(UnreachableError):
            search.refresh()

    def test_with_events_in_between(self, client: Client, services: Services) -> None:
        search = client.submit(SPEC)
        lease = claimed(services)
        measured(services, lease, 2)
        first = next(event for event in search.events() if event.name == "state")
        assert first.data["action"] == "submitted"


def test_reports_are_text(connect: Connect, server: str) -> None:
    class Reporting(Losing):
        def _next(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/report"):
                return httpx.Response(200, text=f"# {request.url.params['format']}")
            return super()._next(request)

    search = connect(server, transport=Reporting(server, answers=0)).submit(SPEC)
    assert (search.report(), search.report("md")) == ("# html", "# md")


def test_how_they_look() -> None:
    assert repr(Client("http://127.0.0.1:9")) == "Client('http://127.0.0.1:9')"
    assert repr(AsyncClient("http://127.0.0.1:9")) == "AsyncClient('http://127.0.0.1:9')"


def test_used_as_the_documentation_says(server: str, services: Services) -> None:
    with Client(server) as client:
        search = client.submit(SPEC, name="mine")
        assert isinstance(search, SearchHandle)
        assert repr(search) == f"<search {search.id} 'mine' queued, 0 of 8 candidates>"
        succeeded(services)
        assert repr(search.refresh()).endswith("succeeded, 3 of 8 candidates, best 0.7500>")
