"""`Connection`: where the service is, and the key that it is asked with."""

import os
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Self

import httpx

from twinsieve.errors import AddressError, KeyFormError

SERVER_VARIABLE = "TWINSIEVE_SERVER"
KEY_VARIABLE = "TWINSIEVE_API_KEY"
DEFAULT_SERVER = "http://127.0.0.1:8321"
KEY = re.compile(r"tws_[0-9a-z]{16}_[0-9a-f]{64}")


class InsecureKeyWarning(UserWarning):
    """An API key goes over a network in the open."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One server, and one key or none."""

    server: str
    key: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, server: str | None, key: str | None) -> Self:
        """The connection to `server` under `key`; what is None is taken from the environment, an empty key is none.

        Raises:
            AddressError: that is no address of an HTTP server.
            KeyFormError: that is no key.
        """
        where = os.environ.get(SERVER_VARIABLE, DEFAULT_SERVER) if server is None else server
        given = (os.environ.get(KEY_VARIABLE, "") if key is None else key).strip()
        _check_address(where)
        if given and KEY.fullmatch(given) is None:
            which = KEY_VARIABLE if key is None else "the given key"
            raise KeyFormError(f"{which} is no key: expected tws_<id>_<secret>, as 'twinsieve keys create' printed it")
        return cls(where, given or None)

    @property
    def options(self) -> dict[str, Any]:
        """What an HTTP client is built with."""
        headers = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        # a proxy from the environment cannot reach this machine's loopback
        return {"base_url": self.server, "headers": headers, "trust_env": not self._loopback}

    @property
    def warning(self) -> str | None:
        """What somebody should know before the key goes out."""
        url = httpx.URL(self.server)
        if self.key is None or url.scheme == "https" or self._loopback:
            return None
        return f"the API key goes to {url.host} over plain http, for all to read on the way; use https"

    @property
    def _loopback(self) -> bool:
        host = httpx.URL(self.server).host
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def _check_address(server: str) -> None:
    try:
        url = httpx.URL(server)
    except httpx.InvalidURL as error:
        raise AddressError(f"{server!r} is no address of a service: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise AddressError(f"{server!r} is no address of a service: expected one such as {DEFAULT_SERVER}")
