"""The way to the server, step by step: proxy, name, connection, encryption, answer. Each step is taken once.

A step that fails raises ``Broken`` with the check that tells of it; whoever stands behind it on the way has nothing to
say.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cryptography import x509

from agent.config import is_loopback
from agent.support.doctor.model import Fact, Facts, NotLooked, Seen
from agent.support.doctor.scene import Scene
from protocol.latin import cyrillic_at

T = TypeVar("T")

SHARE = 0.8
"""Of a check's time: the step ends by itself before the check is given up."""
MAX_ANSWER = 64 * 1024
CERTIFICATE = {
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "unknown_issuer",
    20: "unknown_issuer",
    21: "unknown_issuer",
    62: "wrong_name",
    64: "wrong_name",
}
"""OpenSSL's verdicts on a certificate."""


class Broken(Exception):
    def __init__(self, check: str, code: str, facts: Facts) -> None:
        super().__init__(check, code)
        self.check = check
        self.seen = Seen(code, facts)


def step(scene: Scene, check: str, take: Callable[[Scene], T]) -> T | Seen:
    """The step of this very check: what it gave, or what its check has to tell. Raises ``NotLooked``."""
    try:
        return scene.memo.once(check, check, lambda: take(scene))
    except Broken as broken:
        if broken.check == check:
            return broken.seen
        raise NotLooked(broken.check) from None


def _before(scene: Scene, check: str, take: Callable[[Scene], T]) -> T:
    return scene.memo.once(check, check, lambda: take(scene))


@dataclass(frozen=True, slots=True)
class Place:
    host: str
    port: int
    secure: bool
    path: str


@dataclass(frozen=True, slots=True)
class Proxy:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def place_of(scene: Scene) -> Place:
    """Where the server is. Raises ``NotLooked``; an address with a Cyrillic letter in it leads nowhere."""
    if cyrillic_at(scene.server_url):
        raise NotLooked("pairing.server")
    parts = urlsplit(scene.server_url)
    secure = parts.scheme == "https"
    return Place(parts.hostname or "", parts.port or (443 if secure else 80), secure, parts.path.rstrip("/"))


def proxy(scene: Scene) -> Proxy | None:
    """The proxy on the way, which takes connections; ``None`` without one. No proxy is asked for this very PC."""
    place = place_of(scene)
    if is_loopback(place.host) or scene.world.no_proxy(place.host):
        return None
    named = scene.world.proxies()
    text = named.get("https" if place.secure else "http") or named.get("all")
    if not text:
        return None
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        found = Proxy(parts.hostname or "", parts.port or 8080)
    except ValueError:
        raise Broken("net.proxy", "bad_proxy", {}) from None
    if parts.scheme not in ("http", "https") or not found.host:
        raise Broken("net.proxy", "bad_proxy", {"proxy": found.host or None})
    try:
        _dial(scene, found.host, found.port).close()
    except (OSError, UnicodeError) as error:
        raise Broken("net.proxy", "proxy_unreachable", {"proxy": str(found), "error": _name(error)}) from None
    return found


def name(scene: Scene) -> tuple[str, ...]:
    """The server's addresses; none where the proxy looks for them."""
    if _before(scene, "net.proxy", proxy) is not None:
        return ()
    place = place_of(scene)
    try:
        found = scene.world.resolve(place.host, place.port, 0, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Broken("net.name", "name_not_found", {"host": place.host, "error": _name(error)}) from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def connection(scene: Scene) -> None:
    """Whether the port takes connections; through a proxy only the proxy can tell."""
    addresses = _before(scene, "net.name", name)
    if not addresses:
        return
    place = place_of(scene)
    try:
        _dial(scene, place.host, place.port, len(addresses)).close()
    except OSError as error:
        facts: dict[str, Fact] = {"host": place.host, "port": place.port, "error": _name(error)}
        code = (
            "refused"
            if isinstance(error, ConnectionRefusedError)
            else "no_reply"
            if isinstance(error, TimeoutError)
            else "unreachable"
        )
        raise Broken("net.connect", code, facts) from None


@dataclass(frozen=True, slots=True)
class Certificate:
    until: datetime
    issuer: str


def encryption(scene: Scene) -> Certificate | None:
    """The server's certificate, found good; ``None`` on this very PC without encryption."""
    _before(scene, "net.connect", connection)
    place = place_of(scene)
    if not place.secure:
        return None
    facts: dict[str, Fact] = {"host": place.host}
    try:
        with _through(scene) as raw, scene.world.tls().wrap_socket(raw, server_hostname=place.host) as wrapped:
            told = wrapped.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        code = CERTIFICATE.get(error.verify_code, "bad_certificate")
        raise Broken("net.tls", code, facts | _shown(scene) | {"detail": error.verify_message}) from None
    except ssl.SSLEOFError as error:
        raise Broken("net.tls", "cut", facts | {"error": _name(error)}) from None
    except ssl.SSLError as error:
        raise Broken("net.tls", "no_tls", facts | {"error": error.reason or "SSLError"}) from None
    except (OSError, http.client.HTTPException) as error:
        raise Broken("net.tls", "cut", facts | {"error": _name(error)}) from None
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC)
    return Certificate(until, _common_name(told))


