"""Commands that only read: the device's state and its registers (91h). Numbers are BCD unless said."""

# ruff: noqa: RUF009  (wire() makes a dataclass field; the rule does not know it)

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntFlag
from typing import ClassVar

from protocol.wire.atol.coding import MONEY, WIDE, Bcd, Big, Day, Digits, Moment, Printed
from protocol.wire.atol.command import Command, Head
from protocol.wire.layout import Raw, Text, UInt, wire


class Flag(IntFlag):
    """Of ``StateReply``."""

    FISCAL = 1 << 0
    SHIFT_OPEN = 1 << 1
    DRAWER_CLOSED = 1 << 2
    PAPER = 1 << 3
    COVER_OPEN = 1 << 5
    DRIVE_ACTIVE = 1 << 6
    BATTERY_LOW = 1 << 7


class Trouble(IntFlag):
    """Of ``StateCodeReply``: the printer."""

    NO_PAPER = 1 << 0
    PRINTER_LOST = 1 << 1
    MECHANICS = 1 << 2
    CUTTER = 1 << 3
    OVERHEAT = 1 << 4


# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceTypeReply:
    protocol: int = wire(UInt(1))
    type: int = wire(UInt(1))  # 1: cash register
    model: int = wire(UInt(1))
    mode: bytes = wire(Raw(2))
    major: int = wire(Bcd(1))
    minor: int = wire(Bcd(1))
    language: int = wire(Bcd(1))
    build: int = wire(Bcd(2))
    name: str = wire(Printed(), "")

    @property
    def firmware(self) -> str:
        return f"{self.major}.{self.minor}.{self.build}"


@dataclass(frozen=True, slots=True)
class DeviceType(Command[DeviceTypeReply]):
    code: ClassVar[bytes] = b"\xa5"
    head: ClassVar[Head] = Head.BARE
    reply: ClassVar[type[DeviceTypeReply]] = DeviceTypeReply


@dataclass(frozen=True, slots=True)
class StateReply:
    cashier: int = wire(Bcd(1))
    number_in_shop: int = wire(UInt(1))
    at: datetime | None = wire(Moment("YMDHMS"))
    flags: int = wire(UInt(1))
    serial: str = wire(Digits(4))  # the last digits of the whole number
    model: int = wire(UInt(1))
    version: str = wire(Text(2, encoding="cp866"))
    mode: int = wire(UInt(1))
    receipt_number: int = wire(Bcd(2))
    shift_number: int = wire(Bcd(2))
    receipt_state: int = wire(UInt(1))
    receipt_sum: int = wire(Bcd(MONEY))
    decimals: int = wire(UInt(1))
    port: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class State(Command[StateReply]):
    code: ClassVar[bytes] = b"\x3f"
    head: ClassVar[Head] = Head.OWN
    reply: ClassVar[type[StateReply]] = StateReply


@dataclass(frozen=True, slots=True)
class StateCodeReply:
    state: int = wire(UInt(1))
    flags: int = wire(UInt(1))  # ``Trouble``

    @property
    def mode(self) -> int:
        return self.state & 0x0F


@dataclass(frozen=True, slots=True)
class StateCode(Command[StateCodeReply]):
    code: ClassVar[bytes] = b"\x45"
    head: ClassVar[Head] = Head.FIELDS
    reply: ClassVar[type[StateCodeReply]] = StateCodeReply


@dataclass(frozen=True, slots=True)
class TableValue:
    value: bytes = wire(Raw(most=4096))


@dataclass(frozen=True, slots=True)
class ReadTable(Command[TableValue]):
    code: ClassVar[bytes] = b"\x46"
    reply: ClassVar[type[TableValue]] = TableValue
    table: int = wire(UInt(1))
    row: int = wire(Big(2))
    field: int = wire(UInt(1))


# --- registers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Money5:
    value: int = wire(Bcd(5))


@dataclass(frozen=True, slots=True)
class Money6:
    value: int = wire(Bcd(6))


@dataclass(frozen=True, slots=True)
class Money7:
    value: int = wire(Bcd(WIDE))


@dataclass(frozen=True, slots=True)
class Count2:
    value: int = wire(Bcd(2))


@dataclass(frozen=True, slots=True)
class Payments(Command[Money6]):
    """Sum of payments of the shift."""

    code: ClassVar[bytes] = b"\x91\x03"
    reply: ClassVar[type[Money6]] = Money6
    receipt_type: int = wire(UInt(1))
    payment_type: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class CashInSum(Command[Money6]):
    code: ClassVar[bytes] = b"\x91\x04\x00\x00"
    reply: ClassVar[type[Money6]] = Money6


