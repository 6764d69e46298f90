"""Before anybody has connected the PC: an icon that says so, and leads to the window in which it is done."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.config import Config, load_config
from agent.page.beside import PageBeside
from agent.problems import UserError
from agent.tray.doctor import REPORT
from agent.tray.model import (
    MESSAGE_UNITS,
    TITLE_UNITS,
    TOOLTIP_UNITS,
    Action,
    Asked,
    IconState,
    Language,
    Note,
    TrayView,
    Verb,
    items,
)
from agent.tray.program import Desk, TrayProgram
from agent.tray.text import units
from agent.tray.unpaired import NoAgent, SetupDesk, unpaired
from tests.agent.tray.pictures import NOW
from tests.agent.tray.test_program import FakeTray


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "config.toml").write_text('[agent]\ndata_dir = "data"\n')
    return load_config(tmp_path / "config.toml")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that were shown in the browser."""
    shown: list[str] = []
    monkeypatch.setattr(PageBeside, "open", lambda _, page, **__: shown.append(page))
    return shown


def desk_of(config: Config) -> SetupDesk:
    ended = threading.Event()
    return SetupDesk(config, PageBeside(config.path, config.data_dir, config.language), ended.set, ended)


@pytest.mark.parametrize(
    ("language", "sentence", "does"),
    [("ru", "Не подключено", "Подключить этот компьютер…"), ("en", "Not connected", "Connect this PC…")],
)
def test_it_says_that_nothing_is_connected_and_a_click_leads_to_where_it_is_done(
    language: Language, sentence: str, does: str
) -> None:
    shown = unpaired(None, NOW, language, Asked())
    assert shown.icon is IconState.ATTENTION
    assert shown.tooltip.startswith(f"KassaBridge: {sentence}")
    assert shown.text.startswith(sentence)
    (click,) = [item for item in items(shown.menu) if item.default]
    assert (click.text, click.action) == (does, Action(Verb.WINDOW))
    assert [note.title for note in shown.notes] == [shown.title]
    assert units(shown.tooltip) <= TOOLTIP_UNITS
    assert units(shown.title) <= TITLE_UNITS
    assert max(units(shown.text), *(units(note.text) for note in shown.notes)) <= MESSAGE_UNITS


def test_it_offers_what_can_be_had_without_an_agent_and_nothing_else() -> None:
    def offered(shown: TrayView) -> set[Verb]:
        return {item.action.verb for item in items(shown.menu) if item.action is not None and item.enabled}

    always = {Verb.SHOW, Verb.LANGUAGE}
    assert offered(unpaired(None, NOW, "ru", Asked())) == {*always, Verb.WINDOW, Verb.DOCTOR, Verb.QUIT}
    assert offered(unpaired(None, NOW, "ru", Asked(frozenset({Verb.DOCTOR})))) == {*always, Verb.WINDOW, Verb.QUIT}
    assert offered(unpaired(None, NOW, "ru", Asked(frozenset({Verb.QUIT})))) == always


def test_whatever_else_is_asked_is_refused_by_name(config: Config) -> None:
    desk = desk_of(config)
    for name in {name for name, _ in inspect.getmembers(Desk, inspect.isfunction) if not name.startswith("_")}:
        if name in ("window", "doctor", "language", "quit"):
            continue
        with pytest.raises(UserError) as refused:
            getattr(desk, name)(*[""] * (len(inspect.signature(getattr(Desk, name)).parameters) - 1))
        assert refused.value.code == "not_paired"


def test_the_doctor_says_what_is_wrong_before_there_is_a_data_folder(config: Config) -> None:
    said = desk_of(config).doctor()
    assert said is not None
    assert said.ru.startswith("Проверка нашла неполадки")
    assert "pairing.identity" in (config.data_dir / REPORT).read_text("utf-8")


def test_the_program_as_a_whole(config: Config, opened: list[str]) -> None:
    """The click, the language, the end: the icon goes when the program ends."""
    waiting: list[Callable[[], None]] = []
    acts: list[Callable[[Action], None]] = []

    def during() -> None:
        for action in (Action(Verb.WINDOW), Action(Verb.LANGUAGE, "en"), Action(Verb.QUIT)):
            acts[0](action)
            waiting.pop()()

    tray = FakeTray(during)
    desk = desk_of(config)

    def icon(on_action: Callable[[Action], None]) -> FakeTray:
        acts.append(on_action)
        return tray

    program = TrayProgram(
        NoAgent(), desk, icon, now=lambda: NOW, language="ru", view=unpaired, start=waiting.append
    )  # fmt: skip
    program.run()
    assert opened == ["pair"]
    assert desk.ended.is_set()
    assert tray.stops == 1
    assert tray.notes == [
        Note("unpaired", "Не подключено: чеки из CRM не печатаются",
             "Откройте окно и вставьте строку подключения из CRM.")
    ]  # fmt: skip
    assert tray.views[-1].title.startswith("Not connected")
