"""What support asks of a PC over the link, and the PC's answer. Never in an outbox: see ``docs/adr/0023`` and, for the
log, ``0034``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from protocol.crm.jobs import JobId
from protocol.crm.outcomes import Value

RequestId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Words = Annotated[str, StringConstraints(max_length=1000)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
LOG_LASTS = 900
"""Seconds from the consent after which a log is closed, whatever anybody wishes."""
LOG_BATCH = 100
"""Lines of one ``log_lines``."""


class SupportAsked(Value):
    """A person at the CRM wants to see how this PC is. Said on every connection until it is answered or over, never
    later than ``lives_s`` seconds from now; answered by ``report``."""

    request_id: RequestId
    agent_id: str
    person: Words | None = None
    reason: Words | None = None
    lives_s: Seconds
    kid: str
    sig: str = ""


class Doctor(SupportAsked):
    """Examine this PC and tell what was found."""


class Bundle(SupportAsked):
    """Make a bundle and upload it, if somebody at this PC agrees."""

    jobs: list[JobId] = []  # what the question is about


class Log(SupportAsked):
    """Tell the lines of this PC's log as they are written, for ``LOG_LASTS`` seconds at most, if somebody at this PC
    agrees: ``log_began``, ``log_lines``; its end is a ``report``. It ends with the connection, too."""


class LogStop(Value):
    """No more lines of this log, and no question about it. Unsigned: all that it can do is to end one."""

    request_id: RequestId


class LogBegan(Value):
    """Somebody at the PC has agreed; ``LOG_LASTS`` runs from now on. ``standing``: ``config.toml`` has agreed for all
    such requests."""

    request_id: RequestId
    person: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    standing: bool


LogText = Annotated[str, StringConstraints(max_length=200)]
LogValue = bool | int | float | LogText | Annotated[list[LogText], Field(max_length=12)] | None
LogLine = Annotated[dict[Code, LogValue], Field(max_length=40)]
"""``timestamp``, ``level``, ``event``, and codes, ids and numbers of that event; every other value is withheld."""


class LogLines(Value):
    """Lines in the order in which they were written. ``dropped``: how many were not told between the batch before and
    this one, because there were too many at once. Said once: what is lost with a connection is not said again."""

    request_id: RequestId
    dropped: Annotated[int, Field(ge=0)] = 0
    lines: Annotated[list[LogLine], Field(max_length=LOG_BATCH)]


class ReportState(StrEnum):
    ASKED = "asked"  # it is being looked at, or somebody at the PC is being asked
    DONE = (
        "done"  # of a doctor: ``findings`` are here; of a log: ``code`` says why it ended; a bundle's end is its upload
    )
    REFUSED = "refused"  # ``code`` says why


class Report(Value):
    """What became of a ``doctor``, ``bundle`` or ``log``. Harmless when repeated: what has ended stays as it is."""

    request_id: RequestId
    state: ReportState
    code: Code | None = None
    findings: dict[str, Any] | None = None
    """``verdict`` and ``checks`` as ``docs/doctor.md`` describes them, without what may name people or places."""
