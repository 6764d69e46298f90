"""What the benches of vendors' programs share: programs that exist in this process alone, in a folder of their own."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from drivers.conformance.terminals.bench import Fate, Hand, NotOffered, Setting, Step
from drivers.simulators.programs.device import ProgramDevice
from drivers.simulators.programs.running import Running
from drivers.terminals.program import Alive, Mark, Over, Surroundings
from tests.conformance.banked import ALL, HOLDING, BankedDesk, each

STARTED = "bench"
MEMORY = Path("/dev/shm")
"""Where a flush costs nothing: nobody cuts the power here."""
PATIENCE = 120.0
"""Seconds after its longest time in which somebody ends a program that hangs."""
OFFERS = ALL - {Fate.CUT, Fate.LATE, Hand.OCCUPY, Hand.CARD_INSIDE, Hand.CARD_OUT, Hand.NEEDS_SETTLEMENT, Setting.HOLDS}
EXEMPT: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(each(Fate.CUT), "a program is started or it is not: there is no half of it"),
    **dict.fromkeys(each(Fate.LATE), "a program that goes on is found again: find.late-answer"),
    **dict.fromkeys(HOLDING, "when the program ends, the payment is final"),
    **dict.fromkeys(("status.card-inside", "status.card-out"), "the program does not tell what is in the reader"),
    **dict.fromkeys(("status.needs-settlement", "settle.needed"), "the program asks for no settlement"),
    "identity.port-busy": "the port is the program's affair; a pinpad that others hold does not answer it",
})  # fmt: skip


@dataclass
class Process:
    running: Running
    output: Path
    ended: float | None = None  # by the file system's clock
    told: bool = False


class Machine:
    """The computer: its processes outlive the agent that has started them."""

    def __init__(self, device: ProgramDevice[Any, Any, Any], sleep: Any) -> None:
        self.device = device
        self.sleep = sleep
        self.processes: list[Process] = []
        self.starts = 0

    def kill(self) -> None:
        for process in self.processes:
            process.running.kill()
        self.tick()

    def tick(self) -> None:
        for process in self.processes:
            if process.ended is None and process.running.poll() is not None:
                process.output.write_bytes(process.running.stdout)
                process.ended = time.time()


class InProcess:
    """``Programs`` of one agent's life."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._ours: set[int] = set()

    def start(self, argv: Sequence[str], directory: Path, output: Path) -> Mark:
        program, *arguments = argv
        if not Path(program).exists():
            raise FileNotFoundError(2, "no such file", program)
        machine = self._machine
        machine.starts += 1
        output.write_bytes(b"")
        machine.processes.append(Process(machine.device.run(arguments, directory), output))
        machine.tick()
        pid = len(machine.processes) - 1
        self._ours.add(pid)
        return Mark(pid, STARTED)

    def look(self, mark: Mark) -> Alive | Over:
        self._machine.tick()
        process = self._machine.processes[mark.pid]
        if process.ended is None:
            return Alive()
        return Over(process.running.poll(), process.ended) if mark.pid in self._ours else Over()

    def kill(self, mark: Mark) -> None:
        self._machine.processes[mark.pid].running.kill()
        self._machine.tick()

    def anybody(self, program: Path) -> bool | None:
        self._machine.tick()
        return any(process.ended is None for process in self._machine.processes)


class ProgramDesk(BankedDesk):
    device: ProgramDevice[Any, Any, Any]

    def __init__(self, settings: frozenset[Setting]) -> None:
        self._temporary = TemporaryDirectory(prefix="bench-", dir=MEMORY if MEMORY.is_dir() else None)
        self.folder = Path(self._temporary.name)
        super().__init__(settings)

    @property
    def program(self) -> Path:
        """What is started."""
        return self.folder / self.device.program

    @abstractmethod
    def refusal(self) -> int:
        """A code that says that nothing was begun."""

    def surroundings(self) -> Surroundings:
        """Of a new agent, on this machine."""
        if not hasattr(self, "machine"):
            self.machine = Machine(self.device, self.sleep)
        return Surroundings(InProcess(self.machine), self, self.wall, self.trace)

    def wall(self) -> Any:
        return self.clock.now()

    def close(self) -> None:
        super().close()
        self._temporary.cleanup()

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.machine.tick()

    def bytes_sent(self) -> int:
        return self.machine.starts

    def _fate(self, command: str, fate: Fate, seconds: float) -> str | None:
        inject = self.device.inject
        match fate:
            case Fate.BUSY:
                inject(f"busy:command={command}")
            case Fate.REFUSED:
                inject(f"result:command={command},code={self.refusal()}")
                return self.shown(self.refusal())
            case Fate.BROKEN:
                inject(f"drop:command={command}")
            case Fate.ANSWER_LOST:
                inject(f"answer-lost:command={command}")
            case Fate.HALF:
                inject(f"files:command={command},as=torn")
            case Fate.SILENCE:  # until somebody ends it
                self.twist(command, "hang")
                pace = "settlement" if command == self.COMMANDS[Step.SETTLEMENT] else "money"
                self.device.after(self.driver.capabilities.max_time[pace] + PATIENCE, self.machine.kill)
            case Fate.HANG:
                inject(f"slow:command={command},seconds={seconds}")
            case Fate.GARBAGE:
                inject(f"files:command={command},as=garbage")
            case Fate.FOREIGN:
                inject(f"files:command={command},as=foreign")
            case Fate.STALE:
                inject(f"files:command={command},as=stale")
            case Fate.NO_CARD:
                self.twist(command, "no-card")
            case Fate.NOTHING_LEFT:
                inject(f"result:command={command},code={self.nothing_left()}")
            case _:
                raise NotOffered(str(fate))
        return None

    @abstractmethod
    def nothing_left(self) -> int: ...

    def shown(self, code: int) -> str:
        """As the driver tells it."""
        return str(code)

    def _hand(self, hand: Hand, value: int) -> None:
        match hand:
            case Hand.NO_PROGRAM:
                self.program.rename(self.program.with_suffix(".away"))
            case Hand.PROGRAM:
                self.program.with_suffix(".away").rename(self.program)
            case Hand.NOISE:
                self.device.inject("files:as=garbage,times=always")
            case _:
                super()._hand(hand, value)
