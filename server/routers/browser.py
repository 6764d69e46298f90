"""What a browser brings with a request: its cookies, where it comes from; and the cookies that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi import Request, Response

from server.problems import Problem
from server.services.signin import DEVICE_DAYS, LONGEST, Begun, Browser

SESSION, DEVICE = "kb_session", "kb_device"
CSRF = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def address_of(request: Request) -> str:
    return request.client.host[:64] if request.client is not None else ""


def browser_of(request: Request) -> Browser:
    name = request.headers.get("user-agent", "").encode("ascii", "replace").decode("ascii")
    return Browser(address_of(request), name[:200], request.cookies.get(DEVICE))


def from_elsewhere(method: str, headers: Mapping[str, str], own: frozenset[str]) -> bool:
    """Whether another site makes this request with our cookie. ``Sec-Fetch-Site`` is the browser's own word; where it
    says nothing (plain http), the origin of what changes something must be one of ``own``. A link that is followed
    from elsewhere is a person's own step, as long as it only reads."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        followed = method in SAFE and headers.get("sec-fetch-mode") == "navigate"
        return site not in ("same-origin", "none") and not followed
    origin = headers.get("origin")
    return origin is not None and origin not in own


def not_from_elsewhere(request: Request, public_url: str | None) -> None:
    """Raises ``Problem`` ``foreign_origin``."""
    own = frozenset(_origin(url) for url in (public_url, str(request.base_url)) if url is not None)
    if from_elsewhere(request.method, request.headers, own):
        raise Problem(403, "foreign_origin")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def give(response: Response, begun: Begun, *, secure: bool) -> None:
    """The cookies of a session that has begun. Scripts cannot read them, other sites' forms do not bring them."""
    for name, value, life in (
        (SESSION, begun.token, int(LONGEST.total_seconds())),
        (DEVICE, begun.device, DEVICE_DAYS * 86_400),
    ):
        response.set_cookie(name, value, max_age=life, path="/", secure=secure, httponly=True, samesite="lax")
    response.headers["Cache-Control"] = "no-store"


def take_back(response: Response, *, secure: bool) -> None:
    """The session's cookie; the device stays known."""
    response.delete_cookie(SESSION, path="/", secure=secure, httponly=True, samesite="lax")
