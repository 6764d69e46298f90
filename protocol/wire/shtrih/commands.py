"""Shtrih-M commands as typed requests and replies.

Layouts: "Protocol of the fiscal register" 1.17, commands by number; the length and the legacy bytes of 10h and 11h as
real devices send them. A request knows its longest execution time (``pace``) and whether the device may be asked twice
(``repeat``). Money is kopecks, passwords are numbers as typed, text is Windows-1251, text inside TLV CP866.
"""

# ruff: noqa: RUF009  (wire() makes a dataclass field; the rule does not know it)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any, ClassVar, Generic, Self, TypeVar

from protocol.wire.layout import (
    DayMonthYear,
    Dotted,
    DriveTime,
    HourMinuteSecond,
    LayoutError,
    Raw,
    Text,
    UInt,
    UIntOrNone,
    UInts,
    pack,
    unpack,
    wire,
)
from protocol.wire.steps import Pace

SYSTEM_ADMINISTRATOR = 30
MONEY = 5
TLV_ROOM = 249  # 255 bytes of payload less two of code and four of password


MAX_TIME: Mapping[Pace, float] = {
    Pace.QUERY: 5.0,
    Pace.FILL: 30.0,
    Pace.CLOSE: 30.0,
    Pace.CANCEL: 30.0,
    Pace.SHIFT: 120.0,
    Pace.REPORT: 30.0,
}
"""Seconds; a model's profile may say otherwise."""


class Repeat(Enum):
    SAFE = "safe"  # only reads: asking twice changes nothing
    NEVER = "never"  # may have been executed: only a query can tell


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class RegisterNumber:
    """Number of a money register: one byte, from 256 on two (not on every model)."""

    size: int | None = None

    def encode(self, value: int) -> bytes:
        return UInt(1 if value < 256 else 2).encode(value)

    def decode(self, data: bytes) -> int:
        if len(data) not in (1, 2):
            raise LayoutError(f"{len(data)} bytes where one or two belong")
        return int.from_bytes(data, "little")


@dataclass(frozen=True, slots=True)
class Command(Generic[R]):
    """A request. ``code`` is one byte, or two (FFxxh, high byte first)."""

    code: ClassVar[bytes]
    pace: ClassVar[Pace] = Pace.QUERY
    repeat: ClassVar[Repeat] = Repeat.SAFE
    reply: ClassVar[type[Any]]

    def to_bytes(self) -> bytes:
        """The payload of a frame. Raises ``LayoutError`` when a value does not fit."""
        return self.code + pack(self)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The other way round, for traces and tests. Raises ``LayoutError``."""
        if not payload.startswith(cls.code):
            raise LayoutError(f"{cls.__name__} starts with {cls.code.hex()}, not {payload[:2].hex()}")
        return unpack(cls, payload[len(cls.code) :])

    def read_reply(self, fields: bytes) -> R:
        """Reply fields (what follows the error byte) as a value. Raises ``LayoutError``."""
        reply: R = unpack(self.reply, fields)
        return reply


# --- replies ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing but "done"; some commands add the operator's number, which nobody needs."""


@dataclass(frozen=True, slots=True)
class ShortStatusReply:
    operator: int = wire(UInt(1))
    flags: int = wire(UInt(2))
    mode: int = wire(UInt(1))
    submode: int = wire(UInt(1))
    operations_low: int = wire(UInt(1))
    battery: int = wire(UInt(1))  # volts * 51
    supply: int = wire(UInt(1))  # volts * 9
    memory_error: int = wire(UInt(1))  # legacy
    journal_error: int = wire(UInt(1))  # legacy
    operations_high: int = wire(UInt(1))
    reserved: bytes = wire(Raw(3))
    last_print: int | None = wire(UInt(1), None)


