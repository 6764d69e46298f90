"""The benches of the driver ``sber``: over the simulated program of either system, each in a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from types import MappingProxyType

from drivers.conformance.terminals.bench import Bench, Fate, Setting, Step
from drivers.simulators.sber import SberDevice, SberOptions, new_device
from drivers.terminal_api import CardTerminal
from drivers.terminals.sber import SberTerminal, load_profile
from tests.conformance.banked import NOT_TAKEN_BACK
from tests.conformance.programs import EXEMPT, OFFERS, ProgramDesk


class SberDesk(ProgramDesk):
    COMMANDS = MappingProxyType({
        Step.STATUS: "test",
        Step.PAYMENT: "payment",
        Step.REFUND: "refund",
        Step.VOID: "void",
        Step.REVERSAL: "reversal",
        Step.SETTLEMENT: "settlement",
        Step.REPORT: "report",
        Step.REPRINT: "reprint",
    })  # fmt: skip
    device: SberDevice

    def __init__(self, settings: frozenset[Setting], manner: str) -> None:
        self._manner = manner
        super().__init__(settings)

    def new_device(self) -> SberDevice:
        device = new_device(self.clock, Random(1), options=SberOptions(manner=self._manner, steer=False))
        device.furnish(self.folder)
        (self.folder / self._name(device)).touch(mode=0o755)
        return device

    def _name(self, device: SberDevice) -> str:
        return device.program + (".exe" if self._manner == "windows" else "")

    @property
    def program(self) -> Path:
        return self.folder / self._name(self.device)

    def new_driver(self) -> CardTerminal:
        profile = load_profile()
        if self._manner == "windows":  # where the bank has allowed everything
            profile = replace(
                profile, charset="cp866", mirrors=True, refund_without_card=True, void_by_rrn=True, reverse_last="sum"
            )
        return SberTerminal(self.folder, profile, self.surroundings())

    @property
    def secrets(self) -> frozenset[str]:
        return self.device.secrets

    def refusal(self) -> int:
        return 101

    def nothing_left(self) -> int:
        return 4140


@dataclass(frozen=True)
class SberBench(Bench):
    manner: str = "linux"

    def make(self, settings: frozenset[Setting]) -> SberDesk:
        return SberDesk(settings, self.manner)


BENCHES = tuple(
    SberBench("sber", manner, OFFERS - {Fate.TAKEN_BACK}, MappingProxyType({**EXEMPT, **NOT_TAKEN_BACK}), manner=manner)
    for manner in ("linux", "windows")
)
