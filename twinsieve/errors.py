"""What can go wrong: each error is one line that says what to do about it.

TwinsieveError
├── AddressError            (ValueError) the address of the service is none
├── KeyFormError            (ValueError) the API key is none
├── SpecFileError           (ValueError) the file of a spec cannot be read
├── DownloadError           (ValueError) a model cannot be put where it should go, or came damaged
├── UnreachableError        (ConnectionError) nobody answers, or the connection broke
├── UnexpectedAnswerError   somebody answers, but not as Twinsieve does
├── ProblemError            the service refused: `status`, `title`, `detail`, `fields`
│   ├── InvalidRequestError   (ValueError) 400, 413, 422: `fields` says what is wrong where
│   ├── AuthenticationError   401: no API key, or one that is refused
│   ├── NotAllowedError       (PermissionError) 403: a key that may not, or a quota
│   ├── NotFoundError         (LookupError) 404
│   ├── ConflictError         409: not in the state that the search is in
│   ├── TooManyRequestsError  429: later
│   └── UnavailableError      500 and above
├── SearchEndedError        the search that was waited for failed or was cancelled
├── WaitTimeoutError        (TimeoutError) it did not end in time
└── MissingPackageError     (ImportError) an optional package is not installed
"""

from collections.abc import Mapping
from dataclasses import dataclass


class TwinsieveError(Exception):
    """Anything that this package raises on purpose."""


class AddressError(TwinsieveError, ValueError):
    """The address of the service is none."""


class KeyFormError(TwinsieveError, ValueError):
    """The API key is none; the message does not repeat it."""


class SpecFileError(TwinsieveError, ValueError):
    """The file of a spec cannot be read."""


class DownloadError(TwinsieveError, ValueError):
    """A model cannot be put where it should go, or came damaged."""


class UnreachableError(TwinsieveError, ConnectionError):
    """Nobody answers, or the connection broke; calls that may be repeated were."""


class UnexpectedAnswerError(TwinsieveError):
    """Somebody answers, but not as this version of Twinsieve does."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of what was sent."""

    field: str  # with dots, such as budget.candidates
    message: str
    got: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem document (RFC 9457) as the service sends it."""

    status: int  # of HTTP
    title: str
    detail: str
    fields: tuple[FieldProblem, ...] = ()


class ProblemError(TwinsieveError):
    """The service refused."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    @property
    def status(self) -> int:
        """Of HTTP."""
        return self.problem.status

    @property
    def title(self) -> str:
        """The kind of problem in a word or two."""
        return self.problem.title

    @property
    def detail(self) -> str:
        """What is wrong, and what to do."""
        return self.problem.detail

    @property
    def fields(self) -> tuple[FieldProblem, ...]:
        """What is wrong where, if the request has such places."""
        return self.problem.fields

    def __str__(self) -> str:
        fields = [f"{each.field}: {each.message} (got {each.got})" for each in self.fields]
        return "\n  ".join([self.detail, *fields])


class InvalidRequestError(ProblemError, ValueError):
    """What was sent is not valid; `fields` says what is wrong where."""


class AuthenticationError(ProblemError):
    """There was no API key, or one that is unknown, expired or revoked."""


class NotAllowedError(ProblemError, PermissionError):
    """The key may not do this, or a quota is used up."""


class NotFoundError(ProblemError, LookupError):
    """There is no such thing."""


class ConflictError(ProblemError):
    """Not in the state in which the search is, or under a key that named something else."""


class TooManyRequestsError(ProblemError):
    """Too many requests, or streams, at once; the service took none of this one."""


class UnavailableError(ProblemError):
    """The service, or what it needs, does not work at the moment."""


class SearchEndedError(TwinsieveError):
    """A search that was waited for ended otherwise than succeeded."""

    def __init__(self, message: str, status: str) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class WaitTimeoutError(TwinsieveError, TimeoutError):
    """A search did not end in the time that it was given; it goes on."""


class MissingPackageError(TwinsieveError, ImportError):
    """An optional package is not installed."""


BY_STATUS: Mapping[int, type[ProblemError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: TooManyRequestsError,
}


def problem_error(problem: Problem) -> ProblemError:
    """The error of the kind that the status of `problem` names."""
    kind = UnavailableError if problem.status >= 500 else BY_STATUS.get(problem.status, ProblemError)
    return kind(problem)
