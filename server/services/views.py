"""What the REST API shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from protocol.crm.codes import CODES, Language
from protocol.crm.codes import reason as words_of
from protocol.crm.jobs import FINAL, DeviceClass, JobState
from protocol.crm.messages import StepTold
from protocol.crm.outcomes import Proof, Reason, SaleChoice
from server.services import health
from server.services.health import HealthView
from server.store.models import Agent, Desk, Device, Job, JobTransition, RefusedClaim


class Warned(BaseModel):
    code: str
    field: str
    rule: str
    expected: str
    text: str


class Transition(BaseModel):
    state: str
    rev: int
    attempt: int
    at: datetime
    code: str | None


class Progressed(BaseModel):
    """``text`` and ``advice`` for a code of the table that keeps the job waiting (``no_paper``, ``shift_closed``)."""

    code: str
    text: str
    advice: str
    done: int | None
    of: int | None


class Waits(BaseModel):
    """What a sale wants a person to decide, and which of the decisions can be followed as it stands."""

    code: str
    text: str
    advice: str
    choices: list[SaleChoice]


class JobView(BaseModel):
    job_id: str
    kkm_id: str
    desk_id: str | None
    kind: str
    order_ref: str | None
    posted_by: str | None
    """``key:…`` or ``user:…``; null of a job that was taken over from a PC."""
    state: JobState
    rev: int
    attempt: int
    agent_id: str | None
    lease_no: int
    created_at: datetime
    start_by: datetime
    cancel_pending: bool
    too_late: bool
    unreachable_since: datetime | None
    progress: Progressed | None
    progress_at: datetime | None
    owed: bool
    """Money was moved at the terminal and the sale's receipt is not made."""
    unpaid: bool
    waits: Waits | None
    reason: Reason | None
    proof: Proof | None
    paper: str | None
    certainty: str | None
    steps: list[StepTold]
    evidence: dict[str, Any] | None
    result: dict[str, Any] | None
    warnings: list[Warned]
    history: list[Transition]


class JobDetail(JobView):
    """One job by itself: with its fiscal document, as the register's archive holds it."""

    document: dict[str, Any] | None


class JobPage(BaseModel):
    jobs: list[JobView]
    cursor: str | None


def job(row: Job, history: Sequence[JobTransition], agent: Agent | None, language: Language) -> JobView:
    open_ = JobState(row.state) not in FINAL
    return JobView(
        job_id=row.job_id,
        kkm_id=row.kkm_id,
        desk_id=row.desk_id,
        kind=row.kind,
        order_ref=row.order_ref,
        posted_by=row.posted_by,
        state=JobState(row.state),
        rev=row.rev,
        attempt=row.attempt,
        agent_id=row.agent_id,
        lease_no=row.lease_no,
        created_at=row.created_at,
        start_by=row.start_by,
        cancel_pending=row.cancel_pending,
        too_late=row.too_late,
        unreachable_since=agent.unreachable_since if agent is not None and open_ else None,
        # A held job waits for a person: what the register lacked is not why any more.
        progress=None if row.state == JobState.HELD else progress(row.progress, language),
        progress_at=row.progress_at,
        owed=row.owed,
        unpaid=False,
        waits=waits(row, language),
        reason=reason(row.reason, language),
        proof=Proof.model_validate(row.proof) if row.proof else None,
        paper=row.paper,
        certainty=row.certainty,
        steps=[step(told, language) for told in row.steps or ()],
        evidence=row.evidence,
        result=row.result,
        warnings=[
            Warned(**{k: v for k, v in w.items() if not k.startswith("text_")}, text=w[f"text_{language}"])
            for w in row.warnings or []
        ],
        history=[
            Transition(state=line.state, rev=line.rev, attempt=line.attempt, at=line.at, code=line.code)
            for line in history
        ],
    )


def job_detail(row: Job, history: Sequence[JobTransition], agent: Agent | None, language: Language) -> JobDetail:
    return JobDetail(**dict(job(row, history, agent, language)), document=row.document)


def progress(stored: dict[str, Any] | None, language: Language) -> Progressed | None:
    if stored is None:
        return None
    code = stored["code"]
    known = words_of(code, language=language) if code in CODES else None
    words = {"text": known.text, "advice": known.advice} if known else {"text": stored["text"], "advice": ""}
    return Progressed.model_validate({**stored, **words})


def reason(stored: dict[str, Any] | None, language: Language) -> Reason | None:
    """The stored reason, in the reader's words where the code is one of ours."""
    if stored is None:
        return None
    kept = Reason.model_validate(stored)
    if kept.code not in CODES:
        return kept
    known = words_of(kept.code, language=language)
    return kept.model_copy(update={"text": known.text, "advice": known.advice})


def waits(row: Job, language: Language) -> Waits | None:
    if row.waits is None:
        return None
    words = words_of(row.waits, language=language)
    choices = [SaleChoice(choice) for choice in row.choices or ()]
    return Waits(code=row.waits, text=words.text, advice=words.advice, choices=choices)


