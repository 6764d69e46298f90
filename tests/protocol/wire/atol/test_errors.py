"""Error bytes: what they stand for, and what they prove."""

from __future__ import annotations

import pytest

from protocol.crm.codes import CODES
from protocol.wire.atol.codes import CODES as LIBRARY
from protocol.wire.atol.errors import BUSY, EXTENDED, LIBRARY_CODES, NO_MORE_DATA, RECEIPT_CLOSED, describe

MEANING = {
    0x08: (16, "bad_parameter"),
    0x66: (12, "wrong_state"),
    0x67: (44, "no_paper"),
    0x71: (52, "cashless_over"),
    0x72: (66, "payment_short"),
    0x76: (55, "device_busy"),
    0x7A: (11, "unsupported"),
    0x86: (66, "payment_short"),
    0x88: (68, "shift_expired"),
    0x8F: (73, "shift_closed"),
    0x98: (80, "cash_short"),
    0x9A: (81, "document_closed"),
    0x9B: (82, "document_open"),
    0x9C: (83, "shift_open"),
    0xD7: (120, "fn_expired"),
    0xDA: (123, "no_data"),
}


@pytest.mark.parametrize(("byte", "meaning"), MEANING.items(), ids=lambda value: str(value))
def test_bytes_that_decide_something(byte: int, meaning: tuple[int, str]) -> None:
    error = describe(byte)
    assert (error.library.number, error.code) == meaning
    assert error.vendor == f"{byte:02X}"


def test_every_byte_has_a_library_code_that_is_known_and_a_word_of_ours() -> None:
    for byte in range(256):
        error = describe(byte)
        assert error.library.number in LIBRARY
        assert error.code in CODES
        assert error.text


DOUBTED = {
    "the printer stopped": (0x67, 0x68, 0x69, 0xD1),
    "the talk with the drive failed": (0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xEF),
    "the code is somewhere else": (EXTENDED,),
    "nobody knows it": (0x00, 0x01, 0xFB, 0xFF),
}


@pytest.mark.parametrize("bytes_", DOUBTED.values(), ids=DOUBTED)
def test_refusals_that_leave_room_for_a_document(bytes_: tuple[int, ...]) -> None:
    for byte in bytes_:
        assert not describe(byte).safe_to_repeat, f"{byte:02X}"


def test_refusals_that_prove_that_nothing_happened() -> None:
    for byte in (0x08, BUSY, 0x88, RECEIPT_CLOSED, 0x9B, 0x98, NO_MORE_DATA, 0x66, 0x7A, 0x86):
        assert describe(byte).safe_to_repeat, f"{byte:02X}"


def test_the_table_is_as_long_as_the_published_one() -> None:
    assert len(LIBRARY_CODES) == 145
