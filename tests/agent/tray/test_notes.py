"""An occasion is told once while it stands."""

from __future__ import annotations

from datetime import timedelta

from agent.tray.model import MESSAGE_UNITS, Note
from agent.tray.notes import AGAIN, NOTHING, fresh
from agent.tray.text import units
from tests.agent.tray.pictures import NOW

PAPER = Note("device:17:no_paper", "В кассе нет бумаги", "Вставьте бумагу.")
DOUBT = Note("decision:1:H1", "Возможно, уже напечатан", "Посмотрите на последний чек.")


def test_told_once_while_it_stands() -> None:
    told, first = fresh(NOTHING, [PAPER], NOW, "ru")
    assert first == PAPER
    for minutes in range(1, 60):
        told, again = fresh(told, [PAPER], NOW + timedelta(minutes=minutes), "ru")
        assert again is None


def test_a_loose_cable_is_not_told_every_second_and_a_new_outage_is() -> None:
    told, _ = fresh(NOTHING, [PAPER], NOW, "ru")
    told, _ = fresh(told, [], NOW + timedelta(seconds=10), "ru")
    told, soon = fresh(told, [PAPER], NOW + timedelta(seconds=20), "ru")
    assert soon is None
    told, later = fresh(told, [PAPER], NOW + timedelta(seconds=20) + AGAIN, "ru")
    assert later == PAPER


def test_of_several_the_most_important_is_told_and_the_rest_counted() -> None:
    _, note = fresh(NOTHING, [DOUBT, PAPER], NOW, "ru")
    assert note is not None
    assert (note.id, note.title) == (DOUBT.id, DOUBT.title)
    assert note.text == "Посмотрите на последний чек. Ещё сообщений: 1. Откройте меню."


def test_the_count_is_kept_when_the_text_is_long() -> None:
    _, note = fresh(NOTHING, [Note("a", "a", "я" * 255), PAPER], NOW, "en")
    assert note is not None
    assert note.text.endswith("… 1 more: open the menu.")
    assert units(note.text) <= MESSAGE_UNITS


def test_a_new_occasion_is_told_beside_one_that_stands() -> None:
    told, _ = fresh(NOTHING, [PAPER], NOW, "ru")
    _, note = fresh(told, [DOUBT, PAPER], NOW, "ru")
    assert note == DOUBT
