"""The pages for support, cashiers and Russian readers say what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.support.doctor import CHECKS
from agent.tray.words import TROUBLES, WORDS
from tests.support.rig import ROOT
from tests.troubles.table import EVERY, Trouble

SUPPORT = (ROOT / "docs" / "support.ru.md").read_text("utf-8")
CASHIER = (ROOT / "docs" / "cashier.ru.md").read_text("utf-8")
ENGLISH, RUSSIAN = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.ru.md"))
ROWS = {row.rsplit("`", 2)[1]: row for row in SUPPORT.splitlines() if re.fullmatch(r"\| .* \| `[a-z_]+` \|", row)}


def test_every_trouble_that_is_planted_has_its_row_and_no_other_has_one() -> None:
    assert set(ROWS) == {trouble.name for trouble in EVERY}


@pytest.mark.parametrize("trouble", EVERY, ids=lambda trouble: trouble.name)
def test_a_row_says_what_the_three_say(trouble: Trouble) -> None:
    row = ROWS[trouble.name]
    assert f"| {trouble.sentence} |" in row
    told = {*trouble.doctor, *filter(None, [trouble.later])}
    assert set(re.findall(r"`([a-z]+\.[a-z]+:[a-z0-9_]+)`", row)) == told
    assert f"{trouble.server.request}: `{trouble.server}`" in row


@pytest.mark.parametrize("trouble", EVERY, ids=lambda trouble: trouble.name)
def test_the_page_says_what_the_console_says(trouble: Trouble) -> None:
    (row,) = (row for row in SUPPORT.splitlines() if row.startswith(f"| `{trouble.name}` |"))
    for sentence in trouble.page:
        assert f"| {sentence} |" in row


def test_every_check_that_the_page_names_is_one_of_the_doctors() -> None:
    known = {f"{check.id}:{code}" for check in CHECKS for code in check.causes}
    assert set(re.findall(r"`([a-z]+\.[a-z]+:[a-z0-9_]+)`", SUPPORT)) <= known


def test_every_sentence_that_a_cashier_reads_about_is_one_of_the_programs() -> None:
    said = "\n".join(words.ru + "\n" + words.do_ru for words in (*WORDS.values(), *TROUBLES.values()))
    for quoted in ("Продолжить", "Пауза", "Касса пропала посреди чека", "заканчиваем начатый документ",
                   "Позвоните в поддержку", "Запустите KassaBridge"):  # fmt: skip
        assert quoted in CASHIER
        assert quoted in said


def test_a_cashiers_page_is_one_page() -> None:
    assert len(CASHIER) < 3500


def blocks(text: str) -> list[str]:
    return re.findall(r"(?ms)^```.*?^```$", text)


def commands(text: str) -> list[str]:
    """The first column of the tables of commands."""
    return [re.split(r"(?<!\\) \| ", row)[0] for row in text.splitlines() if row.startswith("| `kassabridge")]


def test_the_commands_are_the_same_in_both_languages() -> None:
    assert blocks(ENGLISH) == blocks(RUSSIAN)
    assert commands(ENGLISH) == commands(RUSSIAN) != []


@pytest.mark.parametrize("page", ["README.ru.md", "docs/support.ru.md", "docs/cashier.ru.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (Path(ROOT / page).parent / target).exists(), target
