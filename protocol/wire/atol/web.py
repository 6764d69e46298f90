"""What ATOL's web server is told and says: bodies of HTTP messages, without the HTTP.

A request is a list of tasks under a uuid of the client's; its results are asked for by that uuid. The bodies of both
generations of the server are the same but for an error's place. Readers raise ``AnswerError``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from protocol.wire.atol.json_reading import AnswerError, Fields
from protocol.wire.atol.json_text import Json, dumps, loads

MOST_SUBTASKS = 16


class Progress(StrEnum):
    """Of one task of a request."""

    WAIT = "wait"
    IN_PROGRESS = "inProgress"
    READY = "ready"
    ERROR = "error"
    INTERRUPTED = "interrupted"  # a task before it in the same request failed: it did not run
    BLOCKED = "blocked"  # its result is not known; the queue stands still until the server knows it
    CANCELED = "canceled"  # taken out of the queue before it ran


FINAL = frozenset({Progress.READY, Progress.ERROR, Progress.INTERRUPTED, Progress.CANCELED})


@dataclass(frozen=True, slots=True)
class Subtask:
    progress: Progress
    code: int = 0  # of the library
    description: str = ""
    result: Any = None

    @property
    def is_final(self) -> bool:
        return self.progress in FINAL


@dataclass(frozen=True, slots=True)
class Queue:
    """Of one device."""

    waiting: int
    is_blocked: bool
    reason: str = ""  # connectionError, fnError, paperError
    by: str = ""  # uuid of the request whose result is not known


@dataclass(frozen=True, slots=True)
class ServerInfo:
    version: str
    library: str


def request(uuid: str, tasks: Sequence[Mapping[str, Json]]) -> str:
    """The body that queues the tasks. Raises ``JsonError`` for what cannot be written."""
    return dumps({"uuid": uuid, "request": list(tasks)})


def subtasks(body: str) -> tuple[Subtask, ...]:
    """The results of a request, one per task. A body that contradicts itself is not believed."""
    results = Fields(loads(body)).items("results")
    if not 1 <= len(results) <= MOST_SUBTASKS:
        raise AnswerError(f"{len(results)} results", "answer.results")
    return tuple(_subtask(each, f"answer.results[{n}]") for n, each in enumerate(results))


def _subtask(result: Any, at: str) -> Subtask:
    fields = Fields(result, at)
    word = fields.text("status")
    progress = Progress(word) if word in list(Progress) else Progress.IN_PROGRESS  # newer servers may know more words
    if fields.has("errorCode"):  # older builds
        code, description = fields.whole("errorCode"), fields.text("errorDescription", default="")
    else:
        error = fields.maybe_inside("error")
        code, description = error.maybe_whole("code") or 0, error.text("description", default="")
    if (progress is Progress.READY and code) or (progress is Progress.ERROR and not code):
        raise AnswerError(f"{progress.value} with code {code}", at)
    return Subtask(progress, code, description, result.get("result"))


def queue(body: str) -> Queue:
    fields = Fields(loads(body))
    return Queue(
        waiting=fields.maybe_whole("number") or 0,
        is_blocked=fields.flag("isBlocked"),
        reason=fields.text("blockReason", default=""),
        by=fields.text("blockedUUID", default=""),
    )


def server_info(body: str) -> ServerInfo:
    fields = Fields(loads(body))
    return ServerInfo(fields.text("serverVersion"), fields.text("driverVersion", default="").strip())


def error(body: str) -> tuple[int, str]:
    """The library's code and words in the body of a refusal; 0 where it has none, as the pages of older servers."""
    try:
        fields = Fields(loads(body)).maybe_inside("error")
        return fields.maybe_whole("code") or 0, fields.text("description", default="")
    except AnswerError:
        return 0, ""
