"""b.3: silence, a person's word, what R6 finds, and paper."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.journal.rows import Snapshot
from agent.procedures import receipt
from agent.procedures.asks import Answer, Close, Commit, Ended, Fence, Fill, ReadStatus, ReadSubtotal, Reopen, Wait
from agent.procedures.patience import MARGIN, PRINT_PATIENCE
from agent.procedures.receipt import Phase, Run
from drivers.api import Paper
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.outcomes import Decision
from protocol.crm.outcomes import Paper as PaperOutcome
from protocol.ffd.planned import PlannedPayments
from tests.agent.procedures.test_receipt_start import STATUS, answered, context
from tests.support.faults import Fault, faults_of
from tests.support.model_register import FN, MAX_TIME, SERIAL
from tests.support.play import PLAN, Desk

UNMARKED = replace(PLAN, imprint=None)
HALF_A_DAY = 12 * 3600.0


def number_of(kind: type, desk: Desk | None = None) -> int:
    """The number of the first ask of this kind on the way that goes well."""
    way = desk or Desk()
    way.run()
    return next(n for n, (_, ask) in enumerate(way.asked) if isinstance(ask, kind))


SHARED_CLOSE = number_of(Close, Desk(exclusive=False))
FILL, SUBTOTAL, CLOSE = number_of(Fill), number_of(ReadSubtotal), number_of(Close)


def asks(desk: Desk, kind: type) -> list[Any]:
    return [ask for _, ask in desk.asked if isinstance(ask, kind)]


# --- R6 -------------------------------------------------------------------------------------------------------------


def test_another_total_is_never_closed() -> None:
    """I9: cancelled, decided, tried again; the third time it is told."""
    desk = Desk()
    desk.register.subtotal = lambda: 34999  # type: ignore[method-assign]
    assert desk.run() is Known.NOT_DONE
    assert (desk.kept.job.attempt, len(asks(desk, Close)), len(asks(desk, Fence))) == (3, 0, 3)
    assert [commit.data["reason"].code for commit in desk.commits] == ["total_differs"] * 3
    assert desk.commits[0].data["reason"].detail == "34999, planned 35000"


def test_a_rounded_total_was_taken_for_another_one() -> None:
    """The closing command rounds; until then the register's total is that of the lines."""
    plan = replace(PLAN, total=34950, rounding=50, payments=PlannedPayments(cash=34950), cash_tendered=34950)
    desk = Desk(plan=plan)
    assert desk.run() is Known.DONE
    assert desk.register.documents[desk.register.last_fd].total == 34950


@pytest.mark.parametrize("code", ["document_open", "wrong_state", "other_operator", "document_closed", "bad_parameter"])
def test_a_refused_opening_cancelled_another_programs_receipt_on_a_shared_desk(code: str) -> None:
    snapshot = Snapshot(SERIAL, FN, 2, 1, 0, "2026-07-01T12:00:00")
    begun = Run(context(exclusive=False), Phase.FILL, first=snapshot, snapshot=snapshot)
    run, ask = receipt.step(begun, answered(kind=Answer.REFUSED, code=code))
    assert ask == ReadStatus()
    _, ask = receipt.step(run, answered(replace(STATUS, document_open=True)))
    assert isinstance(ask, Fence if code == "bad_parameter" else Wait)


def test_a_document_of_another_program_in_between_ends_the_attempt() -> None:
    desk = Desk({SUBTOTAL + 1: Fault.FOREIGN})
    assert desk.run() is Known.DONE
    assert (desk.kept.job.attempt, len(asks(desk, Close))) == (2, 1)
    assert desk.exclusive is False  # noted by the next R3


def test_on_a_shared_desk_the_last_number_is_not_compared() -> None:
    desk = Desk(exclusive=False)
    desk.run()
    assert [type(ask) for _, ask in desk.asked][SUBTOTAL + 1] is Commit


def test_the_subtotal_is_not_read_twice_in_one_attempt() -> None:
    desk = Desk({SUBTOTAL: Fault.REFUSED})
    assert desk.run() is Known.DONE
    assert desk.kept.job.attempt == 2


# --- how long it is waited ------------------------------------------------------------------------------------------


def at(desk: Desk, *phases: str) -> list[float]:
    """When something was asked in these phases."""
    return [time for (phase, _), time in zip(desk.asked, desk.asked_at, strict=True) if phase in phases]


DECIDING = ("b.3.1 reopen", "b.3.5 fence")


