"""Streams of events: read by both clients, cut off at any moment, and from a service that is there."""

import pytest

from service.api.services import Services
from service.domain.action import ENDS
from service.domain.records import FINISHED
from tests.service.asking import SPEC
from tests.twinsieve.made import succeeded
from tests.twinsieve.scripted import LOST, NOBODY, SERVER, Scripted, refused, streamed
from tests.twinsieve.waiting import Connect
from twinsieve.client import Client
from twinsieve.errors import NotFoundError, UnreachableError
from twinsieve.event import ENDED, Event, parsed
from twinsieve.listening import Listening
from twinsieve.retries import PATIENT


def state(number: int, action: str = "started") -> bytes:
    return f'event: state\nid: {number}.0\ndata: {{"action": "{action}"}}\n\n'.encode()


def asked(service: Scripted) -> list[str | None]:
    """The id behind which each request began."""
    return [request.url.params.get("last_event_id") for request in service.asked]


def test_it_goes_on_behind_what_it_has(connect: Connect) -> None:
    service = Scripted(
        streamed(b"retry: 1\nid: 0.0\n\n", state(1) + b"event: state\nid: 2.0\nda", LOST),
        streamed(LOST),
        NOBODY,
        refused(429),
        streamed(b": still here\n\n", b"id: 1.0\n\n" + state(2, "resumed")),
        streamed(),
    )
    waits = list[float]()
    events = connect(SERVER, transport=service, wait=waits.append).events()
    assert [event.data["action"] for event in events] == ["started", "resumed"]
    assert asked(service) == [None, "1.0", "1.0", "1.0", "1.0", "2.0"]
    assert events.last == "2.0"
    assert len(waits) == 5


def test_the_end_of_a_search_is_its_last_event() -> None:
    whole = state(7) + state(8, "failed") + state(9, "artifacts-deleted")
    of_one, of_all = (Listening("/events", last=None, to_the_end=whether) for whether in (True, False))
    assert [event.id for event in of_one.take(whole)] == ["7.0", "8.0"]
    assert [event.id for event in of_all.take(whole)] == ["7.0", "8.0", "9.0"]
    assert (of_one.over, of_all.over, of_one.last) == (True, False, "8.0")


def test_it_does_not_try_for_ever(connect: Connect) -> None:
    service = Scripted(streamed(b"id: 7\n\n"), *[NOBODY] * PATIENT.attempts)
    with pytest.raises(UnreachableError, match="cannot reach"):
        list(connect(SERVER, transport=service).events())
    assert len(service.asked) == 1 + PATIENT.attempts


def test_what_never_began_is_tried_as_any_call(connect: Connect) -> None:
    service = Scripted(*[NOBODY] * 4)
    with pytest.raises(UnreachableError):
        list(connect(SERVER, transport=service).events(after="7"))
    assert asked(service) == ["7"] * 4


def test_a_search_that_was_deleted_is_no_lost_connection(connect: Connect) -> None:
    service = Scripted(streamed(state(1)), refused(404))
    with pytest.raises(NotFoundError):
        list(connect(SERVER, transport=service).events())


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_chunks_may_be_cut_anywhere(size: int) -> None:
    whole = ': hi\n\nid: 3\n\nevent: candidate\nid: 4\ndata: {"a": "é"}\n\n'.encode()
    pieces = [whole[place : place + size] for place in range(0, len(whole), size)]
    assert list(parsed(pieces)) == [Event("", "3", None), Event("candidate", "4", {"a": "é"})]


def test_of_a_search_that_is_served(client: Client, services: Services) -> None:
    search = client.submit(SPEC)
    succeeded(services, candidates=6)
    found = [event for event in search.events() if event.name != "progress"]
    assert [event.data["action"] for event in found if event.name == "state"] == ["submitted", "started", "succeeded"]
    told = [event.data["index"] for event in found if event.name == "candidate"]
    assert told == [0, 1, 2, 3, 4, 5, 6]
    rest = [event for event in search.events(after=found[3].id) if event.name != "progress"]
    assert rest == found[4:]
    with pytest.raises(ValueError, match=r"such as 17\.240"):
        list(search.events(after="nonsense"))


def test_how_a_search_ends_is_known_here_too() -> None:
    assert ENDED == FINISHED
    assert ENDED == ENDS


def test_bytes_that_end_within_an_event_are_none() -> None:
    assert list(parsed([b"event: state\nid: 1\ndata: 1\n"])) == []


def test_an_error_of_the_transport_is_ours(connect: Connect) -> None:
    with (
        pytest.raises(UnreachableError, match="peer"),
        connect(SERVER, transport=Scripted(streamed(b"half", LOST))).stream("/x") as chunks,
    ):
        assert b"".join(chunks) == b"never"
