"""What a run of the receipt procedure carries from step to step, and how its parts read the archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.journal.rows import Snapshot
from agent.procedures.asks import (
    Answered,
    Ask,
    ReadDocument,
    Seen,
)
from agent.procedures.ending import Ending
from agent.procedures.precheck import Check
from drivers.api import CloseReply, Status
from protocol.crm.outcomes import Decision, Reason
from protocol.ffd.planned import PlannedReceipt


class Phase(StrEnum):
    CHECK = "R1 may it start?"
    CATCH_UP = "R3 read the archive"
    NOTE = "R3 note what was seen"
    FOUND = "R3 already made"
    ABLE = "R4 can the register make it?"
    BEGIN = "R4 INTENT"
    FILL = "R5 fill"
    SUBTOTAL = "R6 subtotal"
    RECHECK = "R6 last FD"
    CLOSING = "R7 CLOSING"
    CLOSE = "R8 close"
    READ_BACK = "R9 last FD"
    READ = "R9 read back"
    DOUBT = "b.3 record the doubt"
    PEEK_WAIT = "b.3.0 a moment"
    PEEK_REOPEN = "b.3.0 reopen"
    PEEK_STATUS = "b.3.0 status"
    PEEK_ARCHIVE = "b.3.0 is it there already?"
    DRAIN = "b.3.1 wait it out"
    REOPEN = "b.3.1 reopen"
    RETRY = "b.3.3 ask again later"
    LOOK = "b.3.3 status"
    FENCE = "b.3.5 fence"
    ARCHIVE = "b.3.6 read the archive"
    UNDECIDED = "b.3.6 evidence for a person"
    OUTCOME = "R10 OUTCOME"
    PAPER = "R11 paper"
    PAPER_WAIT = "R11 wait for the printer"
    PAPER_NOTE = "R11 note"
    END = "end"


ENDING = Ending(Phase.END, "device_offline")


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a run needs to know, fixed at its start."""

    plan: PlannedReceipt
    exclusive: bool
    register_serial: str
    known_fn: str | None  # the FN whose documents the journal knows up to ``highest_fd``
    highest_fd: int
    open_shift: bool
    close_expired_shift: bool
    max_time: Mapping[str, float]
    decision: Decision | None = None  # a person's, on a job that the records have not decided
    decided_fd: int | None = None
    only_look: bool = False  # whether it could be made now (a sale, before the card is touched)


@dataclass(frozen=True, slots=True)
class Run:
    ctx: Context
    phase: Phase
    check: Check | None = None
    first: Snapshot | None = None  # of the job's first attempt
    snapshot: Snapshot | None = None  # of this attempt
    status: Status | None = None
    seen: tuple[Seen, ...] = ()
    next_fd: int = 0
    last_fd: int = 0
    doubted: bool = False  # the job is ``resolving`` (or ``human``) on disk
    human: str | None = None  # the code under which a person was told
    closing: bool = False  # CLOSING of this attempt is on disk: the closing command may have been sent
    reply: CloseReply | None = None  # to the closing command
    own_open: bool = False  # the open document is ours for certain
    cause: Reason | None = None  # why this attempt did not make a receipt
    since: float | None = None  # when deciding began
    remaining: float = 0.0
    quiet_until: float | None = None  # before this moment only a document that is there proves anything
    polls: int = 0
    unread: int = 0  # looks at the archive that ended before its last document
    waiting_since: float | None = None


Next = tuple[Run, Ask]
Handler = Callable[[Run, Answered], Next]


def on_document(run: Run, answer: Answered, done: Callable[[Run], Next]) -> Next:
    run = replace(run, seen=(*run.seen, answer.value), next_fd=run.next_fd + 1)
    return read_on(run, done)


def read_on(run: Run, done: Callable[[Run], Next]) -> Next:
    return (run, ReadDocument(run.next_fd)) if run.next_fd <= run.last_fd else done(run)