@pytest.mark.parametrize(
    ("number", "longest"), [(FILL, "fill"), (CLOSE, "close")], ids=["positions", "closing command"]
)
def test_absence_is_believed_only_after_the_commands_own_time(number: int, longest: str) -> None:
    desk = Desk({number: Fault.LOST})
    desk.run()
    assert at(desk, *DECIDING)[0] - desk.asked_at[number] >= MAX_TIME[longest] + MARGIN


def test_a_document_that_is_there_proves_itself_at_once() -> None:
    """C8: the usual case. Nobody waits half a minute for a receipt that lies on the counter."""
    desk = Desk({CLOSE: Fault.DONE})
    assert desk.run() is Known.DONE
    assert at(desk, "R10 OUTCOME")[0] - desk.asked_at[CLOSE] < 3.0
    assert at(desk, *DECIDING) == []


def test_without_an_imprint_nothing_proves_itself_early() -> None:
    desk = Desk({CLOSE: Fault.DONE}, plan=UNMARKED)
    assert desk.run() is Known.DONE
    assert at(desk, *DECIDING)[0] - desk.asked_at[CLOSE] >= MAX_TIME["close"] + MARGIN


@pytest.mark.parametrize("early", [Fault.NOT_SENT, Fault.LOST, Fault.REFUSED])
def test_an_early_look_that_fails_is_no_answer(early: Fault) -> None:
    way = Desk({CLOSE: Fault.LOST})
    way.run()
    peeks = [n for n, (phase, _) in enumerate(way.asked) if phase.startswith("b.3.0") and faults_of(way.asked[n][1])]
    for number in peeks[1:]:  # the first is the wait
        desk = Desk({CLOSE: Fault.DONE, number: early})
        assert desk.run() is Known.DONE
        assert desk.kept.job.attempt == 1


@pytest.mark.parametrize("closing", [False, True])
@pytest.mark.parametrize("doubted", [False, True])
def test_after_a_restart_the_whole_time_is_waited_out(closing: bool, doubted: bool) -> None:
    """Of the longest command that may have been on its way: a cancel of the fence among them."""
    snapshot = Snapshot(SERIAL, FN, 2, 1, 0, "2026-07-01T12:00:00")
    for marked in (True, False):
        ctx = context(plan=PLAN if marked else UNMARKED, max_time={**MAX_TIME, "cancel": 25.0})
        run, ask = receipt.resume(ctx, first=snapshot, snapshot=snapshot, closing=closing, doubted=doubted, human=None)
        if not doubted:  # the doubt is told first
            assert isinstance(ask, Commit)
            assert ask.event is JobEvent.DOUBT
            run, ask = receipt.step(run, answered())
        now = 0.0
        while not (isinstance(ask, Reopen) and run.phase is receipt.Phase.REOPEN):
            now += ask.seconds if isinstance(ask, Wait) else 0.0
            kind = Answer.OK if isinstance(ask, Wait) else Answer.NOT_SENT
            run, ask = receipt.step(run, answered(now=now, kind=kind))
        assert now == (30.0 if closing else 25.0) + MARGIN


# --- a device that stays silent -------------------------------------------------------------------------------------

MADE_OR_NOT = [(n, f) for n in (FILL, CLOSE) for f in (Fault.LOST, Fault.DONE)]


@pytest.mark.parametrize(("number", "fault"), MADE_OR_NOT)
def test_a_quarter_of_an_hour_of_silence_is_told_and_the_asking_goes_on(number: int, fault: Fault) -> None:
    desk = Desk({number: fault}, patience=HALF_A_DAY)
    told_at: list[float] = []
    moved = desk._move

    def noting(event: JobEvent) -> None:
        moved(event)
        if event is JobEvent.DOUBT:
            desk.register.off_until = desk.register.now + 3600.0
        if event is JobEvent.UNDECIDABLE:
            told_at.append(desk.register.now)

    desk._move = noting  # type: ignore[method-assign]
    made = (number, fault) == (CLOSE, Fault.DONE)
    assert desk.run() is (Known.DONE if made else Known.NOT_DONE)  # a person was told: there is no next attempt
    assert (desk.kept.told, len(told_at)) == ("device_silent", 1)
    assert 15 * 60 <= told_at[0] < 17 * 60
    assert desk.events[-1] is (JobEvent.PROVEN if made else JobEvent.PROVEN_NONE)


def test_a_shorter_silence_is_told_to_nobody() -> None:
    desk = Desk({CLOSE: Fault.DONE}, patience=HALF_A_DAY)
    desk.register.later(1.0, lambda: setattr(desk.register, "off_until", 800.0))
    assert desk.run() is Known.DONE
    assert JobEvent.UNDECIDABLE not in desk.events


