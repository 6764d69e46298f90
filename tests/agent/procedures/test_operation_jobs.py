"""Jobs of shifts and drawer cash: what they need, what proves them, what becomes of them when nothing does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.procedures import operation
from agent.procedures.asks import (
    Answer,
    Begin,
    Commit,
    Ended,
    Fence,
    NotReady,
    Operate,
    Operation,
    ReadCounters,
    ReadDocument,
    ReadStatus,
    ReadTotals,
    Reopen,
)
from agent.procedures.operation import CASH, SHIFTS
from agent.procedures.operation.cash import Moved, counted, moved
from agent.procedures.patience import MARGIN
from agent.procedures.precheck import snapshot_of
from drivers.api import CashCounters, DocumentKind, Paper, ShiftState, ShiftTotals
from drivers.errors import Refused
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from tests.agent.procedures.test_receipt_start import answered
from tests.support.faults import Fault
from tests.support.model_register import FN, MAX_TIME, SERIAL, ModelRegister
from tests.support.play_operation import AMOUNT, OperationDesk

OPEN, CLOSE, CASH_IN, CASH_OUT = Operation
EVERY = list(Operation)
PROOF = {OPEN: DocumentKind.OPEN_SHIFT, CLOSE: DocumentKind.CLOSE_SHIFT}
HALF_A_DAY = 12 * 3600.0


def operate_of(wanted: Operation) -> int:
    """The number of the command itself on the way that goes well."""
    way = OperationDesk(wanted)
    way.run()
    return next(number for number, (_, ask) in enumerate(way.asked) if isinstance(ask, Operate))


def kinds(desk: OperationDesk) -> list[type]:
    return [type(ask) for _, ask in desk.asked]


WAYS: dict[Operation, list[type]] = {
    OPEN: [ReadStatus, Begin, Operate, ReadStatus, ReadDocument, Commit],
    CLOSE: [ReadStatus, ReadTotals, Begin, Operate, ReadStatus, ReadDocument, Commit],
    CASH_IN: [ReadStatus, ReadCounters, Begin, Operate, ReadStatus, ReadCounters, Commit],
    CASH_OUT: [ReadStatus, ReadCounters, Begin, Operate, ReadStatus, ReadCounters, Commit],
}


@pytest.mark.parametrize("wanted", EVERY)
def test_as_it_should_go(wanted: Operation) -> None:
    desk = OperationDesk(wanted)
    assert desk.run() is Known.DONE
    assert kinds(desk) == WAYS[wanted]
    assert desk.events == [JobEvent.INTENT, JobEvent.PROVEN]
    (proven,) = desk.commits
    if wanted in SHIFTS:
        assert proven.data["document"].kind is PROOF[wanted]
        totals = ShiftTotals({1: 0}, {1: 0}, {1: 0}, {1: 0}, 5 * AMOUNT, 0, 5 * AMOUNT)
        assert proven.data["totals"] == (totals if wanted is CLOSE else None)
    else:
        put = wanted is CASH_IN
        expected = (6 * AMOUNT, 6 * AMOUNT, 0, 2, 0) if put else (4 * AMOUNT, 5 * AMOUNT, AMOUNT, 1, 1)
        assert proven.data == {"counters": CashCounters(4, *expected)}


# --- before anything is sent ----------------------------------------------------------------------------------------

IMPOSSIBLE = [
    # operation  shift                amount      reason
    (OPEN,       ShiftState.OPEN,     None,       "shift_open"),
    (OPEN,       ShiftState.EXPIRED,  None,       "shift_expired"),
    (OPEN,       ShiftState.CLOSED,   None,       None),
    (CLOSE,      ShiftState.CLOSED,   None,       "shift_closed"),
    (CLOSE,      ShiftState.EXPIRED,  None,       None),
    (CLOSE,      ShiftState.OPEN,     None,       None),
    (CASH_OUT,   ShiftState.OPEN,     AMOUNT - 1, "cash_short"),
    (CASH_OUT,   ShiftState.OPEN,     AMOUNT,     None),
    (CASH_OUT,   ShiftState.CLOSED,   AMOUNT,     None),  # drawer cash needs no open shift
    (CASH_IN,    ShiftState.EXPIRED,  0,          None),
    (CASH_IN,    ShiftState.CLOSED,   0,          None),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "shift", "drawer", "code"), IMPOSSIBLE)
def test_what_waiting_would_not_change_ends_the_job_before_anything_is_sent(
    wanted: Operation, shift: ShiftState, drawer: int | None, code: str | None
) -> None:
    desk = OperationDesk(wanted, shift=shift)
    if drawer is not None:
        desk.register.drawer = drawer
    assert desk.run() is (Known.DONE if code is None else Known.NOT_DONE)
    if code is not None:
        assert desk.events == [JobEvent.IMPOSSIBLE]
        assert desk.commits[0].data["reason"].code == code
        assert not any(isinstance(ask, (Begin, Operate)) for _, ask in desk.asked)


@pytest.mark.parametrize("wanted", [CASH_IN, CASH_OUT])
def test_cash_opened_the_shift_itself_and_its_counters_then_told_nothing(wanted: Operation) -> None:
    """Where the register's maker has made it so, the shift is opened before, by a procedure that can prove it."""
    desk = OperationDesk(wanted, shift=ShiftState.CLOSED)
    desk.context = {"cash_opens_shift": True}
    assert desk.run() is Known.DONE
    assert [ask.operation for _, ask in desk.asked if isinstance(ask, Operate)] == [OPEN, wanted]
    shut = OperationDesk(wanted, shift=ShiftState.CLOSED)
    shut.context = {"cash_opens_shift": True, "open_shift": False}
    shut.round()
    assert shut.ended == NotReady(reason("shift_closed"))
    assert kinds(shut) == [ReadStatus]
    opened = OperationDesk(wanted)
    opened.context = {"cash_opens_shift": True}
    assert opened.run() is Known.DONE


