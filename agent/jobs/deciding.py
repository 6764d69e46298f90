"""A person's decision on a job that the register's records do not decide: kept on disk with it, by the server or at the
desk. The lane asks the device once more before it counts, and the device wins."""

from __future__ import annotations

from dataclasses import replace

from agent.jobs import sale_rows, sales
from agent.jobs.transitions import update_of
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from protocol.crm.job_machine import Known
from protocol.crm.messages import Resolve
from protocol.crm.outcomes import Decision, SaleChoice

Word = Decision | SaleChoice


def told(tx: Transaction, resolve: Resolve) -> JobRow | None:
    """By the server. Returns the job whose device has to look. To a word about another rev the answer is what the job
    is; to a choice that cannot be followed any more, why."""
    row = tx.job(resolve.job_id)
    if row is None or row.state is Known.ABSENT:
        return None
    asked = row if row.rev == resolve.rev else None
    decided = asked and _decided(tx, asked, resolve.decision, resolve.person, resolve.reason, resolve.fd)
    if decided is None and not (asked and isinstance(resolve.decision, SaleChoice) and sales.refuse(tx, asked)):
        tx.send(update_of(tx, row), "update", job_id=row.job_id, rev=row.rev)
    return decided


def decide(tx: Transaction, job_id: str, decision: Word, person: str, why: str, fd: int | None) -> JobRow | None:
    """At the desk. ``None``: the job does not wait for a decision."""
    row = tx.job(job_id)
    return _decided(tx, row, decision, person, why, fd) if row is not None else None


def _decided(tx: Transaction, row: JobRow, decision: Word, person: str, why: str, fd: int | None) -> JobRow | None:
    """The job whose lane has to look; ``None``: it does not wait for this."""
    if isinstance(decision, SaleChoice):
        return row if sales.choose(tx, row, decision, person, why) else None
    if row.state is not Known.HUMAN:
        return None
    if sale_rows.is_left(row):
        return sales.corrected(tx, row, person, why, fd) if decision is Decision.DONE and fd is not None else None
    doubted = row if row.sale is None else sale_rows.part_in_doubt(tx, row)
    if doubted is not None:
        _keep(tx, doubted, decision, person, why, fd)
    return doubted


def _keep(tx: Transaction, row: JobRow, decision: Decision, person: str, why: str, fd: int | None) -> None:
    asked = {"decision": decision.value, "person": person, "why": why, "fd": fd, "rev": row.rev}
    tx.write_job(replace(row, outcome={**row.outcome, "asked": asked}), "decision_asked")
