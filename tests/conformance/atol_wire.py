"""The bench of the driver ``atol-wire``: over the simulated register in memory, link layer v3."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from drivers.api import FiscalRegister
from drivers.conformance.bench import Bench, Hand, NotOffered, Setting, Step
from drivers.fiscal.atol_wire import AtolWireRegister, load_profile
from drivers.simulators.atol import AtolDevice, AtolState, Options, new_state
from drivers.simulators.atol.receipts import begin
from drivers.simulators.registration import ALL_TAX_SYSTEMS, FN_CAPACITY
from drivers.simulators.store import Store
from drivers.transports.base import Clock, Transport
from tests.conformance.simulated import EVERYTHING, SMALL_DRIVE, SimulatedDesk, Watched, format_of

USUAL_FORMAT = "1.1"
"""How receipts of 1.2 are written over the wire is not known."""
SELL = 1


NO_SUCH_SETTING = "no setting of this kind is known on this wire: nothing to be found wrong, and nothing to find it by"
NO_NUMBER = "how the wire numbers this kind of barcode is not published: refused as unsupported before anything is sent"
EXEMPT = MappingProxyType({
    **dict.fromkeys(
        (
            "identity.problem-vat20_autoreplace", "identity.problem-vat_rate_missing", "identity.problem-tax_by_host",
            "identity.problem-printing_off", "receipt.printing-off", "check.vat20-replaced", "check.vat-missing",
            "check.tax-by-host",
        ),
        NO_SUCH_SETTING,
    ),
    **dict.fromkeys((f"slip.barcode-{kind}" for kind in ("ean8", "code39", "code128", "itf", "pdf417")), NO_NUMBER),
    "status.busy": "a register that prints answers every question as one at rest does; commands are refused as busy",
    "status.clock-unset": "how the wire says that a date waits to be confirmed is not known",
})  # fmt: skip


class WatchedAtol(Watched, AtolDevice):
    pass


class AtolWireDesk(SimulatedDesk):
    CODES = MappingProxyType({
        Step.STATUS: "3F",
        Step.DOCUMENT: "A440",
        Step.OPEN: "92",
        Step.LINE: "EB",
        Step.CLOSE: "4A",
        Step.CANCEL: "59",
        Step.OPEN_SHIFT: "9A",
        Step.CLOSE_SHIFT: "5A",
        Step.X_REPORT: "6701",
        Step.CASH_IN: "49",
        Step.CASH_OUT: "4F",
        Step.TEXT: "4C",
        Step.COPY: "95",
        Step.DRAWER: "80",
        Step.CONTINUE: "EE",
    })  # fmt: skip
    REFUSAL = 0x8C  # wrong password

    def _register(self, transport: Transport, clock: Clock) -> FiscalRegister:
        return AtolWireRegister(transport, load_profile(), clock)

    def _device(self, settings: frozenset[Setting], seed: int) -> Watched:
        state = new_state(
            Random(seed),
            self._clock,
            ffd=format_of(settings, USUAL_FORMAT),
            tax_systems=1 if Setting.ONE_TAXATION in settings else ALL_TAX_SYSTEMS,
            fn_capacity=SMALL_DRIVE if Setting.SMALL_DRIVE in settings else FN_CAPACITY,
        )
        return WatchedAtol(
            state, self._clock, faults=(), store=Store(None, AtolState), options=Options(), random=Random(seed)
        )

    def _open_total(self, device: Watched) -> int | None:
        receipt = device.state.receipt
        return receipt.sum if receipt else None if device.state.drive.current is None else 0

    def _of_this_make(self, hand: Hand, device: Watched) -> None:
        match hand:
            case Hand.NOT_A_REGISTER:
                device.inject("refuse:command=A430,error=7A,times=always")
            case Hand.FOREIGN_OPEN:
                begin(device.register, SELL, electronic=False)
            case _:
                raise NotOffered(str(hand))


@dataclass(frozen=True)
class AtolWireBench(Bench):
    def make(self, settings: frozenset[Setting]) -> AtolWireDesk:
        return AtolWireDesk(settings)


BENCHES = (AtolWireBench("atol-wire", "link layer 3", EVERYTHING, EXEMPT),)