def test_the_asking_slows_down_to_five_seconds() -> None:
    desk = Desk({CLOSE: Fault.LOST}, patience=HALF_A_DAY)
    desk.register.later(1.0, lambda: setattr(desk.register, "off_until", 200.0))
    desk.run()
    waits = [ask.seconds for phase, ask in desk.asked if phase == "b.3.3 ask again later" and isinstance(ask, Wait)]
    assert waits[:4] == [1.0, 2.0, 4.0, 5.0]
    assert max(waits) == 5.0


def test_a_busy_register_is_asked_until_it_is_not() -> None:
    """C10: the closing command still runs while we ask."""
    desk = Desk({CLOSE: Fault.LATE})
    desk.register.busy_until = 60.0
    desk.kept.fn, desk.kept.highest_fd = FN, 2
    run = desk.register.status
    desk.register.status = lambda: replace(run(), busy=30.0 < desk.register.now < 60.0)  # type: ignore[method-assign]
    assert desk.run() is Known.DONE
    assert desk.kept.job.attempt == 1


# --- what cannot be decided -----------------------------------------------------------------------------------------


def undecided(case: str) -> Desk:
    """A job that a person has to look at."""
    plan = UNMARKED if case == "looks_alike" else PLAN
    shared = case == "looks_alike"
    number = SHARED_CLOSE if shared else CLOSE
    desk = Desk({number: Fault.LOST}, plan=plan, exclusive=not shared, patience=HALF_A_DAY)
    register = desk.register
    happens: dict[str, Any] = {
        "looks_alike": lambda: register.foreign_receipt(PLAN.total),
        "two_documents": lambda: [register.foreign_receipt(PLAN.total, str(PLAN.imprint)) for _ in range(2)],
        "content_differs": lambda: register.foreign_receipt(1, str(PLAN.imprint)),
        "archive_unreadable": lambda: register.unreadable.add(register.foreign_receipt(1)),
        "fn_replaced": register.new_fn,
    }
    register.later(5.0, happens[case])
    return desk


CASES = ["looks_alike", "two_documents", "content_differs", "archive_unreadable", "fn_replaced"]


def until_told(desk: Desk) -> None:
    def stop(event: JobEvent) -> None:
        type(desk)._move(desk, event)
        if event is JobEvent.UNDECIDABLE:
            desk.patience = desk.register.now

    desk._move = stop  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="no end"):
        desk.run()
    desk._move = type(desk)._move.__get__(desk)  # type: ignore[method-assign]
    desk.patience = HALF_A_DAY


@pytest.mark.parametrize("case", CASES)
def test_a_person_is_told_once_with_the_evidence(case: str) -> None:
    desk = undecided(case)
    desk.patience = 300.0
    with pytest.raises(AssertionError, match="no end"):
        desk.run()
    told = [commit for commit in desk.commits if commit.event is JobEvent.UNDECIDABLE]
    assert len(told) == 1
    assert told[0].data["reason"].code == case
    evidence = told[0].data["evidence"]
    assert evidence["case"] == case
    assert evidence["planned"] == {"total": 35000, "sign": 1, "imprint": desk.plan.imprint}
    assert evidence["snapshot"] == 2
    shown = {"looks_alike": 1, "two_documents": 2, "content_differs": 1}.get(case, 0)
    assert len(evidence["candidates"]) == shown
    assert bool(evidence["differences"]) is (case in ("content_differs", "archive_unreadable", "fn_replaced"))


def test_another_case_is_told_again() -> None:
    desk = undecided("archive_unreadable")
    register = desk.register

    def mended() -> None:
        register.unreadable.clear()
        register.documents[3] = replace(register.documents[3], imprint=PLAN.imprint)

    register.later(200.0, mended)
    desk.patience = 400.0
    with pytest.raises(AssertionError, match="no end"):
        desk.run()
    told = [commit.data["reason"].code for commit in desk.commits if commit.event is JobEvent.UNDECIDABLE]
    assert told == ["archive_unreadable", "content_differs"]


def test_what_can_be_read_later_decides_later() -> None:
    desk = undecided("archive_unreadable")
    desk.register.later(200.0, desk.register.unreadable.clear)
    assert desk.run() is Known.NOT_DONE
    assert desk.events[-1] is JobEvent.PROVEN_NONE


# --- a person's word ------------------------------------------------------------------------------------------------

