"""An empty installation: from the owner's invitation to the first receipt, every step by hand in a browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from playwright.sync_api import Page, expect

from agent.pairing import pair
from server.services.roles import Role
from tests.browser.site import PASSWORD, Site, Visit, invite

PATIENCE = 60_000  # ms: the processes behind the page share a busy machine


def test_from_nothing_to_the_first_receipt(empty: Site, opened: Callable[..., Visit]) -> None:
    shop = empty.shop
    code = invite(shop.rig.database, "anna", "Анна Петрова", Role.OWNER)
    visit = opened(empty, None)
    page = visit.go("/")
    expect(page).to_have_url(re.compile("/console/sign-in"))

    page = visit.go(f"/invite/{code}")
    expect(page.get_by_text("Анна Петрова")).to_be_visible()
    page.get_by_label("Придумайте пароль").fill(PASSWORD)
    page.get_by_label("Ещё раз").fill(PASSWORD)
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("heading", name="Первые шаги", exact=False).first).to_be_visible()
    expect(page.locator("ol.steps > li.good h2")).to_have_text(["Дайте ключ разработчику CRM сделано"])

    page.get_by_label("KKM_ID").fill("17")
    page.get_by_label("Где она стоит").fill("У входа")
    page.get_by_role("button", name="Записать").click()
    expect(page.locator("ol.steps > li").nth(0)).to_have_class("good")

    pairs(page, empty)
    till = shop.till("17")
    shop.stand_at("agent", till)
    shop.start(till)
    page.get_by_role("link", name="Первые шаги").first.click()
    for done in range(4):
        expect(page.locator("ol.steps > li").nth(done)).to_have_class("good", timeout=PATIENCE)

    page.get_by_role("link", name="За кассу").click()
    page.get_by_label("Название").fill("Замена дисплея")
    page.get_by_label("Цена").fill("4500")
    page.get_by_role("button", name="Пробить чек").click()
    expect(page.locator("[data-state=done]")).to_be_visible(timeout=PATIENCE)
    assert [one["tags"]["1020"] for one in till.documents() if one["type"] == "receipt"] == ["4500.00"]

    page = visit.go("/console/first-steps")
    expect(page.get_by_text("Всё готово: первый чек пробит.")).to_be_visible()
    assert visit.wrong == []


def pairs(page: Page, site: Site) -> None:
    """The line goes to the PC; the owner sees the PC's name and confirms it. The page hears of the PC by itself."""
    page.get_by_role("link", name="Получить строку").click()
    page.get_by_role("button", name="Получить строку").click()
    line = page.locator("#line").inner_text()
    folder = site.shop.rig.folder / "agent"
    pc = threading.Thread(target=lambda: pair(line, folder, version="0", pc_name="КАССА-1", say=lambda *_: None))
    pc.start()
    expect(page.get_by_text("Это ваш компьютер?")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("КАССА-1")).to_be_visible()
    page.get_by_role("button", name="Да, подключить").click()
    expect(page.get_by_text("подключён")).to_be_visible()
    pc.join(60)
    assert not pc.is_alive()
