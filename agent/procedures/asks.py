"""What a procedure may ask of its lane, and what it may be answered.

One ask at a time. A commit either happens or the process ends, so it has no failing answer; the exception is ``Begin``,
which the lane refuses when lease, epoch or disk space no longer allow a start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agent.journal.rows import Snapshot
from drivers.api import FiscalDocument
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Reason


class Operation(StrEnum):
    OPEN_SHIFT = "open_shift"
    CLOSE_SHIFT = "close_shift"
    CASH_IN = "cash_in"
    CASH_OUT = "cash_out"


@dataclass(frozen=True, slots=True)
class Seen:
    """A document of the archive; ``owner`` is the job of this journal whose imprint it carries."""

    document: FiscalDocument
    owner: str | None


# --- asks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadStatus:
    """Answered by ``drivers.api.Status``."""


@dataclass(frozen=True, slots=True)
class ReadArchiveEnd:
    """Answered by ``drivers.api.ArchiveEnd``. Asked on the channel that is open: inside an attempt."""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """Answered by ``Seen``, or by ``None`` when the register has no document of this number."""

    fd: int


@dataclass(frozen=True, slots=True)
class Fill:
    """Open the document and send everything up to the closing command."""


@dataclass(frozen=True, slots=True)
class ReadSubtotal:
    """Answered by kopecks."""


@dataclass(frozen=True, slots=True)
class Close:
    """Send the closing command, once. Answered by ``drivers.api.CloseReply``."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Cancel the open document."""


@dataclass(frozen=True, slots=True)
class ContinuePrint:
    pass


@dataclass(frozen=True, slots=True)
class Operate:
    """Open or close the shift, put cash in or take it out: once. Amount and cashier are the work's."""

    operation: Operation


@dataclass(frozen=True, slots=True)
class CheckReceipt:
    """Can this register make the planned receipt at all? Sends nothing that changes anything."""


@dataclass(frozen=True, slots=True)
class ReadCounters:
    """Answered by ``drivers.api.CashCounters``."""


@dataclass(frozen=True, slots=True)
class ReadTotals:
    """Answered by ``drivers.api.ShiftTotals``."""


@dataclass(frozen=True, slots=True)
class Do:
    """Carry out the job's command without fiscal effect (X report, slip, copy, drawer), once."""


@dataclass(frozen=True, slots=True)
class Query:
    """Read what the job asks for. Answered by the result for the CRM (a JSON object), or ``None``: there is none."""


@dataclass(frozen=True, slots=True)
class Reopen:
    """Close the channel, end a hung vendor process, open it again, discard what was buffered. Answered by
    ``drivers.api.Identity``."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Let ``seconds`` pass by the monotonic clock. ``code`` tells the cashier why."""

    seconds: float
    code: str


@dataclass(frozen=True, slots=True)
class Begin:
    """Check lease, epoch and space once more, and commit INTENT with this snapshot."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Commit:
    """Commit a transition of the job with what belongs to it."""

    event: JobEvent
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoteSeen:
    """Commit what reading the archive has shown: the highest document number, foreign receipts, and documents of jobs
    that this journal still took for waiting."""

    fn_serial: str
    highest_fd: int
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class BeginOperation:
    """Commit the intent of a shift operation."""

    operation: Operation
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class EndOperation:
    """Commit the outcome of a shift operation; ``document`` is its proof, or ``None`` when it proved not done (or its
    fiscal drive is gone, and with it the question)."""

    operation: Operation
    document: FiscalDocument | None
    already: bool = False  # the shift was in the wanted state without a document of ours


@dataclass(frozen=True, slots=True)
class NotReady:
    """End: nothing was started; try again when the cause is gone."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Needs:
    """End: the desk's policy asks for a shift operation first."""

    operation: Operation


@dataclass(frozen=True, slots=True)
class Able:
    """End: nothing stands in the way of the receipt; it was only asked about."""


@dataclass(frozen=True, slots=True)
class Ended:
    """End: the job or operation has an outcome on disk. ``paper`` says what is left to print."""

    paper_pending: bool = False


Ask = (
    ReadStatus
    | ReadArchiveEnd
    | ReadDocument
    | Fill
    | ReadSubtotal
    | Close
    | Fence
    | ContinuePrint
    | Operate
    | CheckReceipt
    | ReadCounters
    | ReadTotals
    | Do
    | Query
    | Reopen
    | Wait
    | Begin
    | Commit
    | NoteSeen
    | BeginOperation
    | EndOperation
    | NotReady
    | Needs
    | Able
    | Ended
)


# --- answers --------------------------------------------------------------------------------------------------------


class Answer(StrEnum):
    """The kinds of answer; the columns of a procedure's table."""

    OK = "ok"
    NOT_SENT = "not_sent"  # nothing left for the device
    REFUSED = "refused"  # the device, or the lane for ``Begin``, said no; nothing was done
    DOUBT = "doubt"  # bytes left, no verdict


@dataclass(frozen=True, slots=True)
class Answered:
    """How an ask went. ``now`` is the monotonic clock in seconds."""

    kind: Answer
    now: float
    value: Any = None
    reason: Reason | None = None  # of NOT_SENT, REFUSED, DOUBT
    remaining: float = 0.0  # DOUBT: seconds for which the device may still act
