"""What the documents say of a job, row by row: the next state, or ``None`` where nothing may happen.

Written from the table of the rules (one job, both sides), not from the code: the other opinion that the machine is
compared with.
"""

from __future__ import annotations

from protocol.crm.job_machine import Job, JobEvent, Known
from protocol.crm.jobs import JobState

K, V = Known, JobEvent
NOT_STARTED = (K.ACCEPTED, K.HELD)
OPEN = (K.STARTED, K.RESOLVING, K.HUMAN)
ON_AGENT = (K.ACCEPTED, K.HELD, *OPEN)
ATTEMPTS = 3

# Rows without a condition: event, the states it may come in, the next state (None: the same).
PLAIN: dict[JobEvent, tuple[tuple[Known, ...], Known | None]] = {
    V.POST: ((K.ABSENT,), K.QUEUED),
    V.REJECT: ((K.QUEUED,), K.REJECTED),
    V.RETURN: ((K.QUEUED, *NOT_STARTED), K.QUEUED),
    V.OFFER: ((K.ABSENT,), K.ACCEPTED),
    V.BAD_OFFER: ((K.ABSENT,), K.REJECTED),
    V.ADOPT: ((K.ABSENT,), K.HELD),
    V.RENEW: (NOT_STARTED, K.ACCEPTED),
    V.LEASE_PASSED: ((K.ACCEPTED,), K.HELD),
    V.HELD_TOO_LONG: ((K.HELD,), K.CANCELLED),
    V.NOT_READY: ((K.ACCEPTED,), None),
    V.INTENT: ((K.ACCEPTED,), K.STARTED),
    V.CLOSING: ((K.STARTED,), None),
    V.DOUBT: ((K.STARTED,), K.RESOLVING),
    V.PROVEN: (OPEN, K.DONE),
    V.UNDECIDABLE: (OPEN, K.HUMAN),
    V.DECIDED_DONE: ((K.HUMAN,), K.DONE),
    V.DECIDED_NOT_DONE: ((K.HUMAN,), K.NOT_DONE),
    V.FOUND: (NOT_STARTED, K.DONE),
    V.RELEASE: (NOT_STARTED, K.ABSENT),
    V.PAPER: ((K.DONE,), None),
    V.ANSWERED: ((K.ACCEPTED,), K.DONE),
    V.IMPOSSIBLE: ((K.ACCEPTED,), K.NOT_DONE),
    V.UNPROVEN: ((K.STARTED,), K.NOT_DONE),
    V.GOES_ON: (OPEN, K.STARTED),  # a sale: one of its parts has moved
    V.NOT_TAKEN: (OPEN, K.NOT_DONE),  # a payment is never attempted again by itself
    V.HEARD_DONE: (OPEN, K.DONE),  # an older copy: the server knows the end that its successor has told
    V.HEARD_NOT_DONE: (OPEN, K.NOT_DONE),
}


def written(job: Job, event: JobEvent, rev: int, reported: JobState | None) -> Known | None:
    """The state after ``event``, or ``None`` when it is refused."""
    state = job.state
    if event in PLAIN:
        states, after = PLAIN[event]
        return (after or state) if state in states else None
    match event:
        case V.SEND:  # a job with a pending cancel is never offered
            return state if state is K.QUEUED and not job.cancel_pending else None
        case V.ASK_CANCEL:
            if state in (K.QUEUED, K.HELD) and not job.sent:
                return K.CANCELLED
            return state if state in (K.QUEUED, *ON_AGENT) else None
        case V.ASK_RENEW:
            if state in (K.QUEUED, K.HELD) and not job.sent:
                return K.QUEUED
            return state if state in (K.QUEUED, *NOT_STARTED) else None
        case V.EXPIRE:
            return K.HELD if state is K.QUEUED and not job.sent else None
        case V.REPORTED:
            assert reported is not None
            return Known(reported) if rev > job.rev else None
        case V.CANCEL:
            if state in (K.ABSENT, *NOT_STARTED):
                return K.CANCELLED
            return state if state in OPEN else None
        case V.PROVEN_NONE:
            if state is K.HUMAN:
                return K.NOT_DONE
            if state in (K.STARTED, K.RESOLVING):
                return K.ACCEPTED if job.attempt < ATTEMPTS else K.NOT_DONE
            return None
    raise AssertionError(f"the documents do not know {event}")