@dataclass(frozen=True, slots=True)
class CashOutSum(Command[Money6]):
    code: ClassVar[bytes] = b"\x91\x05\x00\x00"
    reply: ClassVar[type[Money6]] = Money6


@dataclass(frozen=True, slots=True)
class CashInCount(Command[Count2]):
    code: ClassVar[bytes] = b"\x91\x08\x00\x00"
    reply: ClassVar[type[Count2]] = Count2


@dataclass(frozen=True, slots=True)
class CashOutCount(Command[Count2]):
    code: ClassVar[bytes] = b"\x91\x09\x00\x00"
    reply: ClassVar[type[Count2]] = Count2


@dataclass(frozen=True, slots=True)
class Drawer(Command[Money7]):
    code: ClassVar[bytes] = b"\x91\x0a\x00\x00"
    reply: ClassVar[type[Money7]] = Money7


@dataclass(frozen=True, slots=True)
class ShiftTotal(Command[Money7]):
    """Sum of the shift's receipts; ``kind`` counts 0 sell, 1 buy, 2 sell return, 3 buy return."""

    code: ClassVar[bytes] = b"\x91\x0c"
    reply: ClassVar[type[Money7]] = Money7
    kind: int = wire(UInt(1))
    second: int = wire(UInt(1), 0)


@dataclass(frozen=True, slots=True)
class ClockReply:
    at: datetime | None = wire(Moment("DMYHMS"))


@dataclass(frozen=True, slots=True)
class ReadClock(Command[ClockReply]):
    code: ClassVar[bytes] = b"\x91\x11\x00\x00"
    reply: ClassVar[type[ClockReply]] = ClockReply


@dataclass(frozen=True, slots=True)
class ShiftReply:
    state: int = wire(UInt(1))  # 0 closed, 1 open, 2 expired
    ends_at: datetime | None = wire(Moment("DMYHMS"))

    CLOSED: ClassVar[int] = 0
    OPEN: ClassVar[int] = 1
    EXPIRED: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Shift(Command[ShiftReply]):
    code: ClassVar[bytes] = b"\x91\x12\x00\x01"
    reply: ClassVar[type[ShiftReply]] = ShiftReply


@dataclass(frozen=True, slots=True)
class DocumentReply:
    mode: int = wire(UInt(1))
    receipt_type: int = wire(UInt(1))  # 0: no receipt is open, else as in ``OpenReceipt``
    receipt_number: int = wire(Bcd(2))
    document_number: int = wire(Bcd(4))


@dataclass(frozen=True, slots=True)
class OpenDocument(Command[DocumentReply]):
    """Mode, the receipt that is being made, the running number of documents of any kind."""

    code: ClassVar[bytes] = b"\x91\x13\x00\x00"
    reply: ClassVar[type[DocumentReply]] = DocumentReply


@dataclass(frozen=True, slots=True)
class ReceiptTotals:
    total: int = wire(Bcd(MONEY))
    remainder: int = wire(Bcd(MONEY))
    change: int = wire(Bcd(MONEY))


@dataclass(frozen=True, slots=True)
class CurrentReceipt(Command[ReceiptTotals]):
    code: ClassVar[bytes] = b"\x91\x14\x00\x00"
    reply: ClassVar[type[ReceiptTotals]] = ReceiptTotals


@dataclass(frozen=True, slots=True)
class LastClosedShift(Command[Count2]):
    code: ClassVar[bytes] = b"\x91\x15\x00\x00"
    reply: ClassVar[type[Count2]] = Count2


@dataclass(frozen=True, slots=True)
class SerialReply:
    number: str = wire(Digits(7))


@dataclass(frozen=True, slots=True)
class SerialNumber(Command[SerialReply]):
    code: ClassVar[bytes] = b"\x91\x16\x00\x00"
    reply: ClassVar[type[SerialReply]] = SerialReply


@dataclass(frozen=True, slots=True)
class LineReply:
    length: bytes = wire(Raw(1))
    dots: bytes = wire(Raw(2), b"")

    @property
    def columns(self) -> int | None:
        """``None`` for what is no packed decimal number: not every source takes it for one."""
        digits = self.length.hex()
        return int(digits) if digits.isdecimal() else None


@dataclass(frozen=True, slots=True)
class LineLength(Command[LineReply]):
    code: ClassVar[bytes] = b"\x91\x18\x00\x00"
    reply: ClassVar[type[LineReply]] = LineReply


