"""Which addresses a webhook may have."""

from __future__ import annotations

import pytest

from server.services.ssrf import Forbidden, address_of, is_public, judge_url

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2001:db8::1", "::127.0.0.1", "2001:0:1::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "77.88.8.8", "2a02:6b8::feed:ff", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_only_this_machine_or_network_means_is_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_everybody_means_is_public(address: str) -> None:
    assert is_public(address)


async def test_one_private_address_among_public_ones_is_enough() -> None:
    async def both(_: str, __: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    with pytest.raises(Forbidden) as no:
        await address_of("example.ru", 443, both, private_too=False)
    assert no.value.code == "webhook_address"
    assert await address_of("example.ru", 443, both, private_too=True) == "8.8.8.8"


async def test_a_name_without_an_address_is_an_error_of_the_network() -> None:
    async def none(_: str, __: int) -> list[str]:
        return []

    with pytest.raises(OSError, match="no address"):
        await address_of("example.ru", 443, none, private_too=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.ru/", "https:///x", "https://u@example.ru/", "https://example.ru/#part", "https://example.ru:99999/",
        "https://exam ple.ru/", "https://пример.рф/", "file:///etc/passwd", "https://[::1", "javascript:1", "",
    ],
)  # fmt: skip
def test_urls_that_are_none_of_ours(url: str) -> None:
    with pytest.raises(Forbidden):
        judge_url(url, private_too=False)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://example.ru/hook?x=1", ("https", "example.ru", 443)),
        ("https://example.ru:8443/", ("https", "example.ru", 8443)),
        ("https://[2a02:6b8::1]/", ("https", "2a02:6b8::1", 443)),
    ],
)
def test_urls_that_may_be_tried(url: str, parts: tuple[str, str, int]) -> None:
    assert judge_url(url, private_too=False) == parts
