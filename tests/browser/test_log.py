"""The log of a PC is watched on its page, line by line, while a real agent works: nobody loads the page anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Visit
from tests.browser.test_look import LOOKS, faults, too_wide, untranslated
from tests.browser.world import World
from tests.e2e.test_support import says

PATIENCE = 60_000
FETCHED = "performance.getEntriesByType('resource').filter((one) => one.name.includes('/console/pcs/')).length"
"""How often the page has read itself again."""
Opens = Callable[..., Visit]
WORDS = {
    "ru": ("Зачем смотрите", "Попросить показать", "Прекратить", "Показ журнала прекратили в CRM"),
    "en": ("What you look for", "Ask to see it", "Stop", "Somebody at the CRM has closed the log"),
}


def agrees(world: World) -> str:
    """Somebody at the PC says yes to the log that is asked for; the request's id."""
    world.shop.rig.until(lambda: says(world.shop, "status")["asks"], 60, "asked at the PC")
    (asked,) = says(world.shop, "status")["asks"]
    assert asked["what"] == "log"
    says(world.shop, "log", "--allow", asked["request_id"], "--yes", "--person", "Иванова М.")
    return str(asked["request_id"])


def log_of(world: World) -> str:
    return f"/agents/{world.agent_id}/log"


def sold_and_read(page: Page, world: World) -> str:
    """Until the page has read itself twice after a receipt: once, and all that this brings is in it. The receipt's
    id."""
    fetched = page.evaluate(FETCHED)
    job_id = world.sells("Кабель", "350.00")
    page.wait_for_function(f"{FETCHED} > {fetched} + 1", timeout=PATIENCE)
    return job_id


@pytest.fixture
def running(world: World) -> Iterator[str]:
    """A log that runs, with lines of a receipt in it; the receipt's id."""
    world.shop.rig.post(log_of(world), {"person": "Ольга Линник", "reason": "Не печатается чек"})
    agrees(world)
    yield world.sells("Кабель", "350.00")
    world.shop.rig.post(f"{log_of(world)}/stop", {})


@pytest.mark.parametrize("language", ["ru", "en"])
def test_it_is_asked_for_watched_and_stopped_without_loading_the_page_anew(
    world: World, opened: Opens, language: str
) -> None:
    reason, ask, stop, ended = WORDS[language]
    visit = opened(world.site, "support", language)
    page = visit.go(f"/console/pcs/{world.agent_id}")
    card = page.locator("#log")
    card.get_by_label(reason).fill("Не печатается чек")
    card.get_by_label(reason).press("Enter")
    expect(card.get_by_role("button", name=stop)).to_be_visible()
    page.evaluate("window.loaded = 'once'")
    agrees(world)
    state = page.locator("#log-state")
    expect(state).to_contain_text("Иванова М.", timeout=PATIENCE)
    job_id = world.sells("Кабель", "350.00")
    lines = page.locator("#log-tail tbody tr")
    expect(lines.get_by_role("link", name=job_id).first).to_be_visible(timeout=PATIENCE)
    expect(lines.filter(has_text="done").last).to_be_visible(timeout=PATIENCE)
    assert not says(world.shop, "status")["asks"]
    button = card.get_by_role("button", name=stop)
    button.focus()
    expect(button).to_be_focused()
    assert page.evaluate("window.loaded") == "once"
    page.keyboard.press("Enter")
    expect(state).to_contain_text(ended)
    expect(card.get_by_role("button", name=ask)).to_be_visible()
    expect(lines.get_by_role("link", name=job_id).first).to_be_visible()
    world.shop.rig.until(lambda: says(world.shop, "status")["watched"] is None, 60, "the PC was told")
    assert visit.wrong == []


def test_what_ends_it_at_the_pc_is_said_while_somebody_looks(world: World, opened: Opens, running: str) -> None:
    visit = opened(world.site, "support")
    page = visit.go(f"/console/pcs/{world.agent_id}")
    expect(page.locator("#log-tail").get_by_role("link", name=running).first).to_be_visible()
    says(world.shop, "log", "--stop")
    expect(page.locator("#log-state")).to_contain_text("на самом ПК", timeout=PATIENCE)
    expect(page.locator("#log-act").get_by_role("button", name="Попросить показать")).to_be_visible()
    assert visit.wrong == []


def test_whoever_scrolls_up_or_marks_lines_is_left_alone(world: World, opened: Opens, running: str) -> None:
    wide = {"viewport": {"width": 1280, "height": 900}, "bypass_csp": True}  # what is waited for is asked in the page
    page = opened(world.site, "support", **wide).go(f"/console/pcs/{world.agent_id}")
    tail = page.locator("#log-tail")
    expect(tail.get_by_role("link", name=running).first).to_be_attached(timeout=PATIENCE)
    while tail.evaluate("(tail) => tail.scrollHeight - tail.clientHeight") < 40:
        more = world.sells("Кабель", "350.00")
        expect(tail.get_by_role("link", name=more).first).to_be_attached(timeout=PATIENCE)
    newest = tail.locator("tbody tr").last
    newest.scroll_into_view_if_needed()
    assert tail.evaluate("(tail) => tail.scrollTop") == 0, "its end is where it begins"

    tail.hover()
    page.mouse.wheel(0, -200)
    page.wait_for_function("document.querySelector('#log-tail').scrollTop < -8")
    seen = tail.locator("tbody tr").count()
    job_id = sold_and_read(page, world)
    assert tail.locator("tbody tr").count() == seen
    page.mouse.wheel(0, 400)
    expect(tail.get_by_role("link", name=job_id).first).to_be_attached(timeout=PATIENCE)

    newest.locator("th").dblclick(position={"x": 16, "y": 12})
    marked = page.evaluate("getSelection().toString()")
    assert marked
    sold_and_read(page, world)
    assert page.evaluate("getSelection().toString()") == marked


@pytest.mark.parametrize(("language", "screen", "light"), LOOKS)
def test_it_looks_right(
    world: World, opened: Opens, running: str, axe_script: str, language: str, screen: dict[str, Any], light: str
) -> None:
    visit = opened(world.site, "owner", language, color_scheme=light, bypass_csp=True, **screen)
    page: Page = visit.go(f"/console/pcs/{world.agent_id}")
    expect(page.locator("#log-tail").get_by_role("link", name=running).first).to_be_attached()
    assert [*untranslated(page, language), *faults(page, axe_script), *visit.wrong] == []
    assert too_wide(page) == 0