@dataclass(frozen=True, slots=True)
class LifeReply:
    registrations: int = wire(Bcd(1))
    registrations_left: int = wire(Bcd(1))
    expires: date | None = wire(Day())


@dataclass(frozen=True, slots=True)
class DriveLife(Command[LifeReply]):
    code: ClassVar[bytes] = b"\x91\x1a\x00\x00"
    reply: ClassVar[type[LifeReply]] = LifeReply


@dataclass(frozen=True, slots=True)
class OwnerReply:
    inn: str = wire(Digits(6))


@dataclass(frozen=True, slots=True)
class OwnerInn(Command[OwnerReply]):
    code: ClassVar[bytes] = b"\x91\x1b\x00\x00"
    reply: ClassVar[type[OwnerReply]] = OwnerReply


@dataclass(frozen=True, slots=True)
class LastReceiptReply:
    fd: int = wire(Bcd(5))
    kind: int = wire(UInt(1))
    total: int = wire(Bcd(WIDE))
    at: datetime | None = wire(Moment("DMYHM"))
    sign: int = wire(Bcd(5))


@dataclass(frozen=True, slots=True)
class LastReceipt(Command[LastReceiptReply]):
    code: ClassVar[bytes] = b"\x91\x33\x00\x00"
    reply: ClassVar[type[LastReceiptReply]] = LastReceiptReply


@dataclass(frozen=True, slots=True)
class LastDocumentReply:
    fd: int = wire(Bcd(5))
    at: datetime | None = wire(Moment("DMYHM"))
    sign: int = wire(Bcd(5))


@dataclass(frozen=True, slots=True)
class LastDocument(Command[LastDocumentReply]):
    code: ClassVar[bytes] = b"\x91\x34\x00\x00"
    reply: ClassVar[type[LastDocumentReply]] = LastDocumentReply


@dataclass(frozen=True, slots=True)
class InShiftReply:
    receipt: int = wire(Bcd(3))
    shift: int = wire(Bcd(3))


@dataclass(frozen=True, slots=True)
class InShift(Command[InShiftReply]):
    code: ClassVar[bytes] = b"\x91\x35\x00\x00"
    reply: ClassVar[type[InShiftReply]] = InShiftReply


@dataclass(frozen=True, slots=True)
class FormatReply:
    device: int = wire(UInt(1))
    drive: int = wire(UInt(1))
    current: int = wire(UInt(1))  # 1 1.0, 2 1.05, 3 1.1, 4 1.2


@dataclass(frozen=True, slots=True)
class FormatVersion(Command[FormatReply]):
    code: ClassVar[bytes] = b"\x91\x36\x00\x00"
    reply: ClassVar[type[FormatReply]] = FormatReply


@dataclass(frozen=True, slots=True)
class ExtendedError(Command[TableValue]):
    """What stands behind error EEh; its form is not published."""

    code: ClassVar[bytes] = b"\x91\x37\x00\x00"
    reply: ClassVar[type[TableValue]] = TableValue


@dataclass(frozen=True, slots=True)
class PrintReply:
    state: int = wire(UInt(1))

    @property
    def pending(self) -> bool:
        """The last document is not on the paper in full."""
        return bool(self.state & 0xF0)


@dataclass(frozen=True, slots=True)
class PrintState(Command[PrintReply]):
    code: ClassVar[bytes] = b"\x91\x3b\x00\x00"
    reply: ClassVar[type[PrintReply]] = PrintReply


@dataclass(frozen=True, slots=True)
class ReceiptCount(Command[Money5]):
    """Receipts of the shift, by the type of ``OpenReceipt``."""

    code: ClassVar[bytes] = b"\x91\x41"
    reply: ClassVar[type[Money5]] = Money5
    receipt_type: int = wire(UInt(1))
    second: int = wire(UInt(1), 0)


@dataclass(frozen=True, slots=True)
class TaxReply:
    value: str = wire(Digits(None))

    @property
    def kopecks(self) -> int:
        return int(self.value or "0")


@dataclass(frozen=True, slots=True)
class TaxSum(Command[TaxReply]):
    """Tax in the receipt that is being made, by the code of ``operations.Tax``."""

    code: ClassVar[bytes] = b"\x91\x3d"
    reply: ClassVar[type[TaxReply]] = TaxReply
    tax: int = wire(UInt(1))
    second: int = wire(UInt(1), 0)
