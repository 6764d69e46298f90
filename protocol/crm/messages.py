"""Bodies of the messages between agent and server.

A message is durable when it lives in an outbox until its own ack; it is harmless when repeated. Signed ones carry
``kid`` and ``sig`` (see ``signing``). Times are aware; ``nonce`` and keys are base64 text.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from protocol.crm.jobs import DeviceClass, JobId, JobKind, JobState, KkmId, Sha256
from protocol.crm.outcomes import Decision, Paper, Proof, Reason, SaleChoice, Value
from protocol.crm.support import Bundle, Doctor, Log, LogBegan, LogLines, LogStop, Report

SUBPROTOCOL = "kassabridge.v1"
Text = Annotated[str, StringConstraints(max_length=1000)]
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""Revisions, epochs, document numbers: what both databases can hold."""


# --- greeting -------------------------------------------------------------------------------------------------------


class Challenge(Value):
    nonce: str
    server_time: AwareDatetime
    versions: list[str]


class JournalHead(Value):
    n: Count
    hash: str


class KnownJob(Value):
    job_id: JobId
    rev: Count


PLACE = "place:"
"""Begins the serial of a terminal that tells no id: a name of its place at its PC."""


class ClaimedDevice(Value):
    """A device of the agent's configuration; serials are known once the device has answered. A terminal has a serial
    alone: its terminal id, or a stable name of its place where it tells none."""

    kkm_id: KkmId
    driver: str
    device: DeviceClass = DeviceClass.REGISTER
    register_serial: str | None = None
    fn_serial: str | None = None
    registration_number: str | None = None
    model: str | None = None
    ffd: str | None = None
    taxation: Count | None = None  # tag 1062: mask of the registered taxation systems
    last_fd: Count | None = None
    binding_epoch: Count | None = None


class Hello(Value):
    agent_id: str
    install_id: str
    boot_id: str
    version: str
    caps: list[str]
    journal_head: JournalHead
    jobs: list[KnownJob]
    devices: list[ClaimedDevice]
    nonce: str
    sig: str = ""


class Desk(Value):
    """What the agent must know of the desk that a register stands at."""

    desk_id: str | None = None
    timezone: str = "Europe/Moscow"
    exclusive: bool = True  # no other program prints on this register
    imprint: bool = True
    open_shift: bool = True  # a closed shift is opened for a receipt
    close_expired_shift: bool = True
    close_at: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = None
    """Local time at which an open shift is closed every day."""
    close_before_24h: bool = True  # an open shift is closed shortly before its 24 hours end
    held_hours: int = Field(default=24, ge=1, le=720)
    terminal: KkmId | None = None
    """The card terminal that stands beside the register."""
    settle: bool = False  # the terminal is settled after the register's shift was closed


class Binding(Value):
    kkm_id: KkmId
    register_serial: str | None
    binding_epoch: Count = Field(ge=1)
    desk: Desk


class ServerKey(Value):
    """A public job key; a successor is signed by the key it follows (``by``, ``sig`` over kid and key)."""

    kid: str
    key: str
    by: str | None = None
    sig: str | None = None


class Welcome(Value):
    tenant_id: str
    session_epoch: Count
    server_time: AwareDatetime
    heartbeat_s: float
    acked_head: JournalHead
    jobs: list[KnownJob]
    bindings: list[Binding]
    keys: list[ServerKey]
    limits: dict[str, int] = {}


class Checkpoint(Value):
    """The agent's own journal hash at ``welcome.acked_head.n``; ``hash`` is ``None`` when it has no such record."""

    n: Count
    hash: str | None
    session_epoch: Count
    sig: str = ""


class Ready(Value):
    """The greeting is over: differences may travel, work may start."""

    resumed: bool = False  # a quarantine has just been lifted by a person
    ended: list[Ended] = []
    """Jobs that the agent has named and that have ended here: if one is open there, its disk is an older copy."""


class Quarantine(Value):
    """This journal is older than what the server has seen of it, or a copy. Only queries are answered."""

    code: str
    text: str


class ArchiveEntry(Value):
    fd: Count
    kind: str
    at: str  # the register's local time, ISO, no zone
    total: str | None = None
    imprint: str | None = None
    fpd: str | None = None


class Archive(Value):
    """Evidence of a quarantined agent: documents of one device above what the server knows."""

    kkm_id: KkmId
    register_serial: str
    fn_serial: str
    last_fd: Count
    documents: list[ArchiveEntry]


# --- jobs -----------------------------------------------------------------------------------------------------------


