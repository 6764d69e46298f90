"""Commands that change something: modes, shift, receipt, cash, paper. Sums are kopecks in BCD."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar

from protocol.wire.atol.coding import MONEY, WIDE, Bcd, Printed
from protocol.wire.atol.command import SYSTEM_ADMINISTRATOR, Command, Done, Repeat
from protocol.wire.layout import Raw, UInt, wire
from protocol.wire.steps import Pace


class Mode(IntEnum):
    CHOICE = 0
    REGISTRATION = 1
    X_REPORTS = 2
    Z_REPORTS = 3


class ReceiptType(IntEnum):
    SELL = 1
    SELL_RETURN = 2
    BUY = 4
    BUY_RETURN = 5


class PaymentType(IntEnum):
    CASH = 1
    ELECTRONIC = 2
    PREPAID = 3
    CREDIT = 4
    OTHER = 5


class Tax(IntEnum):
    """The tax codes that have been seen on the wire."""

    VAT20 = 1
    VAT10 = 2
    VAT120 = 3
    VAT110 = 4
    VAT0 = 5
    NONE = 6


class Position(IntFlag):
    """Flags of ``EndPosition``."""

    ALWAYS = 0x02
    DEVICE_COMPUTES_TAX = 0x08
    PIECES = 0x10


# --- modes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EnterMode(Command[Done]):
    code: ClassVar[bytes] = b"\x56"
    repeat: ClassVar[Repeat] = Repeat.FILL
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done
    mode: int = wire(UInt(1))
    password: int = wire(Bcd(4), SYSTEM_ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class LeaveMode(Command[Done]):
    code: ClassVar[bytes] = b"\x48"
    repeat: ClassVar[Repeat] = Repeat.FILL
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done


# --- shift and reports -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenShift(Command[Done]):
    code: ClassVar[bytes] = b"\x9a"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.SHIFT
    reply: ClassVar[type[Done]] = Done
    flags: int = wire(UInt(1), 0)


@dataclass(frozen=True, slots=True)
class CloseShift(Command[Done]):
    """Z report; in mode 3."""

    code: ClassVar[bytes] = b"\x5a"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.SHIFT
    reply: ClassVar[type[Done]] = Done


@dataclass(frozen=True, slots=True)
class Report(Command[Done]):
    """In mode 2."""

    X: ClassVar[int] = 1

    code: ClassVar[bytes] = b"\x67"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.REPORT
    reply: ClassVar[type[Done]] = Done
    kind: int = wire(UInt(1))


# --- receipt ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WriteRequisite(Command[Done]):
    """One tag of the document, or of the position between ``BeginPosition`` and ``EndPosition``; in one block."""

    code: ClassVar[bytes] = b"\xe8\x01\x01\x00"
    repeat: ClassVar[Repeat] = Repeat.FILL
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done
    tlv: bytes = wire(Raw(most=1024))


@dataclass(frozen=True, slots=True)
class OpenReceipt(Command[Done]):
    ELECTRONIC: ClassVar[int] = 0x04  # flag: no paper

    code: ClassVar[bytes] = b"\x92"
    repeat: ClassVar[Repeat] = Repeat.FILL
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done
    flags: int = wire(UInt(1))
    type: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class BeginPosition(Command[Done]):
    code: ClassVar[bytes] = b"\xea\x00\x01\x00"
    repeat: ClassVar[Repeat] = Repeat.FILL
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done


@dataclass(frozen=True, slots=True)
class EndPosition(Command[Done]):
    """``total`` counts, not price times quantity. The discount is for information and never used here."""

    QUANTITY_PLACES: ClassVar[int] = 3

    code: ClassVar[bytes] = b"\xeb"
    repeat: ClassVar[Repeat] = Repeat.FILL
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done
    flags: int = wire(UInt(1))
    price: int = wire(Bcd(WIDE))
    quantity: int = wire(Bcd(5))  # thousandths
    total: int = wire(Bcd(WIDE))
    tax: int = wire(UInt(1))
    tax_sum: int = wire(Bcd(WIDE))
    department: int = wire(UInt(1))
    payment_object: int = wire(Bcd(1))
    payment_method: int = wire(UInt(1))
    discount: bytes = wire(Raw(8))  # sign, sum
    reserved: bytes = wire(Raw(2))
    name: str = wire(Printed(most=128))


@dataclass(frozen=True, slots=True)
class Discount(Command[Done]):
    """On the whole receipt, before the payments. ``sign``: 0 discount, 1 surcharge."""

    code: ClassVar[bytes] = b"\x43\x00\x00\x01"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done
    sign: int = wire(UInt(1))
    amount: int = wire(Bcd(MONEY))


@dataclass(frozen=True, slots=True)
class PaymentReply:
    remainder: int = wire(Bcd(MONEY))
    change: int = wire(Bcd(MONEY))


@dataclass(frozen=True, slots=True)
class Payment(Command[PaymentReply]):
    code: ClassVar[bytes] = b"\x99\x00"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[PaymentReply]] = PaymentReply
    type: int = wire(UInt(1))
    amount: int = wire(Bcd(MONEY))


@dataclass(frozen=True, slots=True)
class CloseReceipt(Command[Done]):
    """After the payments: type cash and no sum of its own."""

    code: ClassVar[bytes] = b"\x4a\x00"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.CLOSE
    reply: ClassVar[type[Done]] = Done
    type: int = wire(UInt(1), PaymentType.CASH)
    amount: int = wire(Bcd(MONEY), 0)


@dataclass(frozen=True, slots=True)
class CancelReceipt(Command[Done]):
    """Harmless when nothing is open: the error says so."""

    code: ClassVar[bytes] = b"\x59"
    repeat: ClassVar[Repeat] = Repeat.FILL
    pace: ClassVar[Pace] = Pace.CANCEL
    reply: ClassVar[type[Done]] = Done


# --- cash ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CashIn(Command[Done]):
    code: ClassVar[bytes] = b"\x49\x00"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.REPORT
    reply: ClassVar[type[Done]] = Done
    amount: int = wire(Bcd(MONEY))


@dataclass(frozen=True, slots=True)
class CashOut(Command[Done]):
    code: ClassVar[bytes] = b"\x4f\x00"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.REPORT
    reply: ClassVar[type[Done]] = Done
    amount: int = wire(Bcd(MONEY))


# --- paper -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContinuePrint(Command[Done]):
    """Harmless when nothing waits."""

    code: ClassVar[bytes] = b"\xee"
    repeat: ClassVar[Repeat] = Repeat.FILL
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done


@dataclass(frozen=True, slots=True)
class PrintCopy(Command[Done]):
    code: ClassVar[bytes] = b"\x95"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.REPORT
    reply: ClassVar[type[Done]] = Done


@dataclass(frozen=True, slots=True)
class PrintLine(Command[Done]):
    code: ClassVar[bytes] = b"\x4c"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.FILL
    answered: ClassVar[bool] = False
    reply: ClassVar[type[Done]] = Done
    text: str = wire(Printed(most=128))


class BarcodeType(IntEnum):
    """The two whose numbers are known."""

    QR = 0
    EAN13 = 1


@dataclass(frozen=True, slots=True)
class PrintBarcode(Command[Done]):
    """Zeros leave version, correction, rows, columns and proportions to the device."""

    code: ClassVar[bytes] = b"\xc1"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done
    type: int = wire(UInt(1))
    align: int = wire(UInt(1))  # 0 left, 1 centre, 2 right
    scale: int = wire(UInt(1))
    settings: bytes = wire(Raw(11))  # version 2, options 2, correction, rows, columns, proportion 2, pixel 2
    data: bytes = wire(Raw(most=1024))


@dataclass(frozen=True, slots=True)
class FinishSlip(Command[Done]):
    """The foot of a non-fiscal document; in mode 2."""

    code: ClassVar[bytes] = b"\x73"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done


@dataclass(frozen=True, slots=True)
class Cut(Command[Done]):
    FULL: ClassVar[int] = 0
    PARTIAL: ClassVar[int] = 1

    code: ClassVar[bytes] = b"\x75"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done
    depth: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class KickDrawer(Command[Done]):
    code: ClassVar[bytes] = b"\x80"
    repeat: ClassVar[Repeat] = Repeat.NEVER
    pace: ClassVar[Pace] = Pace.FILL
    reply: ClassVar[type[Done]] = Done
