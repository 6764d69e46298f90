"""Simulator's TLV against examples written down in the format's text, and there and back for anything."""

from contextlib import suppress
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulators import tlv


@pytest.mark.parametrize(
    ("tag", "value", "data"),
    [
        (1020, 10000, "FC 03 02 00 10 27"),
        (1020, 0, "FC 03 01 00 00"),
        (1023, Decimal(3), "FF 03 02 00 00 03"),
        (1023, Decimal("0.345"), "FF 03 03 00 03 59 01"),
        (1023, Decimal("20.00"), "FF 03 02 00 00 14"),
        (1030, "Хлеб", "06 04 04 00 95 AB A5 A1"),
        (1018, "7707083893", "FA 03 0C 00 37 37 30 37 30 38 33 38 39 33 20 20"),
        (1012, datetime.fromisoformat("2026-11-21T14:05"), "F4 03 04 00 0C A5 01 6B"),
        (1077, b"\x21\x04\xc4\xf1\x77\x60", "35 04 06 00 21 04 C4 F1 77 60"),
        (
            1115,
            [(1119, [(1199, 11), (1120, 14558)])],
            "5B 04 0F 00 5F 04 0B 00 AF 04 01 00 0B 60 04 02 00 DE 38",
        ),
    ],
)
def test_examples_of_the_format(tag: int, value: tlv.Value, data: str) -> None:
    assert tlv.encode([(tag, value)]) == bytes.fromhex(data)
    assert tlv.decode(bytes.fromhex(data)) == [(tag, value)]


def test_a_letter_that_cp866_lacks_becomes_a_question_mark() -> None:
    assert tlv.encode([(1030, "«A»")])[4:] == b"?A?"


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (1021, "я" * 65),
        (1054, 256),
        (1054, -1),
        (1020, 1 << 48),
        (1018, "1" * 13),
        (1020, "1"),
        (1, 1),
        (1077, b"1" * 7),
    ],
)
def test_a_value_that_does_not_fit_its_tag_is_refused(tag: int, value: tlv.Value) -> None:
    with pytest.raises(tlv.TlvError):
        tlv.encode([(tag, value)])


@pytest.mark.parametrize("data", ["FC", "FC 03 02", "FC 03 02 00 10", "1E 04 02 00 01 01", "FF 03 00 00"])
def test_broken_records_are_named(data: str) -> None:
    with pytest.raises(tlv.TlvError):
        tlv.decode(bytes.fromhex(data))


@given(st.integers(0, (1 << 48) - 1), st.integers(1, 10**12), st.integers(0, 6))
def test_money_and_quantities_come_back(kopecks: int, digits: int, places: int) -> None:
    fields: tlv.Fields = [(1020, kopecks), (1023, Decimal(digits).scaleb(-places))]
    assert tlv.decode(tlv.encode(fields)) == fields


@given(st.binary(max_size=64))
def test_any_bytes_are_fields_or_the_named_error(data: bytes) -> None:
    with suppress(tlv.TlvError):
        assert isinstance(tlv.decode(data), list)
