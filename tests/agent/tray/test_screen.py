"""The tray on a real screen, with a real panel: seen, clicked, asked by keyboard, left."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.tray.screen import Notifications, Program, Screen, missing, screen, until

LACKING = missing()
REQUIRED = os.environ.get("KASSABRIDGE_SCREEN") == "required"
pytestmark = pytest.mark.skipif(
    bool(LACKING) and not REQUIRED,
    reason=f"THE TRAY WAS NOT SEEN ON A SCREEN: not installed: {LACKING} (docs/tray.md names the packages)",
)


@pytest.fixture(scope="module")
def desktop() -> Iterator[Screen]:
    assert not LACKING, f"KASSABRIDGE_SCREEN=required, and not installed: {LACKING}"
    with screen() as made:
        yield made


def test_a_decision_is_one_click_away_and_the_menu_is_worked_by_keyboard(desktop: Screen, tmp_path: Path) -> None:
    program = Program(desktop, "ru")
    program.scene("decision")
    program.click()
    program.hear("decide order-2")
    program.open_menu()
    desktop.shot(tmp_path / "menu.png")
    assert (tmp_path / "menu.png").stat().st_size > 1000
    program.keys("Down", "Down", "Return")  # what is there to be read is passed over
    program.hear("decide order-2")
    program.closed()
    program.open_menu()
    program.keys("Up", "Return")
    program.hear("quit")
    assert program.process.poll() is None, "it waits for the document in hand"
    program.tell("finished")
    program.hear("ended asked")
    assert program.process.wait(20) == 0


def test_an_open_menu_is_not_taken_away_when_something_happens(desktop: Screen) -> None:
    program = Program(desktop, "en")
    program.scene("ready")
    program.open_menu()
    program.scene("paused")  # whose menu offers to continue
    program.keys("Down", "Down", "Down", "Down", "Return")
    program.hear("pause")
    program.closed()
    program.open_menu()
    program.keys("Down", "Down", "Down", "Down", "Return")
    program.hear("resume")
    program.closed()
    program.tell("finished")
    program.open_menu()
    program.keys("Up", "Return")
    program.hear("quit")
    program.hear("ended asked")


@pytest.mark.parametrize("notifications", ["nobody", "broken", "no bus"])
def test_it_lives_and_leaves_well_where_nobody_shows_notifications(notifications: Notifications) -> None:
    assert not LACKING, f"KASSABRIDGE_SCREEN=required, and not installed: {LACKING}"
    with screen(notifications) as bare:
        program = Program(bare, "ru")
        program.scene("decision")
        program.click()
        program.hear("decide order-2")
        program.scene("ready")
        program.click()  # which would tell how things stand
        program.tell("finished")
        program.open_menu()
        program.keys("Up", "Return")
        program.hear("quit")
        program.hear("ended asked")
        assert program.process.wait(20) == 0


class Setup(Program):
    """``kassabridge agent run --setup`` itself, on a PC that nobody has connected yet; the browser writes down what it
    is shown."""

    NAME = "cli.py"

    def __init__(self, on: Screen, folder: Path) -> None:
        self.screen = on
        self._shown = folder / "shown"
        browser = folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >>"{self._shown}"\n')
        browser.chmod(0o755)
        config = folder / "config.toml"
        config.write_text('[agent]\ndata_dir = "data"\n')
        command = [sys.executable, "-m", "agent.cli", "agent", "run", "--setup", "--config", str(config)]
        self.process = on.start(command, {**on.env, "BROWSER": str(browser)})

    def pages(self) -> list[str]:
        return self._shown.read_text().split() if self._shown.exists() else []


def test_before_it_is_connected_a_pc_has_an_icon_that_leads_to_where_it_is(desktop: Screen, tmp_path: Path) -> None:
    program = Setup(desktop, tmp_path)
    until(lambda: len(program.pages()) == 1, "the page that is shown at the start")
    program.click()
    until(lambda: len(program.pages()) == 2, "the page, by a click on the icon")
    assert all(page.startswith("http://127.0.0.1:") for page in program.pages())
    assert len(set(program.pages())) == 2, "each link is good once"
    program.open_menu()
    program.keys("Up", "Return")  # the last entry: quit
    assert program.process.wait(20) == 0
