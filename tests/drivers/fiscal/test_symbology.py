"""What a barcode of each kind can carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import SlipBarcode
from drivers.errors import Refused
from drivers.fiscal.symbology import KINDS, printable


@pytest.mark.parametrize(
    ("kind", "value", "printed"),
    [
        ("ean13", "460123456789", "4601234567893"),
        ("ean13", "4601234567893", "4601234567893"),
        ("ean8", "9638507", "96385074"),
        ("ean8", "96385074", "96385074"),
        ("itf", "0123", "0123"),
        ("code39", "A-1 $/+%.", "A-1 $/+%."),
        ("code128", "a ~", "a ~"),
        ("qr", "https://пример.рф", "https://пример.рф"),
        ("pdf417", "x" * 1108, "x" * 1108),
        ("qr", "x" * 2953, "x" * 2953),
    ],
)
def test_what_is_printed(kind: str, value: str, printed: str) -> None:
    assert printable(SlipBarcode(kind, value)) == SlipBarcode(kind, printed)


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("ean13", "46012345678", "bad_barcode"),
        ("ean13", "4601234567890", "bad_barcode"),
        ("ean13", "46012345678９", "bad_barcode"),
        ("ean8", "96385070", "bad_barcode"),
        ("itf", "123", "bad_barcode"),
        ("itf", "1" * 50, "bad_barcode"),
        ("code39", "a", "bad_barcode"),
        ("code128", "ж", "bad_barcode"),
        ("code128", "", "bad_barcode"),
        ("qr", "", "bad_barcode"),
        ("qr", "ж" * 1477, "bad_barcode"),
        ("qr", "\ud800", "bad_barcode"),
        ("pdf417", "x" * 1109, "bad_barcode"),
        ("aztec", "1", "unsupported"),
        ("", "1", "unsupported"),
    ],
)
def test_what_is_refused(kind: str, value: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        printable(SlipBarcode(kind, value))
    assert caught.value.code == code


@given(st.sampled_from(KINDS), st.text(max_size=30))
def test_a_barcode_is_printed_or_refused_and_once_printable_stays_so(kind: str, value: str) -> None:
    try:
        once = printable(SlipBarcode(kind, value))
    except Refused:
        return
    assert printable(once) == once
