"""Mutants of payments and sales: who is charged, when, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agent.devices.terminals.performer import TerminalPerformer
from agent.devices.terminals.runs import Procedures
from agent.jobs import acceptance, heard, ownership, sales
from agent.jobs.sale_rows import Seen
from agent.jobs.transitions import apply, is_open
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from agent.procedures import sale as procedure
from agent.procedures import settlement
from agent.procedures.asks import Answer, Answered
from agent.procedures.payment import attempt, resolve, table
from agent.procedures.payment.asks import BeginMove, CommitMove, Move, MoveEvent
from agent.procedures.payment.records import Since
from agent.procedures.payment.run import Next, Phase, Run
from agent.procedures.sale import Begin, Done, NotDone, Part, Sale, Step, Undo, Waits
from agent.procedures.settlement import Settle
from drivers.terminal_api import Outcome
from drivers.terminal_api import Transaction as Told
from protocol.crm import job_machine
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEffect as X
from protocol.crm.job_machine import JobEvent as V
from protocol.crm.job_machine import Known as K
from protocol.crm.machine import Rule
from tests.chaos.mutant import Hint, Mutant, Patch, rules

SALE = ("sale",)
SOLD = ("sale", "sale")
PAY = "terminal:Move.payment"
ANSWER_LOST = Hint("till", kinds=SALE, target=(PAY, "answer_lost"), budget=2)
DECLINED = Hint("till", kinds=SOLD, target=(PAY, "declined"), nth=2, budget=2)
"""Of two cards the second."""
UNTOLD = Hint("till_inpas", kinds=SALE, target=(PAY, "answer_lost"), budget=2)
"""At a terminal that does not remember what it did last."""
NO_RECEIPT = Hint("till", kinds=SALE, target=("device:Close", "lost_request"), budget=8, times=3)
"""Three attempts at a receipt are lost: it is owed."""
COPIED = Hint(
    "till", "rollback", SALE, target=(PAY, "answer_lost"), budget=3,
    happens=tuple((at, "foreign_payment") for at in (10.0, 14.0, 18.0, 24.0)),
)  # fmt: skip
"""The disk is restored from a copy that was made in doubt; the terminal remembers something else by then."""
BESIDE_OTHERS = Hint(
    "till_shared", kinds=("payment",), target=(PAY, "silent"), budget=4,
    happens=((15.0, "foreign_payment"),),
)  # fmt: skip
UNEVEN = rules("owed_untold", "false_done", "false_not_done", "charged_twice")
"""Money and jobs do not agree."""


# --- payments


def charge_before_intent(patch: Patch) -> None:
    """The terminal is asked first; INTENT is written when it has answered."""

    def move(run: Run, answer: Answered) -> Next:
        return replace(run, phase=Phase.MOVE, last=answer.value), Move(1)

    def begin(run: Run, answer: Answered) -> Next:
        return replace(run, phase=Phase.BEGIN, after=answer.value), BeginMove(run.last)

    def told(run: Run, answer: Answered) -> Next:
        assert run.after is not None
        return resolve.judged(replace(run, reference=answer.value), answer, run.after)

    patch.setitem(table.TABLE, (Phase.BEFORE, Answer.OK), move)
    patch.setitem(table.TABLE, (Phase.MOVE, Answer.OK), begin)
    patch.setitem(table.TABLE, (Phase.BEGIN, Answer.OK), told)
    patch.setattr(TerminalPerformer, "approved", lambda *_: None)


def reference_used_again(patch: Patch) -> None:
    def begin(self: TerminalPerformer, last: Told | None) -> Any:
        movement = {"reference": 1, "last": None if last is None else told(last), "approved": None}
        return self._may_begin() or self._moved(V.INTENT, outcome={}, movement=movement) or 1

    from agent.devices.terminals.facts import transaction_json as told

    patch.setattr(TerminalPerformer, "_begin", begin)


def last_not_compared(patch: Patch) -> None:
    """Whatever the terminal did last is taken for ours."""

    def on_last(run: Run, answer: Answered) -> Next:
        said: Told | None = answer.value
        if said is None or said.outcome is not Outcome.APPROVED:
            return resolve.undecidable(run, answer)
        return resolve.judged(run, answer, replace(said, amount=run.ctx.movement.amount))

    patch.setitem(table.TABLE, (Phase.AFTER, Answer.OK), on_last)


def silence_is_not_charged(patch: Patch) -> None:
    patch.setitem(table.TABLE, (Phase.MOVE, Answer.DOUBT), attempt.not_begun)


def charged_again(patch: Patch) -> None:
    patch.setitem(table.TABLE, (Phase.MOVE, Answer.DOUBT), lambda run, _: (run, Move(run.reference)))


def other_sum_taken(patch: Patch) -> None:
    def moved(run: Run, answer: Answered) -> Next:
        said: Told = answer.value
        if said.outcome is not Outcome.APPROVED:
            return resolve.judged(run, answer, said)
        return replace(run, phase=Phase.OUTCOME, approved=said), CommitMove(MoveEvent.TAKEN, said)

    patch.setitem(table.TABLE, (Phase.MOVE, Answer.OK), moved)


def reversal_not_awaited(patch: Patch) -> None:
    """What was not acknowledged counts as taken at once."""

    def on_last(run: Run, answer: Answered) -> Next:
        said: Told | None = answer.value
        ours = resolve.since_then(run.last, said, run.ctx.movement, run.approved) is Since.OURS
        if ours and said is not None:
            return resolve.judged(run, answer, said)
        return resolve.undecidable(run, answer)

    patch.setitem(table.TABLE, (Phase.AFTER, Answer.OK), on_last)


def declined_is_done(patch: Patch) -> None:
    def moved(run: Run, answer: Answered) -> Next:
        return resolve.judged(run, answer, replace(answer.value, outcome=Outcome.APPROVED, amount=None))

    patch.setitem(table.TABLE, (Phase.MOVE, Answer.OK), moved)


def other_program_trusted(patch: Patch) -> None:
    context = Procedures._payment
    patch.setattr(Procedures, "_payment", lambda self, work: replace(context(self, work), exclusive=True))


def settled_again(patch: Patch) -> None:
    patch.setitem(settlement.TABLE, (settlement.Phase.SETTLE, Answer.DOUBT), lambda run, _: (run, Settle()))


# --- sales


def receipt_first(patch: Patch) -> None:
    follow = procedure.follow

    def receipt(sale: Sale, parts: Sequence[Part]) -> procedure.Next:
        begun = any(part.step is Step.RECEIPT for part in parts)
        return follow(sale, parts) if begun or sale.undoing is not None else Begin(Step.RECEIPT)

    patch.setattr(procedure, "follow", receipt)


def _doubted(part: Part, step: Step) -> bool:
    return part.step is step and part.state in (K.RESOLVING, K.HUMAN)


def doubtful_receipt_is_owed(patch: Patch) -> None:
    """A receipt in doubt counts as not made: people are asked, and the money goes back."""
    final = Part.final.fget
    assert final is not None
    patch.setattr(Part, "final", property(lambda part: final(part) or _doubted(part, Step.RECEIPT)))


def undoing_unwritten(patch: Patch) -> None:
    declined = procedure._declined

    def void(sale: Sale, parts: Sequence[Part], part: Part, charge: int) -> procedure.Next:
        next_ = declined(sale, parts, part, charge)
        return Begin(Step.VOID, procedure.charged(parts, sale)[0]) if isinstance(next_, Undo) else next_

    patch.setattr(procedure, "_declined", void)


def not_given_back(patch: Patch) -> None:
    patch.setattr(procedure, "_declined", lambda _, __, part, ___: NotDone(part.reason))


def receipt_after_undoing(patch: Patch) -> None:
    undo = procedure._undo

    def receipt(sale: Sale, why: Any, parts: Sequence[Part]) -> procedure.Next:
        next_ = undo(sale, why, parts)
        made = any(part.step is Step.RECEIPT for part in parts)
        return Begin(Step.RECEIPT) if isinstance(next_, NotDone) and not made else next_

    patch.setattr(procedure, "_undo", receipt)


def charge_after_restart(patch: Patch) -> None:
    patch.setattr(sales, "halt", lambda _: None)


def owed_not_told(patch: Patch) -> None:
    receipt = procedure._receipt

    def untold(sale: Sale, parts: Sequence[Part]) -> procedure.Next:
        next_ = receipt(sale, parts)
        return replace(next_, owed=False) if isinstance(next_, Waits) else next_

    patch.setattr(procedure, "_receipt", untold)


def left_owed_forgotten(patch: Patch) -> None:
    def ended(tx: Transaction, seen: Seen) -> None:
        sales._not_done(tx, seen, reason("left_owed"))

    patch.setattr(sales, "_leave", ended)


def receipt_given_up_is_done(patch: Patch) -> None:
    """A receipt that was not made ends the sale as if it were."""
    receipt = procedure._receipt

    def done(sale: Sale, parts: Sequence[Part]) -> procedure.Next:
        next_ = receipt(sale, parts)
        return Done() if isinstance(next_, Waits) else next_

    patch.setattr(procedure, "_receipt", done)


def sale_moves_later(patch: Patch) -> None:
    """A part's outcome is written at once, what it means to the sale with the next tick."""

    def alone(tx: Transaction, part: JobRow, event: V, **told: Any) -> Any:
        if event is V.INTENT:
            refused = sales._intent(tx, sales.whole(part.job_id))
            if refused is not None:
                return refused
        return apply(tx, part, event, **told)

    def tidy(tx: Transaction) -> None:
        for row in tx.live_jobs():
            if row.sale is not None and is_open(row):
                sales.follow(tx, row.job_id)

    patch.setattr(sales, "transition", alone)
    patch.setattr(sales, "tidy", tidy)


