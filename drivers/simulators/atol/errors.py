"""Reason -> the byte that the wire shows (reference of wire error bytes; where several mean the same, one of them)."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.simulators.atol.reasons import Reason

BYTES: Mapping[Reason, int] = {
    Reason.INVALID_SUM: 0x08,
    Reason.INVALID_QUANTITY: 0x0A,
    Reason.CASH_COUNTER_OVERFLOW: 0x0B,
    Reason.DISCOUNT_DENIED: 0x10,
    Reason.INVALID_COMMAND_FORMAT: 0x13,
    Reason.INVALID_COMMAND_LENGTH: 0x14,
    Reason.MODE_BLOCKED: 0x1E,
    Reason.DATE_TIME_LESS_THAN_FS: 0x20,
    Reason.INCORRECT_DATA: 0x46,
    Reason.INVALID_MODE: 0x66,
    Reason.NO_PAPER: 0x67,
    Reason.COVER_OPENED: 0x67,  # no byte of its own in the reference
    Reason.INVALID_RECEIPT_TYPE: 0x6A,
    Reason.NONCASH_PAYMENTS_TOO_MUCH: 0x71,
    Reason.BUSY: 0x76,
    Reason.NOT_SUPPORTED: 0x7A,
    Reason.OPERATION_AFTER_DISCOUNT_DENIED: 0x7C,
    Reason.INVALID_DEPARTMENT: 0x7D,
    Reason.INVALID_PAYMENT_TYPE: 0x7E,
    Reason.TOTAL_OVERFLOW: 0x81,
    Reason.NOT_FULLY_PAID: 0x86,
    Reason.SHIFT_EXPIRED: 0x88,
    Reason.INVALID_PASSWORD: 0x8C,
    Reason.INVALID_ACCESS_PASSWORD: 0xA4,
    Reason.DENIED_IN_CLOSED_SHIFT: 0x8F,
    Reason.INVALID_TABLE_NUMBER: 0x91,
    Reason.INVALID_ROW_NUMBER: 0x92,
    Reason.INVALID_FIELD_NUMBER: 0x93,
    Reason.INVALID_DATE_TIME: 0x94,
    Reason.NO_CASH: 0x98,
    Reason.DENIED_IN_CLOSED_RECEIPT: 0x9A,
    Reason.DENIED_IN_OPENED_RECEIPT: 0x9B,
    Reason.DENIED_IN_OPENED_SHIFT: 0x9C,
    Reason.CLOSE_RECEIPT_DENIED: 0xB3,
    Reason.NO_MORE_DATA: 0x18,
    Reason.FN_INVALID_FORMAT: 0xD3,
    Reason.FN_INVALID_STATE: 0xD4,
    Reason.FN_EXPIRED: 0xD7,
    Reason.FN_OVERFLOW: 0xD8,
    Reason.FN_INVALID_DATE_TIME: 0xD9,
    Reason.FN_NO_MORE_DATA: 0xDA,
    Reason.FN_RESOURCE_HAS_EXPIRED: 0xEB,
    Reason.BUFFER_OVERFLOW: 0xDC,
    Reason.TAX_SUM_TOO_MUCH: 0xDF,
}
