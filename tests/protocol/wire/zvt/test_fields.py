"""Fields and containers: what is read, what is never kept, where reading stops."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.zvt import commands
from protocol.wire.zvt.answers import (
    Printed,
    State,
    Totals,
    copies,
    read_print,
    read_registered,
    read_state,
    read_status,
)
from protocol.wire.zvt.apdu import PRINT_LINE, PRINT_TEXT_BLOCK, STATUS_INFORMATION, Apdu
from protocol.wire.zvt.commands import Password
from protocol.wire.zvt.fields import KEPT, LENGTHS, bcd, bcd_digits, read_fields
from protocol.wire.zvt.redaction import redacted
from protocol.wire.zvt.tlv import Tag, every_tag, read_tags, write_tag

APPROVAL = bytes.fromhex(
    "27 00 04 00 00 00 00 01 23 49 09 78 0c 12 34 56 0d 11 21 0b 00 00 42 87 00 17 29 12 34 56 78"
    "3b 41 31 42 32 43 33 20 20"
)
TODAY = date(2026, 11, 22)


def test_the_status_information_of_the_reference() -> None:
    status = read_status(APPROVAL)
    assert (status.result, status.amount, status.currency) == (0, 123, "978")
    assert (status.receipt, status.trace, status.terminal_id, status.auth_code) == (
        "0017",
        "000042",
        "12345678",
        "A1B2C3",
    )
    assert status.at(TODAY) == datetime(2026, 11, 21, 12, 34, 56)  # noqa: DTZ001
    assert status.stopped is None


@pytest.mark.parametrize(
    ("day", "clock", "today", "at"),
    [
        ("1231", "235900", date(2027, 1, 1), datetime(2026, 12, 31, 23, 59)),  # noqa: DTZ001
        ("0101", "000100", date(2026, 12, 31), datetime(2027, 1, 1, 0, 1)),  # noqa: DTZ001
        ("260228", "101112", TODAY, datetime(2026, 2, 28, 10, 11, 12)),  # noqa: DTZ001
        ("0229", "101112", date(2027, 3, 1), datetime(2028, 2, 29, 10, 11, 12)),  # noqa: DTZ001
        ("0230", "101112", TODAY, None),
        ("1121", "", TODAY, None),
        ("", "101112", TODAY, None),
        ("1121", "250000", TODAY, None),
    ],
)
def test_a_year_that_is_not_told_is_the_nearest(day: str, clock: str, today: date, at: datetime | None) -> None:
    data = b"\x27\x00"
    if clock:
        data += b"\x0c" + bytes.fromhex(clock)
    if day:
        data += (b"\x0d" if len(day) == 4 else b"\xaa") + bytes.fromhex(day)
    assert read_status(data).at(today) == at


@pytest.mark.parametrize(
    ("data", "stopped", "result"),
    [
        ("27 00 99 04 00 00 00 00 01 23", 2, 0),  # unknown: the amount behind it is not read
        ("99 27 00", 0, None),
        ("27", 0, None),
        ("27 05 04 00 00", 2, 5),  # cut short
        ("27 05 3c f0 f1", 2, 5),
        ("27 05 3c f0 f0 00", 2, 5),  # a length that is none
        ("27 05 06 82 01", 2, 5),
        ("27 05 27 00", 2, 5),  # twice
        ("", None, None),
    ],
)
def test_what_cannot_be_read_stops_and_keeps_what_was_before(
    data: str, stopped: int | None, result: int | None
) -> None:
    status = read_status(bytes.fromhex(data))
    assert (status.stopped, status.result, status.amount) == (stopped, result, None)


@pytest.mark.parametrize(
    ("value", "card"),
    [
        ("40 00 00 12 34 56 78 99", "************7899"),
        ("ee ee ee ee ee ee 12 34", "************1234"),
        ("40 00 00 ee ee ee 12 3f", "************123"),
        ("40 00 00 12 34 56 78 99 d9 91 21 01 00", "************7899"),  # what follows is no number
        ("12 34", ""),
        ("ff ff", ""),
        ("4c 00 00 12 34 56 78 99", ""),
    ],
)
def test_of_a_card_number_four_digits_are_kept(value: str, card: str) -> None:
    raw = bytes.fromhex(value)
    data = b"\x22" + bytes((0xF0 | len(raw) // 10, 0xF0 | len(raw) % 10)) + raw
    assert read_fields(data).card == card


def test_secrets_are_passed_over() -> None:
    secret = {number: length for number, length in LENGTHS.items() if number not in KEPT and length > 0}
    data = b"".join(bytes((number,)) + b"\x77" * length for number, length in secret.items()) + b"\x27\x00"
    read = read_fields(data)
    assert read.stopped is None
    assert dict(read.values) == {0x27: b"\x00"}
    assert "77" not in repr(read)


@given(st.integers(0, 10**12 - 1))
def test_sums_are_decimal(amount: int) -> None:
    assert int(bcd_digits(bcd(amount, 6))) == amount
    assert read_status(commands.authorisation(amount).data).amount == amount


@pytest.mark.parametrize("amount", [-1, 10**12])
def test_a_sum_that_has_no_place_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        commands.authorisation(amount)


def test_totals() -> None:
    rows = bytes.fromhex("02 00 00 00 01 00 00" + "01 00 00 00 00 23 00" + "00" * 7 * 5)
    data = b"\x27\x00\x60\xf0\xf5\xf3\x00\x01\x00\x03" + rows
    assert read_status(data).totals == Totals(3, 12300)
    assert read_status(b"\x27\x00\x60\xf0\xf5\xf3\x00\x01\x00\x03" + rows[:-1] + b"\xaa").totals is None
    assert read_status(b"\x27\x00\x60\xf0\xf0\xf4\x00\x01\x00\x03").totals is None


# --- ends of procedures -----------------------------------------------------------------------------------------------


def test_a_registration_ends() -> None:
    read = read_registered(bytes.fromhex("19 13 29 12 34 56 78 49 06 43 06 0c e4 0a 1f 40 03 4d 4f 44 1f 41 01 37"))
    assert (read.terminal_id, read.currency, read.model, read.software) == ("12345678", "643", "MOD", "7")
    assert (read.needs_initialisation, read.needs_diagnosis, read.vending) == (True, True, True)
    assert read_registered(b"").currency == ""


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ("f0 f0 f3 53 49 4d 00", State(0, "SIM")),
        ("9c", State(0x9C)),
        ("f0", State(0xF0)),  # a state that looks like a length
        ("f0 06 00", State(0xF0)),  # and one with an empty container
        ("f0 f0 f3 53 49", State(None, "SI")),
        ("", State(None)),
    ],
)
def test_a_status_enquiry_ends(data: str, state: State) -> None:
    assert read_state(bytes.fromhex(data)) == state


# --- paper ------------------------------------------------------------------------------------------------------------


def test_print_lines_are_one_slip() -> None:
    lines = [read_print(Apdu(PRINT_LINE, b"\x00" + text)) for text in (b"  A", b"", b"B\x1b\x07\x81")]
    assert copies(lines) == (("  A", "", "Bü"),)
    assert copies([Printed(("",))]) == ()


def block(copy: int | None, *lines: bytes) -> Printed:
    texts = write_tag(0x25, b"".join(write_tag(0x07, line) for line in lines))
    kind = b"" if copy is None else write_tag(0x1F07, bytes((copy,)))
    inner = kind + texts
    plain = read_print(Apdu(PRINT_TEXT_BLOCK, inner))
    assert plain == read_print(Apdu(PRINT_TEXT_BLOCK, b"\x06" + bytes((len(inner),)) + inner))
    return plain


def test_blocks_tell_whose_copy_they_are() -> None:
    slips = copies([block(2, b"customer"), block(2, b"more"), block(1, b"merchant"), block(None, b"else")])
    assert slips == (("merchant",), ("customer", "more"), ("else",))


# --- containers -------------------------------------------------------------------------------------------------------


def test_tags() -> None:
    data = bytes.fromhex("26 04 0a 02 06 d3 1f 73 03 00 00 01 12 01 20")
    assert [(tag.number, tag.value.hex()) for tag in read_tags(data)] == [
        (0x26, "0a0206d3"), (0x1F73, "000001"), (0x12, "20"),
    ]  # fmt: skip
    assert [tag.number for tag in every_tag(data)] == [0x26, 0x0A, 0x1F73, 0x12]
    assert data == b"".join(write_tag(tag.number, tag.value) for tag in read_tags(data))


@pytest.mark.parametrize("size", [0, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF])
def test_lengths(size: int) -> None:
    raw = write_tag(0x07, bytes(size))
    assert list(read_tags(raw)) == [Tag(0x07, bytes(size))]
    assert list(read_tags(raw[:-1])) == []


def test_a_deep_container_is_not_followed_for_ever() -> None:
    data = b""
    for _ in range(50):
        data = write_tag(0x25, data)
    assert len(list(every_tag(data))) == 8


# --- what is written down ---------------------------------------------------------------------------------------------


def stars(text: str) -> str:
    return text.replace("1234", "****")


@pytest.mark.parametrize(
    ("apdu", "shown"),
    [
        (commands.registration(Password("123456"), 0xBE, 0), "ee ee ee be 06 43 06 06 26 04 0a 02 06 d3"),
        (commands.reversal(Password("123456"), "17", 5), "ee ee ee 87 00 17 04 00 00 00 00 00 05 49 06 43"),
        (Apdu(0x040F, bytes.fromhex("27 00 22 f0 f2 12 34 0e 99 12 87 00 17 99 27 00")),
         "27 00 22 ee ee ee ee 0e ee ee 87 00 17 ee ee ee"),
        (Apdu(0x040F, bytes.fromhex("27 05 3c f0 f0 f4 31 32 33 34 06 02 41 00")),
         "27 05 3c f0 f0 f4 2a 2a 2a 2a 06 ee ee ee"),
        (Apdu(0x06D1, b"\x001234"), "00 2a 2a 2a 2a"),
        (Apdu(0x04FF, b"\x0a\x00"), "0a ee"),
        (Apdu(0x061E, b"\x6c"), "6c"),
        (Apdu(0x841E, b"\x6f\x09\x78"), "6f ee ee"),
    ],
)  # fmt: skip
def test_a_trace_shows_no_card_and_no_password(apdu: Apdu, shown: str) -> None:
    assert redacted(apdu, stars) == Apdu(apdu.command, bytes.fromhex(shown)).to_bytes()


@given(st.sampled_from([STATUS_INFORMATION, 0x0600, 0x0630, 0x060F, 0x06D1, 0x06D3, 0x1234]), st.binary(max_size=80))
def test_a_trace_is_as_long_as_the_message(command: int, data: bytes) -> None:
    assert len(redacted(Apdu(command, data), stars)) == len(Apdu(command, data).to_bytes())


def test_every_length_is_known_once() -> None:
    table: Mapping[int, int] = LENGTHS
    assert set(table) >= KEPT
    assert all(length in (-1, -2, -3) or 0 < length <= 15 for length in table.values())