NOT_READY: list[tuple[Callable[[ModelRegister], object], str]] = [
    (lambda r: setattr(r, "serial", "0000000000000001"), "wrong_device"),
    (lambda r: setattr(r, "blocked", "fn_expired"), "fn_expired"),
    (lambda r: setattr(r, "clock_unset", True), "clock_unset"),
    (lambda r: setattr(r, "cover_open", True), "cover_open"),
    (lambda r: setattr(r, "paper", Paper.ABSENT), "no_paper"),
    (lambda r: setattr(r, "busy_until", 1e9), "device_busy"),
    (lambda r: setattr(r, "off_until", 1e9), "device_offline"),
    (lambda r: r.foreign_document(), "document_open"),
]


@pytest.mark.parametrize(("happens", "code"), NOT_READY, ids=[code for _, code in NOT_READY])
@pytest.mark.parametrize("wanted", EVERY)
def test_not_ready(wanted: Operation, happens: Callable[[ModelRegister], object], code: str) -> None:
    desk = OperationDesk(wanted, exclusive=False)
    happens(desk.register)
    desk.round()
    assert isinstance(desk.ended, NotReady)
    assert desk.ended.reason.code == code
    assert desk.events == []


@pytest.mark.parametrize(("code", "ends"), [("unsupported", True), ("device_busy", False)])
def test_cash_is_not_moved_on_a_register_that_keeps_no_counters(code: str, ends: bool) -> None:
    ctx = operation.Context(CASH_IN, SERIAL, True, MAX_TIME, amount=AMOUNT)
    run, _ = operation.start(ctx)
    run, ask = operation.step(run, answered(ModelRegister().status()))
    assert ask == ReadCounters()
    _, ask = operation.step(run, answered(kind=Answer.REFUSED, code=code))
    why = reason(code)
    assert ask == (Commit(JobEvent.IMPOSSIBLE, {"reason": why}) if ends else NotReady(why))


def test_a_shift_is_closed_also_when_its_totals_cannot_be_read() -> None:
    desk = OperationDesk(CLOSE, {1: Fault.REFUSED})
    assert desk.run() is Known.DONE
    assert desk.commits[0].data["totals"] is None


@pytest.mark.parametrize("wanted", EVERY)
def test_intent_is_refused_by_the_lane(wanted: Operation) -> None:
    number = operate_of(wanted) - 1
    desk = OperationDesk(wanted, {number: Fault.REFUSED})
    desk.round()
    assert desk.ended == NotReady(reason("lease_passed"))


# --- a second attempt -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", EVERY)
def test_what_strikes_later_than_it_can_is_found_by_the_next_attempt(wanted: Operation) -> None:
    """Attempt one was proven to have done nothing; its command came after all. There is no second one."""
    desk = OperationDesk(wanted, {operate_of(wanted): Fault.REFUSED})
    desk.round()
    assert (desk.kept.job.state, desk.kept.job.attempt) == (Known.ACCEPTED, 1)
    desk._executed(Operate(wanted))
    assert desk.run() is Known.DONE
    assert desk.events[-1] is JobEvent.FOUND
    assert desk.kept.job.attempt == 1


def test_cash_that_somebody_moved_by_hand_on_a_shared_desk_is_not_taken_for_ours() -> None:
    desk = OperationDesk(CASH_IN, {operate_of(CASH_IN): Fault.REFUSED}, exclusive=False)
    desk.round()
    desk.register.foreign_cash("cash_in", AMOUNT)
    assert desk.run() is Known.DONE
    assert (desk.events[-1], desk.kept.job.attempt) == (JobEvent.PROVEN, 2)


