"""People: invited by a link, at work, and out at once when they are dismissed."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.site import PASSWORD, Visit
from tests.browser.world import World

Opens = Callable[..., Visit]
PATIENCE = 60_000


def invited(page: Page, name: str, login: str, role: str) -> str:
    """The link that the owner is shown."""
    page.get_by_label("Имя", exact=True).fill(name)
    page.get_by_label("Логин").fill(login)
    page.locator("#f-role").select_option(role)
    page.get_by_role("button", name="Получить ссылку").click()
    return page.locator("#link").inner_text()


def comes_in(visit: Visit, link: str) -> Page:
    page = visit.go(link.removeprefix(visit.url))
    page.get_by_label("Придумайте пароль").fill(PASSWORD)
    page.get_by_label("Ещё раз").fill(PASSWORD)
    page.get_by_role("button", name="Войти").click()
    expect(page).to_have_url(re.compile("/console/overview"))
    return page


def test_a_dismissed_person_is_out_at_once_without_touching_anything(world: World, opened: Opens) -> None:
    owner = opened(world.site, "owner")
    link = invited(owner.go("/console/people"), "Пётр Временный", "petr", "cashier")
    visit = opened(world.site, None)
    page = comes_in(visit, link)
    expect(page.get_by_text("Пётр Временный")).to_be_visible()

    row = owner.page.locator("tr", has_text="Пётр Временный")
    row.locator("summary").click()
    row.get_by_role("button", name="Закрыть доступ сейчас").click()
    expect(owner.page.locator("tr", has_text="Пётр Временный")).to_contain_text("доступ закрыт")
    expect(page).to_have_url(re.compile("/console/sign-in"), timeout=PATIENCE)

    page.get_by_label("Логин").fill("petr")
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page).to_have_url(re.compile("/console/sign-in"))


def test_the_sign_in_by_keyboard_alone(world: World, opened: Opens) -> None:
    page = opened(world.site, None).go("/console/jobs")
    expect(page.get_by_label("Логин")).to_be_focused()
    page.keyboard.type("ivanova")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/console/jobs$"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="К содержанию")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_what_support_proposes_somebody_else_confirms(world: World, opened: Opens) -> None:
    job_id = world.owes("831.00")
    page = opened(world.site, "support").go(f"/console/decisions/{job_id}")
    page.get_by_label("Пробить чек ещё раз").check()
    page.get_by_label("Почему").fill("бумага на месте")
    page.get_by_role("button", name="Предложить").click()
    expect(page.get_by_text("Предложение записано")).to_be_visible()
    assert world.shop.rig.job(job_id)["owed"]

    page = opened(world.site, "manager").go(f"/console/decisions/{job_id}")
    proposed = page.locator("section", has_text="Предложено")
    expect(proposed).to_contain_text("Ольга Линник")
    proposed.get_by_role("button", name="Подтвердить").click()
    expect(page.locator(".line-of-time > li").last).to_contain_text("сделано", timeout=PATIENCE)


def test_a_key_is_shown_once_and_revoked(world: World, opened: Opens) -> None:
    visit = opened(world.site, "owner")
    page = visit.go("/console/keys")
    page.get_by_label("Для чего").fill("касса в CRM")
    page.get_by_label("только читать", exact=False).check()
    page.get_by_role("button", name="Создать").click()
    key = page.locator("#key").inner_text()
    assert key.startswith("kb_")
    page = visit.go("/console/keys")
    expect(page.get_by_text(key)).to_have_count(0)
    row = page.locator("tr", has_text="касса в CRM")
    row.locator("summary").click()
    row.get_by_role("button", name="Отозвать").click()
    expect(page.locator("tr", has_text="касса в CRM")).to_contain_text("отозван")
    page = visit.go("/console/audit?check=yes")
    expect(page.get_by_text("Цепочка цела")).to_be_visible()
