"""Who may see the pages. Pure but for what is passed in.

Whoever can connect to a port of this PC is not yet the person at its screen: another user, a page of the internet in
the same browser. So a link is good for one visit within two minutes; it is exchanged for a cookie. A request must name
the very address that is served (a name that leads here is refused), and a form comes from our own page with its key.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

LINK_LIVES = 120.0  # seconds
VISIT_LIVES = 1800.0  # seconds after the last page that was asked for
MOST_VISITS = 16


@dataclass(frozen=True, slots=True)
class Request:
    """``headers`` by their names in small letters; ``path`` without its query; ``form``: the fields of a POST."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "text/html"


def moved_to(path: str, **query: str) -> Response:
    """The next page, after a form."""
    return Response(303, headers=(("Location", path + ("?" + urlencode(query) if query else "")),))


@dataclass(slots=True)
class Visit:
    """One browser's. ``key`` stands in every form."""

    cookie: str
    key: str
    ends: float


@dataclass(slots=True)
class Gate:
    """``host``: ``127.0.0.1:PORT``. ``token`` gives what nobody can guess; ``now`` is monotonic."""

    host: str
    token: Callable[[], str]
    now: Callable[[], float]
    _links: dict[str, tuple[str, float]] = field(default_factory=dict)
    _visits: list[Visit] = field(default_factory=list)

    @property
    def cookie(self) -> str:
        """Its name: cookies do not tell ports apart."""
        return f"kassabridge_{self.host.rpartition(':')[2]}"

    def link(self, path: str, **query: str) -> str:
        """A new link to the page."""
        now = self.now()
        self._links = {key: (to, ends) for key, (to, ends) in self._links.items() if ends > now}
        key = self.token()
        self._links[key] = path + ("?" + urlencode(query) if query else ""), now + LINK_LIVES
        return f"http://{self.host}/open/{quote(key)}"

    @property
    def is_used(self) -> bool:
        """Somebody looks, or has just been given a link."""
        now = self.now()
        return any(visit.ends > now for visit in self._visits) or any(ends > now for _, ends in self._links.values())

    def admit(self, request: Request) -> Visit | Response:
        """The visit to which a request belongs, or the answer that ends it."""
        if request.headers.get("host") != self.host:
            return Response(421)
        if request.method == "GET" and request.path.startswith("/open/"):
            return self._open(request.path.removeprefix("/open/"))
        visit = self._visit(request.headers.get("cookie", ""))
        if visit is None:
            return Response(403)
        if request.method == "POST" and not self._is_our_form(request, visit):
            return Response(403)
        visit.ends = self.now() + VISIT_LIVES
        return visit

    def _open(self, key: str) -> Response:
        to, ends = self._links.pop(key, ("", 0.0))
        if ends <= self.now():
            return Response(403)
        visit = Visit(self.token(), self.token(), self.now() + VISIT_LIVES)
        self._visits = [*(known for known in self._visits if known.ends > self.now()), visit][-MOST_VISITS:]
        cookie = f"{self.cookie}={visit.cookie}; Path=/; HttpOnly; SameSite=Strict"
        return Response(303, headers=(("Location", to), ("Set-Cookie", cookie)))

    def _visit(self, cookies: str) -> Visit | None:
        given = dict(part.strip().partition("=")[::2] for part in cookies.split(";")).get(self.cookie, "")
        now = self.now()
        for visit in self._visits:
            if visit.ends > now and hmac.compare_digest(visit.cookie.encode(), given.encode()):
                return visit
        return None

    def _is_our_form(self, request: Request, visit: Visit) -> bool:
        from_us = request.headers.get("origin") == f"http://{self.host}"
        return from_us and hmac.compare_digest(visit.key.encode(), request.form.get("key", "").encode())
