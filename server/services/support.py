"""What support asks of a PC: its doctor's report, a bundle, its log as it is written (from the consent on: ``logs``).
Who asked, why, and what came of it stays on record.

A request lives for a quarter of an hour. One that nobody has answered by then is over without anybody writing so: what
it is follows from its row and the time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import and_, or_, select

from protocol.crm.codes import Language
from protocol.crm.codes import reason as words_of
from protocol.crm.jobs import JobId
from protocol.crm.outcomes import Reason
from protocol.crm.support import Report, ReportState
from server.fields import FreeText, Words
from server.pages import cursor_of, cut, key_of
from server.problems import Problem, unknown
from server.services import agents, jobs
from server.services.access import Caller, person_named
from server.services.hub import Hub
from server.settings import Limits
from server.store import feed
from server.store import support as store
from server.store.actor import ActorKind
from server.store.database import Work
from server.store.models import Agent
from server.store.support import GOING_ON, OPEN, SupportRequest

GRACE = timedelta(minutes=2)
"""For an answer that was begun in time: an upload takes a while."""
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_log = structlog.get_logger("server.support")

Kind = Literal["doctor", "bundle", "log"]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.\-]{0,63}$")]
Sentence = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Verdict = Literal["ok", "skipped", "warning", "unknown", "bad"]


class DoctorAsked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    person: Words | None = None
    reason: FreeText | None = None


class BundleAsked(BaseModel):
    """``person``, ``reason`` and ``jobs`` are what the cashier is shown when asked for consent. ``jobs``: of this PC,
    whose exchange with their devices is wanted; without any, that of those which did not simply end as done."""

    model_config = ConfigDict(extra="forbid", strict=True)
    person: Words | None = None
    reason: FreeText
    jobs: Annotated[list[JobId], Field(max_length=20)] = []


class LogAsked(BaseModel):
    """``person`` and ``reason`` are what the cashier is shown when asked for consent."""

    model_config = ConfigDict(extra="forbid", strict=True)
    person: Words | None = None
    reason: FreeText


Asked = DoctorAsked | BundleAsked | LogAsked


class FindingView(BaseModel):
    """One line of the doctor's report, as ``docs/doctor.md`` describes it. Values that may name people or places are
    ``***``."""

    model_config = ConfigDict(extra="ignore")
    id: Word
    verdict: Verdict
    code: Word
    device: Name | None = None
    needs: Word | None = None
    title: Sentence = ""
    title_en: Sentence = ""
    cause: Sentence = ""
    cause_en: Sentence = ""
    action: Sentence | None = None
    action_en: Sentence | None = None
    facts: Annotated[dict[Word, bool | int | float | Sentence | None], Field(max_length=100)] = {}


class FindingsView(BaseModel):
    """``shortened``: what was in order is left out for its length."""

    model_config = ConfigDict(extra="ignore")
    verdict: Verdict
    checks: Annotated[list[FindingView], Field(max_length=1000)]
    shortened: bool = False


class RequestView(BaseModel):
    """``state``: waiting (the PC has not heard of it), asked (it is looking, or somebody there is being asked), running
    (of a log: lines come), done, refused, expired. ``reason_given`` is the asker's; ``reason`` says why it was refused
    or expired, and why a log ended. ``agreed_by``, ``standing`` and ``ends_at`` are those of a log that has begun."""

    request_id: str
    agent_id: str
    kind: Kind
    state: Literal["waiting", "asked", "running", "done", "refused", "expired"]
    person: str | None
    reason_given: str | None
    jobs: list[str]
    asked_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    reason: Reason | None
    report: FindingsView | None
    bundle_id: str | None
    agreed_by: str | None
    standing: bool | None
    ends_at: datetime | None


async def ask(
    work: Work, hub: Hub, limits: Limits, caller: Caller, agent_id: str, kind: Kind, asked: Asked
) -> SupportRequest:
    """The request; while an earlier one of its kind is open, that one. Raises ``Problem``: ``unknown_agent``,
    ``agent_not_active``, ``unknown_job``, ``job_of_another_pc``, ``person_missing``."""
    agent = await agents.of_tenant(work, caller.tenant_id, agent_id)
    if agent.state == "pending":
        raise Problem(409, "agent_not_active", agent_id=agent_id)
    for job_id in asked.jobs if isinstance(asked, BundleAsked) else ():
        if (await jobs.find(work, caller.tenant_id, job_id)).agent_id != agent.id:
            raise Problem(409, "job_of_another_pc", job_id=job_id, agent_id=agent_id)
    unnamed = kind == "doctor" and asked.person is None and work.actor.kind is not ActorKind.USER
    person = None if unnamed else person_named(work, asked.person)  # who asks for a bundle is shown at the PC
    row = await store.newest(work, agent.id, kind)
    if row is None or standing(row, work.now)[0] not in GOING_ON:
        row = SupportRequest(
            id=work.new_id("rq"),
            tenant_id=agent.tenant_id,
            agent_id=agent.id,
            kind=kind,
            state="waiting",
            person=person,
            reason=asked.reason,
            jobs=list(asked.jobs) if isinstance(asked, BundleAsked) else [],
            key_id=caller.actor.id,
            asked_at=work.now,
            expires_at=work.now + timedelta(seconds=limits.request_life),
        )
        work.session.add(row)
    work.after.append(lambda: hub.ask(agent.id))
    return row


async def newest(work: Work, tenant_id: str, agent_id: str, kind: Kind) -> SupportRequest:
    agent = await agents.of_tenant(work, tenant_id, agent_id)
    row = await store.newest(work, agent.id, kind)
    if row is None:
        raise Problem(404, "no_request_yet", agent_id=agent_id)
    return row


def standing(row: SupportRequest, now: datetime) -> tuple[str, str | None]:
    """State and code as they are now."""
    if row.state == "running" and row.ends_at is not None and now >= row.ends_at:
        return "done", "log_time_over"
    if row.state not in OPEN or now <= row.expires_at:
        return row.state, row.code
    if row.state == "waiting":
        return "expired", "request_expired"
    if now <= row.expires_at + GRACE:
        return "asked", None
    return ("expired", "request_expired") if row.kind == "doctor" else ("refused", "no_consent")


def view(row: SupportRequest, now: datetime, language: Language) -> RequestView:
    state, code = standing(row, now)
    return RequestView.model_validate(
        {
            "request_id": row.id,
            "agent_id": row.agent_id,
            "kind": row.kind,
            "state": state,
            "person": row.person,
            "reason_given": row.reason,
            "jobs": row.jobs,
            "asked_at": row.asked_at,
            "expires_at": row.expires_at,
            "ended_at": row.ended_at or (row.ends_at if state == "done" else None),
            "reason": words_of(code, language=language) if code is not None else None,
            "report": row.report,
            "bundle_id": row.bundle_id,
            "agreed_by": row.agreed_by,
            "standing": row.standing,
            "ends_at": row.ends_at,
        }
    )


async def page(
    work: Work, tenant_id: str, agent_id: str | None, cursor: str | None, limit: int
) -> tuple[list[SupportRequest], str | None]:
    """Newest first, with the cursor of the next page."""
    query = select(SupportRequest).where(SupportRequest.tenant_id == tenant_id)
    if agent_id is not None:
        query = query.where(SupportRequest.agent_id == agent_id)
    if cursor is not None:
        at, last = key_of(cursor, int, str)
        before = EPOCH + timedelta(microseconds=min(int(at), 2**52))
        older = and_(SupportRequest.asked_at == before, SupportRequest.id < str(last))
        query = query.where(or_(SupportRequest.asked_at < before, older))
    query = query.order_by(SupportRequest.asked_at.desc(), SupportRequest.id.desc()).limit(limit + 1)
    rows, more = cut(await work.session.scalars(query), limit)
    following = cursor_of(((rows[-1].asked_at - EPOCH) // timedelta(microseconds=1), rows[-1].id)) if more else None
    return list(rows), following


# --- what the agent says ---------------------------------------------------------------------------------------------


async def answered(work: Work, agent: Agent, said: Report) -> None:
    """Nothing is overwritten: a request ends once."""
    row = await _going_on(work, agent, said.request_id)
    if row is None:
        return
    if said.state is ReportState.ASKED:
        row.state = "asked" if standing(row, work.now)[0] == "waiting" else row.state
    elif said.state is ReportState.REFUSED:
        end(work, row, "refused", said.code or "request_failed")
    elif row.kind == "log":
        end(work, row, "done", said.code)
    elif row.kind == "doctor":
        report = _findings(said.findings)
        if report is None:
            end(work, row, "refused", "request_failed")
            return
        row.report = report
        end(work, row, "done")


async def not_understood(work: Work, agent: Agent, request_id: str) -> None:
    row = await _going_on(work, agent, request_id)
    if row is not None:
        end(work, row, "refused", "agent_too_old")


async def for_upload(work: Work, agent: Agent, request_id: str) -> SupportRequest:
    """The request that a bundle answers. Raises ``Problem``."""
    row = await work.session.get(SupportRequest, request_id, with_for_update=True)
    if row is None or row.agent_id != agent.id or row.kind != "bundle":
        raise unknown(404, "unknown_request", "request_id", request_id)
    if row.state not in OPEN or work.now > row.expires_at + GRACE:
        raise Problem(409, "request_over", request_id=request_id)
    return row


def uploaded(work: Work, row: SupportRequest, bundle_id: str) -> None:
    row.bundle_id = bundle_id
    end(work, row, "done")


async def _going_on(work: Work, agent: Agent, request_id: str) -> SupportRequest | None:
    row = await work.session.get(SupportRequest, request_id, with_for_update=True)
    return row if row is not None and row.agent_id == agent.id and row.state in GOING_ON else None


def end(work: Work, row: SupportRequest, state: str, code: str | None = None) -> None:
    """A log whose time is over has ended by that, whoever says what afterwards."""
    if row.state == "running" and (over := standing(row, work.now))[0] != "running":
        (row.state, row.code), row.ended_at = over, row.ends_at
    else:
        row.state, row.code, row.ended_at = state, code, work.now
    tell(work, row)


def tell(work: Work, row: SupportRequest) -> None:
    """The CRM hears what has become of it."""
    told = {
        "request_id": row.id,
        "agent_id": row.agent_id,
        "kind": row.kind,
        "state": row.state,
        "code": row.code,
        "bundle_id": row.bundle_id,
        "agreed_by": row.agreed_by,
        "standing": row.standing,
        "ends_at": row.ends_at.isoformat() if row.ends_at is not None else None,
    }
    feed.put(work, tenant_id=row.tenant_id, type_=f"support.{row.state}", data=lambda: told)


def _findings(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is shown of a report; ``None`` for what is none."""
    try:
        return FindingsView.model_validate(told).model_dump(mode="json")
    except ValidationError as error:
        _log.warning("report_not_understood", problem=error.errors(include_input=False, include_url=False)[0]["type"])
        return None
