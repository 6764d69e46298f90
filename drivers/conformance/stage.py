"""What a behaviour works with: one desk, the few things that every behaviour does, and the check of what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from drivers.api import FiscalDocument, FiscalRegister, Identity, Status
from drivers.conformance.bench import MARGIN, Bench, Desk, Fate, Hand, Setting, Step, Truth
from drivers.conformance.place import SettingWord
from drivers.conformance.samples import CASHIER, SALE
from drivers.conformance.showing import AnyStage
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from protocol.ffd.planned import PlannedReceipt

SETTLE = 30.0
"""Seconds after which a device has printed what it had to, and a power cut is over."""
ATTEMPTS = 5


class Stage(AnyStage[FiscalRegister, Truth]):
    """A fresh register of the bench, set up as the behaviour needs it. Use it once, then ``close``."""

    bench: Bench

    def _prepare(self, settings: frozenset[SettingWord]) -> None:
        self._desk = self.bench.make(frozenset(each for each in settings if isinstance(each, Setting)))

    @property
    def at(self) -> Desk:
        return self._desk

    # --- the desk ----------------------------------------------------------------------------------------------------

    def received(self, step: Step) -> int:
        return self._desk.received(step)

    def settle(self) -> None:
        self.sleep(SETTLE)

    def fate(self, step: Step, fate: Fate, *, nth: int = 1, seconds: float = 0.0) -> str | None:
        self.declared(fate)
        return self._desk.fate(step, fate, nth=nth, seconds=seconds)

    def hand(self, hand: Hand, value: float = 0) -> None:
        self.declared(hand)
        self._desk.hand(hand, value)

    # --- what is done at it ------------------------------------------------------------------------------------------

    def connect(self) -> Identity:
        return self.driver.connect()

    def again(self) -> Identity:
        self.driver.disconnect()
        return self.driver.connect()

    def at_work(self) -> FiscalRegister:
        """Connected, with an open shift."""
        self.connect()
        self.driver.open_shift(*CASHIER)
        return self.driver

    def fill(self, receipt: PlannedReceipt = SALE) -> list[tuple[int, int]]:
        """What ``on_progress`` heard."""
        heard: list[tuple[int, int]] = []
        self.driver.fill_receipt(receipt, lambda done, of: heard.append((done, of)))
        return heard

    def begin(self, receipt: PlannedReceipt = SALE) -> None:
        """Whatever is the first that the device hears of a receipt: its opening, or, where a receipt is one command,
        the whole of it."""
        self.fill(receipt)
        if self.driver.capabilities.one_command:
            self.driver.close_receipt(receipt)

    def not_begun(self, call: Callable[[], object], *codes: str) -> None:
        """Refused. Where a whole receipt is one command, any command may have gone far: doubt of the same code will do
        as well, and the device's memory decides."""
        if not self.driver.capabilities.one_command:
            self.refused(call, *codes)
            return
        verdict = self.verdict(call)
        assert isinstance(verdict, (Refused, InDoubt)), f"expected Refused or InDoubt, got {verdict!r}"
        self.expect(verdict, *codes)

    def sell(self, receipt: PlannedReceipt = SALE) -> dict[str, Any]:
        """A whole receipt; what the device's own archive then holds of it."""
        before = len(self.truth().documents)
        self.driver.check_receipt(receipt)
        self.fill(receipt)
        subtotal = self.driver.subtotal()
        assert subtotal == receipt.lines_total, f"subtotal {subtotal}, the lines come to {receipt.lines_total}"
        self.driver.close_receipt(receipt)
        made = self.truth().documents[before:]
        assert [document["type"] for document in made] == ["receipt"], "one receipt and nothing else must come of it"
        return dict(made[0])

    def read(self, fd: int) -> FiscalDocument:
        document = self.driver.document(fd)
        assert document is not None, f"document {fd} is in the archive, the driver says that it is not"
        return document

    def recover(self, doubt: DeviceError | None = None) -> Status:
        """What a caller does after doubt: let the command's time pass, open the channel anew, look. The look may fail
        while the device is still down."""
        self.sleep((doubt.remaining if isinstance(doubt, InDoubt) else 0.0) + MARGIN)
        for _ in range(ATTEMPTS):
            try:
                self.again()
                return self.driver.status()
            except (NotSent, InDoubt):
                self.settle()
        self.again()
        return self.driver.status()


def cash_sale(total: int, sign: int = 1) -> PlannedReceipt:
    """One line, paid in cash to the kopeck."""
    line = replace(SALE.lines[0], price=total, total=total, vat_sum=SALE.lines[0].vat.amount(total))
    return replace(
        SALE,
        sign=sign,
        lines=(line,),
        payments=replace(SALE.payments, cash=total, card=0),
        cash_tendered=total,
        total=total,
        vat={line.vat: line.vat_sum},
    )
