"""Where a webhook may go: to public addresses only, and to the very address that was judged.

A CRM names the URL, so it could name what only this server can reach (a cloud's metadata, a database, loopback). The
name is resolved here, every address it has must be public, and the connection is made to one of them by number, so that
a name that resolves otherwise a moment later changes nothing. Redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Host and port to the addresses, as text. Raises ``OSError``."""

_EMBEDDING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))


class Forbidden(Exception):
    """This URL may not be called; ``code`` says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def judge_url(url: str, *, private_too: bool) -> tuple[str, str, int]:
    """Scheme, host and port of a URL that may be tried. Raises ``Forbidden``: ``webhook_url``."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Forbidden("webhook_url", str(error)) from None
    schemes = ("https", "http") if private_too else ("https",)
    if parts.scheme not in schemes or not host or parts.username or parts.password or parts.fragment:
        raise Forbidden("webhook_url", "https://host/path")
    if any(not 0x21 <= ord(char) <= 0x7E for char in url):
        raise Forbidden("webhook_url", "ASCII, no blanks")
    try:
        host.encode("idna")
    except UnicodeError as error:  # an empty label, or one that is too long
        raise Forbidden("webhook_url", str(error)) from None
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80)


def is_public(address: str) -> bool:
    """Whether the whole internet means the same machine by this address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in network for network in _EMBEDDING):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


async def address_of(host: str, port: int, resolve: Resolver, *, private_too: bool) -> str:
    """The address to connect to. Raises ``Forbidden`` (``webhook_address``) and ``OSError``."""
    found = await resolve(host, port)
    if not found:
        raise OSError(socket.EAI_NONAME, f"{host}: no address")
    if not private_too:
        for address in found:
            if not is_public(address):
                raise Forbidden("webhook_address", f"{host} is {address}, which is not public")
    return found[0]