WORDS = [
    # case              decision           FD    event                       document
    ("looks_alike",     Decision.DONE,     3,    JobEvent.DECIDED_DONE,      3),
    ("looks_alike",     Decision.DONE,     99,   JobEvent.DECIDED_DONE,      None),
    ("looks_alike",     Decision.DONE,     None, JobEvent.DECIDED_DONE,      None),
    ("looks_alike",     Decision.NOT_DONE, None, JobEvent.DECIDED_NOT_DONE,  None),
    ("two_documents",   Decision.DONE,     4,    JobEvent.DECIDED_DONE,      4),
    ("fn_replaced",     Decision.NOT_DONE, None, JobEvent.DECIDED_NOT_DONE,  None),
]  # fmt: skip


@pytest.mark.parametrize(("case", "decision", "fd", "event", "document"), WORDS)
def test_a_person_decides_what_the_records_cannot(
    case: str, decision: Decision, fd: int | None, event: JobEvent, document: int | None
) -> None:
    desk = undecided(case)
    until_told(desk)
    desk.decision = (decision, fd)
    desk.round()
    assert desk.events[-1] is event
    read = desk.commits[-1].data["document"]
    assert (read.fd if read is not None else None) == document


def silent(fault: Fault) -> Desk:
    desk = Desk({CLOSE: fault}, patience=HALF_A_DAY)
    desk.register.later(1.0, lambda: setattr(desk.register, "off_until", HALF_A_DAY))
    until_told(desk)
    assert desk.kept.told == "device_silent"
    return desk


@pytest.mark.parametrize("decision", list(Decision))
@pytest.mark.parametrize(
    ("fault", "wins"), [(Fault.DONE, JobEvent.PROVEN), (Fault.LOST, JobEvent.PROVEN_NONE)], ids=["made", "not made"]
)
def test_a_device_that_answers_is_asked_first_and_wins(decision: Decision, fault: Fault, wins: JobEvent) -> None:
    desk = silent(fault)
    desk.register.off_until = 0.0
    desk.decision = (decision, None)
    desk.round()
    assert desk.events[-1] is wins


@pytest.mark.parametrize("decision", list(Decision))
def test_a_device_that_is_away_leaves_it_to_the_person(decision: Decision) -> None:
    desk = silent(Fault.LOST)
    before = desk.register.now
    desk.decision = (decision, None)
    desk.round()
    assert desk.events[-1].value == f"decided_{decision.value}"
    assert desk.register.now - before < 10.0


@pytest.mark.parametrize("state", ["busy", "open"])
def test_a_register_that_never_says_more_leaves_it_to_the_person(state: str) -> None:
    """Busy for ever, or a document open on a shared desk: half a minute later the decision counts."""
    desk = Desk({SHARED_CLOSE: Fault.LOST}, exclusive=False, patience=HALF_A_DAY)
    if state == "busy":
        desk.register.later(1.0, lambda: setattr(desk.register, "busy_until", HALF_A_DAY))
    until_told(desk)
    desk.decision = (Decision.NOT_DONE, None)
    before = desk.register.now
    desk.round()
    assert desk.events[-1] is JobEvent.DECIDED_NOT_DONE
    assert 30.0 <= desk.register.now - before < 40.0


def test_another_register_behind_the_address_decides_nothing() -> None:
    """C17: it is waited for the right one; then a person is told."""
    desk = Desk({CLOSE: Fault.DONE}, patience=HALF_A_DAY)
    desk.register.later(2.0, lambda: setattr(desk.register, "serial", "0000000000000001"))
    desk.register.later(500.0, lambda: setattr(desk.register, "serial", SERIAL))
    assert desk.run() is Known.DONE
    assert JobEvent.UNDECIDABLE not in desk.events

    desk = Desk({CLOSE: Fault.DONE}, patience=HALF_A_DAY)
    desk.register.later(2.0, lambda: setattr(desk.register, "serial", "0000000000000001"))
    until_told(desk)
    assert desk.kept.told == "fn_replaced"


# --- paper ----------------------------------------------------------------------------------------------------------

SHEETS = [
    # paper after close   cover   wanted  outcome                    left to print
    (Paper.PRESENT,       False,  True,   PaperOutcome.COMPLETE,     False),
    (Paper.PRESENT,       False,  False,  PaperOutcome.NOT_WANTED,   False),
    (Paper.ABSENT,        False,  False,  PaperOutcome.NOT_WANTED,   False),
    (Paper.ABSENT,        False,  True,   PaperOutcome.INCOMPLETE,   True),
    (Paper.INTERRUPTED,   False,  True,   PaperOutcome.INCOMPLETE,   True),
    (Paper.RESUMABLE,     False,  True,   PaperOutcome.INCOMPLETE,   True),
    (Paper.PRESENT,       True,   True,   PaperOutcome.INCOMPLETE,   True),
]  # fmt: skip


