"""The benches of the driver ``zvt``: over the simulated terminal in memory, by network and by serial frames."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from drivers.conformance.terminals.bench import Bench, Fate, Hand, Setting, Step
from drivers.simulators.zvt import Options, ZvtTerminal, new_device
from drivers.terminal_api import CardTerminal
from drivers.terminals import zvt
from tests.conformance.banked import ALL, NO_PROGRAM, NOT_TAKEN_BACK, each
from tests.conformance.lines import LineDesk

OWN_LINE = "a procedure has its connection to itself: no answer is kept for the next one"
OVER = "a terminal whose connection breaks ends its procedure: nothing is carried out later"
NO_ANSWER = frozenset({Fate.STALE, Fate.HANG, Fate.NOTHING_LEFT, Fate.TAKEN_BACK, Hand.NO_PROGRAM, Hand.PROGRAM})


class ZvtDesk(LineDesk):
    COMMANDS = MappingProxyType({
        Step.STATUS: "status",
        Step.PAYMENT: "payment",
        Step.REFUND: "refund",
        Step.VOID: "void",
        Step.LAST: "repeat",
        Step.SETTLEMENT: "settlement",
        Step.REPORT: "report",
        Step.REPRINT: "repeat",
    })  # fmt: skip
    REFUSAL = 0x83
    device: ZvtTerminal

    def __init__(self, settings: frozenset[Setting], network: bool) -> None:
        self._network = network
        super().__init__(settings)

    def new_device(self) -> ZvtTerminal:
        options = Options(network=self._network, steer=False, vending=Setting.HOLDS in self.settings)
        return new_device(self.clock, Random(1), options=options)

    def new_driver(self) -> CardTerminal:
        return zvt.ZvtTerminal(
            self.channel(), zvt.load_profile(), self, self.clock.now, self.trace, framed=not self._network
        )

    def shown(self, code: int) -> str:
        return f"{code:02X}"

    def _of_this_make(self, command: str, fate: Fate, seconds: float) -> str | None:
        match fate:
            case Fate.REFUSED:
                self.device.inject(f"refuse:command={command},error={self.REFUSAL:02X}")
                return self.shown(self.REFUSAL)
            case Fate.BUSY:
                self.device.inject(f"busy:command={command}")
                return self.shown(0x9C)
        return super()._of_this_make(command, fate, seconds)

    def _hand(self, hand: Hand, value: int) -> None:
        match hand:
            case Hand.NEEDS_SETTLEMENT:
                self.device.demand_settlement()
            case _:
                super()._hand(hand, value)


@dataclass(frozen=True)
class ZvtBench(Bench):
    network: bool = True

    def make(self, settings: frozenset[Setting]) -> ZvtDesk:
        return ZvtDesk(settings, self.network)


EXEMPT = MappingProxyType({"stale.is-no-answer": OWN_LINE, **NOT_TAKEN_BACK, **NO_PROGRAM})
OFFERS = ALL - NO_ANSWER
BENCHES = (
    ZvtBench("zvt", "tcp", OFFERS, MappingProxyType({**EXEMPT, **dict.fromkeys(each(Fate.LATE), OVER)})),
    ZvtBench("zvt", "serial", OFFERS, EXEMPT, network=False),
)
