"""Dialogues with a register. → is ours, ← the register's, … silence until the deadline, = the verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.shtrih.codec import Frame
from protocol.wire.shtrih.commands import CloseReceipt, DeviceType, Operation, ShortStatus
from protocol.wire.shtrih.exchange import Exchange, Heard, Limits, State
from protocol.wire.steps import Denied, Doubtful, NotDelivered, Replied, Step
from tests.support.playbook import Line, ends, hears, play, sends, silence

ENQ, ACK, NAK = "05", "06", "15"
CLOSE = CloseReceipt(30, (10000,), 0, (), 1, "")
CLOSE_FRAME = Frame(CLOSE.to_bytes()).to_bytes()
CLOSED = "02 10 FF 45 00 D0 07 00 00 00 D0 00 00 00 E9 3D 00 B5 CC"
CLOSED_FIELDS = bytes.fromhex("D0 07 00 00 00 D0 00 00 00 E9 3D 00 B5")
STATUS = ShortStatus(30)
STATUS_FRAME = Frame(STATUS.to_bytes()).to_bytes()
STATUS_FIELDS = bytes.fromhex("1E 9202 02 00 05 FF D8 00 00 00 000000")
STATUS_REPLY = Frame(b"\x10\x00" + STATUS_FIELDS).to_bytes()
DAMAGED = STATUS_REPLY[:-1] + bytes((STATUS_REPLY[-1] ^ 1,))

CLOSED_WELL = ends(Replied(CLOSED_FIELDS))
TO_THE_FRAME = (sends(ENQ), hears(NAK), sends(CLOSE_FRAME))


def close() -> Exchange:
    return Exchange(CLOSE, 30.0)


def status() -> Exchange:
    return Exchange(STATUS, 5.0)


# --- the plain way ---------------------------------------------------------------------------------------------------

PLAIN = {
    "device type": (
        DeviceType(),
        "02 01 FC FD",
        "02 09 FC 00 00 00 01 0E 98 00 D8 BA",
        Replied(bytes.fromhex("00 00 01 0E 98 00 D8")),
    ),
    "operation, as captured": (
        Operation(30, 2, 1_000_000, 10000, 10000, 1000, 0xCB, 1, 1, 33, "Товар"),
        "02 25 FF 46 1E 00 00 00 02 40 42 0F 00 00 00 10 27 00 00 00 10 27 00 00 00 E8 03 00 00 00 CB 01 01 21"
        " D2 EE E2 E0 F0 42",
        "02 03 FF 46 00 BA",
        Replied(b""),
    ),
    "refused close, as captured": (CLOSE, CLOSE_FRAME.hex(), "02 03 FF 45 4D F4", Denied(0x4D)),
}


@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("command", "frame", "reply", "verdict"), PLAIN.values(), ids=PLAIN)
def test_plain_exchanges(command: DeviceType, frame: str, reply: str, verdict: object, byte_by_byte: bool) -> None:
    play(
        Exchange(command, 5.0),
        sends(ENQ),
        hears(NAK),
        sends(frame),
        hears(ACK),
        hears(reply),
        sends(ACK),
        ends(verdict),
        byte_by_byte=byte_by_byte,
    )


@pytest.mark.parametrize("byte_by_byte", [False, True])
def test_ack_and_reply_may_come_in_one_piece(byte_by_byte: bool) -> None:
    play(close(), *TO_THE_FRAME, hears(ACK + CLOSED), sends(ACK), CLOSED_WELL, byte_by_byte=byte_by_byte)


def test_ff_of_the_network_is_skipped_where_a_control_byte_is_expected() -> None:
    """It comes after our ACK of the previous reply, so it is the first thing the next command hears."""
    play(
        close(), sends(ENQ), hears("FF 15"), sends(CLOSE_FRAME), hears("FF 06"), hears(CLOSED), sends(ACK), CLOSED_WELL
    )


def test_noise_before_the_reply_is_skipped() -> None:
    play(close(), *TO_THE_FRAME, hears(ACK), hears("00 FF 15 06"), hears(CLOSED), sends(ACK), CLOSED_WELL)


def test_waits_belong_to_what_is_awaited() -> None:
    exchange = Exchange(CLOSE, 30.0, Limits(control=1.0, frame=2.0, ask_after=4.0))
    assert exchange.start() == Step(b"\x05", 1.0)
    assert exchange.received(b"\xff") == Step()  # the deadline stands
    assert exchange.received(b"\x15") == Step(CLOSE_FRAME, 1.0)
    assert exchange.received(b"\x06") == Step(b"", 4.0)
    assert exchange.received(b"\x00") == Step()
    assert exchange.received(b"\x02\x10") == Step(b"", 2.0)
    assert exchange.received(b"\xff") == Step()


# --- nobody, or somebody with an older matter ------------------------------------------------------------------------


def test_nobody_answers() -> None:
    play(
        close(),
        *(sends(ENQ), silence()) * 3,
        ends(NotDelivered("device_offline")),
    )


def test_something_answers_that_is_no_register() -> None:
    play(close(), *(sends(ENQ), hears("41 54 0D"), silence()) * 3, ends(NotDelivered("line_noise")))


def test_a_register_that_was_asleep_is_asked_again() -> None:
    play(
        close(),
        sends(ENQ),
        silence(),
        sends(ENQ),
        hears(NAK),
        sends(CLOSE_FRAME),
        hears(ACK),
        hears(CLOSED),
        sends(ACK),
        CLOSED_WELL,
    )


def test_a_lost_answer_of_an_earlier_command_is_taken_and_never_mistaken_for_ours() -> None:
    exchange = status()
    play(
        exchange,
        sends(ENQ),
        hears(ACK),
        hears(CLOSED),
        sends(ACK + ENQ),
        hears("FF 15"),
        sends(STATUS_FRAME),
        hears(ACK),
        hears(STATUS_REPLY),
        sends(ACK),
        ends(Replied(STATUS_FIELDS)),
    )
    assert exchange.stale == [bytes.fromhex(CLOSED)[2:-1]]


def test_an_earlier_answer_to_the_same_command_is_not_ours_either() -> None:
    exchange = close()
    play(
        exchange,
        *(sends(ENQ), hears(ACK), hears(CLOSED), sends(ACK + ENQ)),
        *(hears(NAK), sends(CLOSE_FRAME), hears(ACK), hears("02 03 FF 45 4D F4"), sends(ACK), ends(Denied(0x4D))),
    )
    assert len(exchange.stale) == 1


def test_a_damaged_earlier_answer_is_asked_for_again() -> None:
    play(
        status(),
        *(sends(ENQ), hears(ACK), hears(DAMAGED), sends(NAK + ENQ), hears(ACK), hears(CLOSED), sends(ACK + ENQ)),
        *(hears(NAK), sends(STATUS_FRAME), hears(ACK), hears(STATUS_REPLY), sends(ACK), ends(Replied(STATUS_FIELDS))),
    )


def test_a_register_still_at_an_earlier_command_is_busy() -> None:
    play(close(), sends(ENQ), hears(ACK), silence(), ends(NotDelivered("device_busy")))


# --- a damaged frame was not executed --------------------------------------------------------------------------------


def test_nak_to_the_frame_and_to_the_enquiry_repeats_the_frame() -> None:
    play(
        close(),
        *TO_THE_FRAME,
        *(hears(NAK), sends(ENQ), hears(NAK), sends(CLOSE_FRAME), hears(ACK), hears(CLOSED), sends(ACK), CLOSED_WELL),
    )


def test_nak_that_was_an_ack_garbled_on_the_line_is_found_out() -> None:
    """ENQ is answered ACK: the register has taken the frame. It is not sent a second time."""
    play(close(), *TO_THE_FRAME, hears(NAK), sends(ENQ), hears(ACK), hears(CLOSED), sends(ACK), CLOSED_WELL)


def test_a_line_that_damages_every_frame_has_delivered_nothing() -> None:
    again = (hears(NAK), sends(ENQ), hears(NAK), sends(CLOSE_FRAME))
    play(close(), *TO_THE_FRAME, *again * 10, hears(NAK), sends(ENQ), hears(NAK), ends(NotDelivered("line_noise")))


def test_a_late_answer_to_a_repeated_enquiry_is_no_nak_to_the_frame() -> None:
    """Two ENQs, both answered late: the second NAK comes after the frame. The frame is on its way and is executed."""
    play(
        close(),
        *(sends(ENQ), silence(), sends(ENQ), hears(NAK), sends(CLOSE_FRAME)),
        *(hears(NAK), sends(ENQ), hears(ACK), hears(CLOSED), sends(ACK), CLOSED_WELL),
    )


def test_late_answers_never_make_a_frame_go_out_twice() -> None:
    play(
        close(),
        *(sends(ENQ), silence(), sends(ENQ), silence(), sends(ENQ), hears(NAK), sends(CLOSE_FRAME)),
        *(hears(NAK), sends(ENQ), hears(NAK), ends(Doubtful("no_reply"))),
    )


def test_answers_that_were_on_their_way_before_the_frame_are_not_answers_to_it() -> None:
    play(
        close(),
        *(sends(ENQ), silence(), sends(ENQ), hears(NAK + NAK), sends(CLOSE_FRAME)),
        *(hears(ACK), hears(CLOSED), sends(ACK), CLOSED_WELL),
    )


# --- doubt: the command may have been executed -----------------------------------------------------------------------

ASKED_IN_VAIN = (silence(), sends(ENQ), silence(), sends(ENQ), silence(), sends(ENQ))
DOUBT: dict[str, tuple[Line, ...]] = {
    "no ACK, then idle: lost frame, or executed and power cut": (silence(), sends(ENQ), hears(NAK)),
    "no ACK, then silence": (silence(), sends(ENQ), silence(), sends(ENQ), silence(), sends(ENQ), silence()),
    "taken, no reply, then idle": (hears(ACK), silence(), sends(ENQ), hears(NAK)),
    "taken, then silence": (
        # 3 + 1 + 1 + 1, 6 + 1 + 1 + 1, 12 + 1 + 1 + 1: 30 seconds; then asked a last time
        *(hears(ACK), *ASKED_IN_VAIN, silence(), *ASKED_IN_VAIN, silence(), *ASKED_IN_VAIN, silence()),
        *(sends(ENQ), silence()) * 3,
    ),
    "taken, and at work for twice its longest time": (
        # 3 + 6 + 12 + 9 seconds, asked after each, twice
        *(hears(ACK), *(silence(), sends(ENQ), hears(ACK)) * 7, silence()),
    ),
    "reply damaged and gone": (hears(ACK), hears(DAMAGED), sends(NAK + ENQ), hears(NAK)),
    "reply stops half-way, then idle": (hears(ACK), hears("02 10 FF 45"), silence(), sends(NAK + ENQ), hears(NAK)),
    "NAK to the frame, then silence": (
        *(hears(NAK), sends(ENQ), silence(), sends(ENQ), silence(), sends(ENQ), silence()),
    ),
    "only the answer of something else": (
        *(hears(ACK), hears(STATUS_REPLY), sends(ACK), silence(), sends(ENQ), hears(NAK)),
    ),
}


@pytest.mark.parametrize("rest", DOUBT.values(), ids=DOUBT)
def test_doubt_about_a_command_that_may_have_been_executed(rest: tuple[Line, ...]) -> None:
    exchange = close()
    play(exchange, *TO_THE_FRAME, *rest, ends(Doubtful("no_reply")))
    assert exchange.frames_sent == 1


def test_a_reply_without_its_error_byte_is_doubt() -> None:
    play(close(), *TO_THE_FRAME, hears(ACK), hears("02 02 FF 45 B8"), sends(ACK), ends(Doubtful("bad_reply")))


def test_a_reply_that_is_damaged_every_time_is_doubt() -> None:
    again = (hears(DAMAGED), sends(NAK + ENQ), hears(ACK))
    play(close(), *TO_THE_FRAME, hears(ACK), *again * 10, hears(DAMAGED), sends(NAK), ends(Doubtful("line_noise")))


# --- doubt that the register itself clears up ------------------------------------------------------------------------


def test_a_lost_ack_is_made_up_for_by_the_reply_itself() -> None:
    play(close(), *TO_THE_FRAME, hears(CLOSED), sends(ACK), CLOSED_WELL)


def test_a_lost_ack_is_made_up_for_by_the_enquiry() -> None:
    play(close(), *TO_THE_FRAME, silence(), sends(ENQ), hears(ACK), hears(CLOSED), sends(ACK), CLOSED_WELL)


def test_a_damaged_reply_is_stored_and_comes_again() -> None:
    play(
        close(),
        *TO_THE_FRAME,
        hears(ACK),
        hears(DAMAGED),
        sends(NAK + ENQ),
        hears(ACK),
        hears(CLOSED),
        sends(ACK),
        CLOSED_WELL,
    )


def test_a_reply_that_stops_half_way_comes_again() -> None:
    play(
        close(),
        *TO_THE_FRAME,
        *(hears(ACK + "02 10 FF 45"), silence(), sends(NAK + ENQ), hears(ACK), hears(CLOSED), sends(ACK), CLOSED_WELL),
    )


def test_a_lost_reply_is_stored_and_comes_on_enquiry() -> None:
    play(close(), *TO_THE_FRAME, hears(ACK), silence(), sends(ENQ), hears(ACK), hears(CLOSED), sends(ACK), CLOSED_WELL)


def test_pauses_double_within_the_commands_time_and_a_slow_register_gets_that_once_more() -> None:
    exchange = Exchange(CLOSE, 30.0, Limits(ask_after=3.0))
    exchange.start()
    exchange.received(b"\x15")
    waits = [exchange.received(b"\x06").wait]
    for _ in range(7):
        assert exchange.timed_out().send == b"\x05"
        waits.append(exchange.received(b"\x06").wait)
    assert waits == [3.0, 6.0, 12.0, 9.0] * 2
    assert exchange.timed_out() == Step(verdict=Doubtful("no_reply"))


def test_what_a_register_is_asked_in_vain_is_taken_from_the_commands_time() -> None:
    exchange = Exchange(CLOSE, 30.0, Limits(control=1.0, ask_after=3.0, enquiries=3))
    exchange.start()
    exchange.received(b"\x15")
    step, waited = exchange.received(b"\x06"), []
    while step.verdict is None:
        waited.append(step.wait)
        step = exchange.timed_out()
    assert waited == [3, 1, 1, 1, 6, 1, 1, 1, 12, 1, 1, 1, *(1, 1, 1)]  # 30 seconds, and asked a last time
    assert step.verdict == Doubtful("no_reply")


def test_an_answer_to_something_else_is_let_go_and_ours_awaited() -> None:
    exchange = close()
    play(exchange, *TO_THE_FRAME, hears(ACK), hears(STATUS_REPLY), sends(ACK), hears(CLOSED), sends(ACK), CLOSED_WELL)
    assert exchange.stale == [b"\x10\x00" + STATUS_FIELDS]


# --- a command that only reads is asked again ------------------------------------------------------------------------


ONCE = (sends(ENQ), hears(NAK), sends(STATUS_FRAME))
GOOD = (hears(ACK), hears(STATUS_REPLY), sends(ACK), ends(Replied(STATUS_FIELDS)))


@pytest.mark.parametrize(
    "lost",
    [
        (silence(), sends(ENQ), hears(NAK)),
        (hears(ACK), hears(DAMAGED), sends(NAK + ENQ), hears(NAK)),
    ],
    ids=["lost frame", "damaged reply that is gone"],
)
def test_reading_is_repeated_twice(lost: tuple[Line, ...]) -> None:
    play(status(), *ONCE, *lost, *ONCE, *lost, *ONCE, *GOOD)
    play(status(), *ONCE, *lost, *ONCE, *lost, *ONCE, *lost, ends(Doubtful("no_reply")))


def test_reading_is_repeated_as_soon_as_its_reply_is_known_to_be_gone() -> None:
    """Not only once after its whole time, as when nothing was asked before that time had passed."""
    lost = (hears(ACK), silence(), sends(ENQ), hears(NAK))
    play(status(), *ONCE, *lost, *ONCE, *lost, *ONCE, *GOOD)
    play(status(), *ONCE, *lost, *ONCE, *lost, *ONCE, *lost, ends(Doubtful("no_reply")))


def test_a_frame_sent_anew_has_its_whole_time() -> None:
    exchange = status()
    play(exchange, *ONCE, hears(ACK), silence(), sends(ENQ), hears(NAK), *ONCE)
    assert [exchange.received(b"\x06").wait, exchange.timed_out().wait] == [3.0, 1.0]
    assert exchange.received(b"\x06").wait == 2.0


def test_reading_is_repeated_once_after_its_whole_time_has_passed() -> None:
    """3 + 2 seconds; a register that is deaf all that time, and idle then."""
    lost = (hears(ACK), *ASKED_IN_VAIN, hears(NAK))
    play(status(), *ONCE, *lost, *ONCE, *GOOD)
    play(status(), *ONCE, *lost, *ONCE, hears(ACK), *ASKED_IN_VAIN[:-1], ends(Doubtful("no_reply")))


# --- every state, everything that can be heard in it -----------------------------------------------------------------

AT: dict[State, tuple[Line, ...]] = {
    State.ASKING: (sends(ENQ),),
    State.EARLIER: (sends(ENQ), hears(ACK)),
    State.SENT: TO_THE_FRAME,
    State.REASKING: (*TO_THE_FRAME, hears(NAK), sends(ENQ)),
    State.REPLY: (*TO_THE_FRAME, hears(ACK)),
    State.CHECKING: (*TO_THE_FRAME, hears(ACK), silence(), sends(ENQ)),
    State.PROBING: (*TO_THE_FRAME, silence(), sends(ENQ)),
}
SAID = {Heard.ACK: hears(ACK), Heard.NAK: hears(NAK), Heard.GOOD: hears(CLOSED), Heard.BAD: hears(DAMAGED),
        Heard.SILENCE: silence()}  # fmt: skip
NOTHING: tuple[Line, ...] = ()
WELL = (sends(ACK), CLOSED_WELL)
DOUBTED = (ends(Doubtful("no_reply")),)
ASKS, ASKS_ANEW, AND_ASKS = (sends(ENQ),), (sends(ACK + ENQ),), (sends(NAK + ENQ),)
TELLS = (sends(CLOSE_FRAME),)

EVERYTHING: dict[State, dict[Heard, tuple[tuple[Line, ...], float | None, State]]] = {
    # what is sent or ends, how long is waited then (None: the deadline stands), and the state after it
    State.ASKING: {
        Heard.ACK: (NOTHING, 10, State.EARLIER),
        Heard.NAK: (TELLS, 1, State.SENT),
        Heard.GOOD: (ASKS_ANEW, 1, State.ASKING),
        Heard.BAD: (AND_ASKS, 1, State.ASKING),
        Heard.SILENCE: (ASKS, 1, State.ASKING),
    },
    State.EARLIER: {
        Heard.ACK: (NOTHING, None, State.EARLIER),
        Heard.NAK: (NOTHING, None, State.EARLIER),
        Heard.GOOD: (ASKS_ANEW, 1, State.ASKING),
        Heard.BAD: (AND_ASKS, 1, State.ASKING),
        Heard.SILENCE: ((ends(NotDelivered("device_busy")),), None, State.DONE),
    },
    State.SENT: {
        Heard.ACK: (NOTHING, 3, State.REPLY),
        Heard.NAK: (ASKS, 1, State.REASKING),
        Heard.GOOD: (WELL, None, State.DONE),
        Heard.BAD: (AND_ASKS, 1, State.PROBING),
        Heard.SILENCE: (ASKS, 1, State.PROBING),
    },
    State.REASKING: {
        Heard.ACK: (NOTHING, 3, State.REPLY),
        Heard.NAK: (TELLS, 1, State.SENT),
        Heard.GOOD: (WELL, None, State.DONE),
        Heard.BAD: (AND_ASKS, 1, State.PROBING),
        Heard.SILENCE: (ASKS, 1, State.REASKING),
    },
    State.REPLY: {
        Heard.ACK: (NOTHING, None, State.REPLY),
        Heard.NAK: (NOTHING, None, State.REPLY),
        Heard.GOOD: (WELL, None, State.DONE),
        Heard.BAD: (AND_ASKS, 1, State.PROBING),
        Heard.SILENCE: (ASKS, 1, State.CHECKING),
    },
    State.CHECKING: {
        Heard.ACK: (NOTHING, 6, State.REPLY),
        Heard.NAK: (DOUBTED, None, State.DONE),
        Heard.GOOD: (WELL, None, State.DONE),
        Heard.BAD: (AND_ASKS, 1, State.PROBING),
        Heard.SILENCE: (ASKS, 1, State.CHECKING),
    },
    State.PROBING: {
        Heard.ACK: (NOTHING, 3, State.REPLY),
        Heard.NAK: (DOUBTED, None, State.DONE),
        Heard.GOOD: (WELL, None, State.DONE),
        Heard.BAD: (AND_ASKS, 1, State.PROBING),
        Heard.SILENCE: (ASKS, 1, State.PROBING),
    },
}  # fmt: skip


@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("state", "heard"), [(state, heard) for state in State if state is not State.DONE
                                              for heard in Heard], ids=str)  # fmt: skip
def test_everything_that_can_be_heard_in_every_state(state: State, heard: Heard, byte_by_byte: bool) -> None:
    then, wait, after = EVERYTHING[state][heard]
    exchange = close()
    play(exchange, *AT[state], SAID[heard], *then, byte_by_byte=byte_by_byte)
    assert exchange.state is after
    exchange = close()
    play(exchange, *AT[state])
    assert exchange.state is state
    if heard is Heard.SILENCE:
        assert exchange.timed_out().wait == wait
    else:
        assert exchange.received(SAID[heard].data).wait == wait


@pytest.mark.parametrize("state", [state for state in State if state is not State.DONE], ids=str)
def test_a_reply_that_comes_while_an_enquiry_is_unanswered_is_followed_by_quiet(state: State) -> None:
    """The device has the ENQ before our ACK and may answer it with the reply once more."""
    exchange = close()
    play(exchange, *AT[state])
    step = exchange.received(SAID[Heard.GOOD].data)
    unanswered = state in (State.REASKING, State.CHECKING, State.PROBING)
    assert step.quiet == (1.0 if unanswered else 0.0)


def test_without_an_answer_to_repeated_enquiries_the_reply_is_awaited_further() -> None:
    play(close(), *AT[State.REPLY], *ASKED_IN_VAIN, silence(), hears(CLOSED), *WELL)


def test_an_answer_to_something_else_takes_nothing_from_ours() -> None:
    """Also in place of the ACK of our frame."""
    exchange = close()
    play(exchange, *TO_THE_FRAME)
    assert exchange.received(STATUS_REPLY) == Step(b"\x06", 3.0)


# --- any bytes -------------------------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.one_of(
        st.just(None),
        st.binary(max_size=12),
        st.sampled_from([b"\x06", b"\x15", b"\xff", b"\x05", b"\x02"]),
        st.sampled_from(
            [bytes.fromhex(CLOSED), bytes.fromhex(CLOSED)[:7], STATUS_REPLY, DAMAGED, b"\x02\x03\xff\x45\x4d\xf4"]
        ),
    ),
    max_size=40,
)


@given(st.sampled_from([CLOSE, STATUS]), EVENTS)
def test_any_bytes_give_a_verdict_or_more_waiting_and_never_a_false_success(
    command: CloseReceipt | ShortStatus, events: list[bytes | None]
) -> None:
    """``None`` is silence. A reply is only believed when an intact frame with our code came after our frame."""
    exchange = Exchange(command, 5.0)
    step, frame = exchange.start(), Frame(command.to_bytes()).to_bytes()
    since_frame: bytes | None = None
    frames = 0
    for event in events:
        if event is not None and since_frame is not None:
            since_frame += event
        step = exchange.timed_out() if event is None else exchange.received(event)
        if frame in step.send:
            frames, since_frame = frames + 1, since_frame or b""
        if step.verdict is not None:
            break
    match step.verdict:
        case Replied(fields):
            assert since_frame is not None
            assert Frame(command.code + b"\0" + fields).to_bytes() in since_frame
        case Denied(error):
            assert since_frame is not None
            assert command.code + bytes((error,)) in since_frame
        case NotDelivered(why):
            assert frames == 0 or why == "line_noise"
        case Doubtful():
            assert frames > 0


@given(EVENTS)
def test_silence_always_ends_an_exchange(events: list[bytes | None]) -> None:
    exchange = close()
    step = exchange.start()
    for event in events:
        if step.verdict is None:
            step = exchange.timed_out() if event is None else exchange.received(event)
    for _ in range(50):
        if step.verdict is not None:
            return
        step = exchange.timed_out()
    raise AssertionError("still waiting after 50 deadlines")


@given(EVENTS)
def test_a_frame_goes_out_again_only_after_two_naks(events: list[bytes | None]) -> None:
    exchange = close()
    exchange.start()
    heard = b""
    for event in events:
        sent = exchange.frames_sent
        heard = heard + event if event else heard
        step = exchange.timed_out() if event is None else exchange.received(event)
        if exchange.frames_sent > sent:
            assert heard.count(b"\x15") >= (1 if sent == 0 else 2)
            heard = b""
        if step.verdict is not None:
            return
