"""One movement of money: at most one charge, no false yes, no false no, and a person where the records do not tell."""

from __future__ import annotations

import itertools

import pytest

from agent.procedures import payment
from agent.procedures.asks import Answer, Answered, NotReady
from agent.procedures.payment.asks import BeginMove, CommitMove, Move, MoveEvent, ReadLast, ReadTerminal
from agent.procedures.payment.records import Since, since_then
from agent.procedures.payment.run import Phase
from drivers.terminal_api import Operation, Outcome, TerminalStatus, Transaction
from protocol.crm.codes import reason
from protocol.crm.outcomes import Decision
from tests.support.model_terminal import (
    AMOUNT,
    FINDS,
    KINDS,
    LAST,
    LOST,
    PLAIN,
    REVERSES,
    TERMINAL,
    Fate,
    Lane,
    Terminal,
    every_lane,
)

E = MoveEvent
DOUBTED = [E.DOUBT]


def test_the_table_has_a_word_on_every_answer_in_every_phase() -> None:
    assert set(payment.TABLE) == set(itertools.product(Phase, Answer))


# --- without any other misfortune -------------------------------------------------------------------------------------

WAYS: dict[tuple[str, Fate], list[MoveEvent]] = {
    **{(kind, Fate.APPROVED): [E.TAKEN] for kind in KINDS},
    **{(kind, Fate.DECLINED): [E.NOT_TAKEN] for kind in KINDS},
    **{(kind, Fate.CANCELLED): [E.NOT_TAKEN] for kind in KINDS},
    **{(kind, Fate.NOT_SENT): [E.NOT_TAKEN] for kind in KINDS},
    **{(kind, Fate.REFUSED): [E.NOT_TAKEN] for kind in KINDS},
    **{(kind, Fate.OTHER_AMOUNT): [E.UNDECIDABLE] for kind in KINDS},
    **{("tells nothing", fate): [E.DOUBT, E.UNDECIDABLE] for fate in Fate if fate in LOST},
    ("tells nothing", Fate.APPROVED_HEARD): [E.DOUBT, E.TAKEN],
    ("finds", Fate.LOST_BEFORE): [E.DOUBT, E.UNDECIDABLE],
    ("finds", Fate.APPROVED_LOST): [E.DOUBT, E.TAKEN],
    ("finds", Fate.APPROVED_HEARD): [E.DOUBT, E.TAKEN],
    ("finds", Fate.DECLINED_LOST): [E.DOUBT, E.NOT_TAKEN],
    ("finds", Fate.LATE): [E.DOUBT, E.TAKEN],
    ("finds", Fate.LATE_DECLINED): [E.DOUBT, E.NOT_TAKEN],
    ("last", Fate.LOST_BEFORE): [E.DOUBT, E.UNDECIDABLE],
    ("last", Fate.APPROVED_LOST): [E.DOUBT, E.TAKEN],
    ("last", Fate.APPROVED_HEARD): [E.DOUBT, E.TAKEN],
    ("last", Fate.DECLINED_LOST): [E.DOUBT, E.NOT_TAKEN],
    ("last", Fate.LATE): [E.DOUBT, E.TAKEN],
    ("last", Fate.LATE_DECLINED): [E.DOUBT, E.NOT_TAKEN],
    ("last, reverses", Fate.LOST_BEFORE): [E.DOUBT, E.UNDECIDABLE],
    ("last, reverses", Fate.APPROVED_LOST): [E.DOUBT, E.NOT_TAKEN],  # by the terminal itself
    ("last, reverses", Fate.APPROVED_HEARD): [E.DOUBT, E.NOT_TAKEN],
    ("last, reverses", Fate.DECLINED_LOST): [E.DOUBT, E.NOT_TAKEN],
    ("last, reverses", Fate.LATE): [E.DOUBT, E.NOT_TAKEN],
    ("last, reverses", Fate.LATE_DECLINED): [E.DOUBT, E.NOT_TAKEN],
}


