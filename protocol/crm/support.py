"""What support asks of a PC over the link, and the PC's answer. Never in an outbox: see ``docs/adr/0023``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from protocol.crm.jobs import JobId
from protocol.crm.outcomes import Value

RequestId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Words = Annotated[str, StringConstraints(max_length=1000)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]


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


class ReportState(StrEnum):
    ASKED = "asked"  # it is being looked at, or somebody at the PC is being asked
    DONE = "done"  # of a doctor: ``findings`` are here; a bundle's end is its upload
    REFUSED = "refused"  # ``code`` says why


class Report(Value):
    """What became of a ``doctor`` or ``bundle``. Harmless when repeated: what has ended stays as it is."""

    request_id: RequestId
    state: ReportState
    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = None
    findings: dict[str, Any] | None = None
    """``verdict`` and ``checks`` as ``docs/doctor.md`` describes them, without what may name people or places."""
