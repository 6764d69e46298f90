"""The console in a real Chromium, over a shop of real processes: who signs in, what a page must never show."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from server.services.roles import Role
from tests.e2e.shop import Shop
from tests.support.rig import PYTHON, ROOT

PASSWORD = "верная лошадь батарея скрепка"
PEOPLE = MappingProxyType(
    {
        Role.OWNER: ("anna", "Анна Петрова"),
        Role.MANAGER: ("maria", "Мария Сомова"),
        Role.CASHIER: ("ivanova", "Иванова М."),
        Role.SUPPORT: ("olga", "Ольга Линник"),
    }
)
"""Login and name of one person for each role."""


def invite(database: str, login: str, name: str, role: Role) -> str:
    """The code of an invitation, as an operator at the server makes it."""
    command = (PYTHON, "-m", "server.cli", "users", "invite", "--tenant", "Тест", "--name", name, "--role", role)
    told = subprocess.run(
        [*command, "--database", database, "--json", login], capture_output=True, check=True, cwd=ROOT
    )
    return str(json.loads(told.stdout)["code"])


@dataclass
class Visit:
    """One browser of one person. ``wrong``: what its console said that no page may say."""

    context: BrowserContext
    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def close(self) -> None:
        self.context.close()


class Site:
    def __init__(self, shop: Shop, browser: Browser) -> None:
        self.shop = shop
        self.browser = browser
        self.url = shop.rig.url
        self._cookies: dict[str, list[dict[str, str]]] = {}

    def meet(self) -> None:
        """Everybody accepts their invitation."""
        for role, (login, name) in PEOPLE.items():
            self._accept(role, invite(self.shop.rig.database, login, name, role))

    def _accept(self, role: Role, code: str) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            answer = client.post(f"/api/v1/invitations/{code}", json={"password": PASSWORD})
            assert answer.is_success, answer.text
            self._cookies[role] = [
                {"name": cookie.name, "value": cookie.value or "", "url": self.url} for cookie in client.cookies.jar
            ]

    def visit(self, role: str | None, language: str = "ru", **look: Any) -> Visit:
        """A browser; ``role``: of the person who is signed in there already."""
        locale = {"ru": "ru-RU", "en": "en-GB"}[language]
        context = self.browser.new_context(locale=locale, timezone_id="Europe/Moscow", **look)
        if role is not None:
            context.add_cookies(self._cookies[role])  # type: ignore[arg-type]
        visit = Visit(context, context.new_page(), self.url)
        visit.page.set_default_timeout(30_000)

        def heard(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                visit.wrong.append(f"{visit.page.url}: {message.text}")

        visit.page.on("console", heard)
        visit.page.on("pageerror", lambda error: visit.wrong.append(f"{visit.page.url}: {error}"))
        return visit
