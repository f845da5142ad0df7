"""`Tries`: whether a call that failed is tried again, and when."""

import random
from typing import Any

import httpx

from twinsieve.call import Call
from twinsieve.errors import FieldProblem, Problem, ProblemError, UnreachableError, problem_error
from twinsieve.retries import Retries

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
NOT_NOW = frozenset({502, 503, 504})
PROBLEM = "application/problem+json"


class Tries:
    """The tries of one call.

    Whatever never reached the service, or was refused with 429, may be sent again. What was lost on the way, or met a
    service in trouble, is sent again only where that cannot do it twice.
    """

    def __init__(self, call: Call[Any], retries: Retries, *, server: str, rng: random.Random) -> None:
        self._call = call
        self._retries = retries
        self._server = server
        self._rng = rng
        self._failures = 0

    def lost(self, error: httpx.TransportError) -> float:
        """Seconds until the next try, after one that had no answer.

        Raises:
            UnreachableError: there is none.
        """
        if self._over(may_repeat=isinstance(error, NEVER_SENT) or self._call.repeatable):
            raise unreachable(self._server, error) from None
        return self._pause()

    def refused(self, answer: httpx.Response) -> float:
        """Seconds until the next try, after an answer that is an error and has been read.

        Raises:
            ProblemError: there is none.
        """
        later = answer.status_code in NOT_NOW and self._call.repeatable
        asked = _asked_seconds(answer)
        over = self._over(may_repeat=later or answer.status_code == httpx.codes.TOO_MANY_REQUESTS)
        if over or asked > self._retries.most_seconds:
            raise refusal(answer)
        return max(asked, self._pause())

    def _over(self, *, may_repeat: bool) -> bool:
        self._failures += 1
        return not may_repeat or self._failures >= self._retries.attempts

    def _pause(self) -> float:
        return self._retries.seconds(self._failures, self._rng.random())


def unreachable(server: str, error: httpx.TransportError) -> UnreachableError:
    """What to say of a connection that was never made, or broke."""
    hint = "start it with 'twinsieve serve', or give another address (TWINSIEVE_SERVER, or --server)"
    return UnreachableError(f"cannot reach {server} ({str(error) or type(error).__name__}); {hint}")


def refusal(answer: httpx.Response) -> ProblemError:
    """The error that an answer stands for, also one of a proxy in between."""
    try:
        said = answer.json() if answer.headers.get("content-type", "").startswith(PROBLEM) else {}
        found = [FieldProblem(each["field"], each["message"], each["got"]) for each in said.get("errors") or ()]
        problem = Problem(status=answer.status_code, title=said["title"], detail=said["detail"], fields=tuple(found))
    except (ValueError, KeyError, TypeError, AttributeError):
        problem = Problem(status=answer.status_code, title=answer.reason_phrase, detail=_foreign(answer))
    return problem_error(problem)


def _foreign(answer: httpx.Response) -> str:
    said = f"{answer.request.url} answered {answer.status_code} {answer.reason_phrase}"
    return said if answer.status_code not in (401, 403) else f"{said}; TWINSIEVE_API_KEY takes a key of that server"


def _asked_seconds(answer: httpx.Response) -> float:
    """What the header Retry-After asks for; a date, which this service does not send, asks for nothing."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0
