"""The job machine: one table for both sides.

The server owns a job until an agent has accepted it, and mirrors it by ``rev`` from then on (``reported``). The agent
owns it from ``accepted`` on. ``step`` is pure; its effects name the durable writes, which the caller makes in one
transaction with the new state, and only then acts or answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from protocol.crm.jobs import FINAL, MAX_ATTEMPTS, JobState
from protocol.crm.machine import Choice, Refusal, Rule, Table, complete


class Known(StrEnum):
    """States of the machine: those of the API, and ``absent`` for a job this side has never heard of."""

    ABSENT = "absent"
    QUEUED = "queued"
    ACCEPTED = "accepted"
    HELD = "held"
    STARTED = "started"
    RESOLVING = "resolving"
    HUMAN = "human"
    DONE = "done"
    NOT_DONE = "not_done"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class JobEvent(StrEnum):
    # seen by the server
    POST = "post"  # the CRM posts a valid job
    SEND = "send"  # the offer is about to leave for an agent
    ASK_CANCEL = "ask_cancel"  # the CRM cancels
    ASK_RENEW = "ask_renew"  # the CRM gives it a new time to start
    EXPIRE = "expire"  # start_by passed and the offer never left
    REPORTED = "reported"  # an update of the agent with a higher rev; its state is taken over
    REJECT = "reject"  # the agent refused the offer
    RETURN = "return"  # a register was released or moved: the job was not started there
    # seen by the agent
    OFFER = "offer"  # a valid offer
    BAD_OFFER = "bad_offer"  # signature, epoch, device, hash, unknown field
    CANCEL = "cancel"  # the server's cancel
    RENEW = "renew"  # a new lease
    LEASE_PASSED = "lease_passed"
    HELD_TOO_LONG = "held_too_long"
    NOT_READY = "not_ready"  # device busy, no paper, unplugged: before INTENT
    INTENT = "intent"  # device free, lease good, prechecks passed
    CLOSING = "closing"  # the document's totals are verified on the device
    DOUBT = "doubt"  # timeout, crash, killed host, bad frame
    PROVEN = "proven"  # the archive has the document
    PROVEN_NONE = "proven_none"  # after the fence the archive has no document
    NOT_TAKEN = "not_taken"  # a terminal moved no money; nothing with money is attempted again by itself
    UNDECIDABLE = "undecidable"  # the device's records cannot decide, or the device is silent for 15 minutes
    DECIDED_DONE = "decided_done"  # a person decided
    DECIDED_NOT_DONE = "decided_not_done"
    ADOPT = "adopt"  # ``bind`` lists it as open on a register that comes from another journal
    FOUND = "found"  # before INTENT: the archive already holds a document with this job's imprint
    RELEASE = "release"  # the register is given up and the job was not started
    PAPER = "paper"  # whether a made receipt was printed to its end
    ANSWERED = "answered"  # a job that only reads has its answer; there was no INTENT
    IMPOSSIBLE = "impossible"  # refused before anything was sent, and waiting would not change it
    GOES_ON = "goes_on"  # a part of a sale has moved, and the sale goes on
    UNPROVEN = "unproven"  # a command without fiscal or money effect was begun; whether it worked is not known
    HEARD_DONE = "heard_done"  # the server knows the end already: this disk is an older copy of the one that told it
    HEARD_NOT_DONE = "heard_not_done"


class JobEffect(StrEnum):
    """What is written in the transition's transaction (S: server's database, A: agent's journal)."""

    STORE = "S job"
    OUTBOX_OFFER = "S outbox offer"
    OUTBOX_CANCEL = "S outbox cancel"
    OUTBOX_RENEW = "S outbox renew"
    NOTIFY = "S event to the CRM"
    MIRROR = "S state by rev"
    RECORD = "A journal record"
    INTENT = "A INTENT"
    CLOSING = "A CLOSING"
    OUTCOME = "A OUTCOME"
    EVIDENCE = "A evidence"
    DECISION = "A who, why, what was verified"
    TOMBSTONE = "A tombstone"
    OUTBOX_ACCEPT = "A outbox accept"
    OUTBOX_REJECT = "A outbox reject"
    OUTBOX_UPDATE = "A outbox update"
    OUTBOX_TOO_LATE = "A outbox update too_late"
    PROGRESS = "progress only"


K, V, X = Known, JobEvent, JobEffect
_TERMINAL = (K.DONE, K.NOT_DONE, K.CANCELLED, K.REJECTED)
_OPEN = (K.STARTED, K.RESOLVING, K.HUMAN)

