"""Where webhooks may go: every way round to the inside of a network is closed, whatever a name server says."""

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.events.addresses import MAX_URL, AddressError, Addresses, is_public, resolved

PUBLIC = ("93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8", "64:ff9b::808:808")
INSIDE = (
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:7f00:1"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808", "2002:7f00:1::", "2002:808:808::1"),
    *("2001:0:5ef5:79fd::1", "100::1"),
)


def leading_to(*addresses: str) -> Addresses:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return Addresses(resolve=resolve)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE)
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(AddressError, match="expected a public address"):
        asyncio.run(leading_to(address).target("https://example.org/"))
    asyncio.run(Addresses(private=True, resolve=leading_to(address).resolve).target("https://example.org/"))


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(inside: IPv4Address) -> None:
    for prefix in ("::ffff:", "64:ff9b::"):
        assert is_public(f"{prefix}{inside}") == is_public(str(inside))


def test_one_address_inside_among_many_is_enough() -> None:
    with pytest.raises(AddressError, match=r"leads to 10\.0\.0\.1"):
        asyncio.run(leading_to("8.8.8.8", "10.0.0.1").target("https://example.org/"))


def test_the_target_has_the_addresses_that_were_checked() -> None:
    target = asyncio.run(leading_to("8.8.8.8", "8.8.4.4").target("https://example.org:8443/hook?a=b"))
    assert (target.url.host, target.url.port, target.addresses) == ("example.org", 8443, ("8.8.8.8", "8.8.4.4"))


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/"),
        *("http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://0/", "http://169.254.169.254/"),
    ],
)
def test_every_way_to_write_an_address_inside(url: str) -> None:
    with pytest.raises(AddressError, match="expected a public address"):
        asyncio.run(Addresses().target(url))


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "//example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/"),
        *("http://", "http:///path", "http://user:secret@example.org/", "https://example.org/#part", "http://[::1"),
        *("http://example.org:99999/", "http://exa mple.org/", "http://example.org/\n", "http://0177.0.0.1/"),
        *("http://" + "a" * MAX_URL, "http://" + "a" * 64 + ".example/", "http://..example/", "http://\0/"),
    ],
)
def test_what_is_no_address_of_a_webhook(url: str) -> None:
    with pytest.raises(AddressError, match="url: "):
        asyncio.run(Addresses().target(url))


def test_a_name_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return ()

    monkeypatch.setattr("service.events.addresses.RESOLVE_SECONDS", 0.01)
    with pytest.raises(AddressError, match=r"cannot resolve example\.org"):
        asyncio.run(Addresses(resolve=never).target("https://example.org/"))


def test_a_name_without_an_address() -> None:
    with pytest.raises(AddressError, match="has no address"):
        asyncio.run(leading_to().target("https://example.org/"))


def test_the_system_knows_this_machine() -> None:
    assert set(asyncio.run(resolved("localhost", 80))) & {"127.0.0.1", "::1"}
