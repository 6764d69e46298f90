"""Questions to the library: one task, its answer as a typed value, or a verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drivers.errors import InDoubt, Refused
from drivers.fiscal.atol_json.runner import TaskRunner
from protocol.wire.atol.json_reading import AnswerError
from protocol.wire.atol.json_receipt import Task
from protocol.wire.atol.json_tasks import Query, query

R = TypeVar("R")

TRANSIENT = frozenset({"device_busy", "fn_failed", "register_fault"})
"""Refusals that say nothing about what is asked for."""


class Asking:
    """Reads only."""

    def __init__(self, runner: TaskRunner, max_time: float) -> None:
        self._runner = runner
        self._max_time = max_time

    def task(self, task: Task, read: Callable[[Any], R]) -> R:
        """Raises what a runner raises, and ``InDoubt`` (``bad_reply``) for an answer that cannot be read."""
        answer = self._runner.run(task, max_time=self._max_time, changing=False)
        try:
            return read(answer)
        except AnswerError as error:
            raise InDoubt("bad_reply", f"{task['type']}: {error}") from error

    def the(self, which: Query, read: Callable[[Any], R]) -> R:
        return self.task(query(which), read)

    def optional(self, which: Query, read: Callable[[Any], R]) -> R | None:
        """``None`` where this library or register does not know the question, or has nothing to say to it now."""
        try:
            return self.the(which, read)
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            return None

    def receipt_open(self) -> bool | None:
        return self._runner.receipt_open(max_time=self._max_time)