def test_every_way_is_here() -> None:
    assert set(WAYS) == set(itertools.product(KINDS, Fate))


@pytest.mark.parametrize(("kind", "fate"), WAYS)
def test_what_becomes_of_it(kind: str, fate: Fate) -> None:
    lane = Lane(Terminal(KINDS[kind], fate))
    lane.run()
    assert lane.events == WAYS[kind, fate]
    assert lane.terminal.moves == 1


def test_the_proof_is_the_terminals_own_answer() -> None:
    lane = Lane(Terminal(LAST, Fate.APPROVED_LOST))
    lane.run()
    proof = lane.commits[-1].transaction
    assert proof is not None
    assert proof == lane.terminal.ours
    assert (proof.rrn, proof.amount, proof.terminal_id) == ("60600018", AMOUNT, TERMINAL)


# --- with every other misfortune --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "fate"), WAYS)
def test_no_double_charge_no_false_yes_no_false_no(kind: str, fate: Fate) -> None:
    """Whatever is not answered, and whenever the process dies."""
    for lane in every_lane(fate, KINDS[kind]):
        last = lane.run()
        lane.terminal.pass_time(10_000.0)  # whatever is still on its way arrives
        charged = lane.terminal.charged
        told = (lane.fails, lane.events, lane.asked)
        assert lane.terminal.moves <= 1, told
        if last is E.TAKEN:
            assert charged, told
            assert lane.terminal.ours is not None
            assert lane.terminal.ours.amount == AMOUNT, told
        elif last is E.NOT_TAKEN:
            assert not charged, told
        elif last is None:  # it waits for the terminal to be ready
            assert isinstance(lane.ended, NotReady), told
            assert lane.terminal.moves == 0, told
        else:
            assert last is E.UNDECIDABLE, told
            assert lane.events.count(E.UNDECIDABLE) == 1, told


def test_somebody_else_charged_the_same_sum_behind_ours_and_a_person_is_asked() -> None:
    for fate in (Fate.APPROVED_LOST, Fate.APPROVED_HEARD):
        lane = Lane(Terminal(REVERSES, fate, foreign=True))
        assert lane.run() is E.UNDECIDABLE


def test_where_another_program_charges_too_the_last_operation_is_not_taken_for_ours() -> None:
    """Ours was lost on its way, and the other one's had the same sum: its charge was called ours."""
    lane = Lane(Terminal(LAST, Fate.LOST_BEFORE, foreign=True), exclusive=False)
    assert lane.run() is E.UNDECIDABLE


# --- a person ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "event"), [(Decision.DONE, E.DECIDED_TAKEN), (Decision.NOT_DONE, E.DECIDED_NOT_TAKEN)]
)
def test_a_person_decides_what_the_records_do_not(decision: Decision, event: MoveEvent) -> None:
    lane = Lane(Terminal(PLAIN, Fate.LOST_BEFORE))
    assert lane.run() is E.UNDECIDABLE
    evidence = lane.commits[-1].evidence
    assert (evidence["case"], evidence["amount"], evidence["reference"]) == ("payment_unclear", AMOUNT, 7)
    lane.decision = decision
    assert lane.begun is not None
    run, ask = payment.look_again(
        lane.context(), reference=7, last=lane.begun[1], approved=None, human=evidence["case"]
    )
    lane._go_on((run, ask), lane.terminal.now + 100.0)
    assert lane.events[-1] is event


def test_the_terminals_own_answer_counts_more_than_a_persons() -> None:
    lane = Lane(Terminal(FINDS, Fate.APPROVED_LOST), decision=Decision.NOT_DONE)
    assert lane.run() is E.TAKEN


# --- before INTENT ----------------------------------------------------------------------------------------------------

NOT_READY = {
    "busy": (TerminalStatus(TERMINAL, busy=True), "terminal_busy"),
    "settlement": (TerminalStatus(TERMINAL, attention="terminal_settlement_needed", vendor="F0"),
                   "terminal_settlement_needed"),
    "another terminal": (TerminalStatus("99999999"), "terminal_changed"),
}  # fmt: skip


