"""Jobs of shifts and drawer cash that the records do not decide: evidence, a person, and the register again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.procedures import operation
from agent.procedures.asks import (
    Answer,
    Ask,
    Commit,
    Operate,
    Operation,
    Reopen,
)
from agent.procedures.operation import CASH
from agent.procedures.operation.cash import counted
from agent.procedures.patience import MARGIN
from agent.procedures.precheck import snapshot_of
from drivers.api import ShiftState
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.outcomes import Decision
from tests.agent.procedures.test_operation_jobs import CASH_IN, CASH_OUT, CLOSE, EVERY, HALF_A_DAY, OPEN, operate_of
from tests.agent.procedures.test_receipt_start import answered
from tests.support.faults import Fault
from tests.support.model_register import MAX_TIME, SERIAL, ModelRegister
from tests.support.play_operation import AMOUNT, OperationDesk


def _another_shift(register: ModelRegister) -> None:
    register.foreign_shift(ShiftState.CLOSED)
    register.foreign_shift(ShiftState.OPEN)


HAPPENS: list[tuple[Operation, Fault, Callable[[ModelRegister], object], str]] = [
    (OPEN, Fault.LOST, lambda r: r.new_fn(), "fn_replaced"),
    (CASH_IN, Fault.LOST, lambda r: r.new_fn(), "fn_replaced"),
    (CLOSE, Fault.LOST, lambda r: r.unreadable.add(r.report()), "archive_unreadable"),
    (CLOSE, Fault.LOST, lambda r: setattr(r, "shift", ShiftState.CLOSED), "shift_unclear"),
    (CASH_IN, Fault.LOST, lambda r: r.foreign_cash("cash_in", 1), "cash_unclear"),
    (CASH_IN, Fault.DONE, lambda r: r.foreign_cash("cash_in", AMOUNT), "cash_unclear"),
    (CASH_OUT, Fault.LOST, _another_shift, "cash_unclear"),
    (OPEN, Fault.LOST, lambda r: setattr(r, "off_until", 2000.0), "device_silent"),
    (CASH_OUT, Fault.DONE, lambda r: setattr(r, "off_until", 2000.0), "device_silent"),
    (CLOSE, Fault.LOST, lambda r: setattr(r, "serial", "0000000000000001"), "fn_replaced"),
]  # fmt: skip


def undecided(
    wanted: Operation, fault: Fault, happens: Callable[[ModelRegister], object], **settings: Any
) -> OperationDesk:
    desk = OperationDesk(wanted, {operate_of(wanted): fault}, patience=HALF_A_DAY, **settings)
    executed = desk._sent

    def noting(ask: Ask, fault: Fault | None) -> Any:
        if isinstance(ask, Operate) and not desk.register.agenda and desk.kept.told is None:
            desk.register.later(0.5, lambda: happens(desk.register))
        return executed(ask, fault)

    desk._sent = noting  # type: ignore[method-assign]
    return desk


class _Told(Exception):
    pass


def _until_told(desk: OperationDesk) -> None:
    write = desk._write

    def stop(ask: Ask) -> None:
        write(ask)
        if isinstance(ask, Commit) and ask.event is JobEvent.UNDECIDABLE:
            raise _Told

    desk._write = stop  # type: ignore[method-assign]
    with pytest.raises(_Told):
        desk.run()


@pytest.mark.parametrize(("wanted", "fault", "happens", "code"), HAPPENS)
def test_what_cannot_be_decided_is_told_with_its_evidence(
    wanted: Operation, fault: Fault, happens: Callable[[ModelRegister], object], code: str
) -> None:
    desk = undecided(wanted, fault, happens)
    _until_told(desk)
    assert desk.kept.job.state is Known.HUMAN
    told = desk.commits[-1].data
    assert (told["reason"].code, told["evidence"]["case"]) == (code, code)
    assert told["evidence"]["operation"] == wanted.value
    if wanted in CASH:
        assert told["evidence"]["amount"] == AMOUNT
        assert told["evidence"]["before"]["drawer"] == 5 * AMOUNT
    silent = code == "device_silent" or (code, wanted) == ("fn_replaced", CLOSE)
    assert desk.register.now - desk.asked_at[operate_of(wanted)] >= (900.0 if silent else 0.0)


def test_the_counters_are_told_before_and_after() -> None:
    desk = undecided(CASH_IN, Fault.LOST, lambda r: r.foreign_cash("cash_in", 1))
    _until_told(desk)
    shown = desk.commits[-1].data["evidence"]
    before = {"document_number": 3, "drawer": 5 * AMOUNT, "cash_in": 5 * AMOUNT, "cash_out": 0, "cash_in_count": 1,
              "cash_out_count": 0}  # fmt: skip
    after = {**before, "document_number": 4, "drawer": 5 * AMOUNT + 1, "cash_in": 5 * AMOUNT + 1, "cash_in_count": 2}
    assert (shown["before"], shown["after"]) == (before, after)


def test_a_good_answer_that_the_counters_deny_is_no_proof() -> None:
    desk = OperationDesk(CASH_IN, patience=HALF_A_DAY)
    desk.register.move_cash = lambda *_: None  # type: ignore[method-assign]
    _until_told(desk)
    assert desk.kept.told == "cash_unclear"


@pytest.mark.parametrize("decision", list(Decision))
@pytest.mark.parametrize(("wanted", "happens"), [
    (CASH_IN, lambda r: r.foreign_cash("cash_in", 1)),
    (CLOSE, lambda r: setattr(r, "shift", ShiftState.CLOSED)),
])  # fmt: skip
def test_a_persons_decision_counts_when_the_records_do_not_decide(
    wanted: Operation, happens: Callable[[ModelRegister], object], decision: Decision
) -> None:
    desk = undecided(wanted, Fault.LOST, happens)
    _until_told(desk)
    desk.decision = (decision, None)
    desk._write = type(desk)._write.__get__(desk)  # type: ignore[method-assign]
    desk._fresh = False
    desk.check = lambda: None  # type: ignore[method-assign]  # a person may err: that is theirs to say
    assert desk.run() is (Known.DONE if decision is Decision.DONE else Known.NOT_DONE)
    decided = JobEvent.DECIDED_DONE if decision is Decision.DONE else JobEvent.DECIDED_NOT_DONE
    assert desk.events[-1] is decided
    assert desk.commits[-1].data == {"document": None}


@pytest.mark.parametrize("wanted", EVERY)
@pytest.mark.parametrize("fault", [Fault.LOST, Fault.DONE])
@pytest.mark.parametrize("restart", [False, True])
def test_the_register_is_asked_before_a_person_and_wins(wanted: Operation, fault: Fault, restart: bool) -> None:
    desk = undecided(wanted, fault, lambda r: setattr(r, "off_until", 2000.0))
    _until_told(desk)
    desk.decision = (Decision.NOT_DONE if fault is Fault.DONE else Decision.DONE, None)
    desk._write = type(desk)._write.__get__(desk)  # type: ignore[method-assign]
    desk._fresh = restart
    desk.register.off_until = -1.0
    assert desk.run() is (Known.DONE if fault is Fault.DONE else Known.NOT_DONE)
    assert desk.events[-1] in (JobEvent.PROVEN, JobEvent.PROVEN_NONE)


@pytest.mark.parametrize("wanted", EVERY)
def test_a_decision_on_a_silent_register_waits_for_what_may_still_strike(wanted: Operation) -> None:
    """After a restart nobody knows when the command left: a person's word does not shorten its time."""
    snapshot = counted(snapshot_of(ModelRegister().status()), ModelRegister().cash_counters())
    ctx = replace(OperationDesk(wanted).operation_context(), decision=Decision.NOT_DONE)
    run, ask = operation.resume(ctx, snapshot=snapshot, doubted=True, human="device_silent")
    now = 0.0
    while not isinstance(ask, Commit):
        now += getattr(ask, "seconds", 0.0)
        kind = Answer.NOT_SENT if isinstance(ask, Reopen) else Answer.OK
        run, ask = operation.step(run, answered(now=now, kind=kind))
    assert ask.event is JobEvent.DECIDED_NOT_DONE
    assert now >= ctx.longest + MARGIN


def test_nothing_is_sent_again_after_a_person_was_told() -> None:
    snapshot = snapshot_of(ModelRegister(shift=ShiftState.CLOSED).status())
    ctx = operation.Context(OPEN, SERIAL, True, MAX_TIME)
    run, _ = operation.resume(ctx, snapshot=snapshot, doubted=True, human="device_silent")
    run, _ = operation.step(run, answered(now=1.0))
    run, _ = operation.step(run, answered(ModelRegister().identity(), now=1.0))
    run, ask = operation.step(run, answered(ModelRegister(shift=ShiftState.CLOSED).status(), now=1.0))
    assert not isinstance(ask, Operate)
