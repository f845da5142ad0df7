"""Where a delivery connects to: the address that was checked, under the name that was given, and nowhere else."""

import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from service.events.addresses import Addresses, Resolve
from service.searches.store import Store
from tests.service.conftest import Clock
from tests.service.receiving import Receiver, delivery, ended_search, receiving, the_one, told_of

NAME = "hook.example"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_name_that_turned_inside_since(sqlite_store: Store, clock: Clock, receiver: Receiver) -> None:
    """DNS rebinding: it was checked when the webhook was made, and leads elsewhere now."""
    webhook, _ = told_of(sqlite_store, receiver.url.replace("127.0.0.1", NAME)), ended_search(sqlite_store)
    delivery(sqlite_store, clock, addresses=Addresses(resolve=leading_to("127.0.0.1"))).step()
    assert receiver.requests == []
    assert f"{NAME} leads to 127.0.0.1" in (the_one(sqlite_store, webhook).error or "")


def test_the_connection_goes_to_the_address_that_was_checked(
    sqlite_store: Store, clock: Clock, receiver: Receiver
) -> None:
    """Nobody but our resolver knows the name, so whoever resolves it again fails."""
    told_of(sqlite_store, receiver.url.replace("127.0.0.1", NAME))
    ended_search(sqlite_store)
    resolve = leading_to("127.0.0.1")
    delivery(sqlite_store, clock, addresses=Addresses(private=True, resolve=resolve)).step()
    ((_, headers, _),) = receiver.requests
    assert headers["host"] == receiver.url.split("/")[2].replace("127.0.0.1", NAME)


def test_the_next_address_is_tried(sqlite_store: Store, clock: Clock, receiver: Receiver) -> None:
    webhook, _ = told_of(sqlite_store, receiver.url.replace("127.0.0.1", NAME)), ended_search(sqlite_store)
    resolve = leading_to("127.0.0.2", "127.0.0.1")
    delivery(sqlite_store, clock, addresses=Addresses(private=True, resolve=resolve)).step()
    assert len(receiver.requests) == 1
    assert the_one(sqlite_store, webhook).delivered_at is not None


def test_a_proxy_of_the_environment_is_not_asked(
    sqlite_store: Store, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    webhook, _ = told_of(sqlite_store, receiver.url), ended_search(sqlite_store)
    delivery(sqlite_store, clock).step()
    assert the_one(sqlite_store, webhook).delivered_at is not None


@pytest.mark.parametrize(("certified", "error"), [(NAME, None), ("other.example", "ConnectError")])
def test_the_certificate_is_that_of_the_name(
    sqlite_store: Store, clock: Clock, tmp_path: Path, certified: str, error: str | None
) -> None:
    server, client = contexts(certified, tmp_path)
    with receiving(server) as receiver:
        webhook, _ = told_of(sqlite_store, receiver.url.replace("127.0.0.1", NAME)), ended_search(sqlite_store)
        resolve = leading_to("127.0.0.1")
        delivery(sqlite_store, clock, addresses=Addresses(private=True, resolve=resolve), tls=client).step()
    found = the_one(sqlite_store, webhook)
    assert (found.delivered_at is not None) == (error is None)
    assert error is None or (found.error or "").startswith(error)
    assert len(receiver.requests) == (0 if error else 1)


def leading_to(*addresses: str) -> Resolve:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


def contexts(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server with a certificate for `name`, and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*private))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    client = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    return server, client