@pytest.mark.parametrize("row", NOT_READY)
def test_the_card_is_not_touched_when_the_terminal_is_not_ready(row: str) -> None:
    status, code = NOT_READY[row]
    run, ask = payment.start(Lane(Terminal(LAST, Fate.APPROVED)).context())
    assert ask == ReadTerminal()
    _, end = payment.step(run, Answered(Answer.OK, 0.0, status))
    assert isinstance(end, NotReady)
    assert end.reason.code == code


def test_a_terminal_that_has_nothing_to_tell_of_is_not_waited_for() -> None:
    run, _ = payment.start(Lane(Terminal(LAST, Fate.APPROVED)).context())
    run, _ = payment.step(run, Answered(Answer.OK, 0.0, TerminalStatus(TERMINAL)))
    _, ask = payment.step(run, Answered(Answer.REFUSED, 0.0, reason=reason("terminal_unsupported")))
    assert ask == BeginMove(None)


def test_a_lane_that_may_not_begin_any_more_begins_nothing() -> None:
    run, _ = payment.start(Lane(Terminal(LAST, Fate.APPROVED)).context())
    run, ask = payment.step(run, Answered(Answer.OK, 0.0, TerminalStatus(TERMINAL)))
    assert ask == ReadLast()
    run, ask = payment.step(run, Answered(Answer.OK, 0.0, None))
    assert ask == BeginMove(None)
    _, end = payment.step(run, Answered(Answer.REFUSED, 0.0, reason=reason("lease_passed")))
    assert isinstance(end, NotReady)


def test_a_declined_payment_says_why() -> None:
    lane = Lane(Terminal(PLAIN, Fate.DECLINED))
    lane.run()
    assert [type(ask) for ask in lane.asked] == [ReadTerminal, BeginMove, Move, CommitMove]
    assert lane.commits[-1].reason is not None
    assert lane.commits[-1].reason.code == "payment_declined"


# --- what was done last -----------------------------------------------------------------------------------------------


def done(number: str, amount: int = AMOUNT, operation: Operation | None = Operation.PAYMENT) -> Transaction:
    return Transaction(Outcome.APPROVED, operation=operation, amount=amount, number=number, terminal_id=TERMINAL)


LAST_ROWS: dict[str, tuple[Transaction | None, Transaction | None, Transaction | None, Since]] = {
    "nothing then, nothing now": (None, None, None, Since.NOTHING),
    "the same": (done("17"), done("17"), None, Since.NOTHING),
    "the next": (done("17"), done("18"), None, Since.OURS),
    "the next, it does not say what it was": (done("17"), done("18", operation=None), None, Since.OURS),
    "the next after the last number there is": (done("9999"), done("0001"), None, Since.OURS),
    "two more": (done("17"), done("19"), None, Since.UNCLEAR),
    "another sum": (done("17"), done("18", AMOUNT + 1), None, Since.UNCLEAR),
    "a refund": (done("17"), done("18", operation=Operation.REFUND), None, Since.UNCLEAR),
    "numbers that are none": (done("A1"), done("A2"), None, Since.UNCLEAR),
    "nobody knows what was before": (None, done("1"), None, Since.UNCLEAR),
    "nobody knows, but it has said its numbers": (None, done("1"), done("1"), Since.OURS),
    "not the one that it has said": (done("17"), done("18"), done("19"), Since.UNCLEAR),
    "its memory is gone": (done("17"), None, None, Since.UNCLEAR),
}


@pytest.mark.parametrize("row", LAST_ROWS)
def test_what_the_terminal_did_last(row: str) -> None:
    before, after, approved, expected = LAST_ROWS[row]
    movement = payment.Movement(Operation.PAYMENT, AMOUNT)
    assert since_then(before, after, movement, approved) is expected