def closing_with(paper: Paper, cover: bool, wanted: bool, printing: float) -> Desk:
    desk = Desk(plan=replace(PLAN, print=wanted))
    close = desk.register.close

    def closed() -> Any:
        reply = close()
        desk.register.paper, desk.register.cover_open = paper, cover
        desk.register.busy_until = desk.register.now + printing
        return replace(reply, paper=paper if printing == 0.0 and not cover else None)

    desk.register.close = closed  # type: ignore[method-assign]
    return desk


@pytest.mark.parametrize(("paper", "cover", "wanted", "outcome", "left"), SHEETS)
def test_paper_is_told_with_the_outcome(
    paper: Paper, cover: bool, wanted: bool, outcome: PaperOutcome, left: bool
) -> None:
    """C11: a receipt that was not printed to its end is done."""
    desk = closing_with(paper, cover, wanted, 0.0)
    assert desk.run() is Known.DONE
    assert desk.commits[-1].data["paper"] is outcome
    assert desk.ended == Ended(paper_pending=left)


@pytest.mark.parametrize(("paper", "cover", "wanted", "outcome", "left"), [row for row in SHEETS if row[2]])
def test_paper_is_told_after_printing(
    paper: Paper, cover: bool, wanted: bool, outcome: PaperOutcome, left: bool
) -> None:
    """The outcome does not wait for the printer."""
    desk = closing_with(paper, cover, wanted, 3.0)
    assert desk.run() is Known.DONE
    assert [(c.event, c.data.get("paper")) for c in desk.commits[-2:]] == [
        (JobEvent.PROVEN, None),
        (JobEvent.PAPER, outcome),
    ]
    assert desk.ended == Ended(paper_pending=left)


def test_a_printer_that_never_ends_is_not_waited_for() -> None:
    desk = closing_with(Paper.PRESENT, False, True, HALF_A_DAY)
    assert desk.run() is Known.DONE
    assert desk.events[-1] is JobEvent.PROVEN
    assert desk.register.now - 3600.0 < PRINT_PATIENCE + 5.0


@pytest.mark.parametrize("kind", [Answer.NOT_SENT, Answer.REFUSED, Answer.DOUBT])
def test_a_register_that_is_silent_about_paper_changes_nothing(kind: Answer) -> None:
    desk = closing_with(Paper.PRESENT, False, True, 3.0)
    desk.run()
    number = next(n for n, (phase, _) in enumerate(desk.asked) if phase == "R11 paper")
    fault = {Answer.NOT_SENT: Fault.NOT_SENT, Answer.REFUSED: Fault.REFUSED, Answer.DOUBT: Fault.LOST}[kind]
    again = closing_with(Paper.PRESENT, False, True, 3.0)
    again.faults = {number: fault}
    assert again.run() is Known.DONE
    assert again.events[-1] is JobEvent.PROVEN


def changed_behind_the_close(change: Callable[[Desk], None]) -> Desk:
    desk = Desk()
    close = desk.register.close

    def closed() -> Any:
        reply = close()
        change(desk)
        return reply

    desk.register.close = closed  # type: ignore[method-assign]
    return desk


def other_drive(desk: Desk) -> None:
    desk.register.fn = "9999078900099999"


def begun_document(desk: Desk) -> None:
    desk.register.half_document = True


def no_document(desk: Desk) -> None:
    desk.register.documents.popitem()


def unreadable_document(desk: Desk) -> None:
    desk.register.unreadable.add(desk.register.last_fd)


@pytest.mark.parametrize("change", [other_drive, begun_document, no_document, unreadable_document])
def test_what_reading_back_does_not_prove_gets_a_whole_look(change: Callable[[Desk], None]) -> None:
    """The short way after an answered close ends in a proof or not at all."""
    desk = changed_behind_the_close(change)
    with contextlib.suppress(AssertionError):  # some of them never end by themselves
        desk.run()
    phases = [phase for phase, _ in desk.asked]
    closed = phases.index("R8 close")
    assert phases[closed + 1] == "R9 last FD"
    assert next(phase for phase in phases[closed + 1 :] if not phase.startswith("R9")) == "b.3.3 status"


def test_the_short_way_asks_for_no_status_after_the_close() -> None:
    desk = Desk()
    desk.run()
    phases = [phase for phase, _ in desk.asked]
    assert phases[phases.index("R8 close") :] == ["R8 close", "R9 last FD", "R9 read back", "R10 OUTCOME"]


def test_a_fault_is_known_for_every_ask_of_the_way() -> None:
    """The systematic tests strike every one of them."""
    desk = Desk()
    desk.run()
    assert all(faults_of(ask) for _, ask in desk.asked)
    assert isinstance(desk.asked[0][1], ReadStatus)
