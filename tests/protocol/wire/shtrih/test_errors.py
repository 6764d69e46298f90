from __future__ import annotations

import pytest

from protocol.wire.shtrih.errors import ADVICE, UNDECIDED, VENDOR, describe


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (0x05, "fn_expired"),
        (0x06, "fn_full"),
        (0x07, "clock_wrong"),
        (0x08, "no_data"),
        (0x15, "ofd_blocked"),
        (0x16, "shift_expired"),
        (0x2F, "fn_failed"),
        (0x37, "unsupported"),
        (0x3C, "shift_open"),
        (0x3D, "shift_closed"),
        (0x45, "payment_short"),
        (0x46, "cash_short"),
        (0x4A, "document_open"),
        (0x4D, "cashless_over"),
        (0x4E, "shift_expired"),
        (0x4F, "wrong_password"),
        (0x50, "device_busy"),
        (0x55, "document_closed"),
        (0x58, "continue_print"),
        (0x6B, "no_paper"),
        (0x73, "wrong_state"),
        (0xC0, "clock_unset"),
    ],
)
def test_a_vendor_byte_has_its_word(error: int, code: str) -> None:
    info = describe(error)
    assert (info.code, info.vendor) == (code, f"{error:02X}")


@pytest.mark.parametrize("error", range(1, 256))
def test_every_byte_speaks_both_languages_and_gives_advice(error: int) -> None:
    info = describe(error)
    assert info.code in ADVICE
    for russian in (info.ru, info.advice_ru):
        assert any("а" <= letter <= "я" for letter in russian.lower())
    for english in (info.en, info.advice_en):
        assert english.isascii()
        assert english.strip()


def test_what_the_line_to_a_cashier_says() -> None:
    info = describe(0x6B)
    assert (info.ru, info.advice_ru) == ("нет чековой ленты", "Заправьте чековую ленту.")
    assert (info.en, info.advice_en) == ("no receipt paper", "Load paper.")


def test_an_unknown_byte_is_named_and_proves_nothing() -> None:
    info = describe(0xEE)
    assert (info.code, info.en, info.safe_to_repeat) == ("register_refused", "unknown error EEh", False)


def test_a_register_that_lost_touch_with_its_drive_proves_nothing() -> None:
    assert all(not describe(error).safe_to_repeat for error in UNDECIDED)
    assert VENDOR.keys() >= UNDECIDED
    assert describe(0x4D).safe_to_repeat


def test_no_advice_is_left_over() -> None:
    assert {word for word, _, _ in VENDOR.values()} | {"register_refused"} == set(ADVICE)