def test_a_shift_closed_and_opened_again_since_the_first_attempt_is_not_closed_again() -> None:
    desk = OperationDesk(CLOSE, {operate_of(CLOSE): Fault.REFUSED})
    desk.round()
    desk._executed(Operate(CLOSE))
    desk.register.foreign_shift(ShiftState.OPEN)
    assert desk.run() is Known.DONE
    assert desk.register.shift is ShiftState.OPEN


def test_an_unreadable_archive_keeps_the_second_attempt_waiting() -> None:
    desk = OperationDesk(CLOSE, {operate_of(CLOSE): Fault.REFUSED})
    desk.round()
    gap = desk.register.report()
    desk.register.report()
    desk.register.documents.pop(gap)
    desk.round()
    assert isinstance(desk.ended, NotReady)
    assert desk.ended.reason.code == "archive_unreadable"


def test_three_refusals_end_the_job_with_their_cause() -> None:
    desk = OperationDesk(CASH_OUT)

    def refuses(*_: object) -> None:
        raise Refused("cash_short")

    desk.register.move_cash = refuses  # type: ignore[method-assign, assignment]
    assert desk.run() is Known.NOT_DONE
    assert [commit.data["reason"].code for commit in desk.commits] == ["cash_short"] * 3


# --- doubt ----------------------------------------------------------------------------------------------------------

SHIFT_TIME, CASH_TIME = MAX_TIME["shift"] + MARGIN, MAX_TIME["report"] + MARGIN
LOST_ANSWERS = [
    # operation  answer      sent  seconds until the outcome
    (OPEN,       Fault.DONE, 1,    (0.0, 4.0)),  # the document proves itself
    (CLOSE,      Fault.DONE, 1,    (0.0, 4.0)),
    (CASH_IN,    Fault.DONE, 1,    (0.0, 4.0)),
    (CASH_OUT,   Fault.DONE, 1,    (0.0, 4.0)),
    (OPEN,       Fault.LOST, 2,    (0.0, 4.0)),  # sent once more under the same intent
    (CLOSE,      Fault.LOST, 1,    (SHIFT_TIME, SHIFT_TIME + 2.0)),
    (CASH_IN,    Fault.LOST, 1,    (CASH_TIME, CASH_TIME + 2.0)),
    (CASH_OUT,   Fault.LOST, 1,    (CASH_TIME, CASH_TIME + 2.0)),
    (CLOSE,      Fault.LATE, 1,    (SHIFT_TIME - 6.0, SHIFT_TIME + 2.0)),
    (CASH_IN,    Fault.LATE, 1,    (CASH_TIME - 6.0, CASH_TIME + 2.0)),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "fault", "sent", "seconds"), LOST_ANSWERS)
def test_a_lost_answer(wanted: Operation, fault: Fault, sent: int, seconds: tuple[float, float]) -> None:
    number = operate_of(wanted)
    desk = OperationDesk(wanted, {number: fault})
    desk.round()
    first_round = sum(isinstance(ask, Operate) for _, ask in desk.asked)
    assert first_round == sent
    assert seconds[0] <= desk.register.now - desk.asked_at[number] <= seconds[1]
    assert JobEvent.DOUBT in desk.events
    nothing = fault is Fault.LOST and wanted is not OPEN
    assert desk.events[-1] is (JobEvent.PROVEN_NONE if nothing else JobEvent.PROVEN)


@pytest.mark.parametrize("wanted", EVERY)
@pytest.mark.parametrize("doubted", [False, True])
def test_after_a_restart_absence_is_believed_after_the_whole_time(wanted: Operation, doubted: bool) -> None:
    """C16: the intent is there, and nobody knows when the command left."""
    desk = OperationDesk(wanted, {operate_of(wanted): Fault.KILLED_LATE})
    assert desk.run() is Known.DONE
    assert desk.kept.job.attempt == 1
    snapshot = counted(snapshot_of(desk.register.status()), desk.register.cash_counters())
    run, ask = operation.resume(desk.operation_context(), snapshot=snapshot, doubted=doubted)
    if not doubted:
        assert isinstance(ask, Commit)
        assert ask.event is JobEvent.DOUBT
        run, ask = operation.step(run, answered())
    run, ask = operation.step(run, answered(now=1.0))
    assert ask == Reopen()
    longest = max(MAX_TIME["report" if wanted in CASH else "shift"], MAX_TIME["cancel"])
    assert run.quiet_until == longest + MARGIN