@dataclass(frozen=True, slots=True)
class FullStatusReply:
    operator: int = wire(UInt(1))
    firmware: str = wire(Dotted())
    build: int = wire(UInt(2))
    firmware_date: date | None = wire(DayMonthYear())
    room_number: int = wire(UInt(1))
    document_number: int = wire(UInt(2))
    flags: int = wire(UInt(2))
    mode: int = wire(UInt(1))
    submode: int = wire(UInt(1))
    port: int = wire(UInt(1))
    memory_version: bytes = wire(Raw(2))  # legacy, as the next two
    memory_build: int = wire(UInt(2))
    memory_date: date | None = wire(DayMonthYear())
    day: date | None = wire(DayMonthYear())
    clock: time | None = wire(HourMinuteSecond())
    memory_flags: int = wire(UInt(1))
    serial_low: int | None = wire(UIntOrNone(4))
    last_closed_shift: int = wire(UInt(2))
    free_records: int = wire(UInt(2))
    registrations_done: int = wire(UInt(1))
    registrations_left: int = wire(UInt(1))
    inn: int | None = wire(UIntOrNone(6))
    serial_high: int | None = wire(UIntOrNone(2), None)

    @property
    def serial(self) -> str:
        """The number this command has room for; the full one stands in table 18."""
        if self.serial_low is None:
            return ""
        return str((self.serial_high or 0) << 32 | self.serial_low)


@dataclass(frozen=True, slots=True)
class DeviceTypeReply:
    type: int = wire(UInt(1))
    subtype: int = wire(UInt(1))
    protocol_version: int = wire(UInt(1))
    protocol_subversion: int = wire(UInt(1))
    model: int = wire(UInt(1))
    language: int = wire(UInt(1))
    name: str = wire(Text())


@dataclass(frozen=True, slots=True)
class ModelParametersReply:
    """Devices answer shorter and longer than the 31 bytes of the document."""

    flags: int = wire(UInt(8))
    font1_width: int = wire(UInt(1), 0)
    font2_width: int = wire(UInt(1), 0)
    first_graphics_line: int = wire(UInt(1), 0)
    digits: bytes = wire(Raw(4), bytes(4))  # of ИНН, РНМ, long РНМ, long serial
    tax_officer_password: int = wire(UInt(4), 0)
    administrator_password: int = wire(UInt(4), 0)
    bluetooth_table: int = wire(UInt(1), 0)
    tax_mode_field: int = wire(UInt(1), 0)
    max_command: int = wire(UInt(2), 0)  # bytes; 0: the default
    barcode_width: int = wire(UInt(1), 0)
    graphics_width: int = wire(UInt(1), 0)
    graphics_lines: int = wire(UInt(2), 0)


@dataclass(frozen=True, slots=True)
class ErrorTextReply:
    text: str = wire(Text())


@dataclass(frozen=True, slots=True)
class RegisterReply:
    operator: int = wire(UInt(1))
    value: int = wire(UInt(6))


@dataclass(frozen=True, slots=True)
class TableReply:
    value: bytes = wire(Raw())

    @property
    def number(self) -> int:
        return int.from_bytes(self.value, "little")

    @property
    def text(self) -> str:
        return Text().decode(self.value).strip()


@dataclass(frozen=True, slots=True)
class TableInfoReply:
    name: str = wire(Text(40))
    rows: int = wire(UInt(2))
    fields: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class FieldInfoReply:
    name: str = wire(Text(40))
    type: int = wire(UInt(1))  # 0 number, 1 text
    length: int = wire(UInt(1))
    limits: bytes = wire(Raw(), b"")


@dataclass(frozen=True, slots=True)
class SubtotalReply:
    operator: int = wire(UInt(1))
    total: int = wire(UInt(MONEY))


@dataclass(frozen=True, slots=True)
class DriveStatusReply:
    phase: int = wire(UInt(1))
    document: int = wire(UInt(1))
    document_data: int = wire(UInt(1))
    shift_open: int = wire(UInt(1))
    warnings: int = wire(UInt(1))
    last_document_at: datetime | None = wire(DriveTime())
    serial: str = wire(Text(16))
    last_fd: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class RegistrationReply:
    """The beginning that both lengths of this reply (50 and 67 bytes) share."""

    at: datetime | None = wire(DriveTime())
    inn: str = wire(Text(12))
    registration_number: str = wire(Text(20))
    tax_systems: int = wire(UInt(1))
    work_mode: int = wire(UInt(1))
    rest: bytes = wire(Raw(), b"")