def step(stored: dict[str, Any], language: Language) -> StepTold:
    """One part of a sale, its reason in the reader's words."""
    told, why = StepTold.model_validate(stored), stored["reason"]
    return told.model_copy(update={"reason": reason(why, language)})


class ClaimView(BaseModel):
    agent_id: str
    code: str
    text: str
    advice: str
    register_serial: str | None
    at: datetime


class DeviceView(BaseModel):
    kkm_id: str
    name: str | None
    device: DeviceClass | None
    """``null`` until a PC has said what it is."""
    state: str
    agent_id: str | None
    online: bool
    unreachable_since: datetime | None
    binding_epoch: int
    releasing: bool
    moving_to: str | None
    register_serial: str | None
    registration_number: str | None
    fn_serial: str | None
    last_fd: int | None
    driver: str | None
    model: str | None
    ffd: str | None
    taxation: int | None
    exclusive: bool
    exclusive_lost_at: datetime | None
    desk_id: str | None
    health: HealthView | None
    refused_claims: list[ClaimView]


def device(
    row: Device,
    agent: Agent | None,
    desk: Desk | None,
    claims: Sequence[RefusedClaim],
    language: Language,
    now: datetime,
) -> DeviceView:
    reachable = agent is not None and online(agent)
    if row.releasing:
        state = "releasing"
    elif row.bound_serial is not None:
        state = "bound" if row.bound_epoch == row.binding_epoch else "binding"
    else:
        state = "assigned" if row.agent_id is not None else "free"
    return DeviceView(
        kkm_id=row.kkm_id,
        name=row.name,
        device=DeviceClass(row.device_class) if row.device_class is not None else None,
        state=state,
        agent_id=row.agent_id,
        online=reachable,
        unreachable_since=agent.unreachable_since if agent is not None else None,
        binding_epoch=row.binding_epoch,
        releasing=row.releasing,
        moving_to=row.moving_to,
        register_serial=row.bound_serial or row.expected_serial,
        registration_number=row.registration_number,
        fn_serial=row.fn_serial,
        last_fd=row.last_fd,
        driver=row.driver,
        model=row.model,
        ffd=row.ffd,
        taxation=row.taxation,
        exclusive=(desk is None or desk.exclusive) and row.exclusive_lost_at is None,
        exclusive_lost_at=row.exclusive_lost_at,
        desk_id=desk.desk_id if desk is not None else None,
        health=health.view(row, desk, reachable=reachable, now=now),
        refused_claims=[claim(c, language) for c in claims],
    )


def claim(row: RefusedClaim, language: Language) -> ClaimView:
    words = words_of(row.code, language=language)
    return ClaimView(
        agent_id=row.agent_id,
        code=row.code,
        text=words.text,
        advice=words.advice,
        register_serial=row.register_serial,
        at=row.at,
    )


def online(agent: Agent) -> bool:
    return agent.connected_at is not None and agent.unreachable_since is None


class ShiftPolicyView(BaseModel):
    open: str
    close_expired: str
    close_at: str | None
    before_24h: str


class DeskView(BaseModel):
    desk_id: str
    name: str | None
    kkm_id: str | None
    terminal_kkm_id: str | None
    timezone: str
    exclusive: bool
    imprint: bool
    shift_policy: ShiftPolicyView
    held_hours: int
    settle: str


def desk(row: Desk) -> DeskView:
    return DeskView(
        desk_id=row.desk_id,
        name=row.name,
        kkm_id=row.kkm_id,
        terminal_kkm_id=row.terminal_kkm_id,
        timezone=row.timezone,
        exclusive=row.exclusive,
        imprint=row.imprint,
        shift_policy=ShiftPolicyView(
            open=_policy(row.open_shift),
            close_expired=_policy(row.close_expired_shift),
            close_at=row.close_at,
            before_24h=_policy(row.close_before_24h),
        ),
        held_hours=row.held_hours,
        settle=_policy(row.settle),
    )


def _policy(auto: bool) -> str:
    return "auto" if auto else "manual"


class QuarantineView(BaseModel):
    since: datetime
    text: str
    advice: str
    detail: str | None
    documents: list[dict[str, Any]]
    said_meanwhile: list[dict[str, Any]]


class AgentView(BaseModel):
    agent_id: str
    name: str | None
    state: str
    online: bool
    connected_at: datetime | None
    unreachable_since: datetime | None
    pc_name: str
    version: str
    created_at: datetime
    session_epoch: int
    quarantine: QuarantineView | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    confirmed_why: str | None


def agent(row: Agent, quarantine: QuarantineView | None) -> AgentView:
    return AgentView(
        agent_id=row.id,
        name=row.name,
        state=row.state,
        online=online(row),
        connected_at=row.connected_at,
        unreachable_since=row.unreachable_since,
        pc_name=row.pc_name,
        version=row.version,
        created_at=row.created_at,
        session_epoch=row.session_epoch,
        quarantine=quarantine,
        confirmed_at=row.confirmed_at,
        confirmed_by=row.confirmed_by,
        confirmed_why=row.confirmed_why,
    )
