"""A register as a few values: documents, what is open, the shift, the clock. No bytes, no driver, no simulator.

Written from what the driver's contract promises (``drivers.api``), apart from the driver and the simulator. Commands
that were lost on the way may be put on the ``agenda`` to strike later; ``pass_time`` lets them.
"""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from drivers.api import (
    ArchiveEnd,
    CashCounters,
    CloseReply,
    DocumentKind,
    FiscalDocument,
    Identity,
    Paper,
    ShiftState,
    ShiftTotals,
    Status,
)
from drivers.errors import InDoubt, NotSent, Refused
from protocol.ffd.planned import PlannedReceipt

SERIAL, FN = "0012345678901234", "9999078900012345"
MAX_TIME = {"query": 5.0, "fill": 20.0, "close": 30.0, "cancel": 10.0, "shift": 40.0, "report": 40.0}
_START = datetime(2026, 7, 1, 12, 0)


@dataclass(frozen=True, slots=True)
class Begun:
    """An open document; ``receipt`` is ``None`` when another program began it."""

    receipt: PlannedReceipt | None
    total: int


class ModelRegister:
    def __init__(self, *, shift: ShiftState = ShiftState.OPEN) -> None:
        self.now = 0.0
        self.serial, self.fn = SERIAL, FN
        self.documents: dict[int, FiscalDocument] = {}
        self.ours: list[int] = []  # what the closing command of the procedure has made
        self.open: Begun | None = None
        self.half_document = False  # the fiscal drive holds a begun shift document
        self.shift, self.shift_number = ShiftState.CLOSED, 0
        self.operated: list[str] = []  # shift and cash operations of the procedure, in order
        self.drawer = 0
        self.cash: dict[str, list[int]] = {"cash_in": [], "cash_out": []}  # amounts of the present shift
        self.number = 0  # running number of documents of any kind
        self.unable: str | None = None  # the code with which every receipt is judged impossible
        self.paper, self.cover_open, self.blocked, self.clock_unset = Paper.PRESENT, False, "", False
        self.busy_until = self.off_until = -1.0
        self.unreadable: set[int] = set()
        self.imprints_lost: set[int] = set()
        self.agenda: list[tuple[float, Callable[[], object]]] = []
        self._add(DocumentKind.REGISTRATION)
        if shift is not ShiftState.CLOSED:
            self._add(DocumentKind.OPEN_SHIFT)
            self.shift, self.shift_number = shift, 1

    # --- time and power

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [entry for entry in self.agenda if entry[0] <= end]:
            entry = min(due, key=lambda e: e[0])
            self.agenda.remove(entry)
            self.now = max(self.now, entry[0])
            with contextlib.suppress(Refused):  # a command that comes too late is refused, and nobody hears of it
                entry[1]()
        self.now = end

    def later(self, seconds: float, command: Callable[[], object]) -> None:
        self.agenda.append((self.now + seconds, command))

    def power_cut(self, *, annul: bool, off: float = 3.0) -> None:
        """What is open survives or is annulled; what had not been executed yet never will be."""
        self.agenda.clear()
        self.off_until = self.now + off
        if annul:
            self.open = None

    def answers(self) -> None:
        if self.now < self.off_until:
            raise NotSent("device_offline")

    # --- what the driver's interface promises

    def identity(self) -> Identity:
        self.answers()
        return Identity("model", self.serial, self.fn, "0000000000012345", "7701234567", "1.2")

    @property
    def last_fd(self) -> int:
        return max(self.documents, default=0)

    def status(self) -> Status:
        self.answers()
        return Status(
            register_serial=self.serial,
            fn_serial=self.fn,
            shift=self.shift,
            shift_number=self.shift_number,
            receipt_in_shift=0,
            document_open=self.open is not None,
            fn_document_open=self.half_document,
            last_fd=self.last_fd,
            busy=self.now < self.busy_until,
            paper=self.paper,
            cover_open=self.cover_open,
            at=_START + timedelta(seconds=self.now),
            drawer=self.drawer,
            clock_unset=self.clock_unset,
            blocked=self.blocked or None,
        )

    def archive_end(self) -> ArchiveEnd:
        self.answers()
        return ArchiveEnd(self.fn, self.last_fd, self.half_document)

    def document(self, fd: int) -> FiscalDocument | None:
        self.answers()
        if fd in self.unreadable:
            raise Refused("no_data")
        return self.documents.get(fd)

    def fill(self, plan: PlannedReceipt, *, part: bool = False) -> None:
        self.answers()
        self._only_one()
        if self.shift is not ShiftState.OPEN:
            raise Refused("shift_closed")
        self.open = Begun(plan, plan.lines[0].total if part else plan.lines_total)

    def subtotal(self) -> int:
        self.answers()
        if self.open is None:
            raise Refused("document_closed")
        return self.open.total

    def close(self) -> CloseReply:
        self.answers()
        if self.open is None or self.open.receipt is None:
            raise Refused("document_closed")
        receipt, total = self.open.receipt, self.open.total - self.open.receipt.rounding
        self.open = None
        fd = self._add(DocumentKind.RECEIPT, sign=receipt.sign, total=total, imprint=receipt.imprint or "")
        self.ours.append(fd)
        self.drawer += receipt.payments.cash * (-1 if receipt.sign in (2, 3) else 1)
        printed = self.now >= self.busy_until and not self.cover_open
        return CloseReply(fd, self.documents[fd].fpd, 0, self.paper if printed else None, self.drawer)

    def cancel(self) -> None:
        self.answers()
        self.open, self.half_document = None, False

    def operate(self, wanted: ShiftState) -> None:
        self.answers()
        self._only_one()
        if (self.shift is ShiftState.CLOSED) is (wanted is ShiftState.CLOSED):
            raise Refused("wrong_state")
        self._turn(wanted)
        self.operated.append("close_shift" if wanted is ShiftState.CLOSED else "open_shift")

    def _turn(self, wanted: ShiftState) -> None:
        self._add(DocumentKind.CLOSE_SHIFT if wanted is ShiftState.CLOSED else DocumentKind.OPEN_SHIFT)
        self.shift = wanted
        if wanted is ShiftState.OPEN:
            self.shift_number += 1
            self.cash = {"cash_in": [], "cash_out": []}

    def move_cash(self, direction: str, amount: int) -> None:
        """``cash_in`` or ``cash_out``, by the procedure."""
        self.answers()
        self._only_one()
        self.foreign_cash(direction, amount)
        self.operated.append(direction)

    def cash_counters(self) -> CashCounters:
        self.answers()
        put, taken = self.cash["cash_in"], self.cash["cash_out"]
        return CashCounters(self.number, self.drawer, sum(put), sum(taken), len(put), len(taken))

    def shift_totals(self) -> ShiftTotals:
        self.answers()
        put, taken = self.cash["cash_in"], self.cash["cash_out"]
        return ShiftTotals({1: 0}, {1: 0}, {1: 0}, {1: 0}, sum(put), sum(taken), self.drawer)

    def check_receipt(self) -> None:
        self.answers()
        if self.unable is not None:
            raise Refused(self.unable)

    def _only_one(self) -> None:
        if self.open is not None or self.half_document:
            raise Refused("document_open")

    # --- other hands

    def foreign_receipt(self, total: int = 10000, imprint: str = "") -> int:
        """Another program makes a receipt from beginning to end; what was open it cancels."""
        self.open = None
        return self._add(DocumentKind.RECEIPT, sign=1, total=total, imprint=imprint)

    def foreign_cash(self, direction: str, amount: int) -> None:
        """Somebody puts cash in or takes it out at the register itself."""
        if direction == "cash_out" and amount > self.drawer:
            raise Refused("cash_short")
        self.drawer += amount if direction == "cash_in" else -amount
        self.cash[direction].append(amount)
        self.number += 1

    def foreign_shift(self, wanted: ShiftState) -> None:
        """Somebody opens or closes the shift at the register itself."""
        self._turn(wanted)

    def report(self) -> int:
        """Another program makes a document that is no receipt."""
        return self._add(DocumentKind.STATE_REPORT)

    def foreign_document(self) -> None:
        """Another program begins a receipt."""
        self.open = Begun(None, 10000)

    def new_fn(self, serial: str = "9999078900099999") -> None:
        self.fn, self.documents, self.open, self.shift = serial, {}, None, ShiftState.CLOSED
        self._add(DocumentKind.REGISTRATION)

    def _add(
        self, kind: DocumentKind, *, sign: int | None = None, total: int | None = None, imprint: str | None = None
    ) -> int:
        fd = self.last_fd + 1
        self.number += 1
        at = _START + timedelta(seconds=self.now)
        self.documents[fd] = FiscalDocument(kind, fd, str(3000000000 + fd), at, sign, total, 1, fd, imprint)
        return fd


def lost(remaining: float) -> InDoubt:
    return InDoubt("no_reply", remaining=remaining)
