"""A PC whose log support wants to watch: its log file and its filter are real, its clock is turned by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.desk.log_watch import LogMeans, LogWatch
from agent.support import logline
from agent.support.bundle.forms import Known
from agent.support.logfile import LogFile
from protocol.crm.messages import NAMES
from protocol.crm.outcomes import Value
from protocol.crm.signing import signature_is_good
from protocol.crm.support import Log, LogLines, LogStop, Report, SupportAsked
from tests.support.crm import AGENT, KID, NOW, JobKey, ed25519
from tests.support.job_books import Hands


@dataclass
class Watching:
    """``known``: ids that the journal has from the server."""

    hands: Hands
    folder: Path
    key: JobKey = field(default_factory=JobKey)
    always: bool = False
    known: set[str] = field(default_factory=set)
    wakes: int = 0
    watch: LogWatch = field(init=False)
    lines: LogFile = field(init=False)

    def __post_init__(self) -> None:
        self.lines = LogFile(self.folder)
        known, clock = Known(self.known), self.hands.clock()
        self.watch = LogWatch(
            LogMeans(
                self._genuine, lambda line: logline.told(line, known),
                lambda count: logline.newest(self.folder, known, count), self.lines.listen, self.always,
                clock.monotonic, clock.now,
            )
        )  # fmt: skip
        self.watch.on_answer(self._wake)

    def _wake(self) -> None:
        self.wakes += 1

    def _genuine(self, asked: SupportAsked) -> bool:
        good = signature_is_good(NAMES[type(asked)], asked, {KID: self.key.public}, ed25519)
        return good and asked.agent_id == AGENT

    def hears(self, request_id: str = "rq_1", *, signed: bool = True, **more: Any) -> None:
        asked = {
            "agent_id": AGENT,
            "person": "Ольга",
            "reason": "Касса не отвечает",
            "lives_s": 900,
            "kid": KID,
            **more,
        }
        body = Log(request_id=request_id, **asked)
        self.watch.receive(self.key.signed("log", body) if signed else body)

    def hears_stop(self, request_id: str = "rq_1") -> None:
        self.watch.receive(LogStop(request_id=request_id))

    def agrees(self, request_id: str = "rq_1", person: str = "Иванова") -> None:
        self.watch.preview(request_id)
        self.watch.allow(request_id, person)

    def writes(self, event: str = "something", **more: Any) -> None:
        self.lines.keep({"event": event, "level": "info", "timestamp": NOW.isoformat(), **more})

    def said(self) -> list[Value]:
        return list(self.watch.answers())

    def reported(self) -> list[tuple[str, str | None]]:
        return [(one.state.value, one.code) for one in self.said() if isinstance(one, Report)]

    def told(self) -> list[LogLines]:
        """What one look at the clock makes of what was written."""
        self.watch.tick()
        return [one for one in self.said() if isinstance(one, LogLines)]
