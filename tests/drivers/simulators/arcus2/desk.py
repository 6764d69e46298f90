"""A terminal and its program on a clock that stands still until somebody waits."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random

from drivers.simulators.arcus2 import ArcusDevice, ArcusOptions, new_device
from drivers.simulators.clock import ManualClock

START = datetime.fromisoformat("2026-11-22T10:00:00")


class Desk:
    def __init__(self, folder: Path, options: ArcusOptions | None = None, encoding: str = "cp1251") -> None:
        self.folder = folder
        self.clock = ManualClock(START)
        self.device: ArcusDevice = new_device(self.clock, Random(1), options=options)
        self.encoding = encoding
        self.device.furnish(folder)

    def run(self, *argv: str, seconds: float = 180) -> str:
        """What stands in ``rc.out``; it must have ended by then."""
        for file in [*self.folder.glob("*.out"), *self.folder.glob("*.dat")]:
            file.unlink()
        assert self.device.run(argv, self.folder).wait(seconds, self.clock.advance) == 0
        return self.text("rc.out")

    def text(self, name: str) -> str:
        file = self.folder / name
        return file.read_bytes().decode(self.encoding) if file.exists() else ""

    def output(self) -> list[str]:
        return self.text("output.dat").splitlines()

    def files(self) -> set[str]:
        return {file.name for file in self.folder.iterdir() if file.is_file()}

    def charged(self) -> list[tuple[str, int]]:
        """Everything in the bank's ledger that moved money, in order."""
        return [(entry.kind.value, entry.amount) for entry in self.device.state.bank.entries if entry.approved]
