"""Mutants of who has a job and a register: offers, bindings, adoption, release, quarantine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.devices.recorder import Recorder
from agent.jobs import acceptance, cancelling, ownership
from agent.jobs.book import JobBook
from agent.jobs.transitions import absent, apply, is_open
from agent.journal.store import Transaction
from agent.port import AgentPort
from protocol.crm import job_machine
from protocol.crm.job_machine import JobEffect as X
from protocol.crm.job_machine import JobEvent as V
from protocol.crm.job_machine import Known as K
from protocol.crm.machine import Rule
from tests.chaos.mutant import DEAD_PC, DOUBTFUL, MANY, MOVE, ROLLBACK, THREE, Hint, Mutant, Patch, rules

FAR = "2999-01-01T00:00:00+00:00"


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
    cancel, write = cancelling.cancel, Transaction.write_job

    def forgotten(tx: Transaction, told: Any, **more: Any) -> Any:
        known = tx.job(told.job_id)
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Transaction, "write_job", write if known is not None else lambda *_, **__: 0)
            return cancel(tx, told, **more)

    patch.setattr(cancelling, "cancel", forgotten)


def epoch_not_learned(patch: Patch) -> None:
    """The agent goes on under the binding that it has, whatever it hears of a newer one."""
    patch.setattr(ownership, "learned_epoch", lambda *_: None)


def epoch_not_checked(patch: Patch) -> None:
    """Jobs of an older binding stay and start under the newer one."""
    patch.setattr(ownership, "_give_up", lambda *_: None)
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
    patch.setattr(ownership, "_give_up", lambda *_: None)


def released_while_open(patch: Patch) -> None:
    patch.setattr(ownership, "is_open", lambda _: False)
    patch.setattr(ownership, "under_way", lambda *_: False)


def adopted_starts_by_itself(patch: Patch) -> None:
    patch.setitem(job_machine.TABLE, (K.ABSENT, V.ADOPT), Rule(K.ACCEPTED, (X.RECORD, X.OUTBOX_UPDATE)))


def quarantine_ignored(patch: Patch) -> None:
    def going_on(self: AgentPort) -> None:
        self._connect()
        self._book.allow_starts(True)

    patch.setattr(AgentPort, "quarantined", going_on)


def differences_not_sent(patch: Patch) -> None:
    patch.setattr(JobBook, "differences", lambda *_: None)


MUTANTS = (
    Mutant(
        "offer_taken_twice",
        "An offer that comes twice makes two jobs.",
        offer_taken_twice,
        rules("final_changed", *DOUBTFUL, "rev_went_back"),
        (Hint(kinds=MANY, target=("message:offer", "replayed"), nth=4),),
    ),
    Mutant(
        "no_tombstone",
        "A cancel that overtakes its offer is forgotten.",
        no_tombstone,
        rules("final_changed", "false_not_done", "states_differ"),
        (Hint(kinds=THREE, target=("message:offer", "reordered"), cancels=0.9),),
    ),
    Mutant(
        "epoch_not_learned",
        "A PC that hears that it has lost its register goes on.",
        epoch_not_learned,
        rules("epoch_wrong", "two_agents", *DOUBTFUL, "states_differ"),
        (DEAD_PC,),
    ),
    Mutant(
        "epoch_not_checked",
        "Jobs of an older binding are started under a newer one.",
        epoch_not_checked,
        rules("epoch_wrong", "two_agents", *DOUBTFUL, "states_differ", "not_final"),
        (Hint("unmarked", "rollback", THREE, budget=2, off=8.0),),
    ),
    Mutant(
        "waiting_not_given_up",
        "A new binding does not take the waiting jobs of the old one away.",
        waiting_not_given_up,
        rules("not_final", "states_differ", *DOUBTFUL),
        (Hint(theme="rollback", kinds=MANY),),
    ),
    Mutant(
        "released_while_open",
        "A register is given up while an attempt on it is open.",
        released_while_open,
        rules("abandoned", "two_agents", "epoch_wrong", *DOUBTFUL, "not_final", "states_differ"),
        (MOVE,),
    ),
    Mutant(
        "adopted_starts_by_itself",
        "A job that another PC may have begun is started without a person.",
        adopted_starts_by_itself,
        rules("unconfirmed", *DOUBTFUL, "two_agents"),
        (DEAD_PC,),
    ),
    Mutant(
        "quarantine_ignored",
        "A PC with a restored disk works on.",
        quarantine_ignored,
        rules(*DOUBTFUL, "epoch_wrong", "two_agents", "final_changed", "unasked"),
        (ROLLBACK,),
    ),
    Mutant(
        "differences_not_sent",
        "After a new greeting nobody looks for what the server lacks.",
        differences_not_sent,
        rules("not_final", "lost", "missing_in_server", "states_differ"),
        (Hint(theme="server_restored"),),
    ),
)