class Offer(Value):
    tenant_id: str
    job_id: JobId
    kind: JobKind
    agent_id: str
    kkm_id: KkmId
    register_serial: str | None = None
    terminal_id: str | None = None
    binding_epoch: Count = Field(ge=1)
    lease_no: Count = Field(ge=1)
    rev: Count = 0  # the server's rev of the job; the agent counts on from it
    issued_at: AwareDatetime
    start_by: AwareDatetime
    order_ref: str | None = None
    payload: dict[str, Any]
    payload_hash: Sha256
    kid: str
    sig: str = ""


class Accept(Value):
    job_id: JobId
    rev: Count
    payload_hash: Sha256
    journal_head: JournalHead | None = None  # the record of this very transition


class Reject(Value):
    job_id: JobId
    reason: Reason


class StepTold(Value):
    """A part of a sale as it stands: a payment, refund or void at the terminal, the receipt, a slip."""

    step: str
    n: int = Field(ge=1)
    state: JobState
    amount: str | None = None
    reason: Reason | None = None
    proof: Proof | None = None
    paper: Paper | None = None
    certainty: str | None = None


class Update(Value):
    """The agent's word on a job. Counts only when ``rev`` is higher than the one stored."""

    job_id: JobId
    rev: Count = Field(ge=1)
    state: JobState
    attempt: Count = 0
    at: AwareDatetime
    binding_epoch: Count = 0
    lease_no: Count = 0
    reason: Reason | None = None
    proof: Proof | None = None
    paper: Paper | None = None
    evidence: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    """What a job without a fiscal document of its own has found out: facts, totals, a document's tags."""
    document: dict[str, Any] | None = None
    """The fiscal document behind the proof as the archive holds it: ``{"type", "fd", "tags"}``, tags as in a dump."""
    too_late: bool = False  # answer to a cancel that came after INTENT
    certainty: str | None = None
    owed: bool = False
    """Of a sale: money was moved and its receipt is not made; a person chooses (``SaleChoice``)."""
    waits: Annotated[str, StringConstraints(max_length=64)] | None = None
    """Of a sale: the code of what it waits for from a person."""
    choices: list[SaleChoice] = []
    """What can be followed of what a person might say to that."""
    steps: list[StepTold] = []
    """Of a sale: its parts, in the order in which they were begun."""
    journal_head: JournalHead | None = None
    """The journal's head when this was said: what the server has been told, the journal must still hold later."""
    offer: Offer | None = None
    """The job itself, for a server that does not know it (restored from a backup). Absent otherwise."""


class Ended(Value):
    """How a job has ended, as an agent has told it: for a journal that has lost this, and has the job open still. In
    state ``human``: that a sale was left owed, for a correction receipt."""

    job_id: JobId
    agent_id: str
    rev: Count
    state: JobState
    reason: Reason | None = None
    proof: Proof | None = None
    paper: Paper | None = None
    certainty: str | None = None
    owed: bool = False
    steps: list[StepTold] = []
    kid: str
    sig: str = ""


class Cancel(Value):
    job_id: JobId
    agent_id: str
    rev: Count = 0  # the server's rev of the job
    kid: str
    sig: str = ""


class Renew(Value):
    job_id: JobId
    agent_id: str
    lease_no: Count = Field(ge=2)
    binding_epoch: Count = Field(ge=1)
    start_by: AwareDatetime
    kid: str
    sig: str = ""


class Resolve(Value):
    """A person's decision on a ``human`` job, or choice for a sale that waits.

    Counts only at the current ``rev``; the device is asked first."""

    job_id: JobId
    agent_id: str
    rev: Count
    decision: Decision | SaleChoice
    person: Text
    reason: Text
    fd: Count | None = None
    kid: str
    sig: str = ""


class Progress(Value):
    job_id: JobId
    code: str
    text: str = ""
    done: Count | None = None
    of: Count | None = None


class Health(Value):
    """One look at a device outside any job. Sent once or never; the newest one counts.

    ``facts`` are those of ``drivers.api``: see ``docs/api.md`` for the words.
    """

    kkm_id: KkmId
    at: AwareDatetime
    facts: dict[str, Any]


class Event(Value):
    """What a device did outside a job; ``kind`` is one of ``EventKind``."""

    event_id: str
    kkm_id: KkmId | None = None
    kind: str
    at: AwareDatetime
    body: dict[str, Any] = {}


