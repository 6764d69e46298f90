"""INPAS: one exchange is a set of numbered fields each way. The numbers, the operations and the statuses.

The same fields travel in XML over HTTP (``protocol.wire.inpas.xml``); other carriers are not served. Marked (1) below:
one public source alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

AMOUNT = 0  # minor units
ORIGINAL_AMOUNT = 1  # of the payment of which a part is voided (1)
CURRENCY = 4
HOST_TIME = 6
CARD = 10
AUTH_CODE = 13
RRN = 14
HOST_CODE = 15
TEXT = 19  # for the cashier
TIME = 21  # YYYYMMDDhhmmss
TRANSACTION = 23  # id by host or terminal
OPERATION = 25
REFERENCE = 26  # the cash register's own number
TERMINAL = 27  # eight digits
MERCHANT = 28
DEBIT_SUM, DEBIT_COUNT, CREDIT_SUM, CREDIT_COUNT = 29, 30, 31, 32
STATUS = 39
VOIDED = (49, 50, 51, 52)
FLAG = 53  # the step of a payment by QR code (1)
HOST_TRANSACTION = 54
MODE = 65  # which report
SLIP = 90

KEPT = frozenset((
    AMOUNT, CURRENCY, HOST_TIME, AUTH_CODE, RRN, HOST_CODE, TEXT, TIME, TRANSACTION, OPERATION, REFERENCE, TERMINAL,
    MERCHANT, DEBIT_SUM, DEBIT_COUNT, CREDIT_SUM, CREDIT_COUNT, STATUS, *VOIDED, FLAG, HOST_TRANSACTION, SLIP,
))  # fmt: skip
"""Fields of an answer that are read. Others are dropped where they are found: card data, PIN blocks, keys. Of the card
number (10) the last four digits are kept."""

UNDETERMINED, APPROVED, REFUSED, DONE, NO_BANK, ABORTED = 0, 1, 16, 17, 34, 53
"""Statuses. ``UNDETERMINED`` is no verdict; ``DONE`` (1) is one only for what moves no money."""

SHORT_REPORT, FULL_REPORT = 20, 21
CREATE_QR, ASK_SALE, REFUND_QR, ASK_REFUND = 115, 117, 118, 119
"""Steps of a payment by QR code, in ``FLAG`` (1)."""
IN_PROGRESS, QR_DECLINED, QR_UNKNOWN = "R00", "R10", "R11"
"""Host codes of such a payment (1)."""

Request = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Operations:
    """Values of ``OPERATION``. Firmware differs: a profile may replace them."""

    sale: int = 1
    void: int = 4
    refund: int = 29
    test: int = 26
    reversal: int = 53
    settlement: int = 59
    report: int = 63


@dataclass(frozen=True, slots=True)
class Answer:
    """``values``: of ``KEPT``, by number. ``card``: last four digits at most. ``error``: of the service itself, instead
    of an answer of the terminal."""

    values: Mapping[int, str] = field(repr=False)
    card: str = ""
    error: str | None = None
    error_text: str = ""

    def text(self, number: int) -> str:
        return self.values.get(number, "").strip()

    def number(self, number: int) -> int | None:
        """Of at most twelve digits; ``None``: missing, or something else."""
        value = self.text(number)
        return int(value) if value.isascii() and value.isdecimal() and len(value) <= 12 else None

    @property
    def status(self) -> int | None:
        return self.number(STATUS)

    @property
    def at(self) -> datetime | None:
        """By the terminal's clock, or the bank's where it tells none."""
        return _moment(self.text(TIME)) or _moment(self.text(HOST_TIME))

    @property
    def totals(self) -> tuple[int, int] | None:
        """Count and sum of a day, what was given back taken off; ``None`` where voids stand beside: whether the sums
        are with or without them is not known."""
        sums = [self.number(each) for each in (DEBIT_SUM, DEBIT_COUNT, CREDIT_SUM, CREDIT_COUNT)]
        if None in sums[:2] or any(self.number(each) for each in VOIDED):
            return None
        debit, debits, credit, credits = (each or 0 for each in sums)
        return debits + credits, debit - credit


def _moment(digits: str) -> datetime | None:
    if len(digits) != 14 or not (digits.isascii() and digits.isdecimal()):
        return None
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
    try:
        return datetime(int(digits[:4]), month, day, hour, minute, second)  # noqa: DTZ001  # local by nature
    except ValueError:
        return None