def test_on_a_shared_desk_cash_that_looks_like_ours_proves_nothing_without_an_answer() -> None:
    """It is told once nothing else can come; a person decides."""
    number = operate_of(CASH_IN)
    desk = OperationDesk(CASH_IN, {number: Fault.DONE}, exclusive=False, person=True)
    assert desk.run() is Known.DONE
    assert desk.events[-2:] == [JobEvent.UNDECIDABLE, JobEvent.DECIDED_DONE]
    assert desk.register.now - desk.asked_at[number] >= CASH_TIME


@pytest.mark.parametrize("wanted", SHIFTS)
@pytest.mark.parametrize("exclusive", [True, False])
def test_what_a_refused_command_of_ours_has_begun_is_cancelled(wanted: Operation, exclusive: bool) -> None:
    desk = OperationDesk(wanted, {operate_of(wanted): Fault.REFUSED_IN_THE_MIDDLE}, exclusive=exclusive)
    assert desk.run() is Known.DONE
    assert sum(isinstance(ask, Fence) for _, ask in desk.asked) == 1
    assert desk.kept.job.attempt == 2


@pytest.mark.parametrize("exclusive", [True, False])
def test_another_programs_document_does_not_hide_the_counters(exclusive: bool) -> None:
    """Cash leaves no fiscal document: nothing is cancelled for it, on no desk."""
    number = operate_of(CASH_IN)
    desk = OperationDesk(CASH_IN, {number: Fault.DONE}, exclusive=exclusive, person=True)
    desk.register.later(1.5, desk.register.foreign_document)
    assert desk.run() is Known.DONE
    assert desk.events[-1] is (JobEvent.PROVEN if exclusive else JobEvent.DECIDED_DONE)
    assert not any(isinstance(ask, Fence) for _, ask in desk.asked)


# --- the counters ---------------------------------------------------------------------------------------------------

BASE = counted(snapshot_of(ModelRegister().status()), CashCounters(7, 5000, 5000, 0, 1, 0))
COUNTERS = [
    # document  drawer  in     out   in  out
    (CashCounters(7, 5000, 5000, 0, 1, 0),      CASH_IN,  Moved.NOT),
    (CashCounters(9, 8000, 5000, 0, 1, 0),      CASH_IN,  Moved.NOT),      # receipts in between
    (CashCounters(8, 6000, 6000, 0, 2, 0),      CASH_IN,  Moved.ONCE),
    (CashCounters(9, 5500, 6000, 500, 2, 1),    CASH_IN,  Moved.ONCE),     # and somebody took some out
    (CashCounters(8, 4000, 5000, 1000, 1, 1),   CASH_IN,  Moved.NOT),
    (CashCounters(8, 4000, 5000, 1000, 1, 1),   CASH_OUT, Moved.ONCE),
    (CashCounters(9, 7000, 7000, 0, 3, 0),      CASH_IN,  Moved.UNCLEAR),  # two of our amount
    (CashCounters(8, 5999, 5999, 0, 2, 0),      CASH_IN,  Moved.UNCLEAR),
    (CashCounters(8, 6000, 6000, 0, 1, 0),      CASH_IN,  Moved.UNCLEAR),  # the sum alone
    (CashCounters(8, 5000, 5000, 0, 2, 0),      CASH_IN,  Moved.UNCLEAR),  # the count alone
    (CashCounters(1, 0, 0, 0, 0, 0),            CASH_IN,  Moved.UNCLEAR),
]  # fmt: skip


@pytest.mark.parametrize(("after", "wanted", "told"), COUNTERS)
def test_what_the_counters_say(after: CashCounters, wanted: Operation, told: Moved) -> None:
    assert moved(BASE, after, wanted, 1000, ended=False) is told
    assert moved(BASE, after, wanted, 1000, ended=True) is Moved.UNCLEAR
    assert moved(replace(BASE, cash_in=None, cash_out=None), after, wanted, 1000, ended=False) is Moved.UNCLEAR


def test_what_the_snapshot_keeps() -> None:
    assert (BASE.fn_serial, BASE.last_fd) == (FN, 2)
    kept = (BASE.document_number, BASE.drawer, BASE.cash_in, BASE.cash_out, BASE.cash_in_count, BASE.cash_out_count)
    assert kept == (7, 5000, 5000, 0, 1, 0)


def test_ended_jobs_leave_nothing_pending() -> None:
    ctx = operation.Context(OPEN, SERIAL, True, MAX_TIME)
    run, _ = operation.start(ctx)
    run, ask = operation.step(run, answered(ModelRegister().status()))
    assert ask == Commit(JobEvent.IMPOSSIBLE, {"reason": reason("shift_open")})
    assert operation.step(run, answered())[1] == Ended()
