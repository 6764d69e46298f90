"""A terminal's day is closed once; what is not known of it stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from agent.procedures import settlement
from agent.procedures.asks import Answer, Commit, Ended, NotReady
from agent.procedures.payment.asks import ReadTerminal
from agent.procedures.settlement import BeginSettle, Context, Phase, Run, Settle
from drivers.terminal_api import Outcome, SettlementResult, TerminalStatus, Totals
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from tests.agent.procedures.test_receipt_start import answered

CTX = Context("12345678", settles=True)
DONE = SettlementResult(Outcome.APPROVED, Totals.MATCHED, count=2, amount=30_000)


def checked(status: TerminalStatus, ctx: Context = CTX) -> Any:
    run, ask = settlement.start(ctx)
    assert ask == ReadTerminal()
    return settlement.step(run, answered(status))[1]


READY = [
    TerminalStatus("12345678"),
    TerminalStatus(""),  # it has not said yet who it is
    TerminalStatus("12345678", "terminal_settlement_needed", "5003"),
]


@pytest.mark.parametrize("status", READY)
def test_it_begins_at_a_terminal_that_is_ours_and_ready_or_wants_just_this(status: TerminalStatus) -> None:
    assert checked(status) == BeginSettle()


WAITS = [
    (TerminalStatus("87654321"), "terminal_changed"),
    (TerminalStatus("12345678", busy=True), "terminal_busy"),
    (TerminalStatus("12345678", "terminal_card_inside"), "terminal_card_inside"),
]


@pytest.mark.parametrize(("status", "code"), WAITS)
def test_otherwise_it_waits_and_nothing_was_sent(status: TerminalStatus, code: str) -> None:
    ask = checked(status)
    assert isinstance(ask, NotReady)
    assert ask.reason.code == code


def test_a_terminal_of_any_id_does_where_none_is_bound() -> None:
    assert checked(TerminalStatus("87654321"), Context("", settles=True)) == BeginSettle()


def test_an_interface_that_cannot_is_told_so_at_once() -> None:
    _, ask = settlement.start(Context("12345678", settles=False))
    assert ask == Commit(JobEvent.IMPOSSIBLE, {"reason": reason("terminal_unsupported", detail="settle")})


def after_settle(kind: Answer, value: Any = None, code: str | None = None) -> Any:
    run, ask = settlement.step(Run(CTX, Phase.BEGIN), answered())
    assert ask == Settle()
    run, ask = settlement.step(run, answered(value, kind=kind, code=code))
    assert settlement.step(run, answered())[1] == Ended()
    return ask


def test_an_approved_one_is_done_with_what_the_terminal_says() -> None:
    assert after_settle(Answer.OK, DONE) == Commit(JobEvent.PROVEN, {"settlement": DONE})


def test_a_declined_one_is_not_done() -> None:
    told = SettlementResult(Outcome.DECLINED, Totals.UNKNOWN, code="91", text="NO HOST")
    why = reason("settlement_declined", vendor="91", detail="NO HOST")
    assert after_settle(Answer.OK, told) == Commit(JobEvent.NOT_TAKEN, {"reason": why})


@pytest.mark.parametrize("kind", [Answer.NOT_SENT, Answer.REFUSED])
def test_one_that_never_began_is_not_done(kind: Answer) -> None:
    ask = after_settle(kind, code="terminal_offline")
    assert ask == Commit(JobEvent.NOT_TAKEN, {"reason": reason("terminal_offline")})


UNKNOWN = Commit(JobEvent.UNPROVEN, {"reason": reason("settlement_unknown")})


def test_a_lost_answer_proves_nothing_and_is_not_asked_for_again() -> None:
    assert after_settle(Answer.DOUBT, code="terminal_no_reply") == UNKNOWN


def test_a_process_that_died_in_the_middle_has_lost_the_answer() -> None:
    assert settlement.resume(CTX)[1] == UNKNOWN


def test_a_lane_that_may_not_begin_waits() -> None:
    _, ask = settlement.step(Run(CTX, Phase.BEGIN), answered(kind=Answer.REFUSED, code="lease_passed"))
    assert ask == NotReady(reason("lease_passed"))


def test_every_phase_has_a_word_on_every_answer() -> None:
    assert set(settlement.TABLE) == {(phase, kind) for phase in Phase for kind in Answer}
