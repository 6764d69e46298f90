"""A bank's program that is not there: a play that writes files, on a clock that jumps; an attendant that listens."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drivers.terminal_api import Progress, Transaction, Verdict
from drivers.terminals.program import Alive, Mark, Over
from drivers.transports.memory import VirtualClock


@dataclass
class Play:
    """What the program does. ``files``: written when it ends, ``seconds`` after its start. ``older``: how much earlier
    than now they say they were written."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    seconds: float = 1.0
    exit: int | None = 0
    says: bytes = b""
    older: float = 0.0
    error: OSError | None = None
    before: Callable[[Path], None] = lambda _directory: None


@dataclass
class Child:
    play: Play
    until: float
    directory: Path
    output: Path
    over: Over | None = None


class FakePrograms:
    """``witness``: whether the end of a program is seen when it comes; an agent that was started later saw none."""

    def __init__(self, clock: VirtualClock, *plays: Play) -> None:
        self.clock = clock
        self.plays = list(plays)
        self.started: list[tuple[str, ...]] = []
        self.children: dict[Mark, Child] = {}
        self.killed: list[Mark] = []
        self.witness = True
        self.others: bool | None = False

    def start(self, argv: Sequence[str], directory: Path, output: Path) -> Mark:
        play = self.plays.pop(0)
        play.before(directory)
        if play.error is not None:
            raise play.error
        output.write_bytes(b"")
        self.started.append(tuple(argv))
        mark = Mark(100 + len(self.started), "boot")
        self.children[mark] = Child(play, self.clock.now() + play.seconds, directory, output)
        return mark

    def look(self, mark: Mark) -> Alive | Over:
        child = self.children.get(mark)
        if child is None:
            return Over()
        if child.over is None and self.clock.now() < child.until:
            return Alive()
        if child.over is None:
            child.output.write_bytes(child.play.says)
            for name, data in child.play.files.items():
                path = child.directory / name
                path.write_bytes(data)
                if child.play.older:
                    moment = path.stat().st_mtime - child.play.older
                    os.utime(path, (moment, moment))
            (child.directory / "end").write_bytes(b"")
            child.over = Over(child.play.exit, (child.directory / "end").stat().st_mtime)
        return child.over if self.witness else Over()

    def kill(self, mark: Mark) -> None:
        self.killed.append(mark)
        self.children[mark].over = Over(-9)

    def anybody(self, program: Path) -> bool | None:
        return self.others


class Listener:
    """An attendant. ``at_approval``: called with what was approved, before the verdict."""

    def __init__(self, at_approval: Callable[[Transaction], None] = lambda _transaction: None) -> None:
        self.heard: list[Progress] = []
        self.approvals: list[Transaction] = []
        self._at_approval = at_approval

    def progress(self, progress: Progress) -> None:
        self.heard.append(progress)

    def approved(self, transaction: Transaction) -> Verdict:
        self.approvals.append(transaction)
        self._at_approval(transaction)
        return Verdict.KEEP

    def abort_wanted(self) -> bool:
        return False
