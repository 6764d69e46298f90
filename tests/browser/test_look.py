"""Every page in both languages, light and dark, wide and on a phone: no error in the console, nothing untranslated,
nothing wider than the screen, nothing that axe-core finds fault with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Visit
from tests.browser.world import World
from tests.server.console.addresses import ADDRESSES

Opens = Callable[..., Visit]
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
WIDE = {"viewport": {"width": 1280, "height": 900}}
LOOKS = [
    pytest.param("ru", WIDE, "light", id="ru-wide-light"),
    pytest.param("en", WIDE, "dark", id="en-wide-dark"),
    pytest.param("en", PHONE, "light", id="en-phone-light"),
    pytest.param("ru", PHONE, "dark", id="ru-phone-dark"),
]

RUSSIAN_BY_NAME = re.compile(r"\b(ФД|ФН|ФП|ФФД|ОФД|ОСН|УСН|ЕСХН)\b")
"""What the law calls so, in English, too."""
LATIN_BY_NAME = frozenset(
    ("KassaBridge", "API", "CRM", "KKM_ID", "RRN", "JavaScript", "http", "https", "Europe", "Moscow", "UTC", "FFD")
)
WORD = re.compile(r"[A-Za-z_]{3,}")

READ = """() => {
  const said = [];
  const skip = (node) => node.closest('[translate=no], script, style, template, pre, code, noscript, time');
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim();
    if (text && !skip(walk.currentNode.parentElement)) said.push(text);
  }
  for (const part of document.querySelectorAll('[aria-label], [title], [alt], [placeholder]')) {
    if (skip(part)) continue;
    said.push(...['aria-label', 'alt', 'placeholder'].map((name) => part.getAttribute(name) ?? ''));
  }
  return said;
}"""


def paths(world: World) -> Iterator[str]:
    """Every page that an owner has, and those of each kind of job."""
    given = {
        "job_id": world.doubt,
        "done": world.sale,
        "kkm_id": "17",
        "desk_id": "front",
        "agent_id": world.agent_id,
        "webhook_id": world.webhook["webhook_id"],
        "code": world.shop.rig.post("/pairing-codes", {})["code"],
    }
    for address in ADDRESSES:
        yield from address.samples(given)
    for job_id in (world.receipt, world.sale, world.declined, world.owed, world.held):
        yield f"/console/jobs/{job_id}"
    yield f"/console/decisions/{world.owed}"
    yield "/console/devices/99"
    yield "/console/jobs/there-is-none"


def untranslated(page: Page, language: str) -> list[str]:
    said: list[str] = page.evaluate(READ)
    if language == "en":
        return [text for text in said if re.search("[А-Яа-яЁё]", RUSSIAN_BY_NAME.sub("", text))]
    return [text for text in said if any(word not in LATIN_BY_NAME for word in WORD.findall(text))]


def too_wide(page: Page) -> int:
    """Pixels by which the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def faults(page: Page, axe_script: str) -> Iterator[str]:
    """What axe-core finds at levels A and AA of WCAG 2.2."""
    page.add_style_tag(content="*, *::before { animation: none !important; transition: none !important; }")
    page.add_script_tag(content=axe_script)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    result = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", tags)
    for violation in result["violations"]:
        nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
        yield f"{violation['id']} ({violation['impact']}): {nodes}"


@pytest.mark.parametrize(("language", "screen", "light"), LOOKS)
def test_every_page(world: World, opened: Opens, language: str, screen: dict[str, Any], light: str) -> None:
    visit = opened(world.site, "owner", language, color_scheme=light, **screen)
    wrong: list[str] = []
    for path in paths(world):
        page = visit.go(path)
        wrong += [f"{path}: {text}" for text in untranslated(page, language)]
        if (width := too_wide(page)) > 0:
            wrong.append(f"{path}: {width} pixels wider than the screen")
    expected = "status of 404"  # the page that is none
    wrong += [said for said in visit.wrong if not (expected in said and "there-is-none" in said)]
    assert wrong == []


@pytest.mark.parametrize(("language", "screen", "light"), LOOKS)
def test_accessibility(
    world: World, opened: Opens, axe_script: str, language: str, screen: dict[str, Any], light: str
) -> None:
    """Levels A and AA of WCAG 2.2, as far as axe-core sees them."""
    visit = opened(world.site, "owner", language, color_scheme=light, bypass_csp=True, **screen)
    stranger = opened(world.site, None, language, color_scheme=light, bypass_csp=True, **screen)
    found: list[str] = []
    for who, path in [*((visit, path) for path in paths(world)), (stranger, "/console/sign-in")]:
        found += [f"{path}: {fault}" for fault in faults(who.go(path), axe_script)]
    assert found == []


def test_the_menu_opens_on_a_phone_without_scripts(world: World, opened: Opens) -> None:
    page = opened(world.site, "owner", java_script_enabled=False, **PHONE).go("/console/overview")
    menu = page.get_by_role("navigation")
    assert not menu.is_visible()
    page.get_by_role("button", name="Меню").click()
    menu.get_by_role("link", name="Задания").click()
    expect(page).to_have_url(re.compile("/console/jobs$"))


def test_language_and_light_are_chosen_and_kept(world: World, opened: Opens) -> None:
    page = opened(world.site, "owner", color_scheme="light", **WIDE).go("/console/jobs")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    page.get_by_role("button", name="dark", exact=True).click()
    expect(page.locator("body")).to_have_css("background-color", "rgb(23, 26, 30)")
    page.goto(page.url)
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("html").get_attribute("lang") == "en"
