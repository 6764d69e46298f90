"""What was said to the devices of a job is read on its page, and asked for there when nobody has given it away yet."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.site import Visit
from tests.browser.world import World
from tests.e2e.test_support import says

PATIENCE = 60_000
Opens = Callable[..., Visit]


@pytest.mark.parametrize(("language", "ask"), [("ru", "Попросить у ПК"), ("en", "Ask the PC")])
def test_the_exchange_comes_to_the_page_when_somebody_at_the_pc_agrees(
    world: World, opened: Opens, language: str, ask: str
) -> None:
    job_id = world.sells("Кабель", "350.00")
    visit = opened(world.site, "support", language)
    page = visit.go(f"/console/jobs/{job_id}")
    section = page.locator("#exchange")
    section.get_by_role("button", name=ask).click()
    expect(section.get_by_role("button", name=ask)).to_have_count(0)
    world.shop.rig.until(lambda: says(world.shop, "status")["asks"], 60, "asked at the PC")
    (asked,) = says(world.shop, "status")["asks"]
    assert (asked["jobs"], asked["person"]) == ([job_id], "Ольга Линник")
    sent = says(world.shop, "bundle", "--allow", asked["request_id"], "--yes", "--person", "Иванова М.")
    expect(section).to_contain_text(sent["reference"], timeout=PATIENCE)  # the page was not loaded anew
    expect(section).to_contain_text("Иванова М.")
    rows = section.locator("tbody tr")
    expect(rows.filter(has_text="CloseReceipt").first).to_be_visible()
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3}", rows.nth(1).inner_text())
    folded = section.locator("tbody details").first
    folded.locator("summary").click()
    expect(folded.locator("pre")).to_be_visible()
    assert visit.wrong == []


def test_of_a_sale_register_and_terminal_are_read(world: World, opened: Opens) -> None:
    page = opened(world.site, "owner").go(f"/console/jobs/{world.sale}")
    section = page.locator("#exchange")
    expect(section.locator("tbody th", has_text="t17").first).to_be_visible()
    expect(section.locator("tbody tr", has_text="Authorisation").first).to_be_visible()
    section.get_by_role("link", name="весь обмен отдельно").click()
    expect(page.locator("tbody th", has_text="Чек").first).to_be_visible()
    courtesy = page.get_by_role("cell", name="ENQ", exact=True)
    assert courtesy.count() == 0
    page.get_by_role("link", name="со служебными").click()
    expect(courtesy.first).to_be_visible()