@dataclass(frozen=True, slots=True)
class FoundDocumentReply:
    type: int = wire(UInt(1))
    confirmed: int = wire(UInt(1))
    at: datetime | None = wire(DriveTime())
    fd: int = wire(UInt(4))
    sign: int = wire(UInt(4))
    body: bytes = wire(Raw(), b"")


@dataclass(frozen=True, slots=True)
class ReceiptSummary:
    """Body of a receipt in ``FoundDocumentReply``; the operation counts as tag 1054 does."""

    operation: int = wire(UInt(1))
    total: int = wire(UInt(MONEY))


@dataclass(frozen=True, slots=True)
class ShiftSummary:
    """Body of an opened or closed shift in ``FoundDocumentReply``."""

    shift_number: int = wire(UInt(2))


@dataclass(frozen=True, slots=True)
class DocumentSizeReply:
    type: int = wire(UInt(2))
    length: int = wire(UInt(2))


@dataclass(frozen=True, slots=True)
class DocumentBlockReply:
    data: bytes = wire(Raw())


@dataclass(frozen=True, slots=True)
class ShiftReply:
    open: int = wire(UInt(1))
    number: int = wire(UInt(2))  # while closed: of the last closed shift
    receipt: int = wire(UInt(2))


@dataclass(frozen=True, slots=True)
class ClosedReply:
    change: int = wire(UInt(MONEY))
    fd: int = wire(UInt(4))
    sign: int = wire(UInt(4))
    at: datetime | None = wire(DriveTime(), None)


# --- requests: who and what state ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceType(Command[DeviceTypeReply]):
    code = b"\xfc"
    reply = DeviceTypeReply


@dataclass(frozen=True, slots=True)
class ModelParameters(Command[ModelParametersReply]):
    code = b"\xf7"
    reply = ModelParametersReply

    kind: int = wire(UInt(1), 1)


@dataclass(frozen=True, slots=True)
class ErrorText(Command[ErrorTextReply]):
    code = b"\x6b"
    reply = ErrorTextReply

    error: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class ShortStatus(Command[ShortStatusReply]):
    code = b"\x10"
    reply = ShortStatusReply

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class FullStatus(Command[FullStatusReply]):
    code = b"\x11"
    reply = FullStatusReply

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class MoneyRegister(Command[RegisterReply]):
    code = b"\x1a"
    reply = RegisterReply
    DRAWER: ClassVar[int] = 241
    CASH_IN: ClassVar[int] = 242
    CASH_OUT: ClassVar[int] = 243

    password: int = wire(UInt(4))
    register: int = wire(RegisterNumber())


@dataclass(frozen=True, slots=True)
class ReadTable(Command[TableReply]):
    code = b"\x1f"
    reply = TableReply

    password: int = wire(UInt(4))
    table: int = wire(UInt(1))
    row: int = wire(UInt(2))
    field: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class WriteTable(Command[Done]):
    """``value`` must be exactly as long as the field."""

    code = b"\x1e"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    table: int = wire(UInt(1))
    row: int = wire(UInt(2))
    field: int = wire(UInt(1))
    value: bytes = wire(Raw())


@dataclass(frozen=True, slots=True)
class TableInfo(Command[TableInfoReply]):
    code = b"\x2d"
    reply = TableInfoReply

    password: int = wire(UInt(4))
    table: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class FieldInfo(Command[FieldInfoReply]):
    code = b"\x2e"
    reply = FieldInfoReply

    password: int = wire(UInt(4))
    table: int = wire(UInt(1))
    field: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class DriveStatus(Command[DriveStatusReply]):
    code = b"\xff\x01"
    reply = DriveStatusReply

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class Registration(Command[RegistrationReply]):
    code = b"\xff\x09"
    reply = RegistrationReply

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class ShiftParameters(Command[ShiftReply]):
    code = b"\xff\x40"
    reply = ShiftReply

    password: int = wire(UInt(4))


