from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import axe
from tests.browser.site import Site, Visit
from tests.browser.world import World
from tests.e2e.shop import open_shop

_SKIPPED = "axe-core is not here"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Run as root it has no sandbox, and it sees this machine only."""
    program = shutil.which("chromium")
    assert program is not None, "install Debian's package chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def empty(tmp_path: Path, browser: Browser) -> Iterator[Site]:
    """A server with an account and nobody in it."""
    with open_shop(tmp_path) as shop:
        yield Site(shop, browser)


@pytest.fixture
def opened() -> Iterator[Callable[..., Visit]]:
    """Browsers that are closed with the test."""
    visits: list[Visit] = []

    def visit(site: Site, role: str | None, language: str = "ru", **look: Any) -> Visit:
        visits.append(site.visit(role, language, **look))
        return visits[-1]

    yield visit
    for one in visits:
        one.close()


@pytest.fixture(scope="session")
def axe_script() -> str:
    found = axe.path()
    if found is None:
        pytest.skip(f"{_SKIPPED}: {axe.VARIABLE} is not set")
    return found.read_text("utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missed = [report for report in terminalreporter.stats.get("skipped", []) if _SKIPPED in str(report.longrepr)]
    if missed:
        terminalreporter.write_sep("=", "accessibility was NOT tested", red=True, bold=True)
        terminalreporter.write_line(
            f"{len(missed)} tests were skipped. To run them: "
            f"export {axe.VARIABLE}=$(python -m tests.browser.axe /some/folder/outside)"
        )


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[World]:
    with open_shop(tmp_path_factory.mktemp("world")) as shop:
        world = World(shop, browser)
        world.fill()
        yield world
