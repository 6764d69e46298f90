"""Jobs that wait while time passes: whose lease has passed, whom nobody has renewed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from agent.jobs.transitions import WAITING, apply, because
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.lease import Lease


def waiting(tx: Transaction) -> list[tuple[JobRow, int]]:
    """Each with the hours for which it may be held. A part of a sale has no time of its own."""
    rows = [row for row in tx.live_jobs() if row.state in WAITING and row.part is None]
    return [(row, tx.device(row.kkm_id).settings.held_hours) for row in rows]


def too_long(
    rows: Iterable[tuple[JobRow, int]], judge: Callable[[datetime], Lease], now: Callable[[], datetime]
) -> Iterator[tuple[JobRow, JobEvent, str]]:
    """Each with what has befallen it, and the code that says why. What was adopted waits for a person, however long."""
    for row, hours in rows:
        if row.state is Known.ACCEPTED:
            if judge(datetime.fromisoformat(row.start_by)) is Lease.PASSED:
                yield row, JobEvent.LEASE_PASSED, "lease_passed"
            continue
        waits_for_a_person = row.held_since is None or "adopted_from" in row.outcome
        if not waits_for_a_person and _held_for(row, now) >= timedelta(hours=hours):
            yield row, JobEvent.HELD_TOO_LONG, "held_too_long"


def _held_for(row: JobRow, now: Callable[[], datetime]) -> timedelta:
    assert row.held_since is not None
    return now() - datetime.fromisoformat(row.held_since)


def time_passed(tx: Transaction, seen: JobRow, event: JobEvent, code: str) -> None:
    """Unless something else has happened to it meanwhile."""
    row = tx.job(seen.job_id)
    if row is not None and row.rev == seen.rev:
        apply(tx, row, event, outcome=because(reason(code)))
