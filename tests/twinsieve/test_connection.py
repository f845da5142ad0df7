"""Where the service is and with which key it is asked: given, or from the environment."""

import pytest

from service.api.services import Services
from service.domain.person import Role
from twinsieve.async_client import AsyncClient
from twinsieve.client import Client
from twinsieve.connection import DEFAULT_SERVER, Connection, InsecureKeyWarning
from twinsieve.errors import AddressError, KeyFormError

KEY = f"tws_{'0' * 16}_{'0' * 64}"


def test_what_is_not_given_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Connection.of(None, None) == Connection(DEFAULT_SERVER)
    monkeypatch.setenv("TWINSIEVE_SERVER", "https://lab.example")
    monkeypatch.setenv("TWINSIEVE_API_KEY", f"{KEY}\n")
    assert Connection.of(None, None) == Connection("https://lab.example", KEY)
    assert Connection.of("http://127.0.0.1:9", "") == Connection("http://127.0.0.1:9")


def test_a_key_that_the_service_makes_is_one(services: Services) -> None:
    made = services.store.keys.create("ann", Role.VIEWER).key
    assert Connection.of(None, made).options["headers"] == {"Authorization": f"Bearer {made}"}


@pytest.mark.parametrize("given", [True, False])
def test_what_is_no_key_is_not_sent_and_not_repeated(given: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINSIEVE_API_KEY", "tws_my secret")
    with pytest.raises(KeyFormError, match="is no key: expected tws_") as refused:
        Connection.of(None, "tws_my secret" if given else None)
    assert "my secret" not in str(refused.value)
    assert ("TWINSIEVE_API_KEY" in str(refused.value)) is not given


def test_nobody_reads_a_key_off_a_connection() -> None:
    assert KEY not in repr(Connection.of(None, KEY))
    assert KEY not in repr(Client(key=KEY))


@pytest.mark.parametrize("address", ["nonsense", "", "http://", "ftp://lab.example", "127.0.0.1:8321", "http://h:port"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(AddressError, match="is no address of a service"):
        Client(address)


@pytest.mark.parametrize(
    ("address", "warned", "proxied"),
    [
        ("http://lab.example:8321", True, True),
        ("http://10.0.0.7", True, True),
        ("https://lab.example", False, True),
        ("http://127.0.0.1:8321", False, False),
        ("http://[::1]:8321", False, False),
        ("http://localhost:8321", False, False),
    ],
)
def test_a_key_in_the_open_is_warned_of(address: str, warned: bool, proxied: bool) -> None:
    found = Connection.of(address, KEY)
    assert (found.warning is not None, found.options["trust_env"]) == (warned, proxied)
    assert Connection.of(address, "").warning is None


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_where_it_is_made(kind: type[Client | AsyncClient]) -> None:
    with pytest.warns(InsecureKeyWarning, match="goes to lab.example over plain http") as warned:
        kind("http://lab.example", key=KEY)
    assert warned[0].filename == __file__
