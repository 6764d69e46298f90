"""Other hands on the same register: what they did is never taken for ours, and ours never strikes what is theirs."""

from __future__ import annotations

import pytest

from agent.procedures import operation
from agent.procedures.asks import Ended, EndOperation, Fence, NotReady, Operation, Wait
from agent.procedures.operation.cash import Moved, moved
from agent.procedures.precheck import snapshot_of
from drivers.api import CashCounters, ShiftState
from drivers.errors import Refused
from protocol.crm.job_machine import Known
from tests.agent.procedures.test_operation_human import _until_told
from tests.agent.procedures.test_operation_jobs import BASE, CASH_IN, CLOSE, OPEN, operate_of
from tests.agent.procedures.test_operation_policy import OPERATE, Alone
from tests.agent.procedures.test_receipt_start import answered
from tests.support.faults import Fault
from tests.support.model_register import MAX_TIME, SERIAL, ModelRegister
from tests.support.play_operation import AMOUNT, OperationDesk

# --- evidence that could be another's ---------------------------------------------------------------------------------


def test_cash_of_another_program_was_taken_for_ours_on_a_shared_desk() -> None:
    """Our command was lost; somebody put in as much while we waited."""
    desk = OperationDesk(CASH_IN, {operate_of(CASH_IN): Fault.LOST}, exclusive=False)
    desk.register.later(1.5, lambda: desk.register.foreign_cash("cash_in", AMOUNT))
    _until_told(desk)
    assert (desk.kept.told, desk.register.operated) == ("cash_unclear", [])


def test_a_good_answer_and_the_counters_prove_cash_on_a_shared_desk() -> None:
    desk = OperationDesk(CASH_IN, exclusive=False)
    assert desk.run() is Known.DONE


@pytest.mark.parametrize("keeps", [True, False])
def test_a_closing_in_between_hid_that_the_cash_was_put_in(keeps: bool) -> None:
    """The first cash of the shift; then the shift was closed at the register, whose counters begin anew at once or at
    the next opening. The number of the shift is still the same."""
    desk = OperationDesk(CASH_IN, {operate_of(CASH_IN): Fault.DONE})
    register = desk.register
    register.cash = {"cash_in": [], "cash_out": []}

    def closed() -> None:
        register.foreign_shift(ShiftState.CLOSED)
        if not keeps:
            register.cash = {"cash_in": [], "cash_out": []}

    register.later(0.5, closed)
    _until_told(desk)
    assert desk.kept.told == "cash_unclear"
    assert register.operated == ["cash_in"]


def test_the_counters_of_a_shift_that_may_have_ended_tell_nothing() -> None:
    same = CashCounters(7, 5000, 5000, 0, 1, 0)
    assert moved(BASE, same, CASH_IN, 1000, ended=True) is Moved.UNCLEAR
    assert moved(BASE, same, CASH_IN, 1000, ended=False) is Moved.NOT


# --- what is still on its way -----------------------------------------------------------------------------------------


def test_a_late_closing_struck_the_next_shift_of_a_shared_desk() -> None:
    """Another program closed the shift while our closing was on its way: that is the proof, but not yet the end."""
    number = operate_of(CLOSE)
    desk = OperationDesk(CLOSE, {number: Fault.LATE}, exclusive=False)
    desk.register.later(0.5, lambda: desk.register.foreign_shift(ShiftState.CLOSED))
    desk.check = lambda: None  # type: ignore[method-assign]  # the document is theirs; the shift is closed all the same
    while desk.kept.job.state is not Known.DONE:
        desk.round()
    assert desk.register.now - desk.asked_at[number] >= MAX_TIME["shift"]
    desk.register.foreign_shift(ShiftState.OPEN)  # the next job's receipt
    desk.register.pass_time(3600.0)
    assert desk.register.shift is ShiftState.OPEN


def test_the_policys_late_closing_struck_the_next_shift_of_a_shared_desk() -> None:
    desk = Alone(CLOSE, {OPERATE: Fault.LATE}, exclusive=False)
    desk.register.later(0.5, lambda: desk.register.foreign_shift(ShiftState.CLOSED))
    assert desk.operate() == Ended()
    desk.register.foreign_shift(ShiftState.OPEN)
    desk.register.pass_time(3600.0)
    assert desk.register.shift is ShiftState.OPEN


@pytest.mark.parametrize("job", [True, False])
def test_each_restart_sent_the_opening_once_more(job: bool) -> None:
    """After a restart lease, epoch and the server's trust are those of another time: nothing is sent on them."""
    ctx = operation.Context(OPEN, SERIAL, True, MAX_TIME, job=job)
    register = ModelRegister(shift=ShiftState.CLOSED)
    run, _ = operation.resume(ctx, snapshot=snapshot_of(register.status()), doubted=True)
    for now, value in ((1.0, None), (1.0, register.identity()), (1.1, register.status())):
        run, ask = operation.step(run, answered(value, now=now))
    assert isinstance(ask, Wait)


# --- what is theirs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [OPEN, CLOSE])
def test_a_refusal_of_another_name_cancelled_another_programs_receipt(wanted: Operation) -> None:
    """A register says "not in this mode" while a receipt of somebody else is open."""
    desk = Alone(wanted, exclusive=False)

    def overtaken(_: ShiftState) -> None:
        desk.register.foreign_document()
        desk.register.later(20.0, desk.register.cancel)
        raise Refused("wrong_state")

    desk.register.operate = overtaken  # type: ignore[method-assign]
    assert isinstance(desk.operate(), NotReady)
    assert not any(isinstance(ask, Fence) for _, ask in desk.asked)


# --- for ever ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.DONE])
@pytest.mark.parametrize("wanted", [OPEN, CLOSE])
def test_a_document_that_cannot_be_read_held_the_register_for_ever(wanted: Operation, fault: Fault) -> None:
    """Nobody is asked to decide about the policy's operation: what the shift's state shows ends it."""
    desk = Alone(wanted, {OPERATE: fault})
    register = desk.register
    register.later(0.5, lambda: register.unreadable.add(register.last_fd if fault is Fault.DONE else register.report()))
    desk.operate()
    done = fault is Fault.DONE
    assert desk.outcomes == [EndOperation(wanted, None, done)]
    assert (desk.register.shift is operation.WANTED[wanted]) == done
