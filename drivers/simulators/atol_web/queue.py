"""The queue of requests: first come, first served, one subtask at a time. Works on ``WebState``; no clock, no register.

A request stays until it is forgotten; while it is remembered its uuid cannot be used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drivers.simulators.atol_web import codes
from drivers.simulators.atol_web.state import (
    BLOCKED,
    CANCELED,
    ERROR,
    FINAL,
    IN_PROGRESS,
    INTERRUPTED,
    READY,
    WAIT,
    Blocked,
    Job,
    Subtask,
    WebState,
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests by what has become of them; ``ready`` are all that came to an end and were not canceled."""

    number: int
    canceled: int
    ready: int


class Queue:
    def __init__(self, state: WebState) -> None:
        self._state = state
        self._known = {job.uuid: job for job in (*state.done, *state.queue)}
        self._canceled = sum(_canceled(job) for job in state.done)

    def find(self, uuid: str) -> Job | None:
        return self._known.get(uuid)

    def add(self, uuid: str, subtasks: Sequence[Subtask], now: datetime) -> Job:
        """``uuid`` is not known yet."""
        job = Job(uuid, list(subtasks), now)
        self._state.queue.append(job)
        self._known[uuid] = job
        return job

    def forget(self, now: datetime, after: timedelta) -> None:
        """Requests that came to an end so long ago."""
        done = self._state.done
        while done and done[0].ended is not None and now - done[0].ended >= after:
            job = done.pop(0)
            del self._known[job.uuid]
            self._canceled -= _canceled(job)

    def next(self) -> tuple[Job, Subtask] | None:
        """The subtask whose turn it is; none while one is being executed or the queue is blocked."""
        if self._state.blocked is not None or not self._state.queue:
            return None
        job = self._state.queue[0]
        subtask = next(each for each in job.subtasks if each.status not in FINAL)
        return (job, subtask) if subtask.status == WAIT else None

    @property
    def at_work(self) -> tuple[Job, Subtask] | None:
        """The subtask that is being executed, or that blocks the queue."""
        if not self._state.queue:
            return None
        job = self._state.queue[0]
        found = [each for each in job.subtasks if each.status in (IN_PROGRESS, BLOCKED)]
        return (job, found[0]) if found else None

    def end(self, job: Job, subtask: Subtask, now: datetime, code: int, description: str, result: str | None) -> None:
        """With its answer, or with an error, after which the other subtasks of the request are not begun."""
        subtask.status = READY if code == codes.OK else ERROR
        subtask.code, subtask.description, subtask.result = code, description, result
        if code != codes.OK:
            for each in job.subtasks:
                if each.status == WAIT:
                    each.status, each.code = INTERRUPTED, codes.INTERRUPTED
                    each.description = codes.text(codes.INTERRUPTED)
        self._state.blocked = None
        self._settle(job, now)

    def block(self, subtask: Subtask, blocked: Blocked, result: str | None) -> None:
        subtask.status, subtask.code, subtask.description = BLOCKED, blocked.code, blocked.description
        subtask.result = result
        self._state.blocked = blocked

    def cancel(self, job: Job, now: datetime) -> bool:
        """Only while nothing of it has been begun."""
        if any(each.status != WAIT for each in job.subtasks):
            return False
        for each in job.subtasks:
            each.status, each.code, each.description = CANCELED, codes.CANCELED, codes.text(codes.CANCELED)
        self._settle(job, now)
        return True

    def counts(self) -> Counts:
        return Counts(len(self._state.queue), self._canceled, len(self._state.done) - self._canceled)

    def _settle(self, job: Job, now: datetime) -> None:
        if job.final:
            job.ended = now
            self._state.queue.remove(job)
            self._state.done.append(job)
            self._canceled += _canceled(job)


def _canceled(job: Job) -> bool:
    return job.subtasks[0].status == CANCELED
