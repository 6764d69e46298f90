from __future__ import annotations

import pytest

from protocol.wire.shtrih.errors import ADVICE, MEMORY, UNDECIDED, VENDOR, Generation, describe


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


@pytest.mark.parametrize("generation", Generation)
@pytest.mark.parametrize("error", range(1, 256))
def test_every_byte_speaks_both_languages_and_gives_advice(error: int, generation: Generation) -> None:
    info = describe(error, generation)
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
    told = {word for table in (VENDOR, MEMORY) for word, _, _ in table.values()}
    assert told | {"register_refused"} == set(ADVICE)


# The bytes that the protocol's two lists name, typed from them: those of the fiscal drive, of the register, and what
# the register's list says of its predecessors.
DRIVE = """
    01 02 03 04 05 06 07 08 09 10 11 12 14 15 16 17 18 19 20 23 24 2F 30 31 32 A0 A1 A2 A3 A4 A5 AA AC
"""
REGISTER = """
    26 2B 2C 2D 2E 33 34 35 36 37 38 39 3A 3B 3C 3D 3E 3F 40 41 42 43 44 45 46 47 48 49 4A 4B 4C 4D 4E 4F
    50 51 52 53 54 55 56 57 58 59 5A 5B 5C 5D 5E 5F 60 61 62 63 64 65 66 67 68 69 6A 6B 6C 6D 6E 6F
    70 71 72 73 74 75 76 77 78 79 7A 7B 7C 7D 7E 7F 80 81 82 83 84 85 86 87 88 89 8A 8B 8C 8D 8E 8F
    90 91 92 93 94 95 96 9B 9C 9D 9E C0 C1 C2 C3 C4 C5 C6 C7 C8 C9 CA CB CC CD CE CF D0 D1 D2 D3 D4 D5
    E0 E1 E2 E3 E4
"""
BEFORE_DRIVES = """
    01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F 20 21 22 23 24 25 26 27
    28 29 2A 30 31 32 3C A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 AA AF B0 B1 B2 B4 B5 B6 B7 B8 B9 BA BB BC BD BE BF
"""


def test_the_tables_are_the_protocols_lists_no_more_and_no_less() -> None:
    assert set(VENDOR) == set(bytes.fromhex(DRIVE + REGISTER))
    assert set(MEMORY) == set(bytes.fromhex(BEFORE_DRIVES))


@pytest.mark.parametrize(
    ("error", "now", "before"),
    [
        (0x01, "fn_data_rejected", "register_fault"),
        (0x07, "clock_wrong", "bad_parameter"),
        (0x15, "ofd_blocked", "shift_open"),
        (0x16, "shift_expired", "shift_closed"),
        (0x30, "fn_failed", "register_locked"),
        (0x3C, "shift_open", "fn_state"),
        (0xA0, "marking_refused", "register_fault"),
        (0xA7, "register_refused", "fn_full"),
        (0x6B, "no_paper", "no_paper"),
        (0xEE, "register_refused", "register_refused"),
    ],
)
def test_the_generation_decides_what_a_byte_means(error: int, now: str, before: str) -> None:
    assert describe(error).code == describe(error, Generation.DRIVE).code == now
    assert describe(error, Generation.MEMORY).code == before
