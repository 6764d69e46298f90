"""Mutants of the agent's journal, job book and lane: what is written when, and what may start."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from agent.devices import lane
from agent.devices.recorder import WITHOUT_INTENT, Recorder
from agent.jobs import acceptance, ownership
from agent.jobs.book import JobBook
from agent.jobs.transitions import absent, apply, is_open
from agent.journal import store
from agent.journal.store import Journal, Transaction
from agent.port import AgentPort
from protocol.crm import job_machine, lease
from protocol.crm.job_machine import JobEffect as X
from protocol.crm.job_machine import JobEvent as V
from protocol.crm.job_machine import Known as K
from protocol.crm.lease import Lease
from protocol.crm.machine import Rule
from tests.chaos.mutant import Hint, Mutant, Patch, rules

TABLE = job_machine.TABLE
FAR = "2999-01-01T00:00:00+00:00"
THREE = ("receipt",) * 3
MANY = ("receipt",) * 5

# --- the journal


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
    patch.setattr(store, "chain_hash", lambda previous, *rest: digest(store.GENESIS, *rest))


# --- the job machine


def cancel_after_intent(patch: Patch) -> None:
    for state in (K.STARTED, K.RESOLVING, K.HUMAN):
        patch.setitem(TABLE, (state, V.CANCEL), Rule(K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE)))
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
        patch.setitem(TABLE, (state, V.LEASE_PASSED), Rule(K.HELD, (X.RECORD, X.OUTBOX_UPDATE)))

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
        patch.setitem(TABLE, (state, V.CANCEL), Rule(K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE)))


def state_without_a_rev(patch: Patch) -> None:
    """The doubt does not raise the rev."""
    for state in (K.STARTED,):
        patch.setitem(TABLE, (state, V.DOUBT), Rule(K.RESOLVING, (X.RECORD,)))


def adopted_starts_by_itself(patch: Patch) -> None:
    patch.setitem(TABLE, (K.ABSENT, V.ADOPT), Rule(K.ACCEPTED, (X.RECORD, X.OUTBOX_UPDATE)))


# --- what may start


def no_lease_check(patch: Patch) -> None:
    """Whatever was accepted starts; only the clockwork still looks at leases."""
    judge, tick = JobBook.judge, JobBook.tick
    ticking: list[bool] = []

    def good(self: JobBook, start_by: datetime) -> Lease:
        return judge(self, start_by) if ticking or not self.may_start else Lease.GOOD

    def looked(self: JobBook) -> None:
        ticking.append(True)
        try:
            tick(self)
        finally:
            ticking.pop()

    patch.setattr(JobBook, "judge", good)
    patch.setattr(JobBook, "tick", looked)


def lease_by_the_wall(patch: Patch) -> None:
    def judge(self: JobBook, start_by: datetime) -> Lease:
        if not self.may_start:
            return Lease.UNKNOWN
        return Lease.PASSED if self.clock.now() > start_by else Lease.GOOD

    patch.setattr(JobBook, "judge", judge)


def pong_without_age(patch: Patch) -> None:
    patch.setattr(lease.ServerClock, "now", lambda self, monotonic: self.server_time)


def sleep_unnoticed(patch: Patch) -> None:
    patch.setattr(lease.ServerClock, "_jumped", lambda self, gap: False)


def held_starts(patch: Patch) -> None:
    """A job whose time has passed is started all the same, without a new one."""
    chosen = JobBook.next_work
    patch.setitem(TABLE, (K.HELD, V.INTENT), TABLE[K.ACCEPTED, V.INTENT])

    def held_too(self: JobBook, kkm_id: str) -> Any:
        device, found = chosen(self, kkm_id)
        if found is not None or device.releasing or device.released:
            return device, found

        def work(tx: Transaction) -> Any:
            held = [row for row in tx.live_jobs(kkm_id) if row.state is K.HELD]
            return tx.with_offer(replace(held[0], start_by=FAR)) if held else None

        return device, self.journal.read(work)

    patch.setattr(JobBook, "next_work", held_too)


def intent_beside_intent(patch: Patch) -> None:
    """What waits goes before what is open."""

    def waiting_first(self: JobBook, kkm_id: str) -> Any:
        def work(tx: Transaction) -> Any:
            device, rows = tx.device(kkm_id), tx.live_jobs(kkm_id)
            accepted = [row for row in rows if row.state is K.ACCEPTED and not device.releasing and not device.released]
            found = [*accepted, *(row for row in rows if is_open(row))]
            return device, tx.with_offer(found[0]) if found else None

        return self.journal.read(work)

    patch.setattr(JobBook, "next_work", waiting_first)


def any_register(patch: Patch) -> None:
    """A lane takes the oldest job of the PC, whichever register it is for."""
    live = Transaction.live_jobs
    patch.setattr(Transaction, "live_jobs", lambda self, kkm_id=None: live(self))


def open_intent_dropped(patch: Patch) -> None:
    """After a restart an open attempt is begun anew instead of being resolved."""

    def again(self: lane.Lane, device: Any, chosen: Any) -> float:
        if self._fresh:
            row = replace(chosen.row, state=K.ACCEPTED, rev=chosen.row.rev + 1, first_snapshot=None)
            self._book.journal.commit(lambda tx: tx.write_job(row, "begun_anew"))
            self._fresh = False
            return 0.0
        return resolve(self, device, chosen)

    resolve = lane.Lane._resolve
    patch.setattr(lane.Lane, "_resolve", again)


# --- offers and ownership


def offer_taken_twice(patch: Patch) -> None:
    first = JobBook._offer

    def anew(self: JobBook, offer: Any) -> None:
        def work(tx: Transaction) -> bool:
            known = tx.job(offer.job_id)
            if known is None or known.state is K.ABSENT or is_open(known):
                return False
            if acceptance.why_not(tx, offer, self._us, space_is_low=False) is not None:
                return False
            apply(tx, absent(offer, tx.next_seq()), V.OFFER, rev=max(offer.rev, known.rev), offer=offer)
            return True

        if self.journal.commit(work):
            self._changed(offer.kkm_id)
        else:
            first(self, offer)

    patch.setattr(JobBook, "_offer", anew)


def no_tombstone(patch: Patch) -> None:
    """A cancel that comes before its offer is answered and forgotten."""
    cancel, write = JobBook._cancel, Transaction.write_job

    def forgotten(self: JobBook, told: Any) -> None:
        known = self.journal.read(lambda tx: tx.job(told.job_id))
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Transaction, "write_job", write if known is not None else lambda *_, **__: 0)
            cancel(self, told)

    patch.setattr(JobBook, "_cancel", forgotten)


def epoch_not_learned(patch: Patch) -> None:
    """The agent goes on under the binding that it has, whatever it hears of a newer one."""
    patch.setattr(ownership, "learned_epoch", lambda tx, kkm_id, epoch: None)


def epoch_not_checked(patch: Patch) -> None:
    """Jobs of an older binding stay and start under the newer one."""
    patch.setattr(ownership, "_give_up", lambda tx, kkm_id, epoch: None)
    begin = Recorder.begin

    def any_epoch(self: Recorder, ask: Any) -> Any:
        row, epoch = self.work.row, self._device().binding_epoch
        if row is not None and row.binding_epoch != epoch:
            raised = replace(row, binding_epoch=epoch)
            self._book.journal.commit(lambda tx: tx.write_job(raised, "epoch_raised"))
        return begin(self, ask)

    patch.setattr(Recorder, "begin", any_epoch)


def waiting_not_given_up(patch: Patch) -> None:
    """A new binding leaves the jobs of the old one where they are."""
    patch.setattr(ownership, "_give_up", lambda tx, kkm_id, epoch: None)


def released_while_open(patch: Patch) -> None:
    patch.setattr(ownership, "is_open", lambda row: False)


def adopted_not_searched(patch: Patch) -> None:
    patch.setattr(JobBook, "adopted", lambda self, kkm_id: [])


def quarantine_ignored(patch: Patch) -> None:
    def going_on(self: AgentPort) -> None:
        self._connect()
        self._book.allow_starts(True)

    patch.setattr(AgentPort, "quarantined", going_on)


def differences_not_sent(patch: Patch) -> None:
    patch.setattr(JobBook, "differences", lambda self, known: None)


DOUBTFUL = ("duplicate", "false_done", "false_not_done")
RIVALS = Hint("rivals", "dead_pc", MANY)
MOVE = Hint("rivals", "move", MANY, target=("device:Close", "silent"), nth=2)
ROLLBACK = Hint("unmarked", "rollback", MANY)

MUTANTS = (
    Mutant(
        "outbox_outside_the_transaction", "What the server is told is written after the record that makes it true.",
        outbox_outside_the_transaction, rules("event_missing", "not_final", "states_differ"),
        (Hint(target=("commit:operation_outcome", "crash_after")), Hint("rivals", "move", target=("commit:released", "crash_after"))),
    ),
    Mutant(
        "outbox_in_memory", "The outbox does not live through a restart.",
        outbox_in_memory, rules("event_missing", "not_final"),
        (Hint(target=("commit:operation_outcome", "crash_after")),),
    ),
    Mutant(
        "flush_error_ignored", "A record that could not be written is taken for written.",
        flush_error_ignored, rules("intent_missing", "not_final", "states_differ", "two_open_intents", *DOUBTFUL),
        (Hint(target=("commit:closing", "disk_full")), Hint(target=("commit:intent", "disk_full"))),
    ),
    Mutant("unchained", "A record does not carry the hash of the one before it.", unchained, rules("chain_broken")),
    Mutant(
        "cancel_after_intent", "A cancel is granted after INTENT.",
        cancel_after_intent, rules("abandoned", "false_not_done"), (Hint(kinds=THREE, target=("device:Fill", "late"), cancels=0.9),),
    ),
    Mutant(
        "expiry_after_intent", "A lease that passes after INTENT takes the job back.",
        expiry_after_intent, rules("abandoned", "false_not_done", "intent_missing"), (Hint(target=("device:Close", "silent")),),
    ),
    Mutant(
        "final_overwritten", "A cancel that comes too late changes what has ended.",
        final_overwritten, rules("final_changed", "false_not_done"), (Hint(kinds=THREE, cancels=0.9, target=("message:update", "late"), nth=2),),
    ),
    Mutant(
        "state_without_a_rev", "A job changes its state without a new rev.",
        state_without_a_rev, rules("rev_went_back"), (Hint(target=("device:Close", "power_after")),),
    ),
    Mutant(
        "adopted_starts_by_itself", "A job that another PC may have begun is started without a person.",
        adopted_starts_by_itself, rules(*DOUBTFUL, "two_agents"), (RIVALS,),
    ),
    Mutant(
        "no_lease_check", "INTENT is written without a look at the lease.",
        no_lease_check, rules("intent_after_lease"),
        (Hint(kinds=THREE, budget=14),),
    ),
    Mutant("lease_by_the_wall", "The lease is judged by the PC's own clock.", lease_by_the_wall, rules("intent_after_lease"), (Hint(kinds=MANY, budget=16),)),
    Mutant(
        "pong_without_age", "The server's time is taken to stand still since the last pong.",
        pong_without_age, rules("intent_after_lease"), (Hint(kinds=MANY, budget=16),),
    ),
    Mutant("sleep_unnoticed", "A PC that has slept trusts the time it knew before.", sleep_unnoticed, rules("intent_after_lease"), (Hint(kinds=MANY, budget=14),)),
    Mutant("held_starts", "A held job is started although nobody has renewed it.", held_starts, rules("intent_after_lease", "intent_missing", *DOUBTFUL), (Hint(kinds=THREE), RIVALS)),
    Mutant(
        "intent_beside_intent", "A job is started while another one's attempt is open.",
        intent_beside_intent, rules("two_open_intents"), (Hint(kinds=THREE, target=("device:Fill", "crash_after")),),
    ),
    Mutant("any_register", "A lane takes jobs of another register.", any_register, rules("wrong_document"), (Hint("two"),)),
    Mutant(
        "open_intent_dropped", "After a crash the attempt is begun anew.",
        open_intent_dropped, rules("abandoned", *DOUBTFUL), (Hint(target=("device:Close", "crash_after")),),
    ),
    Mutant(
        "offer_taken_twice", "An offer that comes twice makes two jobs.",
        offer_taken_twice, rules("final_changed", *DOUBTFUL, "rev_went_back"), (Hint(kinds=MANY, target=("message:offer", "replayed"), nth=4),),
    ),
    Mutant(
        "no_tombstone", "A cancel that overtakes its offer is forgotten.",
        no_tombstone, rules("final_changed", "false_not_done", "states_differ"), (Hint(kinds=THREE, target=("message:offer", "reordered"), cancels=0.9),),
    ),
    Mutant(
        "epoch_not_learned", "A PC that hears that it has lost its register goes on.",
        epoch_not_learned, rules("epoch_wrong", "two_agents", *DOUBTFUL, "states_differ"), (RIVALS,),
    ),
    Mutant(
        "epoch_not_checked", "Jobs of an older binding are started under a newer one.",
        epoch_not_checked, rules("epoch_wrong", "two_agents", *DOUBTFUL, "states_differ", "not_final"), (ROLLBACK, RIVALS),
    ),
    Mutant(
        "waiting_not_given_up", "A new binding does not take the waiting jobs of the old one away.",
        waiting_not_given_up, rules("not_final", "states_differ", *DOUBTFUL), (Hint(theme="rollback", kinds=MANY),),
    ),
    Mutant(
        "released_while_open", "A register is given up while an attempt on it is open.",
        released_while_open, rules("two_agents", "epoch_wrong", *DOUBTFUL, "not_final", "states_differ"), (MOVE,),
    ),
    Mutant("adopted_not_searched", "Adopted jobs are not looked for in the archive.", adopted_not_searched, rules("not_final", "human_with_imprint", *DOUBTFUL), (Hint("rivals", "dead_pc", MANY, target=("commit:proven", "crash_after"), cancels=0.6),)),
    Mutant("quarantine_ignored", "A PC with a restored disk works on.", quarantine_ignored, rules(*DOUBTFUL, "epoch_wrong", "two_agents", "final_changed", "unasked"), (ROLLBACK,)),
    Mutant("differences_not_sent", "After a new greeting nobody looks for what the server lacks.", differences_not_sent, rules("not_final", "lost", "missing_in_server", "states_differ"), (Hint(theme="server_restored"),)),
)  # fmt: skip
