"""Mutants of what may start: leases, the server's time, the order of jobs on a lane."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from agent.devices import lane
from agent.jobs.book import JobBook
from agent.jobs.transitions import is_open
from agent.journal.store import Transaction
from protocol.crm import job_machine, lease
from protocol.crm.job_machine import JobEvent as V
from protocol.crm.job_machine import Known as K
from protocol.crm.lease import Lease
from tests.chaos.mutant import DEAD_PC, DOUBTFUL, MANY, THREE, Hint, Mutant, Patch, rules

FAR = "2999-01-01T00:00:00+00:00"


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
    patch.setattr(lease.ServerClock, "now", lambda self, _: self.server_time)


def sleep_unnoticed(patch: Patch) -> None:
    patch.setattr(lease.ServerClock, "_jumped", lambda *_: False)


def held_starts(patch: Patch) -> None:
    """A job whose time has passed is started all the same, without a new one."""
    chosen = JobBook.next_work
    patch.setitem(job_machine.TABLE, (K.HELD, V.INTENT), job_machine.TABLE[K.ACCEPTED, V.INTENT])

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
    patch.setattr(Transaction, "live_jobs", lambda self, *_: live(self))


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


MUTANTS = (
    Mutant(
        "no_lease_check",
        "INTENT is written without a look at the lease.",
        no_lease_check,
        rules("intent_after_lease"),
        (Hint(kinds=THREE, budget=14),),
    ),
    Mutant(
        "lease_by_the_wall",
        "The lease is judged by the PC's own clock.",
        lease_by_the_wall,
        rules("intent_after_lease"),
        (Hint(kinds=("receipt",), budget=2, off=100.0, clock=-86400.0),),
    ),
    Mutant(
        "pong_without_age",
        "The server's time is taken to stand still since the last pong.",
        pong_without_age,
        rules("intent_after_lease"),
        (Hint(kinds=MANY, budget=16),),
    ),
    Mutant(
        "sleep_unnoticed",
        "A PC that has slept trusts the time it knew before.",
        sleep_unnoticed,
        rules("intent_after_lease"),
        (Hint(kinds=THREE, budget=2, off=40.0, happens=((20.0, "sleep"),)),),
    ),
    Mutant(
        "held_starts",
        "A held job is started although nobody has renewed it.",
        held_starts,
        rules("intent_after_lease", "intent_missing", *DOUBTFUL),
        (Hint(kinds=THREE), DEAD_PC),
    ),
    Mutant(
        "intent_beside_intent",
        "A job is started while another one's attempt is open.",
        intent_beside_intent,
        rules("two_open_intents"),
        (
            Hint(kinds=THREE, target=("device:Fill", "crash_after")),
            Hint(kinds=THREE, target=("device:Close", "crash_before")),  # of a receipt that is filled by nothing
        ),
    ),
    Mutant(
        "any_register", "A lane takes jobs of another register.", any_register, rules("wrong_document"), (Hint("two"),)
    ),
    Mutant(
        "open_intent_dropped",
        "After a crash the attempt is begun anew.",
        open_intent_dropped,
        rules("abandoned", *DOUBTFUL),
        (Hint(target=("device:Close", "crash_after")),),
    ),
)
