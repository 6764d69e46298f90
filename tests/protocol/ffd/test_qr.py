"""The QR text of a receipt: as written by us, and as found on real receipts."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.ffd.qr import QrError, ReceiptQr, parse_qr, qr_text

local = datetime.fromisoformat

SAMPLES = {
    "t=20201107T2058&s=63.00&fn=9288000100192401&i=439&fp=2880362760&n=1": ReceiptQr(
        local("2020-11-07T20:58:00"), 6300, "9288000100192401", 439, "2880362760", 1
    ),
    "t=20190406T104300&s=641.93&fn=9289000100110273&i=80715&fp=1246602073&n=1": ReceiptQr(
        local("2019-04-06T10:43:00"), 64193, "9289000100110273", 80715, "1246602073", 1
    ),
    "t=20261121T1405&s=0.10&fn=9999078900001234&i=7&fp=0012345678&n=2": ReceiptQr(
        local("2026-11-21T14:05:00"), 10, "9999078900001234", 7, "12345678", 2
    ),
}


@pytest.mark.parametrize(("text", "qr"), SAMPLES.items())
def test_samples(text: str, qr: ReceiptQr) -> None:
    assert parse_qr(text) == qr


def test_written_without_seconds_and_leading_zeros() -> None:
    text = qr_text(local("2026-11-21T14:05:59"), 80730, "9999078900001234", 12, "0123", 1)
    assert text == "t=20261121T1405&s=807.30&fn=9999078900001234&i=12&fp=123&n=1"


@given(
    st.datetimes(local("2017-01-01T00:00:00"), local("2099-01-01T00:00:00")).map(
        lambda at: at.replace(second=0, microsecond=0)
    ),
    st.integers(0, 10**12),
    st.integers(1, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(1, 4),
)
def test_what_is_written_can_be_read(at: datetime, total: int, fd: int, fpd: int, sign: int) -> None:
    fn = "9999078900001234"
    assert parse_qr(qr_text(at, total, fn, fd, str(fpd), sign)) == ReceiptQr(at, total, fn, fd, str(fpd), sign)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.ru",
        "t=20261321T1405&s=1.00&fn=9999078900001234&i=1&fp=1&n=1",
        "t=20261121T1405&s=1,00&fn=9999078900001234&i=1&fp=1&n=1",
        "t=20261121T1405&s=1.00&fn=999907890000123&i=1&fp=1&n=1",
        "t=20261121T1405&s=1.00&fn=9999078900001234&i=1&fp=1&n=5",
        "t=20261121T1405&s=1.00&fn=9999078900001234&i=1&fp=1&n=1&x=1",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(QrError):
        parse_qr(text)
