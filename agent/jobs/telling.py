"""What the server still has to be told, and what it has heard. Functions over one transaction; ``JobBook`` commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.jobs.transitions import is_final, update_of
from agent.journal.store import Transaction
from protocol.crm.job_machine import Known
from protocol.crm.messages import KnownJob


def differences(tx: Transaction, known: Sequence[KnownJob], since: int = 0) -> None:
    """Put into the outbox what the server's revs show it lacks and the outbox does not hold.

    ``since``: the record of this journal that the server has confirmed last; 0: none yet. A server that was restored
    from a copy names jobs that have ended here with an older rev, or has never heard of them: those have records after
    the one that it has confirmed. So have the few that ended just before an ordinary parting; telling of them again is
    harmless."""
    revs = {job.job_id: job.rev for job in known}
    rows = {row.job_id: row for row in tx.live_jobs()}
    rows |= {row.job_id: row for row in map(tx.job, revs) if row is not None}
    rows |= {row.job_id: row for row in tx.touched_since(since)} if since else {}
    for row in rows.values():
        if row.unheard or row.state is Known.ABSENT or revs.get(row.job_id, -1) >= row.rev:
            continue
        offer = tx.offer(row.job_id) if row.job_id not in revs else None
        if offer is not None:
            tx.forget_outgoing(row.job_id)  # of a job that it does not know the server takes no other word
        if offer is not None or not tx.has_outgoing(row.job_id, row.rev):
            tx.send(update_of(tx, row, offer=offer), "update", job_id=row.job_id, rev=row.rev)


def acknowledged(tx: Transaction, msg_ids: Sequence[str]) -> None:
    """The server has these on its disk; a job whose end it knows needs to be told no more."""
    for msg_id in msg_ids:
        sent = tx.remove_outgoing(msg_id)
        if sent is None or sent[0] != "update" or sent[1] is None:
            continue
        row = tx.job(sent[1])
        if row is not None and is_final(row) and row.rev == sent[2] and not row.archived:
            tx.write_job(replace(row, archived=True), "archived")