def _common_name(told: Mapping[str, Any]) -> str:
    """Of the issuer, out of what ``getpeercert`` tells."""
    return ", ".join(str(value) for rdn in told.get("issuer", ()) for key, value in rdn if key == "commonName")


def _shown(scene: Scene) -> dict[str, Fact]:
    """Who signed the certificate that was not found good: a filter or an antivirus names itself there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    place = place_of(scene)
    with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
        with _through(scene) as raw, context.wrap_socket(raw, server_hostname=place.host) as wrapped:
            shown = wrapped.getpeercert(binary_form=True)
        if shown is not None:
            certificate = x509.load_der_x509_certificate(shown)
            return {
                "issuer": certificate.issuer.rfc4514_string()[:200],
                "subject": certificate.subject.rfc4514_string()[:200],
                "since": certificate.not_valid_before_utc.isoformat(),
                "until": certificate.not_valid_after_utc.isoformat(),
            }
    return {}


@dataclass(frozen=True, slots=True)
class Answer:
    """Of ``GET /healthz``. ``at``: this PC's time when it came."""

    status: int
    date: str | None
    at: datetime


def answer(scene: Scene) -> Answer:
    _before(scene, "net.tls", encryption)
    place = place_of(scene)
    facts: dict[str, Fact] = {"host": place.host}
    try:
        with contextlib.closing(_http(scene)) as talk:
            talk.request("GET", f"{place.path}/healthz", headers={"Accept": "application/json"})
            reply = talk.getresponse()
            body, at = reply.read(MAX_ANSWER), scene.world.now()
            status, date = reply.status, reply.getheader("Date")
    except (OSError, http.client.HTTPException) as error:
        raise Broken("server.answers", "cut", facts | {"error": _name(error)}) from None
    facts["status"] = status
    if status == 407:
        raise Broken("server.answers", "proxy_login", facts)
    if status >= 500:
        raise Broken("server.answers", "failing", facts)
    if status != 200 or not _is_ours(body):
        raise Broken("server.answers", "not_ours", facts)
    return Answer(status, date, at)


def post(scene: Scene, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and JSON (``None``: none) of what the server answers to one request; the way there is good. Raises
    ``OSError`` and ``HTTPException``."""
    text = json.dumps(body).encode()
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    with contextlib.closing(_http(scene)) as talk:
        talk.request("POST", f"{place_of(scene).path}{path}", text, headers)
        reply = talk.getresponse()
        said = reply.read(MAX_ANSWER)
    try:
        return reply.status, json.loads(said)
    except (ValueError, RecursionError):
        return reply.status, None


def _is_ours(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("status") == "ok"


# --- sockets --------------------------------------------------------------------------------------------------------


def _dial(scene: Scene, host: str, port: int, addresses: int = 2) -> socket.socket:
    """Every address of the name gets its part of the time."""
    return socket.create_connection((host, port), timeout=scene.limit * SHARE / max(1, addresses))


def _http(scene: Scene) -> http.client.HTTPConnection:
    place, via = place_of(scene), _before(scene, "net.proxy", proxy)
    host, port = (via.host, via.port) if via is not None else (place.host, place.port)
    talk = (
        http.client.HTTPSConnection(host, port, timeout=scene.limit * SHARE, context=scene.world.tls())
        if place.secure
        else http.client.HTTPConnection(host, port, timeout=scene.limit * SHARE)
    )
    if via is not None:
        talk.set_tunnel(place.host, place.port)
    return talk


@contextlib.contextmanager
def _through(scene: Scene) -> Iterator[socket.socket]:
    """A plain connection as far as the server, through the proxy where there is one."""
    place, via = place_of(scene), _before(scene, "net.proxy", proxy)
    if via is None:
        with _dial(scene, place.host, place.port) as raw:
            yield raw
        return
    with contextlib.closing(http.client.HTTPConnection(via.host, via.port, timeout=scene.limit * SHARE)) as talk:
        talk.set_tunnel(place.host, place.port)
        talk.connect()
        yield talk.sock


def _name(error: BaseException) -> str:
    return type(error).__name__
