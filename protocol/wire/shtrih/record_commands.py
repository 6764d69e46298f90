"""Commands about money in the drawer, the registers that count it, the fiscal drive's resources and its tag buffer.

Source: protocol 1.17, commands by number; registers by their numbers in the same document.
"""

# ruff: noqa: RUF009  (wire() makes a dataclass field; the rule does not know it)

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from protocol.wire.layout import DriveTime, Raw, UInt, wire
from protocol.wire.shtrih.commands import MONEY, Command, Done, Repeat
from protocol.wire.steps import Pace


@dataclass(frozen=True, slots=True)
class DriveDate:
    """A date of the fiscal drive, ``YY MM DD``; ``None`` for what is none."""

    size: int = 3

    def encode(self, value: date | None) -> bytes:
        return bytes(3) if value is None else bytes((value.year - 2000, value.month, value.day))

    def decode(self, data: bytes) -> date | None:
        try:
            return date(2000 + data[0], data[1], data[2])
        except ValueError:
            return None


# --- counting registers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OperationRegisterReply:
    operator: int = wire(UInt(1))
    value: int = wire(UInt(2))


@dataclass(frozen=True, slots=True)
class OperationRegister(Command[OperationRegisterReply]):
    """A counter of documents: 144 + t receipts of the shift, 153 and 154 cash in and cash out."""

    code = b"\x1b"
    reply = OperationRegisterReply
    RECEIPTS: ClassVar[int] = 144
    CASH_IN: ClassVar[int] = 153
    CASH_OUT: ClassVar[int] = 154

    password: int = wire(UInt(4))
    register: int = wire(UInt(1))


# --- cash in the drawer ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CashReply:
    operator: int = wire(UInt(1))
    document_number: int = wire(UInt(2))


@dataclass(frozen=True, slots=True)
class CashIn(Command[CashReply]):
    code = b"\x50"
    pace = Pace.REPORT
    repeat = Repeat.NEVER
    reply = CashReply

    password: int = wire(UInt(4))
    amount: int = wire(UInt(MONEY))


@dataclass(frozen=True, slots=True)
class CashOut(Command[CashReply]):
    code = b"\x51"
    pace = Pace.REPORT
    repeat = Repeat.NEVER
    reply = CashReply

    password: int = wire(UInt(4))
    amount: int = wire(UInt(MONEY))


# --- what is left of the fiscal drive --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DriveExpiryReply:
    """Devices add the two counters, which the text does not list."""

    day: date | None = wire(DriveDate())
    registrations_left: int | None = wire(UInt(1), None)
    registrations_done: int | None = wire(UInt(1), None)


@dataclass(frozen=True, slots=True)
class DriveExpiry(Command[DriveExpiryReply]):
    code = b"\xff\x03"
    reply = DriveExpiryReply

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class ExchangeReply:
    state: int = wire(UInt(1))
    reading: int = wire(UInt(1))
    unsent: int = wire(UInt(2))
    first_fd: int = wire(UInt(4))
    first_at: datetime | None = wire(DriveTime())


@dataclass(frozen=True, slots=True)
class ExchangeState(Command[ExchangeReply]):
    """The queue of documents for the OFD."""

    code = b"\xff\x39"
    reply = ExchangeReply

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class UnconfirmedReply:
    count: int = wire(UInt(2))


@dataclass(frozen=True, slots=True)
class Unconfirmed(Command[UnconfirmedReply]):
    code = b"\xff\x3f"
    reply = UnconfirmedReply

    password: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class DriveMemoryReply:
    documents_left: int = wire(UInt(4))  # in the area kept for five years
    kilobytes_left: int = wire(UInt(4))  # in the area kept for thirty days
    notifications_full: int | None = wire(UInt(1), None)  # per cent


@dataclass(frozen=True, slots=True)
class DriveMemory(Command[DriveMemoryReply]):
    code = b"\xff\x63"
    reply = DriveMemoryReply

    password: int = wire(UInt(4))


# --- tags that are too long for one command --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BufferReply:
    block: int = wire(UInt(1))  # bytes that one ``WriteBuffer`` may carry


@dataclass(frozen=True, slots=True)
class BeginBuffer(Command[BufferReply]):
    code = b"\xff\x32"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = BufferReply

    password: int = wire(UInt(4))
    size: int = wire(UInt(2))


@dataclass(frozen=True, slots=True)
class WriteBuffer(Command[Done]):
    code = b"\xff\x33"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done
    ROOM: ClassVar[int] = 246  # 255 bytes of payload less code, password, offset and length

    password: int = wire(UInt(4))
    offset: int = wire(UInt(2))
    length: int = wire(UInt(1))
    data: bytes = wire(Raw(most=ROOM))


@dataclass(frozen=True, slots=True)
class SendBuffer(Command[Done]):
    """Attach the buffer's TLV to the document that is being made."""

    code = b"\xff\x64"
    pace = Pace.FILL
    repeat = Repeat.NEVER
    reply = Done

    password: int = wire(UInt(4))
