"""Signatures: those of the standard, right for the sender only, made from a secret that stays here."""

import base64
import hashlib
import hmac
import threading
from pathlib import Path

import pytest

from service.events.signature import FILE, SignatureError, installation_secret, secret_of, signed, verify
from service.settings import Settings

INSTALLATION = "0123456789abcdef" * 4
SECRET = secret_of("hook", INSTALLATION)
BODY = b'{"type": "search.succeeded"}'
HEADERS = signed(SECRET, message_id="hook_7", timestamp=1_700_000_000, body=BODY)


def test_the_example_of_the_standard() -> None:
    """From the specification of Standard Webhooks and its libraries' tests."""
    headers = signed(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_who_does_as_the_documentation_says() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    content = f"{HEADERS['webhook-id']}.{HEADERS['webhook-timestamp']}.".encode() + BODY
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert HEADERS["webhook-signature"].split() == [f"v1,{expected}"]
    verify(SECRET, HEADERS, BODY, now=1_700_000_010.5)


@pytest.mark.parametrize(
    ("changes", "body", "now", "message"),
    [
        ({}, BODY + b" ", 1_700_000_000, "no signature"),
        ({"webhook-id": "hook_8"}, BODY, 1_700_000_000, "no signature"),
        ({"webhook-timestamp": "1700000001"}, BODY, 1_700_000_000, "no signature"),
        ({"webhook-signature": "v1,AAAA v2,é"}, BODY, 1_700_000_000, "no signature"),
        ({"webhook-signature": ""}, BODY, 1_700_000_000, "no signature"),
        ({"webhook-timestamp": "soon"}, BODY, 1_700_000_000, "three headers"),
        ({}, BODY, 1_700_000_301, "more than 300 seconds"),
        ({}, BODY, 1_699_999_699, "more than 300 seconds"),
    ],
)
def test_what_is_not_ours(changes: dict[str, str], body: bytes, now: int, message: str) -> None:
    with pytest.raises(SignatureError, match=message):
        verify(SECRET, {**HEADERS, **changes}, body, now=now)


@pytest.mark.parametrize("missing", sorted(HEADERS))
def test_a_header_is_missing(missing: str) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    with pytest.raises(SignatureError, match=missing):
        verify(SECRET, headers, BODY, now=1_700_000_000)


def test_one_of_several_signatures_is_enough() -> None:
    rotated = {**HEADERS, "webhook-signature": f"v1,AAAA {HEADERS['webhook-signature']}"}
    verify(SECRET, rotated, BODY, now=1_700_000_000)


def test_the_secret_of_another_webhook_or_installation() -> None:
    for other in (secret_of("other", INSTALLATION), secret_of("hook", INSTALLATION[::-1]), "whsec_???"):
        with pytest.raises(SignatureError):
            verify(other, HEADERS, BODY, now=1_700_000_000)


class TestInstallationSecret:
    def test_as_it_is_set(self, tmp_path: Path) -> None:
        assert installation_secret(Settings(state_dir=tmp_path, webhook_secret=INSTALLATION)) == INSTALLATION
        assert list(tmp_path.iterdir()) == []

    def test_none_where_several_machines_would_need_it(self, tmp_path: Path) -> None:
        assert installation_secret(Settings(state_dir=tmp_path, database_url="postgresql://host/name")) is None

    def test_made_once_for_one_machine(self, tmp_path: Path) -> None:
        found, settings = set[str | None](), Settings(state_dir=tmp_path / "var")
        threads = [threading.Thread(target=lambda: found.add(installation_secret(settings))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (secret,) = found
        assert secret is not None
        assert len(secret) == 64
        assert (tmp_path / "var" / FILE).stat().st_mode & 0o777 == 0o600
        assert installation_secret(settings) == secret
