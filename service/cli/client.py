"""`Client`: the REST API from the command line; what goes wrong becomes a line a user can act on."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Self

import httpx
import typer

from service.cli.errors import UserError
from service.people.keys import PATTERN
from service.settings import is_loopback

TIMEOUT = 30.0  # seconds

Server = Annotated[str, typer.Option(envvar="TWINSIEVE_SERVER", help="Address of the service.")]
DEFAULT_SERVER = "http://127.0.0.1:8321"
KEY_VARIABLE = "TWINSIEVE_API_KEY"  # not an option, which every user of a machine could read


class Client:
    """Talks to one server, with the key in the environment if there is one and `keyed`."""

    def __init__(self, server: str, *, keyed: bool = True) -> None:
        try:
            url = httpx.URL(server)
        except httpx.InvalidURL as error:
            raise UserError(f"--server {server!r} is no address: {error}") from None
        headers = _authorization(url) if keyed else {}
        # a proxy from the environment cannot reach this machine's loopback
        trust_env = not is_loopback(url.host)
        self._http = httpx.Client(base_url=server, timeout=TIMEOUT, trust_env=trust_env, headers=headers)
        self._server = server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: Any) -> Any:  # noqa: ANN401 - JSON
        """What a GET of `/v1<path>` answers."""
        return self._json("GET", path, params=_given(parameters))

    def post(self, path: str, body: object = None, *, key: str | None = None, **parameters: Any) -> Any:  # noqa: ANN401 - JSON
        """What a POST to `/v1<path>` answers; under an idempotency `key` the same one again makes nothing new."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._json("POST", path, json=body, params=_given(parameters), headers=headers)

    def patch(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """What a PATCH of `/v1<path>` answers."""
        return self._json("PATCH", path, json=body)

    def delete(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What a DELETE of `/v1<path>` answers; None where it says nothing."""
        return self._json("DELETE", path)

    def pages(self, path: str, **parameters: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
        """Every item of a paged list."""
        after = None
        while True:
            page = self.get(path, after=after, limit=200, **parameters)
            yield from page["items"]
            if (after := page["next"]) is None:
                return

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        """The bytes of a GET of `/v1<path>`."""
        try:
            with self._http.stream("GET", f"/v1{path}") as answer:
                if answer.is_error:
                    answer.read()
                    raise UserError(_problem(answer))
                yield answer.iter_bytes()
        except httpx.TransportError as error:
            raise self._unreachable(error) from None

    def _json(self, method: str, path: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            answer = self._http.request(method, f"/v1{path}", **arguments)
        except httpx.TransportError as error:
            raise self._unreachable(error) from None
        if answer.is_error:
            raise UserError(_problem(answer))
        if answer.status_code == httpx.codes.NO_CONTENT:
            return None
        if not answer.headers.get("content-type", "").startswith("application/json"):
            raise UserError(f"{self._server} answers, but not as Twinsieve does: is the address right?")
        return answer.json()

    def _unreachable(self, error: httpx.TransportError) -> UserError:
        return UserError(f"cannot reach {self._server} ({error}); start it with 'twinsieve serve', or set --server")


def _authorization(url: httpx.URL) -> dict[str, str]:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        return {}
    if PATTERN.fullmatch(key) is None:
        raise UserError(f"{KEY_VARIABLE} is no key: expected tws_<id>_<secret>, as 'twinsieve keys create' printed it")
    if url.scheme == "http" and not is_loopback(url.host):
        warning = f"warning: the API key goes to {url.host} over plain http, for all to read on the way; use https"
        typer.echo(warning, err=True)
    return {"Authorization": f"Bearer {key}"}


def _given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if value is not None}


def _problem(answer: httpx.Response) -> str:
    if answer.headers.get("content-type") != "application/problem+json":
        said = f"{answer.request.url} answered {answer.status_code} {answer.reason_phrase}"
        return said if answer.status_code not in (401, 403) else f"{said}; {KEY_VARIABLE} takes a key of that server"
    problem: Mapping[str, Any] = answer.json()
    fields = [f"{each['field']}: {each['message']} (got {each['got']})" for each in problem.get("errors", [])]
    return "\n  ".join([problem["detail"], *fields])
