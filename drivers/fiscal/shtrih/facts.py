"""What changes slowly in a register: the drive's resources, the queue for the OFD, when the shift was opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drivers.api import Health
from drivers.fiscal.shtrih.asking import Asking
from protocol.wire.layout import LayoutError, unpack
from protocol.wire.shtrih.commands import (
    DriveStatus,
    DriveStatusReply,
    FindDocument,
    ShiftParameters,
    ShiftReply,
    ShiftSummary,
)
from protocol.wire.shtrih.record_commands import DriveExpiry, DriveMemory, ExchangeState, Unconfirmed

OPENED_SHIFT, CLOSED_SHIFT = 2, 5  # types of archive documents
FARTHEST = 100
"""Documents beside receipts (state reports) that a shift may hold before its opening is no longer looked for."""


@dataclass(frozen=True, slots=True)
class ShiftStart:
    """An opened shift of a fiscal drive; it never changes, so it is looked for once."""

    fn_serial: str
    number: int
    at: datetime


class Facts:
    def __init__(self, asking: Asking) -> None:
        self._ask = asking
        self._start: ShiftStart | None = None

    def health(self) -> Health:
        password = self._ask.password
        drive = self._ask.the(DriveStatus(password))
        shift = self._ask.the(ShiftParameters(password))
        expiry = self._ask.optional(DriveExpiry(password))
        memory = self._ask.optional(DriveMemory(password))
        exchange = self._ask.optional(ExchangeState(password))
        count = None if exchange else self._ask.optional(Unconfirmed(password))
        waits = exchange if exchange and exchange.unsent else None
        return Health(
            shift_opened_at=self._shift_opened_at(drive, shift),
            fn_expires=expiry.day if expiry else None,
            fn_documents_left=memory.documents_left if memory else None,
            registrations_left=expiry.registrations_left if expiry else None,
            unsent=exchange.unsent if exchange else count.count if count else None,
            unsent_first_fd=waits.first_fd if waits else None,
            unsent_first_at=waits.first_at if waits else None,
        )

    def _shift_opened_at(self, drive: DriveStatusReply, shift: ShiftReply) -> datetime | None:
        if not shift.open:
            return None
        fn_serial = drive.serial.strip()
        if self._start is None or (self._start.fn_serial, self._start.number) != (fn_serial, shift.number):
            at = self._found(drive.last_fd - shift.receipt, shift.number)
            self._start = None if at is None else ShiftStart(fn_serial, shift.number, at)
        return None if self._start is None else self._start.at

    def _found(self, newest: int, shift_number: int) -> datetime | None:
        """Walk back in the archive to the shift's opening: it stands before all its receipts."""
        for fd in range(newest, max(0, newest - FARTHEST), -1):
            found = self._ask.optional(FindDocument(self._ask.password, fd))
            if found is None or found.fd != fd or found.type == CLOSED_SHIFT:
                return None
            if found.type == OPENED_SHIFT:
                try:
                    number = unpack(ShiftSummary, found.body).shift_number
                except LayoutError:
                    return None
                return found.at if number == shift_number else None
        return None
