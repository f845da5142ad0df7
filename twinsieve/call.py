"""`Call`: one request of the REST API and how its answer is read, whoever sends it, waiting or not."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from twinsieve.errors import UnexpectedAnswerError

T = TypeVar("T")
REPEATABLE = frozenset({"GET", "PATCH"})  # a PATCH says what shall be, so twice is as good as once
KEYED = re.compile(r"/searches(/[^/]+/(extend|clone))?")  # where the service heeds an Idempotency-Key, in a POST


class Page(BaseModel, Generic[T]):
    """Some items of a list; `next` is the `after` of the next page, None at the end."""

    items: tuple[T, ...]
    next: str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """A request below `/v1`. Parameters that are None are left out."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: object = None
    key: str | None = None
    """The Idempotency-Key: under it the same request again makes nothing new."""

    def __post_init__(self) -> None:
        if self.key is not None and (self.method != "POST" or KEYED.fullmatch(self.path) is None):
            raise ValueError(
                f"{self.method} {self.path} takes no idempotency key, so sent again it would be done again: expected "
                "POST /searches, /searches/ID/extend or /searches/ID/clone; leave the key out"
            )

    @property
    def repeatable(self) -> bool:
        """It may be sent again when nobody knows what became of it."""
        return self.method in REPEATABLE or self.key is not None

    def request(self) -> dict[str, Any]:
        """The arguments that build a request."""
        parameters = {name: value for name, value in self.parameters.items() if value is not None}
        headers = {} if self.key is None else {"Idempotency-Key": self.key}
        arguments = {"method": self.method, "url": f"/v1{self.path}", "params": parameters, "headers": headers}
        return arguments if self.body is None else arguments | {"json": self.body}


def new_key() -> str:
    """A name for a submission that nothing else has."""
    return uuid.uuid4().hex


def segment(text: str) -> str:
    """`text` as one part of a path, whatever it holds."""
    return quote(text, safe="").replace(".", "%2E")  # "." and ".." would be other paths


def read_json(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    """What an answer says; None where it says nothing.

    Raises:
        UnexpectedAnswerError: it is no JSON, so it does not come from Twinsieve.
    """
    if answer.status_code == httpx.codes.NO_CONTENT:
        return None
    if not answer.headers.get("content-type", "").startswith("application/json"):
        raise _foreign(answer)
    try:
        return answer.json()
    except ValueError:
        raise _foreign(answer) from None


def read_as(form: TypeAdapter[T]) -> Callable[[httpx.Response], T]:
    """How answers of this form are read; they raise an `UnexpectedAnswerError` where they have another."""

    def read(answer: httpx.Response) -> T:
        try:
            return form.validate_python(read_json(answer))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UnexpectedAnswerError(
                f"{_where(answer)} answers in a form that this version does not know ({where}: {first['msg']}): "
                "install the version of Twinsieve that the service has"
            ) from None

    return read


def _foreign(answer: httpx.Response) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(f"{_where(answer)} answers, but not as Twinsieve does: is the address right?")


def _where(answer: httpx.Response) -> str:
    return str(answer.request.url.copy_with(path="/", query=None)).rstrip("/")
