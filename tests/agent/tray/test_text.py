"""Sums, times and lengths as they are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tray.text import cut, inside, lines, moment, money, plain, units
from tests.agent.tray.pictures import NOW


@pytest.mark.parametrize(
    ("kopecks", "ru", "en"),
    [
        (0, "0,00 ₽", "0.00 ₽"),
        (5, "0,05 ₽", "0.05 ₽"),
        (125000, "1 250,00 ₽", "1,250.00 ₽"),
        (123456789, "1 234 567,89 ₽", "1,234,567.89 ₽"),
        (-90050, "-900,50 ₽", "-900.50 ₽"),
    ],
)
def test_a_sum(kopecks: int, ru: str, en: str) -> None:
    assert money(kopecks, "ru").replace("\u00a0", " ") == ru
    assert money(kopecks, "en").replace("\u00a0", " ") == en
    assert " " not in money(kopecks, "ru"), "it would break between its digits"


@pytest.mark.parametrize(
    ("at", "ru", "en"),
    [
        (NOW - timedelta(minutes=2), "12:03", "12:03"),
        (datetime(2026, 11, 22, 9, 3, tzinfo=UTC), "12:03", "12:03"),  # as the PC's clock has it
        (NOW - timedelta(days=1), "21.11 12:05", "21 Nov 12:05"),
        (datetime(2026, 11, 21, 21, 30, tzinfo=UTC), "00:30", "00:30"),  # today here, yesterday there
    ],
)
def test_a_time(at: datetime, ru: str, en: str) -> None:
    assert (moment(at, NOW, "ru"), moment(at, NOW, "en")) == (ru, en)


@given(st.text(), st.integers(1, 40))
def test_what_is_cut_fits_and_is_whole(text: str, limit: int) -> None:
    shown = cut(text, limit)
    assert units(shown) <= limit
    if units(text) <= limit:
        assert shown == text
    else:
        assert shown.endswith("…")
        assert text.startswith(shown[:-1])


def test_a_character_outside_the_plane_is_not_halved() -> None:
    assert cut("аб🧾🧾", 5) == "аб🧾…"
    assert cut("аб🧾🧾", 4) == "аб…"
    assert units("🧾") == 2


@given(st.text(max_size=60))
def test_a_menu_line_is_one_line(text: str) -> None:
    assert not set("\n\r\t\v\f\x00\x1b\x85\u2028\u2029\u202e\u200b") & set(plain(text))


def test_blanks_that_hold_a_sum_together_stay() -> None:
    assert plain("Чек\t на\n 1\u00a0250,00\u00a0₽ ") == "Чек на 1\u00a0250,00\u00a0₽"


def test_a_long_sentence_is_wrapped_between_words() -> None:
    text = "слово " * 30
    assert " ".join(lines(text)) == text.strip()
    assert max(map(len, lines(text))) <= 62
    assert lines("") == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Чек на 5", "чек на 5"), ("X-отчёт", "X-отчёт"), ("X report", "X report"), ("ФН заполнен", "ФН заполнен"),
     ("В кассе нет бумаги", "в кассе нет бумаги"), ("", "")],
)  # fmt: skip
def test_a_sentence_inside_another(text: str, shown: str) -> None:
    assert inside(text) == shown
