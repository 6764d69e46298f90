"""Mutants of the agent's journal and of the job machine: what is written when, what follows on what."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

from agent.devices.recorder import WITHOUT_INTENT, Recorder
from agent.jobs.book import JobBook
from agent.jobs.transitions import is_open
from agent.journal import store
from agent.journal.store import Journal, Transaction
from protocol.crm import job_machine
from protocol.crm.job_machine import JobEffect as X
from protocol.crm.job_machine import JobEvent as V
from protocol.crm.job_machine import Known as K
from protocol.crm.lease import Lease
from protocol.crm.machine import Rule
from tests.chaos.mutant import DOUBTFUL, THREE, Hint, Mutant, Patch, rules

FAR = "2999-01-01T00:00:00+00:00"


def outbox_outside_the_transaction(patch: Patch) -> None:
    """A message is written in a transaction of its own, after the one that makes it true."""
    commit, send = Journal.commit, Transaction.send
    waiting: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def later(self: Transaction, *args: Any, **more: Any) -> None:
        waiting.append((args, more))

    def twice(self: Journal, work: Callable[[Transaction], Any]) -> Any:
        waiting.clear()
        result = commit(self, work)
        told = list(waiting)
        if told:
            commit(self, lambda tx: [send(tx, *args, **more) for args, more in told])
        return result

    patch.setattr(Transaction, "send", later)
    patch.setattr(Journal, "commit", twice)


def outbox_in_memory(patch: Patch) -> None:
    opened = Journal._prepare

    def emptied(self: Journal, db: sqlite3.Connection) -> None:
        opened(self, db)
        db.execute("DELETE FROM outbox")

    patch.setattr(Journal, "_prepare", emptied)


def flush_error_ignored(patch: Patch) -> None:
    def commit(self: Journal, work: Callable[[Transaction], Any]) -> Any:
        self._check()
        self._db.execute("BEGIN IMMEDIATE")
        result = work(Transaction(self._db, self._now(), self.new_id))
        try:
            self.flush(self._db)
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        return result

    patch.setattr(Journal, "_commit", commit)


def unchained(patch: Patch) -> None:
    digest = store.chain_hash
    patch.setattr(store, "chain_hash", lambda _, *rest: digest(store.GENESIS, *rest))


def cancel_after_intent(patch: Patch) -> None:
    for state in (K.STARTED, K.RESOLVING, K.HUMAN):
        patch.setitem(job_machine.TABLE, (state, V.CANCEL), Rule(K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE)))
    _refusals_forgiven(patch)


def _refusals_forgiven(patch: Patch) -> None:
    """A lane whose job was ended by somebody else goes on to the next one."""
    commit = Recorder.commit

    def forgiven(self: Recorder, event: V, data: Any) -> None:
        now = self._book.journal.read(lambda tx: tx.job(self.work.job_id or ""))
        if event in WITHOUT_INTENT or now is None or is_open(now):
            commit(self, event, data)

    patch.setattr(Recorder, "commit", forgiven)


def expiry_after_intent(patch: Patch) -> None:
    tick = JobBook.tick
    for state in (K.STARTED, K.RESOLVING):
        patch.setitem(job_machine.TABLE, (state, V.LEASE_PASSED), Rule(K.HELD, (X.RECORD, X.OUTBOX_UPDATE)))

    def expire(self: JobBook) -> None:
        tick(self)
        for row in self.journal.read(lambda tx: tx.live_jobs()):
            late = self.judge(datetime.fromisoformat(row.start_by)) is Lease.PASSED
            if row.state in (K.STARTED, K.RESOLVING) and late:
                self._time_passed(row, V.LEASE_PASSED, "lease_passed")

    patch.setattr(JobBook, "tick", expire)
    _refusals_forgiven(patch)


def final_overwritten(patch: Patch) -> None:
    for state in (K.DONE, K.NOT_DONE):
        patch.setitem(job_machine.TABLE, (state, V.CANCEL), Rule(K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE)))


def state_without_a_rev(patch: Patch) -> None:
    """The doubt does not raise the rev."""
    for state in (K.STARTED,):
        patch.setitem(job_machine.TABLE, (state, V.DOUBT), Rule(K.RESOLVING, (X.RECORD,)))


MUTANTS = (
    Mutant(
        "outbox_outside_the_transaction",
        "What the server is told is written after the record that makes it true.",
        outbox_outside_the_transaction,
        rules("event_missing", "not_final", "states_differ"),
        (
            Hint(target=("commit:operation_outcome", "crash_after")),
            Hint("rivals", "move", target=("commit:released", "crash_after")),
        ),
    ),
    Mutant(
        "outbox_in_memory",
        "The outbox does not live through a restart.",
        outbox_in_memory,
        rules("event_missing", "not_final"),
        (Hint(target=("commit:operation_outcome", "crash_after")),),
    ),
    Mutant(
        "flush_error_ignored",
        "A record that could not be written is taken for written.",
        flush_error_ignored,
        rules("intent_missing", "not_final", "states_differ", "two_open_intents", *DOUBTFUL),
        (Hint(target=("commit:closing", "disk_full")), Hint(target=("commit:intent", "disk_full"))),
    ),
    Mutant("unchained", "A record does not carry the hash of the one before it.", unchained, rules("chain_broken")),
    Mutant(
        "cancel_after_intent",
        "A cancel is granted after INTENT.",
        cancel_after_intent,
        rules("abandoned", "false_not_done"),
        (Hint(kinds=THREE, target=("device:Fill", "late"), cancels=0.9),),
    ),
    Mutant(
        "expiry_after_intent",
        "A lease that passes after INTENT takes the job back.",
        expiry_after_intent,
        rules("abandoned", "false_not_done", "intent_missing"),
        (Hint(kinds=THREE, target=("device:Close", "late"), budget=14),),
    ),
    Mutant(
        "final_overwritten",
        "A cancel that comes too late changes what has ended.",
        final_overwritten,
        rules("final_changed", "false_not_done"),
        (Hint(kinds=THREE, cancels=0.5, target=("message:update", "late"), nth=2, budget=2),),
    ),
    Mutant(
        "state_without_a_rev",
        "A job changes its state without a new rev.",
        state_without_a_rev,
        rules("rev_went_back"),
        (Hint(target=("device:Close", "power_after")),),
    ),
)
