"""One procedure until its verdict: the table is complete, and any conversation keeps the promise."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.wire.steps import Denied, Doubtful
from protocol.wire.zvt import exchange
from protocol.wire.zvt.apdu import Apdu, positive
from protocol.wire.zvt.commands import Password, authorisation, end_of_day
from protocol.wire.zvt.exchange import Exchange, Heard, State
from protocol.wire.zvt.serial import SerialLine, TcpLine, frame
from protocol.wire.zvt.steps import Decision, End, Ended, Limits, Step

LIMITS = Limits(5.0, 180.0)
OK = positive()
APPROVAL = Apdu(0x040F, bytes.fromhex("27 00 04 00 00 00 00 01 23"))
OTHER_APPROVAL = Apdu(0x040F, bytes.fromhex("27 00 04 00 00 00 00 01 24"))
DECLINE = Apdu(0x040F, b"\x27\x05")
BLANK = Apdu(0x040F, b"\x04\x00\x00\x00\x00\x01\x23")
LINE = Apdu(0x06D1, b"\x00PAPER")
PROGRESS = Apdu(0x04FF, b"\x0a\x00")
END = Apdu(0x060F)
ABORTED = Apdu(0x061E, b"\x6c")
REFUSED = Apdu(0x8405)
DIAL = Apdu(0x06D8)
MESSAGES = (OK, APPROVAL, OTHER_APPROVAL, DECLINE, BLANK, LINE, PROGRESS, END, ABORTED, REFUSED, DIAL)


def test_every_message_has_an_answer_in_every_state() -> None:
    silent = {State.ENDING, State.DONE}  # the verdict stands: nothing is looked up
    assert set(exchange._TRANSITIONS) == {(state, heard) for state in State if state not in silent for heard in Heard}


class Till:
    """Plays the caller: notes what went out, when a decision was asked for and what it was."""

    def __init__(self, decisions: Sequence[Decision], *, money: bool = True, serial: bool = False) -> None:
        self.exchange = Exchange(
            authorisation(123) if money else end_of_day(Password("000000")),
            SerialLine(5.0) if serial else TcpLine(),
            LIMITS,
            money=money,
        )
        self._decisions = list(decisions)
        self.log: list[object] = []
        self.note(self.exchange.start())

    def note(self, step: Step) -> None:
        self.log += [(said.ours, said.apdu) for said in step.said]
        if step.asks is not None:
            decision = self._decisions.pop(0) if self._decisions else Decision.KEEP
            self.log.append(decision)
            self.note(self.exchange.decide(decision))
        elif step.verdict is not None:
            self.verdict = step.verdict

    verdict: Ended | Denied | Doubtful | None = None

    def hears(self, *apdus: Apdu, framed: bool = False) -> Ended | Denied | Doubtful | None:
        for apdu in apdus:
            if self.verdict is None:
                self.note(self.exchange.received(b"\x06" + frame(apdu) if framed else apdu.to_bytes()))
        return self.verdict


def test_the_answer_to_an_approval_waits_for_the_decision() -> None:
    till = Till([Decision.KEEP])
    till.hears(OK, PROGRESS, APPROVAL)
    assert till.log[-3:] == [(False, APPROVAL), Decision.KEEP, (True, OK)]


@pytest.mark.parametrize(
    ("decisions", "messages", "verdict"),
    [
        ([], [REFUSED], Denied(5)),
        ([], [APPROVAL, END, REFUSED], Denied(5)),  # what an earlier procedure left is not answered
        ([], [OK, APPROVAL, END], Ended(End.APPROVED)),
        ([], [OK, APPROVAL, LINE, APPROVAL, LINE, END], Ended(End.APPROVED)),
        ([], [OK, APPROVAL, OTHER_APPROVAL, END], Ended(End.APPROVED)),
        ([], [OK, DECLINE, APPROVAL, END], Ended(End.APPROVED, 5)),
        ([], [OK, DECLINE, ABORTED], Ended(End.DECLINED, 5)),
        ([], [OK, DECLINE, END], Doubtful("bad_reply")),  # a good end: one of the two came damaged
        ([], [OK, ABORTED], Ended(End.DECLINED, 0x6C)),
        ([], [OK, END], Doubtful("bad_reply")),
        ([], [OK, BLANK], Doubtful("bad_reply")),
        ([], [OK, APPROVAL, BLANK], Doubtful("bad_reply")),
        ([], [OK, APPROVAL, ABORTED], Doubtful("bad_reply")),
        ([], [OK, APPROVAL, DECLINE], Doubtful("bad_reply")),  # what was kept is not taken back in silence
        ([Decision.WAIT], [OK, APPROVAL, APPROVAL, END], Ended(End.APPROVED)),
        ([Decision.WAIT], [OK, APPROVAL, DECLINE, ABORTED], Ended(End.REVERSED, 5)),
        ([Decision.WAIT], [OK, APPROVAL, ABORTED], Ended(End.REVERSED, 0x6C)),
        ([Decision.WAIT], [OK, APPROVAL, END], Doubtful("bad_reply")),
        ([Decision.UNDO], [OK, APPROVAL, APPROVAL, ABORTED], Ended(End.REVERSED, 0x6C)),
        ([Decision.UNDO], [OK, APPROVAL, END], Doubtful("bad_reply")),
        ([Decision.UNDO], [OK, APPROVAL, DECLINE, APPROVAL], Doubtful("bad_reply")),
    ],
)
def test_verdicts(decisions: list[Decision], messages: list[Apdu], verdict: object) -> None:
    assert Till(decisions).hears(*messages) == verdict
    framed = Till(decisions, serial=True)
    framed.hears(*messages, framed=True)
    framed.note(framed.exchange.received(b"\x06"))  # our last answer waits for its acknowledgement
    assert framed.verdict == verdict


def test_the_same_approval_gets_the_same_answer_unasked() -> None:
    till = Till([Decision.UNDO])
    till.hears(OK, APPROVAL, APPROVAL)
    assert [entry for entry in till.log if entry in set(Decision)] == [Decision.UNDO]
    assert till.log[-1] == (True, Apdu(0x846C))


@pytest.mark.parametrize(
    ("messages", "verdict"),
    [
        ([], Doubtful("no_reply")),
        ([OK], Doubtful("no_reply")),
        ([OK, APPROVAL], Doubtful("no_reply")),
        ([OK, DECLINE], Doubtful("no_reply")),
        ([OK, APPROVAL, DECLINE], Doubtful("no_reply")),
    ],
)
def test_silence_and_a_lost_channel_say_nothing(messages: list[Apdu], verdict: Doubtful) -> None:
    till = Till([Decision.WAIT] if DECLINE in messages else [])
    till.hears(*messages)
    till.note(till.exchange.timed_out())
    assert till.verdict == verdict
    till = Till([Decision.WAIT] if DECLINE in messages else [])
    till.hears(*messages)
    till.note(till.exchange.lost())
    assert till.verdict == Doubtful("link_lost")


def test_silence_confirmed_a_refusal_that_a_doubled_byte_had_made_of_a_result() -> None:
    """The field of the result twice: 27h is read as the result, and where the message ends is not where it ended."""
    till = Till([])
    till.hears(OK)
    till.note(till.exchange.received(b"\x04\x0f\x09\x27" + APPROVAL.to_bytes()[3:] + END.to_bytes()))
    assert till.verdict is None, "out of step: what follows is the rest of a message that never ends"
    assert [status.result for status in till.exchange.statuses] == [0x27]
    till.note(till.exchange.timed_out())
    assert till.verdict == Doubtful("no_reply")


def test_an_approval_that_came_again_damaged_was_acknowledged_and_told_as_brought_back() -> None:
    """A held approval's repetition reads as a refusal; our answer to it kept the payment, and the end is a good one."""
    assert Till([Decision.WAIT]).hears(OK, APPROVAL, DECLINE, END) == Doubtful("bad_reply")


