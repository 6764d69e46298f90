"""A receipt to print, and a driver that is connected to a register of canned answers."""

from __future__ import annotations

from decimal import Decimal

from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.fiscal.shtrih.profile import Profile
from drivers.transports.memory import MemoryTransport, VirtualClock
from protocol.ffd.planned import PlannedLine, PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat
from tests.drivers.fiscal.scripted import ScriptedRegister

LINE = PlannedLine("Замена дисплея", 450000, Decimal(1), 450000, Vat.VAT22, 81148, 4, 4, 0)
RECEIPT = PlannedReceipt(
    sign=1,
    taxation=1,
    lines=(LINE,),
    payments=PlannedPayments(cash=350000, card=100000),
    cash_tendered=400000,
    total=450000,
    vat={Vat.VAT22: 81148},
    cashier_name="Иванова М.",
    cashier_inn="500100732259",
    buyer_contact="+79001234567",
    imprint="ABCDEFGHIJKLM",
)


class Desk:
    """A driver, connected to a register of canned answers, on a clock that jumps."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.clock = VirtualClock()
        self.device = ScriptedRegister(self.clock)
        self.register = ShtrihRegister(MemoryTransport(self.device, self.clock), profile or load_profile(), self.clock)

    def connect(self) -> None:
        self.register.connect()
        self.device.log.clear()

    def fill(self, receipt: PlannedReceipt = RECEIPT) -> list[tuple[int, int]]:
        progress: list[tuple[int, int]] = []
        self.register.fill_receipt(receipt, lambda done, of: progress.append((done, of)))
        return progress
