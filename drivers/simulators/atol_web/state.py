"""Everything that a simulated ATOL Web Server keeps, and the register behind it. Plain dataclasses, one JSON file.

A request is kept with its subtasks until it is told to forget it; a subtask is a task's JSON text and how far it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from drivers.simulators.atol.state import AtolState
from drivers.simulators.fiscal_drive import DriveState
from drivers.simulators.printer import PrinterState

WAIT, IN_PROGRESS, READY, ERROR = "wait", "inProgress", "ready", "error"
INTERRUPTED, BLOCKED, CANCELED = "interrupted", "blocked", "canceled"
FINAL = frozenset({READY, ERROR, INTERRUPTED, CANCELED})
THE_DEVICE = "1"
"""Id of the record that stands for the simulated register."""


@dataclass(slots=True)
class Subtask:
    type: str
    task: str  # JSON
    status: str = WAIT
    code: int = 0
    description: str = ""
    result: str | None = None  # JSON


@dataclass(slots=True)
class Job:
    uuid: str
    subtasks: list[Subtask]
    added: datetime
    ended: datetime | None = None
    before: int | None = None  # last FD number when its fiscal subtask was begun

    @property
    def final(self) -> bool:
        return all(each.status in FINAL for each in self.subtasks)


@dataclass(slots=True)
class Blocked:
    """The queue stands still: nobody knows what became of the first job's subtask."""

    reason: str  # connectionError, fnError, paperError
    code: int
    description: str


@dataclass(slots=True)
class WebState:
    register: AtolState
    format: Literal[1] = 1
    family: Literal["atol-web"] = "atol-web"
    queue: list[Job] = field(default_factory=list)  # not final, in order
    done: list[Job] = field(default_factory=list)
    blocked: Blocked | None = None
    settings: dict[str, Any] = field(default_factory=dict)  # that differ from the server's own
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)  # records besides the register's, by id
    record: dict[str, Any] = field(default_factory=dict)  # of the register's, what differs
    active: bool = True
    default: str = THE_DEVICE

    # --- what its case asks of every device's memory ---

    @property
    def drive(self) -> DriveState:
        return self.register.drive

    @property
    def printer(self) -> PrinterState:
        return self.register.printer

    @property
    def clock_offset(self) -> float:
        return self.register.clock_offset

    @clock_offset.setter
    def clock_offset(self, seconds: float) -> None:
        self.register.clock_offset = seconds