class EventKind(StrEnum):
    SHIFT_OPENED = "shift_opened"
    SHIFT_CLOSED = "shift_closed"
    FN_REPLACED = "fn_replaced"
    FOREIGN_DOCUMENT = "foreign_document"
    DECISION_CONTRADICTED = "decision_contradicted"
    DEVICE_OFFLINE = "device_offline"
    DEVICE_ONLINE = "device_online"
    PAPER_OUT = "paper_out"
    PAPER_BACK = "paper_back"
    COVER_OPEN = "cover_open"
    COVER_CLOSED = "cover_closed"
    FN_WARNING = "fn_warning"  # memory, resource, urgent replacement, OFD overdue
    CLOCK_DRIFT = "clock_drift"  # the register's clock is off by more than two minutes
    SETUP_PROBLEM = "setup_problem"  # a setting of the register that would make wrong documents
    TERMINAL_SETTLED = "terminal_settled"  # by the desk's rule, after the register's shift was closed
    TERMINAL_NOT_SETTLED = "terminal_not_settled"  # the same rule, and it did not succeed
    SETTLEMENT_DIFFERS = "settlement_differs"  # terminal, bank and journal do not agree on the day


# --- ownership of devices -------------------------------------------------------------------------------------------


class OpenJob(Value):
    """A job that another journal may have begun on this register; the new owner adopts it."""

    offer: Offer
    rev: Count
    imprint: str


class Bind(Value):
    """This agent owns this register from now on, under this epoch."""

    agent_id: str
    binding: Binding
    fn_serial: str | None = None
    last_fd: Count | None = None
    open_jobs: list[OpenJob] = []
    kid: str
    sig: str = ""


class Bound(Value):
    kkm_id: KkmId
    binding_epoch: Count


class Introduce(Value):
    """Ask the register who it is and claim it: the owner has given it to this agent, which would not do so by itself,
    because it gave the register up or was refused before."""

    agent_id: str
    kkm_id: KkmId


class Release(Value):
    """Give the register up: start nothing more; ``released`` follows when no intent is open."""

    agent_id: str
    kkm_id: KkmId
    binding_epoch: Count
    kid: str
    sig: str = ""


class Released(Value):
    kkm_id: KkmId
    binding_epoch: Count
    not_started: list[JobId]
    last_fd: Count | None = None


class Claim(Value):
    """A device answered for the first time on this connection (or anew): who it says it is."""

    device: ClaimedDevice


class ClaimRefused(Value):
    kkm_id: KkmId
    code: str
    text: str
    advice: str
    binding_epoch: Count = 0  # the present one: an agent that learns a higher epoch than its own executes nothing


# --- the connection itself ------------------------------------------------------------------------------------------


class Ack(Value):
    msg_ids: list[str]


class Ping(Value):
    n: Count
    journal_head: JournalHead | None = None
    """The agent's head, so that the server can acknowledge it (and later notice an older copy)."""
    session_epoch: Count | None = None
    """The session in which it is said: a ping of an earlier one, heard late, says nothing of the journal."""


class Pong(Value):
    n: Count
    server_time: AwareDatetime


class Error(Value):
    code: str
    text: str
    ref: str | None = None  # msg_id of what was wrong


class Goodbye(Value):
    code: str
    text: str = ""
    retry_after: float | None = None


TYPES: dict[str, type[Value]] = {
    "challenge": Challenge,
    "hello": Hello,
    "welcome": Welcome,
    "checkpoint": Checkpoint,
    "ready": Ready,
    "quarantine": Quarantine,
    "archive": Archive,
    "offer": Offer,
    "accept": Accept,
    "reject": Reject,
    "update": Update,
    "cancel": Cancel,
    "renew": Renew,
    "resolve": Resolve,
    "progress": Progress,
    "event": Event,
    "health": Health,
    "bind": Bind,
    "bound": Bound,
    "introduce": Introduce,
    "release": Release,
    "released": Released,
    "claim": Claim,
    "claim_refused": ClaimRefused,
    "doctor": Doctor,
    "bundle": Bundle,
    "log": Log,
    "log_stop": LogStop,
    "log_began": LogBegan,
    "log_lines": LogLines,
    "report": Report,
    "ack": Ack,
    "ping": Ping,
    "pong": Pong,
    "error": Error,
    "goodbye": Goodbye,
}
NAMES: dict[type[Value], str] = {model: name for name, model in TYPES.items()}

DURABLE = frozenset(
    {
        "offer",
        "accept",
        "reject",
        "update",
        "event",
        "cancel",
        "renew",
        "resolve",
        "introduce",
        "bind",
        "release",
        "released",
    }
)
"""Kept in an outbox until acknowledged; the receiver acknowledges only after the effect is committed."""
