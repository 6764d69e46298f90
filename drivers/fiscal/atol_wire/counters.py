"""The register's counters: drawer cash as evidence, the totals of a shift, and what changes slowly."""

from __future__ import annotations

from datetime import timedelta

from drivers.api import CashCounters, Health, ShiftTotals
from drivers.errors import InDoubt
from drivers.fiscal.atol_wire.asking import Asking
from drivers.fiscal.atol_wire.receipt import TYPES
from protocol.wire.atol.drive_queries import DriveExchange
from protocol.wire.atol.operations import PaymentType
from protocol.wire.atol.queries import (
    CashInCount,
    CashInSum,
    CashOutCount,
    CashOutSum,
    Drawer,
    DriveLife,
    OpenDocument,
    Payments,
    ReceiptCount,
    Shift,
    ShiftReply,
    ShiftTotal,
)

READINGS = 5
SUMMED = {1: 0, 2: 2, 3: 1, 4: 3}
"""Tag 1054 → place in register 0Ch, which swaps return of income and expense."""
LONGEST_SHIFT = timedelta(hours=24)


class Counters:
    def __init__(self, asking: Asking) -> None:
        self._ask = asking

    def cash(self) -> CashCounters:
        """One moment of all: every operation moves the running number, so that what was read between two equal ones
        belongs together. Raises ``InDoubt`` on a register that never stands still."""
        number = self._number()
        for _ in range(READINGS):
            read = CashCounters(
                document_number=number,
                drawer=self._ask.the(Drawer()).value,
                cash_in=self._ask.the(CashInSum()).value,
                cash_out=self._ask.the(CashOutSum()).value,
                cash_in_count=self._ask.the(CashInCount()).value,
                cash_out_count=self._ask.the(CashOutCount()).value,
            )
            before, number = number, self._number()
            if number == before:
                return read
        raise InDoubt("device_busy", "the running number moved at every reading")

    def _number(self) -> int:
        return self._ask.the(OpenDocument()).document_number

    def shift(self) -> ShiftTotals:
        return ShiftTotals(
            receipts={sign: self._ask.the(ReceiptCount(kind)).value for sign, kind in TYPES.items()},
            total={sign: self._ask.the(ShiftTotal(place)).value for sign, place in SUMMED.items()},
            cash={sign: self._paid(kind, PaymentType.CASH) for sign, kind in TYPES.items()},
            cashless={sign: self._paid(kind, PaymentType.ELECTRONIC) for sign, kind in TYPES.items()},
            cash_in=self._ask.the(CashInSum()).value,
            cash_out=self._ask.the(CashOutSum()).value,
            drawer=self._ask.the(Drawer()).value,
        )

    def _paid(self, receipt_type: int, payment_type: int) -> int:
        return self._ask.the(Payments(receipt_type, payment_type)).value

    def health(self) -> Health:
        shift = self._ask.the(Shift())
        life = self._ask.optional(DriveLife())
        exchange = self._ask.optional(DriveExchange())
        waits = exchange if exchange and exchange.unsent else None
        ends_at = shift.ends_at if shift.state != ShiftReply.CLOSED else None
        return Health(
            shift_opened_at=ends_at - LONGEST_SHIFT if ends_at else None,
            fn_expires=life.expires if life else None,
            registrations_left=life.registrations_left if life else None,
            unsent=exchange.unsent if exchange else None,
            unsent_first_fd=waits.first_fd if waits else None,
            unsent_first_at=waits.first_at if waits else None,
        )
