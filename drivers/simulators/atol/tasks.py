"""The buffer of tasks of link layer v3: what came, what is being executed, results until the host has taken them.

A result stays until it is acknowledged or the buffer is aborted; it outlives a connection, not a power failure. So a
task that is added again is not executed again. After a failed task that was not told to «ignore errors» the buffer
stands still until it is aborted: what waited is stopped, what comes is refused as stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

NEED_RESULT, IGNORE_ERROR, DO_NOT_WAIT = 0x01, 0x02, 0x04
"""Flags of a task."""
CAPACITY = 16


class Status(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(slots=True)
class Task:
    tid: int
    flags: int
    command: bytes  # with the access password
    status: Status = Status.WAITING
    answer: bytes = b""
    told: bool = False  # the host knows that it takes longer, so the result is sent unasked

    @property
    def failed(self) -> bool:
        """Refusals, and only they, are ``55 ERR`` and nothing more."""
        return len(self.answer) == 2 and self.answer[0] == 0x55 and self.answer[1] != 0


@dataclass(slots=True)
class Buffer:
    tasks: dict[int, Task] = field(default_factory=dict)  # by TID, in the order they came
    halted: bool = False

    @property
    def full(self) -> bool:
        return len(self.tasks) >= CAPACITY

    def make_room(self) -> None:
        """Results that nobody has asked for go when another task comes."""
        for task in list(self.tasks.values()):
            if task.status is Status.DONE and not task.flags & NEED_RESULT:
                del self.tasks[task.tid]

    def add(self, task: Task) -> None:
        self.tasks[task.tid] = task

    def next(self) -> Task | None:
        return next((task for task in self.tasks.values() if task.status is Status.WAITING), None)

    def finish(self, task: Task, answer: bytes | None) -> None:
        """``None``: the result is lost for good. A task that was aborted meanwhile leaves nothing."""
        if self.tasks.get(task.tid) is not task:
            return
        if answer is None:
            del self.tasks[task.tid]
            return
        task.status, task.answer = Status.DONE, answer
        if task.failed and not task.flags & IGNORE_ERROR:
            self.halted = True
            for other in self.tasks.values():
                if other.status is Status.WAITING:
                    other.status = Status.STOPPED

    def abort(self) -> None:
        """What is being executed is carried through, and its result goes nowhere."""
        self.tasks.clear()
        self.halted = False
