"""What waits for a person is decided in the browser, and what the device then shows is the end of it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.site import Visit
from tests.browser.world import World

PATIENCE = 60_000
Opens = Callable[..., Visit]


def test_a_receipt_in_doubt_is_decided_by_its_number(world: World, opened: Opens) -> None:
    """Case H1: the candidates stand beside what was asked for; the register reads the named one back."""
    job_id = world.looks_alike(world.open, "510.00")
    visit = opened(world.site, "manager")
    page = visit.go("/console/overview")
    page.get_by_role("link", name="Решения", exact=False).first.click()
    page.get_by_role("link", name=job_id).first.click()
    expect(page.get_by_text("случай H1")).to_be_visible()
    rows = page.locator("section", has_text="Что показывает устройство").locator("tbody tr")
    expect(rows.locator("th")).to_have_count(2)
    page.get_by_label("Сделано", exact=False).first.check()
    page.get_by_label("Почему").fill("чек найден у покупателя")
    page.get_by_role("button", name="Решить").click()
    expect(page.get_by_text("Введите номер документа").first).to_be_visible()
    mine = str([one["fd"] for one in world.open.documents() if one["type"] == "receipt"][-2])
    page.get_by_label("Номер документа (ФД)").fill(mine)
    page.get_by_role("button", name="Решить").click()
    expect(page.locator(".line-of-time > li").last).to_contain_text("сделано", timeout=PATIENCE)
    job = world.shop.rig.job(job_id)
    assert (job["state"], job["proof"]["source"], job["proof"]["fd"]) == ("done", "person", int(mine))
    assert job["proof"]["person"] == "Мария Сомова"


def test_an_owed_receipt_is_tried_again(world: World, opened: Opens) -> None:
    """Case O: the page offers what the sale itself can do now."""
    job_id = world.owes("815.00")
    visit = opened(world.site, "owner")
    page = visit.go(f"/console/decisions/{job_id}")
    expect(page.get_by_text("случай O")).to_be_visible()
    page.get_by_label("Пробить чек ещё раз").check()
    page.get_by_label("Почему").fill("бумага на месте")
    page.get_by_role("button", name="Решить").click()
    expect(page.locator(".line-of-time > li").last).to_contain_text("сделано", timeout=PATIENCE)
    assert "815.00" in [one["tags"]["1020"] for one in world.register.documents() if one["type"] == "receipt"]
    assert visit.wrong == []


def test_a_job_that_was_held_is_allowed_to_print(world: World, opened: Opens) -> None:
    job_id = world.holds()
    page = opened(world.site, "cashier").go("/console/decisions")
    card = page.locator("article", has_text=job_id)
    card.get_by_role("button", name="Напечатать сейчас").click()
    expect(page.locator(".line-of-time > li").last).to_contain_text("сделано", timeout=PATIENCE)


def test_a_cashier_sees_the_evidence_and_decides_nothing(world: World, opened: Opens) -> None:
    page = opened(world.site, "cashier").go(f"/console/decisions/{world.doubt}")
    expect(page.get_by_text("Решает владелец или управляющий.")).to_be_visible()
    assert page.get_by_role("button", name="Решить").count() == 0


def test_without_scripts_a_decision_is_read_and_made(world: World, opened: Opens) -> None:
    job_id = world.owes("825.00")
    page = opened(world.site, "manager", java_script_enabled=False).go(f"/console/decisions/{job_id}")
    page.get_by_label("Пробить чек ещё раз").check()
    page.get_by_label("Почему").fill("бумага на месте")
    page.get_by_role("button", name="Решить").click()
    expect(page.get_by_text("Решение отправлено на ПК")).to_be_visible()
    assert world.shop.ended(job_id)["state"] == "done"