def test_a_channel_lost_before_the_decision_leaves_doubt() -> None:
    made = Exchange(authorisation(123), TcpLine(), LIMITS, money=True)
    made.start()
    assert made.received(OK.to_bytes() + APPROVAL.to_bytes() + END.to_bytes()).asks is not None
    assert made.lost().verdict == Doubtful("link_lost")


def test_what_moves_no_money_is_never_asked_about() -> None:
    till = Till([], money=False)
    assert till.hears(OK, APPROVAL, LINE, BLANK, END) == Ended(End.COMPLETED)
    assert [status.result for status in till.exchange.statuses] == [0, None]
    assert Till([], money=False).hears(OK, ABORTED) == Ended(End.ABORTED, 0x6C)


@pytest.mark.parametrize(
    ("data", "wait"),
    [(b"\x0a", 180.0), (b"\x0a\x00", 180.0), (b"\x0a\x05", 300.0), (b"\x0a\x12", 720.0), (b"\x0a\xff", 180.0)],
)
def test_a_terminal_may_ask_for_time(data: bytes, wait: float) -> None:
    made = Exchange(authorisation(123), TcpLine(), LIMITS, money=True)
    assert made.start().wait == LIMITS.t3
    assert made.received(OK.to_bytes()).wait == LIMITS.t4
    assert made.received(Apdu(0x04FF, data).to_bytes()).wait == wait


