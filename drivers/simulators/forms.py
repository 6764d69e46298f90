"""Codes of fiscal documents' forms (order ЕД-7-20/662@)."""

from __future__ import annotations

REGISTRATION, CHANGE, OPEN_SHIFT, RECEIPT, CLOSE_SHIFT, CLOSE_ARCHIVE = 1, 11, 2, 3, 5, 6
STATE_REPORT, CORRECTION = 21, 31
SALES = frozenset({RECEIPT, CORRECTION})
"""Forms that carry a settlement."""

NAMES = {
    REGISTRATION: "registration",
    CHANGE: "registration_change",
    OPEN_SHIFT: "open_shift",
    RECEIPT: "receipt",
    CLOSE_SHIFT: "close_shift",
    CLOSE_ARCHIVE: "close_archive",
    STATE_REPORT: "state_report",
    CORRECTION: "correction",
}
SIZE_LIMITS = {REGISTRATION: 6144, CHANGE: 6144, OPEN_SHIFT: 4096, CLOSE_SHIFT: 4096, CLOSE_ARCHIVE: 4096}
"""Bytes of TLV; any other form takes 32768."""
IN_PROGRESS = {
    REGISTRATION: 0x01,
    OPEN_SHIFT: 0x02,
    RECEIPT: 0x04,
    CLOSE_SHIFT: 0x08,
    CLOSE_ARCHIVE: 0x10,
    CHANGE: 0x13,
    CORRECTION: 0x14,
    STATE_REPORT: 0x17,
}
"""Form -> byte by which the drive's status names the document that is begun; 0 is none."""
