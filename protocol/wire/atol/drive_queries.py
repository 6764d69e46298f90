"""What is asked of the fiscal drive (A4h), and the requisites that a register keeps (E9h). Binary, little-endian."""

# ruff: noqa: RUF009  (wire() makes a dataclass field; the rule does not know it)

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag
from typing import ClassVar

from protocol.wire.atol.command import Command, Done
from protocol.wire.layout import DriveTime, Raw, Text, UInt, wire


class DriveWarning(IntFlag):
    REPLACE_NOW = 0x01
    RESOURCE = 0x02
    MEMORY = 0x04
    OFD_OVERDUE = 0x08
    CRITICAL = 0x80


WORKING = 3
"""Phase of a drive that makes fiscal documents."""


@dataclass(frozen=True, slots=True)
class DriveStateReply:
    phase: int = wire(UInt(1))
    document: int = wire(UInt(1))  # kind of the begun document, 0: none
    document_data: int = wire(UInt(1))
    shift_open: int = wire(UInt(1))
    warnings: int = wire(UInt(1))  # ``DriveWarning``
    last_document_at: datetime | None = wire(DriveTime())
    serial: str = wire(Text(16, encoding="cp866"))
    last_fd: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class DriveState(Command[DriveStateReply]):
    code: ClassVar[bytes] = b"\xa4\x30"
    reply: ClassVar[type[DriveStateReply]] = DriveStateReply


@dataclass(frozen=True, slots=True)
class ExchangeReply:
    status: int = wire(UInt(1))
    reading: int = wire(UInt(1))
    unsent: int = wire(UInt(2))
    first_fd: int = wire(UInt(4))
    first_at: datetime | None = wire(DriveTime())


@dataclass(frozen=True, slots=True)
class DriveExchange(Command[ExchangeReply]):
    """Documents that wait for the OFD."""

    code: ClassVar[bytes] = b"\xa4\x20"
    reply: ClassVar[type[ExchangeReply]] = ExchangeReply


@dataclass(frozen=True, slots=True)
class FoundReply:
    type: int = wire(UInt(1))
    ticket: int = wire(UInt(1))
    at: datetime | None = wire(DriveTime())
    fd: int = wire(UInt(4))
    sign: int = wire(UInt(4))
    tail: bytes = wire(Raw(most=4096), b"")  # by the kind of document; the form is not published


@dataclass(frozen=True, slots=True)
class FindDocument(Command[FoundReply]):
    code: ClassVar[bytes] = b"\xa4\x40"
    reply: ClassVar[type[FoundReply]] = FoundReply
    fd: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class ReadDocument(Command[Done]):
    """Begin to read a document's tags."""

    code: ClassVar[bytes] = b"\xa4\x45"
    reply: ClassVar[type[Done]] = Done
    fd: int = wire(UInt(4))


@dataclass(frozen=True, slots=True)
class RecordReply:
    tlv: bytes = wire(Raw(most=4096))


@dataclass(frozen=True, slots=True)
class NextRecord(Command[RecordReply]):
    """The next tag of that document, until the error ``errors.NO_MORE_DATA``. Reading moves a mark in the device, yet
    it may be sent again: the task's number keeps the device from executing it twice, and a restart ends the reading."""

    code: ClassVar[bytes] = b"\xa4\x46"
    reply: ClassVar[type[RecordReply]] = RecordReply


@dataclass(frozen=True, slots=True)
class RequisiteReply:
    blocks: int = wire(UInt(1))
    tlv: bytes = wire(Raw(most=4096))


@dataclass(frozen=True, slots=True)
class ReadRequisite(Command[RequisiteReply]):
    code: ClassVar[bytes] = b"\xe9"
    reply: ClassVar[type[RequisiteReply]] = RequisiteReply
    tag: int = wire(UInt(2))
    block: int = wire(UInt(1), 0)
