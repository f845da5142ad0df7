"""What is tried again, when, and what is said when it helps nothing: both clients, against services that fail."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twinsieve.scripted import LOST, NOBODY, SERVER, Answer, Reply, Scripted, page, refused
from tests.twinsieve.waiting import Connect
from twinsieve.errors import (
    ProblemError,
    TooManyRequestsError,
    UnavailableError,
    UnexpectedAnswerError,
    UnreachableError,
)
from twinsieve.retries import PATIENT, Retries

FINE = Reply(body={"owner": "ann"})
PASSING: tuple[Answer, ...] = (LOST, NOBODY, httpx.ReadTimeout("slow"), refused(503), refused(502), refused(429))


@pytest.mark.parametrize("failure", PASSING)
def test_a_get_is_tried_again(connect: Connect, failure: Answer) -> None:
    waits, service = list[float](), Scripted(failure, failure, FINE)
    assert connect(SERVER, transport=service, wait=waits.append).get("/me") == {"owner": "ann"}
    assert len(service.asked) == 3
    assert 0.125 <= waits[0] <= 0.25 <= waits[1] <= 0.5


@pytest.mark.parametrize("failure", [NOBODY, refused(429)])
def test_so_is_a_post_that_cannot_have_been_done(connect: Connect, failure: Answer) -> None:
    service = Scripted(failure, FINE)
    assert connect(SERVER, transport=service).post("/webhooks", {}) == {"owner": "ann"}
    assert len(service.asked) == 2


@pytest.mark.parametrize("failure", [LOST, refused(503)])
def test_no_post_is_done_twice(connect: Connect, failure: Answer) -> None:
    service = Scripted(failure, FINE)
    with pytest.raises((UnreachableError, UnavailableError)):
        connect(SERVER, transport=service).post("/webhooks", {})
    assert len(service.asked) == 1


@pytest.mark.parametrize("failure", PASSING)
def test_under_a_key_it_may_be(connect: Connect, failure: Answer) -> None:
    service = Scripted(failure, FINE)
    connect(SERVER, transport=service).post("/searches", {}, key="mine")
    assert [request.headers["Idempotency-Key"] for request in service.asked] == ["mine", "mine"]


@pytest.mark.parametrize("path", ["/webhooks", "/searches/x/pause", "/searches/x/y/clone", "/searchesx", "/extend"])
def test_a_key_that_the_service_would_not_heed_is_refused(connect: Connect, path: str) -> None:
    service = Scripted()
    with pytest.raises(ValueError, match=f"POST {path} takes no idempotency key"):
        connect(SERVER, transport=service).post(path, {}, key="mine")
    assert service.asked == []


@pytest.mark.parametrize("path", ["/searches/x/extend", "/searches/x%2Ey/clone"])
def test_copies_have_keys_too(connect: Connect, path: str) -> None:
    service = Scripted(LOST, FINE)
    connect(SERVER, transport=service).post(path, {}, key="mine")
    assert len(service.asked) == 2


def test_the_service_says_how_long_to_wait(connect: Connect) -> None:
    waits, service = list[float](), Scripted(refused(429, retry_after="7"), FINE)
    connect(SERVER, transport=service, wait=waits.append).get("/me")
    assert waits == [7.0]
    with pytest.raises(TooManyRequestsError):
        connect(SERVER, transport=Scripted(refused(429, retry_after="600"), FINE)).get("/me")


def test_it_gives_up_with_the_address_and_what_to_do(connect: Connect) -> None:
    service = Scripted(NOBODY, NOBODY, NOBODY, NOBODY)
    with pytest.raises(UnreachableError, match=r"cannot reach http://127.0.0.1:8321 .*refused.*twinsieve serve"):
        connect(SERVER, transport=service).get("/me")
    assert len(service.asked) == 4
    with pytest.raises(UnavailableError, match="try again in a few seconds"):
        connect(SERVER, transport=Scripted(refused(503)), retries=Retries(attempts=1)).get("/me")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 500])
def test_a_refusal_is_no_failure_in_passing(connect: Connect, status: int) -> None:
    service = Scripted(refused(status), FINE)
    with pytest.raises(ProblemError) as found:
        connect(SERVER, transport=service).get("/me")
    assert (found.value.status, len(service.asked)) == (status, 1)


def test_a_stream_is_opened_again(connect: Connect) -> None:
    service = Scripted(NOBODY, refused(503), page(200, b"whole", "application/zip"))
    with connect(SERVER, transport=service).stream("/searches/x/model") as chunks:
        assert b"".join(chunks) == b"whole"


class TestNotTwinsieve:
    def test_a_refusal_of_something_in_between(self, connect: Connect) -> None:
        proxy = page(403, b"<h1>proxy</h1>")
        with pytest.raises(ProblemError, match=r"answered 403 Forbidden; TWINSIEVE_API_KEY takes a key of that server"):
            connect(SERVER, transport=Scripted(proxy)).get("/me")

    @pytest.mark.parametrize("content", [b"no JSON", b"{}", b"[]", b'{"title": 1, "detail": 2, "errors": [3]}'])
    def test_a_problem_that_is_none(self, connect: Connect, content: bytes) -> None:
        answer = page(404, content, "application/problem+json")
        with pytest.raises(ProblemError, match="answered 404 Not Found"):
            connect(SERVER, transport=Scripted(answer)).get("/me")

    @pytest.mark.parametrize(
        "answer",
        [
            page(200, b"<h1>It works</h1>"),
            page(302, b"", location="/login"),
            page(200, b"{", "application/json"),
        ],
    )
    def test_an_answer_of_something_else(self, connect: Connect, answer: Reply) -> None:
        with pytest.raises(UnexpectedAnswerError, match="not as Twinsieve does: is the address right"):
            connect(SERVER, transport=Scripted(answer)).get("/me")

    def test_an_answer_of_another_version(self, connect: Connect) -> None:
        with pytest.raises(UnexpectedAnswerError, match=r"does not know \(name: .*install the version"):
            connect(SERVER, transport=Scripted(Reply(body={"id": "1"}))).search("1")


@given(failures=st.integers(1, 10_000), luck=st.floats(0, 1, exclude_max=True), first=st.floats(0, 10))
def test_waits_are_bounded_and_never_shrink_with_failures(failures: int, luck: float, first: float) -> None:
    retries = Retries(first_seconds=first, most_seconds=10)
    found = retries.seconds(failures, luck)
    assert 0 <= found <= 10
    assert found <= retries.seconds(failures + 1, luck)
    assert retries.seconds(failures, 0) * 2 >= found


def test_patience_lasts_about_a_minute() -> None:
    shortest, longest = (sum(PATIENT.seconds(done, luck) for done in range(1, PATIENT.attempts)) for luck in (0, 1))
    assert 50 < (shortest + longest) / 2 < 65


def test_retries_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 attempt, got 0"):
        Retries(attempts=0)
    with pytest.raises(ValueError, match="got 5 and 2"):
        Retries(first_seconds=5, most_seconds=2)
