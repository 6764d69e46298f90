"""The text of a receipt's QR code, by which anyone can ask the tax service for the receipt (tag 1196)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from protocol.ffd.money import format_kopecks, parse_kopecks

_TEXT = re.compile(
    r"t=([0-9]{8}T[0-9]{4}(?:[0-9]{2})?)&s=([0-9]{1,13}\.[0-9]{2})&fn=([0-9]{16})&i=([0-9]{1,10})&fp=([0-9]{1,10})&n=([1-4])",
    re.ASCII,
)


class QrError(ValueError):
    """Text that is not the QR code of a receipt."""


@dataclass(frozen=True, slots=True)
class ReceiptQr:
    at: datetime  # local, naive
    total: int  # kopecks
    fn: str
    fd: int
    fpd: str  # decimal, without leading zeros
    sign: int  # tag 1054


def qr_text(at: datetime, total: int, fn: str, fd: int, fpd: str, sign: int) -> str:
    """The usual form: time to the minute, total in roubles with two places, numbers without leading zeros."""
    return f"t={at:%Y%m%dT%H%M}&s={format_kopecks(total)}&fn={fn}&i={fd}&fp={int(fpd)}&n={sign}"


def parse_qr(text: str) -> ReceiptQr:
    """Read the text with or without seconds and with a padded fiscal sign; both occur. Raises ``QrError``."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise QrError("not the QR code of a receipt")
    at, total, fn, fd, fpd, sign = match.groups()
    digits = at.replace("T", "").ljust(14, "0")
    try:
        moment = datetime.fromisoformat(f"{digits[:8]}T{digits[8:]}")
    except ValueError:
        raise QrError(f"no such time: {at}") from None
    return ReceiptQr(moment, parse_kopecks(total), fn, int(fd), str(int(fpd)), int(sign))