# --- requests: the archive -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FindDocument(Command[FoundDocumentReply]):
    code = b"\xff\x0a"
    reply = FoundDocumentReply

    password: int = wire(UInt(4))
    fd: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class OpenDocument(Command[DocumentSizeReply]):
    """Announce a document's TLV; the blocks follow by ``NextBlock``."""

    code = b"\xff\x3a"
    reply = DocumentSizeReply

    password: int = wire(UInt(4))
    fd: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class NextBlock(Command[DocumentBlockReply]):
    """It reads, yet each call moves on to the next block: asked twice it would leave a hole in the document, and a
    hole where the imprint stands would prove a wrong thing. So a lost block starts the reading anew."""

    code = b"\xff\x3b"
    repeat = Repeat.NEVER
    reply = DocumentBlockReply

    password: int = wire(UInt(4))


# --- requests: shift, reports, printing ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenShift(Command[Done]):
    code = b"\xe0"
    pace = Pace.SHIFT
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class CloseShift(Command[Done]):
    """Z report."""

    code = b"\x41"
    pace = Pace.SHIFT
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class BeginOpenShift(Command[Done]):
    """Begin the document of an opened shift in the fiscal drive, so that tags can be attached before E0h."""

    code = b"\xff\x41"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class BeginCloseShift(Command[Done]):
    code = b"\xff\x42"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class XReport(Command[Done]):
    code = b"\x40"
    pace = Pace.REPORT
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class ContinuePrint(Command[Done]):
    code = b"\xb0"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))


# --- requests: the receipt -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenReceipt(Command[Done]):
    """``kind``: 0 income, 1 expense, 2 income return, 3 expense return. Not the order of tag 1054."""

    code = b"\x8d"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    kind: int = wire(UInt(1))


@dataclass(frozen=True, slots=True)
class Subtotal(Command[SubtotalReply]):
    code = b"\x89"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = SubtotalReply

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class CancelReceipt(Command[Done]):
    code = b"\x88"
    pace = Pace.CANCEL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class CancelDriveDocument(Command[Done]):
    """Drop the document that is begun in the fiscal drive."""

    code = b"\xff\x08"
    pace = Pace.CANCEL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class SendTags(Command[Done]):
    """Attach TLV to the document that is being made."""

    code = b"\xff\x0c"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    tlv: bytes = wire(Raw(most=TLV_ROOM))


@dataclass(frozen=True, slots=True)
class SendLineTags(Command[Done]):
    """Attach TLV to the operation sent just before."""

    code = b"\xff\x4d"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
    tlv: bytes = wire(Raw(most=TLV_ROOM))


@dataclass(frozen=True, slots=True)
class Operation(Command[Done]):
    """One position, "operation V2". ``operation`` counts as tag 1054 does, ``quantity`` is millionths, ``tax`` is the
    rate's bit code (not the row of table 6)."""

    code = b"\xff\x46"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done
    QUANTITY_PLACES: ClassVar[int] = 6

    password: int = wire(UInt(4))
    operation: int = wire(UInt(1))
    quantity: int = wire(UInt(6))
    price: int = wire(UInt(MONEY))
    total: int | None = wire(UIntOrNone(MONEY))  # None: price by quantity
    tax_sum: int | None = wire(UIntOrNone(MONEY))  # None: the device works it out
    tax: int = wire(UInt(1))
    department: int = wire(UInt(1))
    payment_method: int = wire(UInt(1))  # tag 1214
    payment_object: int = wire(UInt(1))  # tag 1212
    name: str = wire(Text(most=128))


@dataclass(frozen=True, slots=True)
class CloseReceipt(Command[ClosedReply]):
    """Close V2. ``payments``: 1 cash, 2..13 electronic, 14 prepaid, 15 credit, 16 other. ``taxes`` count only where the
    host works taxes out (table 1 field 14)."""

    code = b"\xff\x45"
    pace = Pace.CLOSE
    repeat = Repeat.NEVER
    reply = ClosedReply

    password: int = wire(UInt(4))
    payments: tuple[int, ...] = wire(UInts(16, MONEY))
    rounding: int = wire(UInt(1))
    taxes: tuple[int, ...] = wire(UInts(6, MONEY))
    tax_system: int = wire(UInt(1))
    text: str = wire(Text(most=64))