_TRANSITIONS: dict[tuple[Known, JobEvent], Rule[Known] | Choice[Known] | Refusal] = {
    # the server's part
    (K.ABSENT, V.POST): Rule(K.QUEUED, (X.STORE, X.OUTBOX_OFFER)),
    (K.QUEUED, V.SEND): Choice("cancel pending", Refusal("cancel_pending"), Rule(None, (X.STORE,))),
    (K.QUEUED, V.ASK_CANCEL): Choice(
        "sent", Rule(None, (X.STORE, X.OUTBOX_CANCEL)), Rule(K.CANCELLED, (X.STORE, X.NOTIFY))
    ),
    (K.QUEUED, V.EXPIRE): Choice("sent", Refusal("already_sent"), Rule(K.HELD, (X.STORE, X.NOTIFY))),
    (K.QUEUED, V.ASK_RENEW): Choice(
        "sent", Rule(None, (X.STORE, X.OUTBOX_RENEW)), Rule(None, (X.STORE, X.OUTBOX_OFFER))
    ),
    (K.HELD, V.ASK_RENEW): Choice(
        "sent", Rule(None, (X.STORE, X.OUTBOX_RENEW)), Rule(K.QUEUED, (X.STORE, X.OUTBOX_OFFER, X.NOTIFY))
    ),
    (K.HELD, V.ASK_CANCEL): Choice(
        "sent", Rule(None, (X.STORE, X.OUTBOX_CANCEL)), Rule(K.CANCELLED, (X.STORE, X.NOTIFY))
    ),
    (K.ACCEPTED, V.ASK_RENEW): Rule(None, (X.STORE, X.OUTBOX_RENEW)),
    (K.QUEUED, V.REJECT): Rule(K.REJECTED, (X.STORE, X.NOTIFY)),
    (K.QUEUED, V.RETURN): Rule(K.QUEUED, (X.STORE, X.OUTBOX_OFFER, X.NOTIFY)),
    (K.ACCEPTED, V.RETURN): Rule(K.QUEUED, (X.STORE, X.OUTBOX_OFFER, X.NOTIFY)),
    (K.HELD, V.RETURN): Rule(K.QUEUED, (X.STORE, X.OUTBOX_OFFER, X.NOTIFY)),
    # the agent's part
    (K.ABSENT, V.OFFER): Rule(K.ACCEPTED, (X.RECORD, X.OUTBOX_ACCEPT)),
    (K.ABSENT, V.BAD_OFFER): Rule(K.REJECTED, (X.RECORD, X.OUTBOX_REJECT)),
    (K.ABSENT, V.CANCEL): Rule(K.CANCELLED, (X.TOMBSTONE, X.OUTBOX_UPDATE)),
    (K.ABSENT, V.ADOPT): Rule(K.HELD, (X.RECORD, X.OUTBOX_UPDATE)),
    (K.ACCEPTED, V.LEASE_PASSED): Rule(K.HELD, (X.RECORD, X.OUTBOX_UPDATE)),
    (K.HELD, V.RENEW): Rule(K.ACCEPTED, (X.RECORD, X.OUTBOX_UPDATE)),
    (K.ACCEPTED, V.RENEW): Rule(None, (X.RECORD, X.OUTBOX_UPDATE)),
    (K.ACCEPTED, V.CANCEL): Rule(K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE)),
    (K.HELD, V.CANCEL): Rule(K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE)),
    (K.HELD, V.HELD_TOO_LONG): Rule(K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE)),
    (K.ACCEPTED, V.NOT_READY): Rule(None, (X.PROGRESS,)),
    (K.ACCEPTED, V.FOUND): Rule(K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    (K.HELD, V.FOUND): Rule(K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    (K.DONE, V.PAPER): Rule(None, (X.RECORD, X.OUTBOX_UPDATE)),
    (K.ACCEPTED, V.ANSWERED): Rule(K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    (K.ACCEPTED, V.IMPOSSIBLE): Rule(K.NOT_DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    (K.STARTED, V.UNPROVEN): Rule(K.NOT_DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    (K.ACCEPTED, V.RELEASE): Rule(K.ABSENT, (X.RECORD,)),
    (K.HELD, V.RELEASE): Rule(K.ABSENT, (X.RECORD,)),
    (K.ACCEPTED, V.INTENT): Rule(K.STARTED, (X.INTENT, X.OUTBOX_UPDATE)),
    (K.STARTED, V.CLOSING): Rule(None, (X.CLOSING,)),
    (K.STARTED, V.DOUBT): Rule(K.RESOLVING, (X.RECORD, X.OUTBOX_UPDATE)),
    (K.STARTED, V.PROVEN): Rule(K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    (K.STARTED, V.UNDECIDABLE): Rule(K.HUMAN, (X.EVIDENCE, X.OUTBOX_UPDATE)),
    (K.RESOLVING, V.PROVEN): Rule(K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    (K.RESOLVING, V.UNDECIDABLE): Rule(K.HUMAN, (X.EVIDENCE, X.OUTBOX_UPDATE)),
    (K.HUMAN, V.UNDECIDABLE): Rule(None, (X.EVIDENCE, X.OUTBOX_UPDATE)),
    (K.HUMAN, V.PROVEN): Rule(K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    (K.HUMAN, V.PROVEN_NONE): Rule(K.NOT_DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    (K.HUMAN, V.DECIDED_DONE): Rule(K.DONE, (X.DECISION, X.OUTBOX_UPDATE)),
    (K.HUMAN, V.DECIDED_NOT_DONE): Rule(K.NOT_DONE, (X.DECISION, X.OUTBOX_UPDATE)),
}
for _state in _OPEN:
    _TRANSITIONS[_state, V.GOES_ON] = Rule(K.STARTED, (X.RECORD, X.OUTBOX_UPDATE))
    _TRANSITIONS[_state, V.NOT_TAKEN] = Rule(K.NOT_DONE, (X.OUTCOME, X.OUTBOX_UPDATE))
    _TRANSITIONS[_state, V.HEARD_DONE] = Rule(K.DONE, (X.OUTCOME,))
    _TRANSITIONS[_state, V.HEARD_NOT_DONE] = Rule(K.NOT_DONE, (X.OUTCOME,))
for _state in (K.STARTED, K.RESOLVING):
    _TRANSITIONS[_state, V.PROVEN_NONE] = Choice(
        "attempts left",
        Rule(K.ACCEPTED, (X.OUTCOME, X.OUTBOX_UPDATE)),
        Rule(K.NOT_DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    )
for _state in _OPEN:
    _TRANSITIONS[_state, V.CANCEL] = Rule(None, (X.RECORD, X.OUTBOX_TOO_LATE))
for _state in (K.ACCEPTED, *_OPEN):
    _TRANSITIONS[_state, V.ASK_CANCEL] = Rule(None, (X.STORE, X.OUTBOX_CANCEL))
for _state in K:
    # The agent owns the truth: a higher rev counts in every state, also for a job the server has forgotten.
    _TRANSITIONS[_state, V.REPORTED] = Choice("rev is higher", Rule(None, (X.MIRROR, X.NOTIFY)), Refusal("stale_rev"))

_UNKNOWN = {K.ABSENT: "unknown_job"}


def _names(*, open_: str, final: str, waiting: str) -> dict[Known, str]:
    """Refusal names by kind of state: before the start, with an open intent, ended."""
    names = dict(_UNKNOWN)
    names.update(dict.fromkeys((K.QUEUED, K.ACCEPTED, K.HELD), waiting))
    names.update(dict.fromkeys(_OPEN, open_))
    names.update(dict.fromkeys(_TERMINAL, final))
    return names


_REFUSED: dict[JobEvent, dict[Known, str]] = {
    V.POST: dict.fromkeys(K, "job_id_known"),
    V.SEND: _names(waiting="already_accepted", open_="already_accepted", final="already_final"),
    V.ASK_CANCEL: _names(waiting="not_cancellable", open_="too_late", final="already_final"),
    V.ASK_RENEW: _names(waiting="not_renewable", open_="already_started", final="already_final"),
    V.EXPIRE: _names(waiting="agent_decides", open_="agent_decides", final="already_final"),
    V.REPORTED: {},
    V.REJECT: _names(waiting="already_accepted", open_="already_accepted", final="already_final"),
    V.RETURN: _names(waiting="not_returned", open_="intent_open", final="already_final"),
    V.OFFER: _names(waiting="job_id_known", open_="job_id_known", final="job_id_known"),
    V.BAD_OFFER: _names(waiting="job_id_known", open_="job_id_known", final="job_id_known"),
    V.CANCEL: _names(waiting="not_cancellable", open_="too_late", final="already_final"),
    V.RENEW: _names(waiting="not_renewable", open_="already_started", final="already_final"),
    V.LEASE_PASSED: _names(waiting="not_accepted", open_="lease_is_irrelevant", final="already_final"),
    V.HELD_TOO_LONG: _names(waiting="not_held", open_="lease_is_irrelevant", final="already_final"),
    V.NOT_READY: _names(waiting="not_accepted", open_="already_started", final="already_final"),
    V.INTENT: _names(waiting="not_accepted", open_="already_started", final="already_final"),
    V.CLOSING: _names(waiting="not_started", open_="must_be_resolved", final="already_final"),
    V.DOUBT: _names(waiting="not_started", open_="already_in_doubt", final="already_final"),
    V.PROVEN: _names(waiting="not_started", open_="not_started", final="already_final"),
    V.PROVEN_NONE: _names(waiting="not_started", open_="not_started", final="already_final"),
    V.NOT_TAKEN: _names(waiting="not_started", open_="not_started", final="already_final"),
    V.UNDECIDABLE: _names(waiting="not_started", open_="not_started", final="already_final"),
    V.DECIDED_DONE: _names(waiting="not_human", open_="not_human", final="already_final"),
    V.DECIDED_NOT_DONE: _names(waiting="not_human", open_="not_human", final="already_final"),
    V.ADOPT: _names(waiting="job_id_known", open_="job_id_known", final="job_id_known"),
    V.FOUND: _names(waiting="not_accepted", open_="must_be_resolved", final="already_final"),
    V.PAPER: _names(waiting="not_done_yet", open_="not_done_yet", final="not_made"),
    V.RELEASE: _names(waiting="not_returned", open_="intent_open", final="already_final"),
    V.ANSWERED: _names(waiting="not_accepted", open_="already_started", final="already_final"),
    V.IMPOSSIBLE: _names(waiting="not_accepted", open_="already_started", final="already_final"),
    V.GOES_ON: _names(waiting="not_started", open_="not_started", final="already_final"),
    V.UNPROVEN: _names(waiting="not_started", open_="must_be_resolved", final="already_final"),
    V.HEARD_DONE: _names(waiting="not_started", open_="not_started", final="already_final"),
    V.HEARD_NOT_DONE: _names(waiting="not_started", open_="not_started", final="already_final"),
}


def _build() -> Table[Known, JobEvent]:
    refusals = {
        event: {state: code for state, code in names.items() if (state, event) not in _TRANSITIONS}
        for event, names in _REFUSED.items()
    }
    return complete(K, V, _TRANSITIONS, refusals)


TABLE: Table[Known, JobEvent] = _build()


@dataclass(frozen=True, slots=True)
class Job:
    """What the machine knows of a job."""

    state: Known = Known.ABSENT
    rev: int = 0
    attempt: int = 0  # number of the current or last attempt; 0 before the first INTENT
    sent: bool = False  # server: the offer has left for an agent at least once
    cancel_pending: bool = False  # server: a cancel waits for the agent's answer
    closing: bool = False  # agent: CLOSING of the current attempt is on disk


@dataclass(frozen=True, slots=True)
class Moved:
    job: Job
    effects: tuple[StrEnum, ...]


_REPORTING = frozenset({X.OUTBOX_ACCEPT, X.OUTBOX_UPDATE, X.OUTBOX_TOO_LATE, X.OUTBOX_REJECT})


def step(job: Job, event: JobEvent, *, rev: int = 0, reported: JobState | None = None) -> Moved | Refusal:
    """The job after ``event`` and what must be written with it, or the named refusal (the job is unchanged).

    ``reported`` belongs to ``REPORTED``. ``rev`` is the rev that the other side named: that of the update, or with
    ``OFFER``, ``CANCEL`` and ``ADOPT`` the server's own, above which the agent goes on counting; with ``HEARD_DONE``
    and ``HEARD_NOT_DONE`` that of the end which it knows, and which it is not told again.
    """
    cell = TABLE[job.state, event]
    if isinstance(cell, Choice):
        cell = cell.yes if _holds(cell.guard, job, rev) else cell.no
    if isinstance(cell, Refusal):
        return cell
    after = replace(job, state=cell.next or job.state)
    if event is V.REPORTED:
        assert reported is not None
        after = replace(after, state=Known(reported), rev=rev, sent=True)
        after = replace(after, cancel_pending=job.cancel_pending and reported not in FINAL)
    elif event in (V.HEARD_DONE, V.HEARD_NOT_DONE):
        after = replace(after, rev=max(rev, job.rev + 1))
    elif _REPORTING & set(cell.effects):
        after = replace(after, rev=max(rev, job.rev) + 1)
    return Moved(_bookkeeping(after, event), cell.effects)


def _bookkeeping(job: Job, event: JobEvent) -> Job:
    if event is V.SEND:
        return replace(job, sent=True)
    if event is V.ASK_CANCEL:
        return replace(job, cancel_pending=job.state is not K.CANCELLED)
    if event is V.RETURN:
        return replace(job, sent=False)
    if event is V.INTENT:
        return replace(job, attempt=job.attempt + 1, closing=False)
    if event is V.CLOSING:
        return replace(job, closing=True)
    return job


def _holds(guard: str, job: Job, rev: int) -> bool:
    match guard:
        case "sent":
            return job.sent
        case "cancel pending":
            return job.cancel_pending
        case "attempts left":
            return job.attempt < MAX_ATTEMPTS
        case "rev is higher":
            return rev > job.rev
        case _:  # pragma: no cover - a guard without a meaning is caught by the table test
            raise AssertionError(guard)