def cancelled_in_the_middle(patch: Patch) -> None:
    patch.setitem(job_machine.TABLE, (K.STARTED, V.CANCEL), Rule(K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE)))


def adopted_money_is_moved(patch: Patch) -> None:
    """What another journal may have charged is charged here once somebody renews it."""
    for module in (acceptance, ownership):
        patch.setattr(module, "MONEY_KINDS", frozenset())


def end_unheard(patch: Patch) -> None:
    """An older copy goes on asking about what the server knows the end of."""
    patch.setattr(heard, "hear", lambda *_: None)


MUTANTS = (
    Mutant(
        "charge_before_intent",
        "A terminal is asked to charge before INTENT is on disk.",
        charge_before_intent,
        rules("acted_without_intent", "intent_missing"),
        (Hint("till", kinds=SALE),),
    ),
    Mutant(
        "reference_used_again",
        "Every movement of money has the same reference.",
        reference_used_again,
        rules("reference_twice"),
        (Hint("till", kinds=SOLD),),
    ),
    Mutant(
        "last_not_compared",
        "Whatever a terminal did last is taken for the payment in doubt.",
        last_not_compared,
        rules("false_done", "proof_differs", "foreign_taken"),
        (Hint("till", kinds=SALE, target=(PAY, "silent"), budget=2), ANSWER_LOST),
    ),
    Mutant(
        "silence_is_not_charged",
        "A payment without an answer is called not charged.",
        silence_is_not_charged,
        UNEVEN,
        (UNTOLD,),
    ),
    Mutant("charged_again", "A payment without an answer is sent once more.", charged_again, UNEVEN, (UNTOLD,)),
    Mutant(
        "other_sum_taken",
        "An approval for another sum counts as ours.",
        other_sum_taken,
        UNEVEN,
        (Hint("till", kinds=SALE, target=(PAY, "other_amount"), budget=2),),
    ),
    Mutant(
        "reversal_not_awaited",
        "What was not acknowledged counts as taken before the terminal's own reversal.",
        reversal_not_awaited,
        UNEVEN,
        (Hint("till", kinds=SALE, target=(PAY, "late_reversal"), budget=2),),
    ),
    Mutant(
        "declined_is_done",
        "A terminal's no is taken for a yes.",
        declined_is_done,
        rules("false_done", "proof_differs", "no_proof"),
        (Hint("till", kinds=("payment",), target=(PAY, "declined"), budget=2), DECLINED),
    ),
    Mutant(
        "other_program_trusted",
        "Where another program charges too, the last operation of the right sum is called ours.",
        other_program_trusted,
        rules("foreign_taken", *UNEVEN),
        (BESIDE_OTHERS,),
    ),
    Mutant(
        "settled_again",
        "A settlement without an answer is sent once more.",
        settled_again,
        rules("settled_twice"),
        (Hint("till", kinds=("payment", "settlement"), target=("terminal:Settle", "half"), budget=2),),
    ),
    Mutant(
        "receipt_first",
        "A sale makes its receipt before its money is moved.",
        receipt_first,
        rules("out_of_order"),
        (Hint("till", kinds=SALE),),
    ),
    Mutant(
        "doubtful_receipt_is_owed",
        "A receipt in doubt counts as not made, and the money may go back.",
        doubtful_receipt_is_owed,
        rules("undone_in_doubt", "duplicate", "two_open_intents", "false_not_done", "abandoned"),
        (Hint("till", kinds=SALE, target=("device:Close", "power_after"), budget=2),),
    ),
    Mutant(
        "undoing_unwritten",
        "Money is given back before UNDOING is on disk.",
        undoing_unwritten,
        rules("out_of_order"),
        (DECLINED,),
    ),
    Mutant(
        "not_given_back",
        "Of two cards the second is declined, and the first one's money is kept.",
        not_given_back,
        rules("owed_untold"),
        (DECLINED,),
    ),
    Mutant(
        "receipt_after_undoing",
        "A receipt is made when the money has gone back.",
        receipt_after_undoing,
        rules("after_undoing", "out_of_order"),
        (DECLINED,),
    ),
    Mutant(
        "charge_after_restart",
        "A charge begins after a restart, and nobody was asked.",
        charge_after_restart,
        rules("charged_unasked"),
        (Hint("till", kinds=SOLD, target=("commit:goes_on", "crash_after"), budget=2),),
    ),
    Mutant(
        "owed_not_told",
        "A sale waits for its receipt, and nobody is told that it is owed.",
        owed_not_told,
        rules("owed_untold"),
        (NO_RECEIPT,),
    ),
    Mutant(
        "left_owed_forgotten",
        "A sale that a person has left owed ends, and nobody asks for the correction.",
        left_owed_forgotten,
        rules("owed_untold"),
        (NO_RECEIPT,),
    ),
    Mutant(
        "receipt_given_up_is_done",
        "A receipt that could not be made ends the sale as done.",
        receipt_given_up_is_done,
        rules("false_done", "no_proof"),
        (NO_RECEIPT,),
    ),
    Mutant(
        "sale_moves_later",
        "A part's outcome is written in another transaction than what it means to the sale.",
        sale_moves_later,
        rules("parted"),
        (Hint("till", kinds=SALE),),
    ),
    Mutant(
        "cancelled_in_the_middle",
        "A cancel ends a sale that has begun.",
        cancelled_in_the_middle,
        rules("abandoned", "false_not_done", "owed_untold"),
        (Hint("till", kinds=SOLD, cancels=1.0),),
    ),
    Mutant(
        "adopted_money_is_moved",
        "A payment that another PC may have made is made anew when it is renewed.",
        adopted_money_is_moved,
        rules("charged_twice"),
        (Hint("till_rivals", "dead_pc", ("payment",), target=("message:update", "hole"), budget=2),),
    ),
    Mutant(
        "end_unheard",
        "An older copy of a journal does not take over the ends that the server knows.",
        end_unheard,
        rules("states_differ", "not_final"),
        (COPIED,),
    ),
)
