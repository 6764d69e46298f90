"""The register's counting registers: drawer cash as evidence, and the totals of a shift (protocol 1.17, "registers").

They count in the order income, expense, return of income, return of expense, which is not the order of tag 1054.
"""

from __future__ import annotations

from drivers.api import CashCounters, ShiftTotals
from drivers.errors import InDoubt
from drivers.fiscal.shtrih.asking import Asking
from protocol.wire.shtrih.commands import FullStatus, MoneyRegister
from protocol.wire.shtrih.record_commands import OperationRegister

PLACE = {1: 0, 2: 2, 3: 1, 4: 3}
"""Tag 1054 → place in every group of four registers."""

_SHIFT_PAYMENTS = {1: 193, 2: 197, 3: 201, 4: 205}  # payment type: first register of its four
_SHIFT_FURTHER = 4144  # of type 5, two-byte numbers; each further type four later
_TYPES = range(1, 17)
_ELECTRONIC = range(2, 14)  # 14 prepaid, 15 credit, 16 other


READINGS = 5


class Counters:
    def __init__(self, asking: Asking) -> None:
        self._ask = asking

    def cash(self) -> CashCounters:
        """One moment of all six: every operation moves the running number, so that what was read between two equal
        ones belongs together. Raises ``InDoubt`` on a register that never stands still."""
        number = self._number()
        for _ in range(READINGS):
            read = self._cash(number)
            before, number = number, self._number()
            if number == before:
                return read
        raise InDoubt("device_busy", "the running number moved at every reading")

    def _number(self) -> int:
        return self._ask.the(FullStatus(self._ask.password)).document_number

    def _cash(self, number: int) -> CashCounters:
        return CashCounters(
            document_number=number,
            drawer=self._money(MoneyRegister.DRAWER),
            cash_in=self._money(MoneyRegister.CASH_IN),
            cash_out=self._money(MoneyRegister.CASH_OUT),
            cash_in_count=self._count(OperationRegister.CASH_IN),
            cash_out_count=self._count(OperationRegister.CASH_OUT),
        )

    def shift(self) -> ShiftTotals:
        receipts = {sign: self._count(OperationRegister.RECEIPTS + place) for sign, place in PLACE.items()}
        paid = {sign: self._paid(place) if receipts[sign] else {} for sign, place in PLACE.items()}
        return ShiftTotals(
            receipts=receipts,
            total={sign: sum(by_type.values()) for sign, by_type in paid.items()},
            cash={sign: by_type.get(1, 0) for sign, by_type in paid.items()},
            cashless={sign: sum(by_type.get(kind, 0) for kind in _ELECTRONIC) for sign, by_type in paid.items()},
            cash_in=self._money(MoneyRegister.CASH_IN),
            cash_out=self._money(MoneyRegister.CASH_OUT),
            drawer=self._money(MoneyRegister.DRAWER),
        )

    def _paid(self, place: int) -> dict[int, int]:
        """Sum by payment type; models without two-byte register numbers have the first four types only."""
        sums: dict[int, int] = {}
        for kind in _TYPES:
            if kind in _SHIFT_PAYMENTS:
                sums[kind] = self._money(_SHIFT_PAYMENTS[kind] + place)
                continue
            number = _SHIFT_FURTHER + 4 * (kind - 5) + place
            reply = self._ask.optional(MoneyRegister(self._ask.password, number))
            if reply is None:
                break
            sums[kind] = reply.value
        return sums

    def _money(self, number: int) -> int:
        return self._ask.the(MoneyRegister(self._ask.password, number)).value

    def _count(self, number: int) -> int:
        return self._ask.the(OperationRegister(self._ask.password, number)).value
