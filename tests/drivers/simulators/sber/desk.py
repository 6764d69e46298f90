"""A pinpad and its program on a clock that stands still until somebody waits."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random

from drivers.simulators.clock import ManualClock
from drivers.simulators.programs.running import Running
from drivers.simulators.sber import SberDevice, SberOptions, new_device

START = datetime.fromisoformat("2026-11-22T10:00:00")


class Desk:
    def __init__(self, folder: Path, options: SberOptions | None = None) -> None:
        self.folder = folder
        self.clock = ManualClock(START)
        self.device: SberDevice = new_device(self.clock, Random(1), options=options)
        self.encoding = "cp866" if options is not None and options.manner == "windows" else "koi8-r"
        self.device.furnish(folder)

    def start(self, *argv: str) -> Running:
        for name in ("e", "p"):
            (self.folder / name).unlink(missing_ok=True)
        return self.device.run(argv, self.folder)

    def run(self, *argv: str, seconds: float = 180) -> list[str]:
        """The lines of ``e``; it must have ended by then."""
        assert self.start(*argv).wait(seconds, self.clock.advance) is not None
        return self.e()

    def e(self) -> list[str]:
        return (self.folder / "e").read_bytes().decode(self.encoding).splitlines()

    def p(self) -> str:
        return (self.folder / "p").read_bytes().decode(self.encoding)

    def has(self) -> list[str]:
        return [name for name in ("e", "p") if (self.folder / name).exists()]

    def charged(self) -> list[tuple[str, int]]:
        """Everything in the bank's ledger that moved money, in order."""
        return [(entry.kind.value, entry.amount) for entry in self.device.state.bank.entries if entry.approved]
