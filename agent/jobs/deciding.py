"""A person's decision on a job that the register's records do not decide: kept on disk with it, by the server or at the
desk. The lane asks the device once more before it counts, and the device wins."""

from __future__ import annotations

from dataclasses import replace

from agent.jobs.transitions import update_of
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from protocol.crm.job_machine import Known
from protocol.crm.messages import Resolve
from protocol.crm.outcomes import Decision


def told(tx: Transaction, resolve: Resolve) -> str | None:
    """By the server. Returns the register that has to look. To a word about another rev the answer is what the job
    is."""
    row = tx.job(resolve.job_id)
    if row is None or row.state is Known.ABSENT:
        return None
    if row.state is not Known.HUMAN or row.rev != resolve.rev:
        tx.send(update_of(tx, row), "update", job_id=row.job_id, rev=row.rev)
        return None
    _keep(tx, row, resolve.decision, resolve.person, resolve.reason, resolve.fd)
    return row.kkm_id


def decide(tx: Transaction, job_id: str, decision: Decision, person: str, why: str, fd: int | None) -> JobRow | None:
    """At the desk. ``None``: the job does not wait for a decision."""
    row = tx.job(job_id)
    if row is None or row.state is not Known.HUMAN:
        return None
    _keep(tx, row, decision, person, why, fd)
    return row


def _keep(tx: Transaction, row: JobRow, decision: Decision, person: str, why: str, fd: int | None) -> None:
    asked = {"decision": decision.value, "person": person, "why": why, "fd": fd, "rev": row.rev}
    tx.write_job(replace(row, outcome={**row.outcome, "asked": asked}), "decision_asked")
