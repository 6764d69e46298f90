"""Mutants of the operation procedure: shifts and cash."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.devices import runs
from agent.devices.lane import Lane
from agent.devices.performer import Performer
from agent.devices.work import Work
from agent.jobs import ownership
from agent.procedures import receipt
from agent.procedures.asks import Answer, Answered, Close, Commit, EndOperation, Fill, Operate, Operation, Reopen, Wait
from agent.procedures.operation import attempt, resolve, table
from agent.procedures.operation.run import Next, Phase, Run
from agent.procedures.receipt import resolve as receipt_resolve
from agent.procedures.receipt import table as receipt_table
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from tests.chaos.mutant import Hint, Mutant, Patch, rules

CASH = ("cash_in", "cash_out", "cash_in")
SHIFTS = ("receipt", "close_shift", "receipt")


def _cash(fault: str, nth: int = 1) -> Hint:
    return Hint(kinds=CASH, target=("device:Operate.cash_in", fault), nth=nth)


def _none(run: Run, answer: Answered) -> Next:
    failed = Commit(JobEvent.PROVEN_NONE, {"reason": answer.reason or reason("no_document")})
    policy = EndOperation(run.ctx.operation, None)
    return replace(run, phase=Phase.OUTCOME, cause=answer.reason), failed if run.ctx.job else policy


def operation_timeout_is_failure(patch: Patch) -> None:
    patch.setitem(table.TABLE, (Phase.OPERATE, Answer.DOUBT), _none)


def operation_repeated(patch: Patch) -> None:
    def again(run: Run, _: Answered) -> Next:
        return replace(run, phase=Phase.REOPEN, unclear=-100), Reopen()

    def operate(run: Run, answer: Answered) -> Next:
        if run.unclear > -100:
            return resolve.reopened(run, answer)
        return replace(run, phase=Phase.OPERATE, unclear=0), Operate(run.ctx.operation)

    patch.setitem(table.TABLE, (Phase.OPERATE, Answer.DOUBT), again)
    patch.setitem(table.TABLE, (Phase.REOPEN, Answer.OK), operate)


def no_drain(patch: Patch) -> None:
    """Of receipts and of operations."""

    def at_once(run: receipt.Run, _: Answered | None) -> receipt.Next:
        return replace(run, phase=receipt.Phase.DRAIN, quiet_until=None), Wait(0.0, "resolving")

    patch.setitem(receipt_table.TABLE, (receipt.Phase.DOUBT, Answer.OK), at_once)
    patch.setattr(receipt_resolve, "first_look", at_once)
    patch.setitem(table.TABLE, (Phase.MOMENT, Answer.OK), resolve.reopen)


def answer_is_proof(patch: Patch) -> None:
    """Of cash: the register's "done" ends the job; nothing is read back, and a lost answer is a "no"."""

    def done(run: Run, _: Answered) -> Next:
        assert run.counters is not None
        if not run.ctx.cash:
            return attempt.operated(run, _)
        return replace(run, phase=Phase.OUTCOME, done=True), Commit(JobEvent.PROVEN, {"counters": run.counters})

    patch.setitem(table.TABLE, (Phase.OPERATE, Answer.OK), done)
    patch.setitem(table.TABLE, (Phase.OPERATE, Answer.DOUBT), _none)


def doubt_is_refusal(patch: Patch) -> None:
    """The driver calls "no answer" a refusal."""
    perform = Performer.perform

    def refused(self: Performer, ask: Any) -> Answered:
        answer = perform(self, ask)
        if answer.kind is Answer.DOUBT and isinstance(ask, (Fill, Close, Operate)):
            return replace(answer, kind=Answer.REFUSED, remaining=0.0)
        return answer

    patch.setattr(Performer, "perform", refused)


def doubt_forgotten(patch: Patch) -> None:
    """A fresh process looks at once, as if the command had been sent long ago."""
    patch.setattr(runs.Procedures, "resume", runs.Procedures.look_again)


def earlier_attempt_forgotten(patch: Patch) -> None:
    start = runs.operation.start
    patch.setattr(runs.operation, "start", lambda context, *_: start(context, None))
    operation_timeout_is_failure(patch)


def operation_without_intent(patch: Patch) -> None:
    def begin(tx: Any, kkm_id: str, intent: Any, for_job: Any) -> Any:
        device = tx.device(kkm_id)
        return reason("device_released") if device.released or device.releasing else None

    patch.setattr(ownership, "begin_operation", begin)


def policy_forgotten(patch: Patch) -> None:
    """An operation of the policy that a crash has interrupted is dropped unseen."""

    def dropped(self: Lane, device: Any) -> float:
        self._performer.work = Work()
        self._performer.perform(EndOperation(Operation(device.operation["operation"]), None))
        return 0.0

    patch.setattr(Lane, "_resume_policy", dropped)


MUTANTS = (
    Mutant(
        "operation_timeout_is_failure",
        "A shift or cash command was not answered: it was not done.",
        operation_timeout_is_failure,
        rules("duplicate", "false_not_done", "totals", "event_missing"),
        (
            Hint(target=("device:Operate.open_shift", "power_after")),
            Hint("shared", kinds=CASH, target=("device:Operate.cash_in", "power_after")),
        ),
    ),
    Mutant(
        "cash_repeated",
        "A shift or cash command was not answered: it is sent once more.",
        operation_repeated,
        rules("duplicate", "totals"),
        (_cash("lost_answer"),),
    ),
    Mutant(
        "no_drain",
        "In doubt nobody waits for the rest of the command's time: absence is believed at once.",
        no_drain,
        rules("duplicate", "false_not_done", "totals", "event_missing", "false_done"),
        (_cash("late"), Hint(kinds=SHIFTS, target=("device:Operate.close_shift", "late"))),
    ),
    Mutant(
        "answer_is_proof",
        "The answer to a cash command is its proof, and no answer is a failure.",
        answer_is_proof,
        rules("duplicate", "false_not_done", "totals", "proof_differs"),
        (Hint("shared", kinds=CASH, target=("device:Operate.cash_in", "power_after")),),
    ),
    Mutant(
        "doubt_is_refusal",
        "The driver says refused where no answer came.",
        doubt_is_refusal,
        rules("duplicate", "false_not_done", "false_done", "totals", "event_missing"),
        (_cash("late"),),
    ),
    Mutant(
        "doubt_forgotten",
        "A crash while deciding forgets the doubt: the fresh process does not wait.",
        doubt_forgotten,
        rules("duplicate", "false_not_done", "false_done", "totals", "event_missing"),
        (_cash("crash_late"), _cash("late")),
    ),
    Mutant(
        "earlier_attempt_forgotten",
        "The next attempt does not look for the work of the one before.",
        earlier_attempt_forgotten,
        rules("duplicate", "false_not_done", "totals", "event_missing"),
        (Hint(kinds=SHIFTS, target=("device:Operate.close_shift", "power_after")), _cash("power_after")),
    ),
    Mutant(
        "operation_without_intent",
        "The policy opens and closes shifts without an INTENT on disk.",
        operation_without_intent,
        rules("intent_missing"),
    ),
    Mutant(
        "policy_forgotten",
        "A shift operation that a crash interrupted is dropped without a look.",
        policy_forgotten,
        rules("event_missing", "intent_missing"),
        (Hint(target=("commit:operation_outcome", "crash_before")),),
    ),
)
