"""Support watches the log of this PC as it is written, while somebody here agrees: ``docs/adr/0034``.

One log at a time. Nothing here is on disk and nothing is said twice; lines wait in a ring, and at most one batch of
them waits for the link, so that a job's message is never behind more than that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from agent.desk.requests import LIVES, MOST, REMEMBERED, look_first, no_such_request
from agent.problems import UserError
from agent.status import SupportAsk, Watched
from agent.support.logfile import Listener
from agent.support.tail.machine import Tail, TailEffect, TailEvent, step
from agent.support.tail.ring import Ring
from protocol.crm.machine import Refusal
from protocol.crm.outcomes import Value
from protocol.crm.support import LOG_BATCH, LOG_LASTS, Log, LogBegan, LogLine, LogLines, LogStop, Report, ReportState

SHOWN = 20
"""Lines that somebody is shown before they agree."""
BATCH_BYTES = 64 * 1024
"""Of the lines in one batch, as they were written."""
E, X = TailEvent, TailEffect
ENDS: Mapping[StrEnum, tuple[ReportState, str]] = MappingProxyType(
    {
        X.SAY_NO_CONSENT: (ReportState.REFUSED, "no_consent"),
        X.SAY_REFUSED: (ReportState.REFUSED, "consent_refused"),
        X.SAY_STOPPED_HERE: (ReportState.DONE, "log_stopped_at_pc"),
        X.SAY_STOPPED: (ReportState.DONE, "log_stopped"),
        X.SAY_TIME_OVER: (ReportState.DONE, "log_time_over"),
        X.SAY_LOST: (ReportState.DONE, "log_connection_lost"),
    }
)
log = structlog.get_logger("support")


@dataclass(frozen=True, slots=True)
class LogMeans:
    """``genuine``: whether a message is the server's, and for this PC. ``told``: what of a line may leave this PC, by
    the filter of the bundle; ``newest`` gives so many of the lines written last in that form. ``listen`` has every line
    given to somebody, or to nobody. ``always``: the owner has agreed in config.toml."""

    genuine: Callable[[Log], bool]
    told: Callable[[bytes], dict[str, Any] | None]
    newest: Callable[[int], Sequence[dict[str, Any]]]
    listen: Callable[[Listener | None], None]
    always: bool
    monotonic: Callable[[], float]
    now: Callable[[], datetime]


@dataclass(slots=True)
class _Request:
    """``until``, on the monotonic clock: of the question, then of the watching. ``answer`` once it is over."""

    ask: SupportAsk
    until: float
    state: Tail = Tail.ASKED
    began: LogBegan | None = None
    answer: Report | None = None

    @property
    def id(self) -> str:
        return self.ask.request_id


@dataclass(slots=True)
class LogWatch:
    """Any thread may call."""

    means: LogMeans
    _guard: threading.RLock = field(default_factory=threading.RLock)
    _ring: Ring = field(default_factory=Ring)
    _known: dict[str, _Request] = field(default_factory=dict)
    _says: list[Value] = field(default_factory=list)
    _batch: LogLines | None = None
    _connected: bool = False
    _wake: Callable[[], None] = lambda: None

    # --- the link

    def on_answer(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def receive(self, body: Log | LogStop) -> None:
        """Of the connection that stands. A request that is known is answered as before; a new one ends the one before
        it; one that is not genuine is noted."""
        with self._guard:
            self._connected = True
            if isinstance(body, LogStop):
                self._do(self._known.get(body.request_id), E.STOPPED)
                return
            if not self.means.genuine(body):
                log.warning("bad_signature", what="log")
                return
            if body.request_id not in self._known and not self._ask(body):
                return
            self._do(self._known[body.request_id], E.HEARD)
            if self.means.always and self._known[body.request_id].state is Tail.ASKED:
                self._begin(self._known[body.request_id], "config.toml", standing=True)

    def lost(self) -> None:
        """The connection is over: what was not said is not said on another one, and nothing is told any more."""
        with self._guard:
            self._connected = False
            self._says.clear()
            self._do(self._live(), E.LOST)

    def answers(self) -> Sequence[Value]:
        """What the server is to be told, at most one batch of lines and that last; taken away by this call."""
        with self._guard:
            taken: list[Value] = [*self._says, *([self._batch] if self._batch is not None else ())]
            self._says, self._batch = [], None
        return taken

    def tick(self) -> None:
        """What time does: silence becomes a refusal, a quarter of an hour ends, lines become a batch. Takes its time
        where there are lines."""
        now = self.means.monotonic()
        with self._guard:
            for request in list(self._known.values()):
                if request.state is not Tail.OVER and now >= request.until:
                    self._do(request, E.TIME)
                elif request.state is Tail.OVER and now >= request.until + REMEMBERED:
                    del self._known[request.id]
            running = self._running()
            if running is None or self._batch is not None:
                return
        batch = self._made(running.id)
        with self._guard:
            if batch is not None and running.state is Tail.RUNNING:
                self._batch = batch
                self._wake()

    # --- the desk

    def asks(self) -> tuple[SupportAsk, ...]:
        """What waits for a yes or no."""
        with self._guard:
            return tuple(request.ask for request in self._known.values() if request.state is Tail.ASKED)

    def watched(self) -> Watched | None:
        """Who sees the log now."""
        with self._guard:
            request = self._running()
            if request is None or request.began is None:
                return None
            return Watched(request.id, request.ask.until, request.ask.person, request.began.person)

    def preview(self, request_id: str) -> Sequence[dict[str, Any]]:
        """The lines written last, as they would be told: somebody looks at them before saying yes. Raises ``UserError``
        ``no_such_request``."""
        with self._guard:
            request = self._asked(request_id)
            request.ask = replace(request.ask, seen=True)
        return self.means.newest(SHOWN)

    def allow(self, request_id: str, person: str) -> Watched:
        """From now on. Raises ``UserError``: ``no_such_request``, ``look_first``, ``no_connection``."""
        with self._guard:
            request = self._asked(request_id)
            if not request.ask.seen:
                raise look_first()
            if not self._connected:
                raise UserError(
                    "no_connection",
                    "Сейчас нет связи с сервером: показывать некому.",
                    "There is no connection to the server now: nobody could see it.",
                    exit_code=1,
                )
            self._begin(request, person, standing=False)
            return Watched(request.id, request.ask.until, request.ask.person, person)

    def refuse(self, request_id: str) -> None:
        """Raises ``UserError`` ``no_such_request``."""
        with self._guard:
            self._do(self._asked(request_id), E.REFUSED)

    def stop(self) -> None:
        """Somebody at this PC closes the log. Raises ``UserError`` ``no_such_request`` when nobody sees it."""
        with self._guard:
            if not self._do(self._running(), E.STOPPED_HERE):
                raise no_such_request()

    # --- carrying out

    def _ask(self, body: Log) -> bool:
        if len(self._known) >= MOST:
            self._say(Report(request_id=body.request_id, state=ReportState.REFUSED, code="too_many_requests"))
            return False
        self._do(self._live(), E.STOPPED)  # the server has ended that one, or it would not ask for another
        lives = min(float(body.lives_s), LIVES)
        until = self.means.now() + timedelta(seconds=lives)
        ask = SupportAsk(body.request_id, until, body.person or "", body.reason or "", what="log")
        self._known[body.request_id] = _Request(ask, self.means.monotonic() + lives)
        log.info("support_asked", what="log", request=body.request_id)
        return True

    def _begin(self, request: _Request, person: str, *, standing: bool) -> None:
        request.began = LogBegan(request_id=request.id, person=person, standing=standing)
        self._do(request, E.AGREED)

    def _do(self, request: _Request | None, event: TailEvent) -> bool:
        """Whether it could be done."""
        if request is None:
            return False
        moved = step(request.state, event)
        if isinstance(moved, Refusal):
            return False
        request.state, effects = moved
        for effect in effects:
            self._effect(request, effect)
        return True

    def _effect(self, request: _Request, effect: StrEnum) -> None:
        if effect in ENDS:
            state, code = ENDS[effect]
            request.answer = Report(request_id=request.id, state=state, code=code)
            log.info("log_watch_over", code=code, request=request.id)
            self._say(request.answer)
        elif effect is X.SAY_ASKED:
            self._say(Report(request_id=request.id, state=ReportState.ASKED))
        elif effect is X.SAY_BEGAN:
            assert request.began is not None
            self._say(request.began)
        elif effect is X.SAY_AGAIN:
            assert request.answer is not None
            self._say(request.answer)
        elif effect is X.LISTEN:
            request.until = self.means.monotonic() + LOG_LASTS
            request.ask = replace(request.ask, until=self.means.now() + timedelta(seconds=LOG_LASTS))
            log.info("log_watched", request=request.id)
            self._ring.clear()
            self.means.listen(self._ring.put)
        elif effect is X.DROP:
            self.means.listen(None)
            self._ring.clear()
            self._batch = None

    def _made(self, request_id: str) -> LogLines | None:
        """The next batch; ``None`` when there is nothing to tell."""
        dropped, size = 0, 0
        lines: list[dict[str, Any]] = []
        while len(lines) < LOG_BATCH and size < BATCH_BYTES:
            lost, taken = self._ring.take(1)
            dropped += lost
            if not taken:
                break
            size += len(taken[0])
            line = self._told(taken[0])
            if line is None:
                dropped += 1
            else:
                lines.append(line)
        return LogLines(request_id=request_id, dropped=dropped, lines=lines) if lines or dropped else None

    def _told(self, raw: bytes) -> dict[str, Any] | None:
        """``None`` for what cannot be told. Nothing is raised: the agent does not end for a line of its log."""
        try:
            line = self.means.told(raw)
        except Exception:
            return None
        return line if line is not None and _fits(line) else None

    # --- means

    def _live(self) -> _Request | None:
        return next((request for request in self._known.values() if request.state is not Tail.OVER), None)

    def _running(self) -> _Request | None:
        return next((request for request in self._known.values() if request.state is Tail.RUNNING), None)

    def _asked(self, request_id: str) -> _Request:
        request = self._known.get(request_id)
        if request is None or request.state is not Tail.ASKED or self.means.monotonic() >= request.until:
            raise no_such_request()
        return request

    def _say(self, body: Value) -> None:
        self._says.append(body)
        self._wake()


@cache
def _form() -> TypeAdapter[LogLine]:
    return TypeAdapter(LogLine)


def _fits(line: dict[str, Any]) -> bool:
    try:
        _form().validate_python(line)
    except ValidationError:
        return False
    return True
