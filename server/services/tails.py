"""The lines of the logs that are watched: of each PC the newest, in this process's memory and nowhere else, until the
quarter of an hour of their log is over (docs/adr/0034).

They are a stranger's. Of each line only what is named here is kept, in its form; a value of another form is ``***``.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from protocol.crm.support import LogLines

NEWEST = 2_000
"""Lines that are kept of one log."""
CHARACTERS = 1024 * 1024
"""The most that they are, written as JSON."""
WITHHELD = "***"

Shown = bool | int | float | str | None


class LineView(BaseModel):
    """``n``: counted from 1 over all that the PC has told of this log. ``dropped``: how many lines before this one the
    PC did not tell, because there were too many at once; ``missed``: how many before it were told and are kept no
    longer. What a line did not say is not there; ``***`` is a value that was withheld."""

    n: int
    dropped: int = 0
    missed: int = 0
    timestamp: datetime | None = None
    level: Shown = None
    event: Shown = None
    code: Shown = None
    state: Shown = None
    kind: Shown = None
    step: Shown = None
    after: Shown = None
    answer: Shown = None
    why: Shown = None
    reason: Shown = None
    what: Shown = None
    phase: Shown = None
    job_id: Shown = None
    kkm_id: Shown = None
    session_epoch: Shown = None
    resumed: Shown = None
    attempt: Shown = None
    rev: Shown = None
    fd: Shown = None
    failures: Shown = None
    vendor: Shown = None
    raised: Shown = None
    frames: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a reader is given. ``dropped``: of the whole log; ``untold``: those of them behind the last line."""

    lines: list[LineView]
    dropped: int = 0
    untold: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    n: int
    dropped: int
    text: str
    """JSON: one text costs a tenth of the values in it."""


@dataclass(slots=True)
class _Tail:
    request_id: str
    ends_at: datetime
    going_on: bool = True
    lines: deque[_Kept] = field(default_factory=deque)
    characters: int = 0
    count: int = 0
    dropped: int = 0
    untold: int = 0

    def take(self, said: LogLines) -> None:
        self.dropped += said.dropped
        self.untold += said.dropped
        for line in said.lines:
            self.count += 1
            kept = _Kept(self.count, self.untold, json.dumps(known(line), separators=(",", ":")))
            self.untold = 0
            self.lines.append(kept)
            self.characters += len(kept.text)
        while len(self.lines) > NEWEST or self.characters > CHARACTERS:
            self.characters -= len(self.lines.popleft().text)

    def after(self, n: int, limit: int) -> Iterator[LineView]:
        first = self.lines[0].n if self.lines else self.count + 1
        missed = max(0, first - 1 - n)
        for kept in islice(self.lines, max(0, n + 1 - first), max(0, n + 1 - first) + limit):
            here: dict[str, Any] = {"n": kept.n, "dropped": kept.dropped} if kept.dropped else {"n": kept.n}
            if missed and kept.n == first:
                here["missed"] = missed
            yield LineView(**here, **json.loads(kept.text))


class Tails:
    """By PC: of one there is at most one. ``wake``: told of every log that has more to read."""

    def __init__(self, wake: Callable[[str], None]) -> None:
        self._wake = wake
        self._of: dict[str, _Tail] = {}

    def begin(self, agent_id: str, request_id: str, ends_at: datetime) -> None:
        self._of[agent_id] = _Tail(request_id, ends_at)

    def take(self, agent_id: str, said: LogLines, now: datetime) -> bool:
        """``False``: these are no lines of a log that is open at this PC; nothing of them is kept."""
        tail = self._found(agent_id, said.request_id, now)
        if tail is None or not tail.going_on:
            return False
        tail.take(said)
        self._wake(said.request_id)
        return True

    def end(self, agent_id: str, request_id: str) -> None:
        """No more lines of it. Those that are here can be read until their time is over."""
        tail = self._of.get(agent_id)
        if tail is not None and tail.request_id == request_id:
            tail.going_on = False

    def forget(self, agent_id: str) -> None:
        self._of.pop(agent_id, None)

    def read(self, agent_id: str, request_id: str, now: datetime, after: int, limit: int) -> Told:
        """Behind the line ``after``, at most ``limit`` of them, in their order. A number that this log has not reached
        is that of an earlier log's line: everything is to come."""
        tail = self._found(agent_id, request_id, now)
        if tail is None:
            return Told([])
        return Told(list(tail.after(after if after <= tail.count else 0, limit)), tail.dropped, tail.untold)

    def last(self, agent_id: str, request_id: str, now: datetime, count: int) -> Told:
        """The newest lines."""
        tail = self._found(agent_id, request_id, now)
        return self.read(agent_id, request_id, now, max(0, tail.count - count), count) if tail else Told([])

    def sweep(self, now: datetime) -> list[str]:
        """Forgets what has had its time; returns the logs that were open until then."""
        over = {agent_id: tail for agent_id, tail in self._of.items() if now >= tail.ends_at}
        for agent_id in over:
            del self._of[agent_id]
        return [tail.request_id for tail in over.values() if tail.going_on]

    def _found(self, agent_id: str, request_id: str, now: datetime) -> _Tail | None:
        tail = self._of.get(agent_id)
        return tail if tail is not None and tail.request_id == request_id and now < tail.ends_at else None


# --- what of a line is kept ------------------------------------------------------------------------------------------

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = _EARLIEST + timedelta(days=36_525)
_WORD = re.compile(r"[a-z][a-z0-9_.\-]{0,63}")
_PHASE = re.compile(r"[A-Za-z][A-Za-z0-9 .,?_\-]{0,63}")  # of a procedure's table: R1 may it start?
_ID = re.compile(r"[A-Za-z0-9._:*\-]{1,64}(?:/[a-z0-9_]{1,32})?")
"""Of a job, of its part (of a sale), of a device."""
_MEASURE = re.compile(r"[0-9][0-9TZ:.+\- ]{0,39}")
_VENDOR = re.compile(r"-?[0-9A-F]{1,8}")
_RAISED = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FRAME = re.compile(r"[A-Za-z0-9_./\\\-]{1,120}\.py:[0-9]{1,7} (?:[A-Za-z_][A-Za-z0-9_]{0,99}|<lambda>)")
_MOST = 2**53  # what JavaScript still counts


def known(line: Mapping[str, Any]) -> dict[str, Any]:
    """What of a line is told on, in the forms of ``LineView``."""
    return {name: form(line[name]) for name, form in _FORMS.items() if name in line}


def _of_form(pattern: re.Pattern[str]) -> Callable[[Any], Any]:
    def form(value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return value if abs(value) <= _MOST else WITHHELD
        return value if isinstance(value, str) and (value == WITHHELD or pattern.fullmatch(value)) else WITHHELD

    return form


def _moment(value: Any) -> str | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at.isoformat() if at.tzinfo is not None and _EARLIEST <= at <= _LATEST else None


def _frames(value: Any) -> list[str]:
    frames = value if isinstance(value, list) else []
    return [frame if _FRAME.fullmatch(frame) else WITHHELD for frame in frames]


_FORMS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"timestamp": _moment, "frames": _frames}
    | dict.fromkeys(
        ("level", "event", "code", "state", "kind", "step", "after", "answer", "why", "reason", "what"),
        _of_form(_WORD),
    )
    | dict.fromkeys(("job_id", "kkm_id"), _of_form(_ID))
    | dict.fromkeys(("session_epoch", "resumed", "attempt", "rev", "fd", "failures"), _of_form(_MEASURE))
    | {"phase": _of_form(_PHASE), "vendor": _of_form(_VENDOR), "raised": _of_form(_RAISED)}
)
