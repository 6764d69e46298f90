"""Why the register refuses, in words of no wire: the names are the vendor's own.

The wire shows a reason as a byte (``errors``), the library and the web server as a number; both are tables beside this.
"""

from __future__ import annotations

from enum import Enum, auto

from drivers.simulators.fiscal_drive import DriveCode


class Reason(Enum):
    INVALID_SUM = auto()
    INVALID_QUANTITY = auto()
    CASH_COUNTER_OVERFLOW = auto()
    DISCOUNT_DENIED = auto()
    INVALID_COMMAND_FORMAT = auto()
    INVALID_COMMAND_LENGTH = auto()
    MODE_BLOCKED = auto()
    DATE_TIME_LESS_THAN_FS = auto()
    INCORRECT_DATA = auto()
    INVALID_MODE = auto()
    NO_PAPER = auto()
    COVER_OPENED = auto()
    INVALID_RECEIPT_TYPE = auto()
    NONCASH_PAYMENTS_TOO_MUCH = auto()
    BUSY = auto()
    NOT_SUPPORTED = auto()
    OPERATION_AFTER_DISCOUNT_DENIED = auto()
    INVALID_DEPARTMENT = auto()
    INVALID_PAYMENT_TYPE = auto()
    TOTAL_OVERFLOW = auto()
    NOT_FULLY_PAID = auto()
    SHIFT_EXPIRED = auto()
    INVALID_PASSWORD = auto()
    INVALID_ACCESS_PASSWORD = auto()
    DENIED_IN_CLOSED_SHIFT = auto()
    INVALID_TABLE_NUMBER = auto()
    INVALID_ROW_NUMBER = auto()
    INVALID_FIELD_NUMBER = auto()
    INVALID_DATE_TIME = auto()
    NO_CASH = auto()
    DENIED_IN_CLOSED_RECEIPT = auto()
    DENIED_IN_OPENED_RECEIPT = auto()
    DENIED_IN_OPENED_SHIFT = auto()
    CLOSE_RECEIPT_DENIED = auto()
    NO_MORE_DATA = auto()
    FN_INVALID_FORMAT = auto()
    FN_INVALID_STATE = auto()
    FN_EXPIRED = auto()
    FN_OVERFLOW = auto()
    FN_INVALID_DATE_TIME = auto()
    FN_NO_MORE_DATA = auto()
    FN_RESOURCE_HAS_EXPIRED = auto()
    BUFFER_OVERFLOW = auto()
    TAX_SUM_TOO_MUCH = auto()


class Refusal(Exception):
    """The register refuses and has changed nothing; but see ``PAPER``."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


PAPER = frozenset({Reason.NO_PAPER, Reason.COVER_OPENED})
"""After these a fiscal document may be in the drive although the command failed: its paper is not finished."""

OF_DRIVE = {
    DriveCode.WRONG_STATE: Reason.FN_INVALID_STATE,
    DriveCode.LIFE_EXPIRED: Reason.FN_EXPIRED,
    DriveCode.ARCHIVE_FULL: Reason.FN_OVERFLOW,
    DriveCode.BAD_TIME: Reason.FN_INVALID_DATE_TIME,
    DriveCode.NO_DATA: Reason.FN_NO_MORE_DATA,
    DriveCode.BAD_VALUE: Reason.FN_INVALID_FORMAT,
    DriveCode.TOO_LONG: Reason.BUFFER_OVERFLOW,
    DriveCode.MEMORY_FULL: Reason.FN_RESOURCE_HAS_EXPIRED,
    DriveCode.OFD_SILENT: Reason.FN_RESOURCE_HAS_EXPIRED,
    DriveCode.SHIFT_EXPIRED: Reason.SHIFT_EXPIRED,
    DriveCode.REQUIRED_MISSING: Reason.FN_INVALID_FORMAT,
}
"""What the drive says -> how the register passes it on."""
