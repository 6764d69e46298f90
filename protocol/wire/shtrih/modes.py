"""Modes and submodes of a Shtrih-M register (protocol 1.17, "modes of the fiscal register")."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Mode(IntEnum):
    """Low nibble of the mode byte; the high nibble is a status (for ``DOCUMENT`` its type)."""

    OPERATIONAL = 0
    DUMP = 1
    SHIFT_OPEN = 2
    SHIFT_EXPIRED = 3
    SHIFT_CLOSED = 4
    LOCKED = 5
    AWAITING_DATE = 6
    DECIMAL_POINT = 7
    DOCUMENT = 8
    RESET_ALLOWED = 9
    TEST_RUN = 10
    FULL_REPORT = 11
    LONG_REPORT = 12
    SLIP = 13
    SLIP_READY = 14
    SLIP_DONE = 15


class Submode(IntEnum):
    IDLE = 0
    NO_PAPER = 1  # noticed while idle
    PAPER_RAN_OUT = 2  # while printing
    AWAITING_CONTINUE = 3  # paper is back
    PRINTING_REPORT = 4
    PRINTING = 5


class Flag(IntFlag):
    """Some of the flags of 10h and 11h. Sensors that a model lacks read 0."""

    RECEIPT_ROLL = 1 << 1
    RECEIPT_PAPER = 1 << 7
    COVER_OPEN = 1 << 10
    DRAWER_OPEN = 1 << 11


class Feature(IntFlag):
    """Some of the flags of the model's parameters (F7h)."""

    CUTTER = 1 << 13
    DRAWER_SENSOR = 1 << 15
    PROTOCOL_2 = 1 << 28
    FISCAL_DRIVE = 1 << 43
    EXTENDED_ANSWERS = 1 << 50


class DriveWarning(IntFlag):
    """Warnings of the fiscal drive in FF01h."""

    REPLACE_NOW = 1 << 0  # within 3 days
    RESOURCE = 1 << 1  # within 30 days
    MEMORY = 1 << 2  # 90 % of the archive is used
    OFD_OVERDUE = 1 << 3


DRIVE_WORKING = 3
"""Phase of a fiscal drive that makes documents (FF01h); 1 not registered yet, 7 being closed, 15 archive only."""


def mode_of(byte: int) -> Mode:
    return Mode(byte & 0x0F)


def is_busy(mode: int, submode: int) -> bool:
    """Printing or executing: only asking again later makes sense."""
    return submode in (Submode.PRINTING, Submode.PRINTING_REPORT) or mode_of(mode) in (
        Mode.FULL_REPORT,
        Mode.LONG_REPORT,
        Mode.DUMP,
    )
