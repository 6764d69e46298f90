"""Text for a register: code page, ИНН, contact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.ffd.text import contact, foreign, printable, valid_inn


@pytest.mark.parametrize("inn", ["7707083893", "500100732259"])
def test_right_inn(inn: str) -> None:
    assert valid_inn(inn)


@pytest.mark.parametrize(
    "inn", ["7707083894", "500100732258", "500100732249", "0000000000", "000000000000", "", "77070838930"]
)
def test_wrong_inn(inn: str) -> None:
    assert not valid_inn(inn)


@pytest.mark.parametrize("inn", ["7707083893", "500100732259"])
def test_exactly_one_last_digit_fits(inn: str) -> None:
    assert [digit for digit in "0123456789" if valid_inn(inn[:-1] + digit)] == [inn[-1]]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("+79001234567", "+79001234567"),
        ("89001234567", "+79001234567"),
        ("79001234567", "+79001234567"),
        ("8 (900) 123-45-67", "+79001234567"),
        ("+375291234567", "+375291234567"),
        ("client@example.ru", "client@example.ru"),
        ("почта@пример.рф", "почта@пример.рф"),
    ],
)
def test_contacts(text: str, normal: str) -> None:
    assert contact(text) == normal


@pytest.mark.parametrize(
    "text", ["", "9001234567", "+7900", "a@b", "@example.ru", "a@b.ru, c@d.ru", "a" * 60 + "@b.ru", "+7900123456789012"]
)
def test_no_contacts(text: str) -> None:
    assert contact(text) is None


def test_typographic_signs_become_plain_ones_of_the_code_page() -> None:
    assert printable("Кабель «USB‑C» — 2 м²…") == 'Кабель "USB-C" - 2 м2...'


def test_foreign_characters_are_named_once_in_order() -> None:
    assert foreign("№ 1 Ёж ₽🔧₽\n") == "₽🔧\n"


@given(st.text())
def test_what_is_not_foreign_can_be_stored(text: str) -> None:
    storable = "".join(char for char in text if char not in foreign(text))
    assert storable.encode("cp866").decode("cp866") == storable
