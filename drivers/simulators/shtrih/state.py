"""Everything a simulated Shtrih-M register remembers without power. Plain dataclasses, kept in one JSON file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from drivers.simulators.fiscal_drive import DriveState
from drivers.simulators.paper import Row, Slip
from drivers.simulators.printer import PrinterState
from drivers.simulators.shtrih.models import STANDARD

NETWORK_PORT, SERIAL_PORT = 128, 0
"""As commands 11h, 14h and 15h name them."""


@dataclass(slots=True)
class OpenLine:
    name: str
    hidden: bool  # sent with // in front: goes to the OFD and not to the paper
    price: int
    quantity: int  # millionths
    total: int
    vat: int  # tag 1199
    department: int
    method: int
    subject: int
    extra: str = ""  # host's TLV of command FF4Dh, hex
    given_vat: int | None = None  # tax of the line when the host computes taxes


@dataclass(slots=True)
class OpenReceipt:
    kind: int  # command 8Dh: 0 income, 1 expense, 2 income return, 3 expense return
    correction: bool
    operator: int
    lines: list[OpenLine] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)  # printed before the total
    above: list[Row] = field(default_factory=list)  # printed before the receipt

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)


@dataclass(slots=True)
class Counters:
    """Money and operation registers. ``t`` is the receipt kind of command 8Dh; money is kopecks."""

    departments: dict[int, int] = field(default_factory=dict)  # 4*(department-1)+t, shift
    turnovers: dict[int, int] = field(default_factory=dict)  # 4*group+t, shift; groups A to D
    taxes: dict[int, int] = field(default_factory=dict)  # the same
    payments: dict[int, int] = field(default_factory=dict)  # 4*(payment-1)+t, shift; cash is net of change
    drawer: int = 0
    cash_in: int = 0
    cash_out: int = 0
    cash_in_count: int = 0
    cash_out_count: int = 0
    cash_in_number: int = 0
    cash_out_number: int = 0
    receipts: dict[int, int] = field(default_factory=dict)  # t, shift
    receipt_numbers: dict[int, int] = field(default_factory=dict)  # t, through the life
    corrections: dict[int, int] = field(default_factory=dict)  # t, shift
    voids: dict[int, int] = field(default_factory=dict)  # t, shift
    void_sums: dict[int, int] = field(default_factory=dict)  # t, shift
    by_operator: dict[int, int] = field(default_factory=dict)  # receipts of the shift
    cancelled: int = 0
    x_reports: int = 0
    last_receipt: dict[int, int] = field(default_factory=dict)  # registers 0 to 120 of the receipt closed last

    def start_shift(self) -> None:
        for counts in (
            *(self.departments, self.turnovers, self.taxes, self.payments),
            *(self.receipts, self.corrections, self.voids, self.void_sums, self.by_operator),
        ):
            counts.clear()
        self.last_receipt = {}
        self.cash_in = self.cash_out = self.cash_in_count = self.cash_out_count = 0


@dataclass(slots=True)
class Images:
    """Loaded for printing; lines in hex."""

    lines: dict[int, str] = field(default_factory=dict)  # commands C0h and C4h
    wide: dict[int, str] = field(default_factory=dict)  # command 4Eh
    blocks: dict[int, str] = field(default_factory=dict)  # command DDh


@dataclass(slots=True)
class ShtrihState:
    drive: DriveState
    format: Literal[2] = 2
    family: Literal["shtrih"] = "shtrih"
    tables: dict[str, int | str] = field(default_factory=dict)  # "17.1.7" -> value that differs from the factory's
    clock_offset: float = 0.0  # register's clock minus the given clock, seconds
    pending_date: str | None = None  # ISO date of command 22h that awaits its confirmation
    document_number: int = 0  # running number; command 11h shows its last four digits
    last_receipt_fd: int = 0  # what 8Ch copies; 0: nothing yet
    refuses_overdrawn: bool = True  # a cash return beyond the drawer: 46h
    receipt: OpenReceipt | None = None
    counters: Counters = field(default_factory=Counters)
    model: str = STANDARD
    images: Images = field(default_factory=Images)
    ports: dict[int, list[int]] = field(default_factory=dict)  # command 14h: speed and byte time-out
    buffered: list[Slip] = field(default_factory=list)  # shift reports for command C7h
    printer: PrinterState = field(default_factory=PrinterState)

    def port(self, number: int) -> list[int]:
        """Settings of a port as 15h tells them; from the factory 115200 baud, TCP 12345 for the network, 100 ms."""
        return self.ports.get(number, [57 if number == NETWORK_PORT else 6, 100])
