"""Signatures of webhooks, as Standard Webhooks 1.0 describes them, so that its libraries verify them too.

A receiver proves that a request is ours, unchanged and recent:

1. take the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, and the body's bytes as they came;
2. refuse a timestamp more than five minutes away from its own clock;
3. the key is what follows `whsec_` in the secret, decoded from base64; compute HMAC-SHA256 over
   `<id>.<timestamp>.<body>`, in base64, with `v1,` before it;
4. compare in constant time with each of the signatures in the header, which spaces separate; one must be the same;
5. remember the id: a delivery may come twice, with the same one.

`verify` does this for receivers in Python.
"""

import base64
import binascii
import hmac
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from tempfile import NamedTemporaryFile

from service.settings import Settings

PREFIX = "whsec_"
VERSION = "v1"
TOLERANCE_SECONDS = 300.0
FILE = "webhook-secret"  # of an installation that keeps everything in its state folder


class SignatureError(ValueError):
    """A request that is not one of our deliveries, or not a recent one."""


def installation_secret(settings: Settings) -> str | None:
    """What secrets of webhooks are derived from; None where several machines may need it and nobody set it.

    An installation on its own database file makes one, beside it, for the eyes of its user only.
    """
    if settings.webhook_secret is not None or not settings.embedded_database:
        return settings.webhook_secret
    return _kept(settings.state_dir.absolute() / FILE)


def _kept(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=file.parent) as draft, suppress(FileExistsError):
            draft.write(token_hex(32))
            draft.flush()
            os.link(draft.name, file)  # only one process wins, and nobody reads half a secret
    return file.read_text()


def secret_of(webhook_id: str, installation: str) -> str:
    """The secret of one webhook: who has it learns neither the installation's nor another webhook's."""
    key = hmac.digest(installation.encode(), webhook_id.encode(), sha256)
    return PREFIX + base64.b64encode(key).decode()


def signed(secret: str, *, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The headers of a delivery at `timestamp`, in seconds since 1970."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"{VERSION},{_signature(secret, message_id, str(timestamp), body)}",
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: float) -> None:
    """Check a request as a receiver does; `now` is in seconds since 1970, names of `headers` are in lower case.

    Raises:
        SignatureError: a header is missing, the timestamp is too far from `now`, or no signature is right.
    """
    try:
        message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        given, sent = headers["webhook-signature"].split(), int(timestamp)
        expected = f"{VERSION},{_signature(secret, message_id, timestamp, body)}".encode()
    except (KeyError, ValueError, binascii.Error) as error:
        raise SignatureError(f"expected the three headers of a webhook and a secret {PREFIX}...: {error}") from None
    if abs(now - sent) > TOLERANCE_SECONDS:
        raise SignatureError(f"sent at {timestamp}, which is more than {TOLERANCE_SECONDS:.0f} seconds from {now:.0f}")
    if not any(hmac.compare_digest(each.encode(), expected) for each in given):
        raise SignatureError("no signature in the request is that of its body: wrong secret, or changed on the way")


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    return base64.b64encode(hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, sha256)).decode()
