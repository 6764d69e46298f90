"""The Shtrih-M family's benches: our driver over the simulated register in memory, one for each lower level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

from drivers.api import FiscalRegister
from drivers.conformance.bench import Bench, Hand, NotOffered, Setting, Step
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.simulators.registration import ALL_TAX_SYSTEMS, FN_CAPACITY
from drivers.simulators.shtrih import Options, ShtrihDevice, ShtrihState, new_state
from drivers.simulators.shtrih.models import STANDARD
from drivers.simulators.store import Store
from drivers.transports.base import Clock, Transport
from tests.conformance.simulated import EVERYTHING, SMALL_DRIVE, SimulatedDesk, Watched, format_of


class WatchedShtrih(Watched, ShtrihDevice):
    pass


class ShtrihDesk(SimulatedDesk):
    CODES = MappingProxyType({
        Step.STATUS: "11",
        Step.DOCUMENT: "FF0A",
        Step.OPEN: "8D",
        Step.LINE: "FF46",
        Step.CLOSE: "FF45",
        Step.CANCEL: "88",
        Step.OPEN_SHIFT: "E0",
        Step.CLOSE_SHIFT: "41",
        Step.X_REPORT: "40",
        Step.CASH_IN: "50",
        Step.CASH_OUT: "51",
        Step.TEXT: "2F",
        Step.COPY: "8C",
        Step.DRAWER: "28",
        Step.CONTINUE: "B0",
    })  # fmt: skip
    REFUSAL = 0x4F  # wrong password

    def __init__(self, settings: frozenset[Setting], protocol: int, model: str) -> None:
        self._protocol = protocol
        self._model = model
        super().__init__(settings)

    def _register(self, transport: Transport, clock: Clock) -> FiscalRegister:
        return ShtrihRegister(transport, replace(load_profile(), protocol=self._protocol, cashless_details=True), clock)

    def _device(self, settings: frozenset[Setting], seed: int) -> Watched:
        return WatchedShtrih(
            self._state(settings, seed), self._clock, faults=(), store=Store(None, ShtrihState),
            options=Options(protocol=self._protocol), random=Random(seed),
        )  # fmt: skip

    def _state(self, settings: frozenset[Setting], seed: int) -> ShtrihState:
        state = new_state(
            Random(seed),
            self._clock,
            model=self._model,
            ffd=format_of(settings, "1.2"),
            tax_systems=1 if Setting.ONE_TAXATION in settings else ALL_TAX_SYSTEMS,
            vat_autoreplace=Setting.VAT20_REPLACED in settings,
            fn_capacity=SMALL_DRIVE if Setting.SMALL_DRIVE in settings else FN_CAPACITY,
        )
        if Setting.VAT22_MISSING in settings:
            state.tables |= {"6.11.1": 0, "6.11.2": "РЕЗЕРВ", "6.12.1": 0, "6.12.2": "РЕЗЕРВ"}
        if Setting.PRINTING_OFF in settings:
            state.tables["17.1.7"] = 2
        if Setting.TAX_BY_HOST in settings:
            state.tables["1.1.14"] = 1
        return state

    def _open_total(self, device: Watched) -> int | None:
        receipt = device.state.receipt
        return receipt.total if receipt else None if device.state.drive.current is None else 0

    def _of_this_make(self, hand: Hand, device: Watched) -> None:
        match hand:
            case Hand.NOT_A_REGISTER:
                device.inject("refuse:command=FF01,error=37,times=always")
            case Hand.CLOCK_LOST:
                device.register.ask_date(device.register.now().date())
            case Hand.FOREIGN_OPEN:
                device.register.open_receipt(0, 1)
            case _:
                raise NotOffered(str(hand))


@dataclass(frozen=True)
class ShtrihBench(Bench):
    protocol: int = 1
    model: str = STANDARD

    def make(self, settings: frozenset[Setting]) -> ShtrihDesk:
        return ShtrihDesk(settings, self.protocol, self.model)


OFFERS = EVERYTHING
LONGEST = MappingProxyType({Step.CLOSE_SHIFT: 65.0})
BENCHES = tuple(
    ShtrihBench("shtrih", f"protocol {protocol}", OFFERS, longest=LONGEST, protocol=protocol) for protocol in (1, 2)
)
