"""No card number, no track leaves; what is needed to find a payment again stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.terminals.masking import card, lines, luhn, mask

MANY = 10_000
WAYS = (
    lambda pan: pan,
    lambda pan: " ".join(pan[at : at + 4] for at in range(0, len(pan), 4)),
    lambda pan: "-".join(pan[at : at + 4] for at in range(0, len(pan), 4)),
    lambda pan: "\xa0".join(pan[at : at + 4] for at in range(0, len(pan), 4)),
    lambda pan: f"{pan[:4]} {pan[4:10]} {pan[10:]}",
    lambda pan: " ".join(pan),
)
AROUND = ("{}", "Карта: {}", "{}\n", "КАРТА {} 12/28", "pan={};", "№{}.", "RRN: 606012345678 {}", "150.00\n{}\n150.00")


def with_luhn(start: str) -> str:
    return next(start + last for last in "0123456789" if luhn(start + last))


def pans(seed: int, count: int = MANY) -> Iterator[str]:
    """Of every length, of issuers that there are and of such that there are not."""
    random = Random(seed)
    for _ in range(count):
        length = random.choice((13, 14, 15, 16, 16, 16, 16, 17, 18, 19))
        start = random.choice(("4", "51", "2204", "36", "37", "3528", "62", "67", "8600", "9860", ""))
        yield with_luhn(start + "".join(random.choice("0123456789") for _ in range(length - 1 - len(start))))


def digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


@pytest.mark.parametrize(
    ("number", "right"), [("4111111111111111", True), ("4111111111111112", False), ("79927398713", True), ("0", True)]
)
def test_the_luhn_digit(number: str, right: bool) -> None:
    assert luhn(number) is right


def test_of_ten_thousand_card_numbers_four_digits_each_are_left_at_most() -> None:
    random = Random(1)
    for pan in pans(1):
        around = random.choice(AROUND)
        text = around.format(random.choice(WAYS)(pan))
        masked = mask(text)
        assert len(masked) == len(text)
        may_stay = iter(digits(around.format(pan[-4:])))
        assert all(digit in may_stay for digit in digits(masked)), (text, masked)
        assert "RRN" not in text or "606012345678" in masked


def test_of_ten_thousand_tracks_four_digits_each_are_left() -> None:
    random = Random(2)
    for pan in pans(2):
        rest = "".join(random.choice("0123456789") for _ in range(random.randrange(7, 20)))
        track = random.choice((";{}={}?", "{}={}", "{}D{}F", "{}d{}", "%B{}^IVANOV/IVAN^{}?", "B{}^ ^{}"))
        text = f"track: {track.format(pan, rest)} end"
        masked = mask(text)
        assert len(masked) == len(text)
        assert digits(masked) == pan[-4:], (text, masked)
        assert "IVANOV" not in masked


def test_a_track_is_one_also_with_a_wrong_luhn_digit() -> None:
    assert mask(";4111111111111112=28122010000012345?") == ";" + "*" * 12 + "1112" + "*" * 19


def test_a_number_inside_a_longer_one() -> None:
    for pan in (pan for pan in pans(3, 2000) if pan[0] in "2345689" and len(pan) in (15, 16)):
        for text in (f"000{pan}0000000", f"{pan}28122010000", f"99999999{pan}"):
            assert pan not in mask(text)
            assert pan[:12] not in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "RRN: 606012345678",
        "606012345678 0007",
        "Ссылка 606012345678 123456",
        "Сумма (Руб): 150.00",
        "01.03.26 12:15:30 ЧЕК 0007",
        "************1234",
        "Терминал: 00311159",
        "Мерчант: 790000000001",
        "Подпись ____________",
        "4111 1111 1111 1112",  # no card's: the last digit is wrong
        "",
    ],
)
def test_what_finds_a_payment_again_stays(text: str) -> None:
    assert mask(text) == text


@given(st.from_regex(r"[0-9]{12}", fullmatch=True), st.from_regex(r"[0-9]{1,12}", fullmatch=True))
def test_a_reference_number_stays_whatever_stands_beside_it(rrn: str, other: str) -> None:
    assert mask(f"{rrn} {other}").startswith(rrn)
    assert mask(f"{other} {rrn}").endswith(rrn)


@given(st.text())
def test_any_text_keeps_its_length_and_masking_twice_changes_nothing(text: str) -> None:
    masked = mask(text)
    assert len(masked) == len(text)
    assert mask(masked) == masked


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("************1234", "****1234"),
        ("220012******1234", "****1234"),
        ("4111111111111111", "****1111"),
        ("XXXXXXXXXXXX1234 ", "****1234"),
        ("***", ""),
        ("", ""),
        ("МИР", ""),
        ("12", ""),
    ],
)
def test_a_card_is_its_last_four_digits(told: str, shown: str) -> None:
    assert card(told) == shown


@given(st.text(max_size=200))
def test_a_slip_has_printable_characters_alone(text: str) -> None:
    for line in lines(text):
        assert line.isprintable()
        assert line == line.rstrip()


def test_a_slips_blanks_at_the_left_stay() -> None:
    assert lines("\r\n\r\n      ОПЛАТА\r\nСумма:\t150.00  \r\n\x1b\x01\x0cок\r\r\n") == (
        "      ОПЛАТА",
        "Сумма:  150.00",
        "ок",
    )


def test_a_number_cut_by_control_characters_is_seen() -> None:
    assert lines("4111\x01111\x00111111111\n") == ("*" * 12 + "1111",)
