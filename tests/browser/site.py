"""The console in a real Chromium, over a shop of real processes: who signs in, what a page must never show."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from sqlalchemy import select

from server.app import open_services
from server.services import people
from server.services.people import UserPost
from server.services.roles import Role
from server.settings import Settings
from server.store.models import Tenant
from server.world import World
from tests.e2e.shop import Shop

PASSWORD = "верная лошадь батарея скрепка"
PEOPLE = MappingProxyType(
    {"owner": "Анна Петрова", "manager": "Мария Сомова", "cashier": "Иванова М.", "support": "Ольга Линник"}
)
"""Names by login; the login is the role."""


def invite(database: str, login: str, name: str, role: Role) -> str:
    """The code of an invitation, as an operator at the server makes it."""

    async def made() -> str:
        world = World()
        services = await open_services(Settings(database=database), world)
        try:
            async with services.database.write() as work:
                tenant = await work.session.scalar(select(Tenant))
                assert tenant is not None
                return (await people.invite(work, world, tenant.id, UserPost(name=name, login=login, role=role))).code
        finally:
            services.passwords.close()
            await services.database.close()

    with ThreadPoolExecutor(1) as apart:  # Playwright's own loop runs in this thread
        return apart.submit(lambda: asyncio.run(made())).result()


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

    def meet(self, logins: Iterable[str] = PEOPLE) -> None:
        """These people accept their invitations."""
        for login in logins:
            code = invite(self.shop.rig.database, login, PEOPLE[login], Role(login))
            self.accept(login, code)

    def accept(self, login: str, code: str) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            answer = client.post(f"/api/v1/invitations/{code}", json={"password": PASSWORD})
            assert answer.is_success, answer.text
            self._cookies[login] = [
                {"name": cookie.name, "value": cookie.value or "", "url": self.url} for cookie in client.cookies.jar
            ]

    def visit(self, login: str | None, language: str = "ru", **look: Any) -> Visit:
        """A browser; ``login``: whoever is signed in there already."""
        locale = {"ru": "ru-RU", "en": "en-GB"}[language]
        context = self.browser.new_context(locale=locale, timezone_id="Europe/Moscow", **look)
        if login is not None:
            context.add_cookies(self._cookies[login])  # type: ignore[arg-type]
        visit = Visit(context, context.new_page(), self.url)
        visit.page.set_default_timeout(30_000)

        def heard(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                visit.wrong.append(f"{visit.page.url}: {message.text}")

        visit.page.on("console", heard)
        visit.page.on("pageerror", lambda error: visit.wrong.append(f"{visit.page.url}: {error}"))
        return visit
