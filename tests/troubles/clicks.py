"""Somebody of support in the server's console: from ``/`` on, by links alone, to the page that names a trouble."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx

from tests.support.patience import BUSY
from tests.support.rig import ROOT, Rig

MOST_CLICKS = 3
MOST_PAGES = 200
PASSWORD = "верная лошадь батарея скрепка"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "a" and target:
            self.found.append(target)


def read(page: str) -> str:
    """What a person reads."""
    return " ".join(unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)).split())


class Console:
    """Signed in as support, in Russian."""

    def __init__(self, rig: Rig) -> None:
        command = [sys.executable, "-m", "server.cli", "users", "invite", "support", "--role", "support",
                   "--name", "Ольга", "--tenant", "Тест", "--database", rig.database, "--json"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, timeout=BUSY)
        code = json.loads(done.stdout)["code"]
        self.http = httpx.Client(
            base_url=rig.url, timeout=BUSY, trust_env=False, follow_redirects=True, headers={"Accept-Language": "ru"}
        )
        answer = self.http.post(f"/api/v1/invitations/{code}", json={"password": PASSWORD})
        assert answer.status_code == 200, answer.text

    def close(self) -> None:
        self.http.close()

    def clicks_to(self, *sentences: str) -> tuple[int, str] | None:
        """How many clicks from ``/`` the nearest page is that says all of these, and its address."""
        seen, edge = {"/"}, ["/"]
        for clicks in range(MOST_CLICKS + 1):
            following: list[str] = []
            for path in edge:
                answer = self.http.get(path)
                if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
                    continue
                text = read(answer.text)
                if all(sentence in text for sentence in sentences):
                    return clicks, path
                following += [link for link in self._links(answer) if link not in seen]
                seen.update(following)
                assert len(seen) < MOST_PAGES, "a page for everything is no help"
            edge = list(dict.fromkeys(following))
        return None

    def _links(self, answer: httpx.Response) -> list[str]:
        """Pages of this server, not what it sends for keeping, nor the way out."""
        parser = _Links()
        parser.feed(answer.text)
        whole = [urldefrag(urljoin(str(answer.url), target)).url for target in parser.found]
        own = [url.removeprefix(str(self.http.base_url).rstrip("/")) for url in whole if self._is_own(url)]
        return [path for path in own if path.startswith("/") and not path.startswith(("/api/", "/openapi"))]

    def _is_own(self, url: str) -> bool:
        return urlsplit(url).netloc == self.http.base_url.netloc.decode()