def test_abort_is_for_a_terminal_that_works() -> None:
    made = Exchange(authorisation(123), TcpLine(), LIMITS, money=True)
    made.start()
    assert not made.can_abort
    made.received(OK.to_bytes())
    assert made.can_abort
    assert made.abort().send == bytes.fromhex("06 b0 00")
    assert not made.can_abort
    made.received(OK.to_bytes())  # the answer to it
    assert made.received(ABORTED.to_bytes()).verdict == Ended(End.DECLINED, 0x6C)


@given(st.lists(st.sampled_from(MESSAGES), max_size=12), st.lists(st.sampled_from(Decision), max_size=4))
def test_money_is_taken_only_where_it_was_kept(messages: list[Apdu], decisions: list[Decision]) -> None:
    till = Till(decisions)
    till.hears(*messages)
    asked = [entry for entry in till.log if isinstance(entry, Decision)]
    if till.verdict is not None and isinstance(till.verdict, Ended):
        if till.verdict.how is End.APPROVED:
            assert asked
            assert asked[-1] is Decision.KEEP
            assert till.log[-2] == (False, END)
        elif till.verdict.how is End.DECLINED:
            assert not asked, "what was approved once is never a plain decline"
        if till.verdict.how in (End.DECLINED, End.REVERSED):
            assert till.log[-2] == (False, ABORTED), "no end, no verdict"
    for at, entry in enumerate(till.log):
        if entry in ((False, APPROVAL), (False, OTHER_APPROVAL)):
            after = till.log[at + 1 : at + 2]
            assert (True, OK) not in after or Decision.KEEP in till.log[:at], "acknowledged before a decision"


@settings(max_examples=60)
@given(st.lists(st.sampled_from(MESSAGES), max_size=8), st.booleans(), st.data())
def test_it_is_the_same_in_any_pieces(messages: list[Apdu], serial: bool, data: st.DataObject) -> None:
    stream = b"".join(frame(each) if serial else each.to_bytes() for each in messages)
    whole, pieces = Till([], serial=serial), Till([], serial=serial)
    whole.note(whole.exchange.received(stream))
    at = 0
    while at < len(stream) and pieces.verdict is None:
        size = data.draw(st.integers(1, 9))
        pieces.note(pieces.exchange.received(stream[at : at + size]))
        at += size
    assert pieces.verdict == whole.verdict
    assert pieces.log == whole.log


@given(st.binary(max_size=200), st.booleans(), st.booleans())
def test_any_bytes_give_a_verdict_or_more_waiting(data: bytes, serial: bool, money: bool) -> None:
    till = Till([], serial=serial, money=money)
    till.note(till.exchange.received(data))
    for _ in range(20):
        if till.verdict is None:
            till.note(till.exchange.timed_out())
    assert till.verdict is not None
