"""Everything a simulated ATOL register remembers without power. Plain dataclasses, kept in one JSON file.

Money is kopecks. A receipt's type is the device's: 1 sell, 2 sell return, 4 buy, 5 buy return, and 7 to 10 the
corrections of these; ``sign`` is tag 1054.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from drivers.simulators.atol.models import USUAL
from drivers.simulators.fiscal_drive import DriveState
from drivers.simulators.paper import Row
from drivers.simulators.printer import PrinterState

SIGNS = {1: 1, 2: 2, 4: 3, 5: 4}
"""Receipt type -> tag 1054."""
CORRECTIONS = {7: 1, 8: 2, 9: 4, 10: 5}
"""Correction's type -> the type that it corrects."""


@dataclass(slots=True)
class Position:
    name: str
    price: int
    quantity: int  # thousandths
    total: int
    tax: int  # tag 1199
    department: int
    subject: int  # 1212
    method: int  # 1214
    tax_sum: int | None = None  # the host's own; None: the register computes
    tags: str = ""  # TLV of the host, hex


@dataclass(slots=True)
class OpenReceipt:
    type: int
    electronic: bool
    cashier: str
    taxation: int = 0  # tag 1055; 0: not given
    positions: list[Position] = field(default_factory=list)
    item: str | None = None  # a position is begun: TLV for it so far, hex
    discount: int = 0  # of the whole receipt: kopecks that are rounded off
    taxes: dict[int, int] = field(default_factory=dict)  # given by the host, by tag 1199
    paid: dict[int, int] = field(default_factory=dict)  # payment type 1 to 5 -> what the customer gave
    rows: list[Row] = field(default_factory=list)  # the host's own lines

    @property
    def base(self) -> int:
        """The type without «correction»."""
        return CORRECTIONS.get(self.type, self.type)

    @property
    def sum(self) -> int:
        return sum(position.total for position in self.positions) - self.discount

    @property
    def given(self) -> int:
        return sum(self.paid.values())

    @property
    def remainder(self) -> int:
        return max(0, self.sum - self.given)

    @property
    def change(self) -> int:
        return max(0, self.given - self.sum)


@dataclass(slots=True)
class Counters:
    payments: dict[str, int] = field(default_factory=dict)  # "type.payment", of the shift; cash is net of change
    receipts: dict[int, int] = field(default_factory=dict)  # by type, of the shift
    corrections: dict[int, int] = field(default_factory=dict)  # by the type that they correct, of the shift
    life: dict[str, int] = field(default_factory=dict)  # as ``payments``, never reset
    departments: dict[str, int] = field(default_factory=dict)  # "department.type", of the shift
    drawer: int = 0
    cash_in: int = 0  # of the shift, as the three below
    cash_in_count: int = 0
    cash_out: int = 0
    cash_out_count: int = 0
    cancelled: int = 0

    def start_shift(self) -> None:
        for counts in (self.payments, self.receipts, self.corrections, self.departments):
            counts.clear()
        self.cash_in = self.cash_in_count = self.cash_out = self.cash_out_count = self.cancelled = 0


@dataclass(slots=True)
class AtolState:
    drive: DriveState
    format: Literal[1] = 1
    family: Literal["atol"] = "atol"
    model: str = USUAL
    clock_offset: float = 0.0  # register's clock minus the given clock, seconds
    receipt: OpenReceipt | None = None
    counters: Counters = field(default_factory=Counters)
    printer: PrinterState = field(default_factory=PrinterState)
    document_number: int = 0  # running number of everything that was printed
    last_receipt_fd: int = 0  # 0: nothing yet
    refuses_overdrawn: bool = True  # a payment out of the drawer beyond what it holds
    settings: dict[str, str] = field(default_factory=dict)  # "table.row.field" -> value in hex that differs
