"""Takes the pictures of the console for the docs: ``python -m tests.browser.shots [FOLDER]``. A shop of real processes
with simulated devices, shown by Chromium."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser.world import World
from tests.e2e.shop import open_shop

DOCS = Path(__file__).parents[2] / "docs" / "img" / "console"
WIDE: dict[str, Any] = {"viewport": {"width": 1100, "height": 700}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 760}}


def shots(to: Path) -> None:
    program = shutil.which("chromium")
    assert program is not None, "install Debian's package chromium"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with open_shop(Path(folder)) as shop:
            world = World(shop, browser, strange="У склада")
            world.fill()
            for name, language, light, look, path in (
                ("overview", "ru", "light", WIDE, "/console/overview"),
                ("decision", "ru", "light", WIDE, f"/console/decisions/{world.doubt}"),
                ("job", "en", "dark", WIDE, f"/console/jobs/{world.sale}"),
                ("phone", "ru", "dark", PHONE, "/console/decisions"),
            ):
                visit = world.site.visit("owner", language, color_scheme=light, **look)
                visit.go(path)
                visit.page.screenshot(path=to / f"{name}.png", full_page=look is WIDE)
                visit.close()
            visit = world.site.visit("cashier", "ru", color_scheme="light", **WIDE)
            sells(visit.go("/console/till"))
            visit.page.screenshot(path=to / "till.png", full_page=True)
            visit.close()
        browser.close()


def sells(page: Page) -> None:
    """A receipt is made, and the next one is being typed in."""
    for name, sum_ in (("Замена дисплея", "4500"), ("Защитное стекло", "890")):
        page.get_by_label("Название").fill(name)
        page.get_by_label("Цена").fill(sum_)
        if name == "Замена дисплея":
            page.get_by_label("Картой").check()
            page.get_by_role("button", name="Пробить чек").click()
            page.locator("img.receipt").wait_for(timeout=60_000)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else DOCS
    folder.mkdir(parents=True, exist_ok=True)
    shots(folder)
