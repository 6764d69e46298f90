"""A browser for tests: it keeps cookies, follows where it is sent, fills in the forms of a page and sends them."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

from tests.support.patience import BUSY


class Form(dict[str, str]):
    """The fields of a form with what stands in them."""

    action = ""
    button = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self._in: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self._in.append(tag)
        if tag == "form":
            self.forms.append(Form())
            self.forms[-1].action = given["action"]
        elif tag == "input" and self.forms:
            if given.get("type") != "radio" or "checked" in given:
                self.forms[-1][given["name"]] = given.get("value", "")
        elif tag == "a":
            self.links.append((given["href"], ""))

    def handle_data(self, data: str) -> None:
        here = self._in[-1] if self._in else ""
        if here == "button" and self.forms:
            self.forms[-1].button += data
        if data.strip():
            self.words.append(data.strip())


@dataclass(slots=True)
class Page:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.text)
        return reader

    @property
    def words(self) -> str:
        return " ".join(self.read.words).replace("\xa0", " ")

    def form(self, button: str) -> Form:
        return next(form for form in self.read.forms if form.button == button)


@dataclass(slots=True)
class Browser:
    """Starts with the link that it is given. ``headers`` replace what a browser says of itself."""

    host: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, link: str) -> Page:
        parts = urlsplit(link)
        self.host = parts.netloc
        return self.get(parts.path)

    def get(self, path: str, **headers: str) -> Page:
        return self._ask("GET", path, None, headers)

    def send(self, form: Form, **changed: str) -> Page:
        return self.post(form.action, {**form, **changed})

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Page:
        given = {"Origin": f"http://{self.host}", "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(fields), given | headers)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Page:
        host, _, port = self.host.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=BUSY)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, {"Cookie": cookie, **headers})
            answer = connection.getresponse()
            page = Page(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        finally:
            connection.close()
        if "set-cookie" in page.headers:
            name, _, value = page.headers["set-cookie"].partition(";")[0].partition("=")
            self.cookies[name] = value
        return self.get(page.headers["location"]) if page.status == 303 else page
