"""`Addresses`: where webhooks may go, so that nobody can make the service talk to what only the service can reach.

A name is resolved at every delivery and every address that it has is checked; the connection then goes to a checked
address and not to the name, which could lead elsewhere a moment later (DNS rebinding). The rules are those of the
OWASP cheat sheet on server-side request forgery; how they are put together is our design.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

MAX_URL = 2048  # characters
RESOLVE_SECONDS = 5.0
SCHEMES = ("http", "https")
GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA gives to hosts of the Internet (RFC 4291)
TRANSLATED = IPv6Network("64:ff9b::/96")  # an IPv4 address through NAT64 (RFC 6052)
TUNNELS = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))  # Teredo, 6to4: an IPv4 address inside

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class AddressError(ValueError):
    """An address that webhooks must not go to, or that leads nowhere."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, and what to call it."""

    url: httpx.URL
    addresses: Sequence[str]  # of its host, all checked


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Addresses:
    """The rules of one installation: `private` ones may be allowed as well."""

    private: bool = False
    resolve: Resolve = resolved

    async def target(self, url: str) -> Target:
        """Where `url` leads at this moment.

        Raises:
            AddressError: it is no http(s) address, does not resolve, or leads to a place that is not public.
        """
        parsed = _parsed(url)
        port = parsed.port or {"http": 80, "https": 443}[parsed.scheme]
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self.resolve(parsed.raw_host.decode("ascii"), port)
        except (OSError, UnicodeError) as error:  # a timeout is an OSError
            raise AddressError(f"url: cannot resolve {parsed.host}: {error or 'no answer in time'}") from None
        if not found:
            raise AddressError(f"url: {parsed.host} has no address")
        for address in found:
            self._check(parsed.host, address)
        return Target(parsed, found)

    def _check(self, host: str, address: str) -> None:
        if not self.private and not is_public(address):
            raise AddressError(
                f"url: expected a public address, and {host} leads to {address}; an admin may set "
                "TWINSIEVE_WEBHOOK_PRIVATE=true to allow those of this network"
            )


def is_public(address: str) -> bool:
    """Whether `address` is one of the Internet: not private, shared, loopback, link-local, reserved or multicast."""
    return _is_public(ip_address(address))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    if address.ipv4_mapped is not None:
        return _is_public(address.ipv4_mapped)
    if address in TRANSLATED:
        return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in GLOBAL_UNICAST and address.is_global and not any(address in tunnel for tunnel in TUNNELS)


def _parsed(url: str) -> httpx.URL:
    if len(url) > MAX_URL:
        raise AddressError(f"url: expected at most {MAX_URL} characters, got {len(url)}")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise AddressError(f"url: expected an address such as https://example.org/hook: {error}") from None
    if parsed.scheme not in SCHEMES or not parsed.host:
        raise AddressError(f"url: expected an address such as https://example.org/hook, got {url[:64]!r}")
    if parsed.userinfo or parsed.fragment:
        raise AddressError("url: expected neither a user name nor a #fragment in it; the signature says who we are")
    return parsed
