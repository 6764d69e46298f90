"""The bench of the driver ``inpas``: over the simulated terminal and its service in memory, XML over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

from drivers.conformance.terminals.bench import Bench, Fate, Hand, Setting, Step
from drivers.simulators.inpas import InpasTerminal, Options, new_device
from drivers.terminal_api import CardTerminal
from drivers.terminals import inpas
from drivers.transports.http import HttpClient
from tests.conformance.banked import ALL, HOLDING, NO_PROGRAM, NOT_TAKEN_BACK
from tests.conformance.lines import LineDesk

WORKS = 180.0
"""Seconds that the terminal is given for an operation by card."""
NOTHING_TO_REVERSE = 25
ANY_ERROR = "which of the service's own errors promise that nothing was begun is not published: each of them is doubt"
NO_MEMORY = "an operation by card is not kept under a name of ours: only a payment by QR code is found"
NOT_TOLD = "the service tells nothing of the terminal but whether it answers"
FINDING = ("in-progress", "late-answer", "after-restart", "no-other", "not-ended", "one-at-a-time")
EXEMPT = MappingProxyType({
    **dict.fromkeys(("pay.refused", "pay.busy", "refund.refused"), ANY_ERROR),
    **dict.fromkeys((*(f"find.{name}" for name in FINDING), "identity.busy", "masking.found"), NO_MEMORY),
    **NOT_TAKEN_BACK,
    **NO_PROGRAM,
    **dict.fromkeys(HOLDING, "when the answer has come, the payment is final"),
    **dict.fromkeys(("status.card-inside", "status.card-out", "status.needs-settlement", "settle.needed"), NOT_TOLD),
    "stale.is-no-answer": "an answer comes over the connection of its request, and none is kept for the next one",
    "identity.port-busy": "many may speak to the service; its port is the terminal's affair",
})  # fmt: skip
OFFERS = ALL - {Fate.STALE, Fate.HANG, Fate.REFUSED, Fate.BUSY, Setting.HOLDS, Hand.CARD_INSIDE, Hand.CARD_OUT}
OFFERS -= {Hand.NEEDS_SETTLEMENT, Hand.OCCUPY, Hand.NO_PROGRAM, Hand.PROGRAM, Fate.TAKEN_BACK}


class InpasDesk(LineDesk):
    COMMANDS = MappingProxyType({
        Step.STATUS: "test",
        Step.PAYMENT: "payment",
        Step.QR_PAYMENT: "sbp",
        Step.REFUND: "refund",
        Step.VOID: "void",
        Step.REVERSAL: "reversal",
        Step.SETTLEMENT: "settlement",
        Step.REPORT: "report",
    })  # fmt: skip
    device: InpasTerminal

    def new_device(self) -> InpasTerminal:
        return new_device(self.clock, Random(1), options=Options(steer=False))

    def new_driver(self) -> CardTerminal:
        profile = replace(inpas.load_profile(), terminal_id=self.device.state.bank.terminal_id)
        return inpas.InpasTerminal(HttpClient(self.channel(), self, "127.0.0.1:9015"), profile, self, self.trace)

    def _fate(self, command: str, fate: Fate, seconds: float) -> str | None:
        match fate:
            case Fate.LATE:
                self.device.inject(f"late:command={command},seconds={seconds}")
            case Fate.NOTHING_LEFT:
                self.device.inject(f"fail:command={command},code={NOTHING_TO_REVERSE}")
            case _:
                return super()._fate(command, fate, seconds)
        return None

    def hand(self, hand: Hand, value: int = 0) -> None:
        """Nobody at the address: the service is gone."""
        if hand in (Hand.UNPLUG, Hand.PLUG):
            self.device.serving = hand is Hand.PLUG
            self.device.hang_up()
        else:
            super().hand(hand, value)


@dataclass(frozen=True)
class InpasBench(Bench):
    def make(self, settings: frozenset[Setting]) -> InpasDesk:
        return InpasDesk(settings)


BENCHES = (InpasBench("inpas", "http", OFFERS, EXEMPT, longest=WORKS),)
