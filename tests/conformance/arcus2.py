"""The benches of the driver ``arcus2``: over the simulated program, once for each way in which a bank furnishes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

from drivers.conformance.terminals.bench import Bench, Fate, Hand, Setting, Step
from drivers.simulators.arcus2 import ArcusDevice, ArcusOptions, new_device
from drivers.terminal_api import CardTerminal
from drivers.terminals.arcus2 import Arcus2Terminal, load_profile
from tests.conformance.programs import EXEMPT, OFFERS, ProgramDesk


class ArcusDesk(ProgramDesk):
    COMMANDS = MappingProxyType({
        Step.STATUS: "test",
        Step.PAYMENT: "payment",
        Step.REFUND: "refund",
        Step.VOID: "void",
        Step.REVERSAL: "reversal",
        Step.SETTLEMENT: "settlement",
        Step.REPORT: "report",
    })  # fmt: skip
    device: ArcusDevice

    def __init__(self, settings: frozenset[Setting], options: ArcusOptions) -> None:
        self._options = options
        super().__init__(settings)

    def new_device(self) -> ArcusDevice:
        device = new_device(self.clock, Random(1), options=self._options)
        device.furnish(self.folder)
        (self.folder / device.program).touch(mode=0o755)
        return device

    def new_driver(self) -> CardTerminal:
        """With the codes of this bank, as an engineer has found them at the terminal."""
        profile = replace(
            load_profile(), link_test="96", cancelled=("905",), no_card=("904",), doubt=("903", "999"), never=("902",)
        )
        return Arcus2Terminal(self.folder, profile, self.surroundings())

    def _fate(self, command: str, fate: Fate, seconds: float) -> str | None:
        if fate is Fate.TAKEN_BACK:
            self.device.inject(f"auto-cancel:command={command}")
            return None
        return super()._fate(command, fate, seconds)

    @property
    def secrets(self) -> frozenset[str]:
        return self.device.secrets

    def refusal(self) -> int:
        return 902

    def nothing_left(self) -> int:
        return 25


@dataclass(frozen=True)
class ArcusBench(Bench):
    furnished: ArcusOptions | None = None

    def make(self, settings: frozenset[Setting]) -> ArcusDesk:
        assert self.furnished is not None
        return ArcusDesk(settings, replace(self.furnished, steer=False))


ALSO_EXEMPT = {
    "pay.busy": "no code is known by which the program says that it is busy for another one",
    **dict.fromkeys(
        ("identity.told-with-a-payment", "identity.other-terminal"),
        "no file tells the terminal's id but in the words of the slip, which decide nothing",
    ),
    "status.not-connected": "999 may come at any moment: it is no proof that nothing was begun",
    "stale.is-no-answer": "results bear no date; those of the run before are deleted before this one (answer-lost)",
}
OWN_OFFERS = OFFERS - {Fate.BUSY, Fate.STALE, Hand.OTHER_TERMINAL}
VARIANTS = {
    "classes 1 and 2": ArcusOptions(family="one"),
    "by name": ArcusOptions(family="by-name", rrn_in_slip=True),
    "class 0": ArcusOptions(family="zero", charset="cp866", rrn_in_slip=True),
}
BENCHES = tuple(
    ArcusBench("arcus2", variant, OWN_OFFERS, MappingProxyType({**EXEMPT, **ALSO_EXEMPT}), furnished=furnished)
    for variant, furnished in VARIANTS.items()
)
