"""Dialogues of one command, link layer v3. → is ours, ← the device's, … silence until the deadline, = the verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.atol.command import Command
from protocol.wire.atol.frame import Packet
from protocol.wire.atol.link import Exchange, Limits, Numbers, State
from protocol.wire.atol.operations import BeginPosition, CloseReceipt, OpenReceipt, PrintLine
from protocol.wire.atol.queries import DeviceType, LastClosedShift, ReadClock, StateCode
from protocol.wire.atol.queries import State as DeviceState
from protocol.wire.steps import Denied, Doubtful, NotDelivered, Replied, Step
from tests.support.playbook import Line, ends, hears, play, sends, silence

LIMITS = Limits()
CLOCK = ReadClock()
CLOSE = CloseReceipt()
FILL = OpenReceipt(0, 1)
TIME = bytes.fromhex("21 11 26 10 20 30")
OK = b"\x55\x00"
DONE = ends(Replied(b""))


def at(packet: int, task: int) -> Numbers:
    """Numbers that go on with these."""
    numbers = Numbers()
    while numbers.packet() != (packet - 1) % 0xDD:
        pass
    while numbers.task() != (task - 1) % 0xDD:
        pass
    return numbers


def exchange(command: Command[object] | None, max_time: float = 30.0, *, clear: bool = False) -> Exchange:
    return Exchange(command, max_time, at(5, 8), LIMITS, clear=clear)


def close() -> Exchange:
    return exchange(CLOSE)


def says(packet: int, data: bytes | str) -> Line:
    return hears(raw(packet, data))


def tells(packet: int, data: bytes | str) -> Line:
    return sends(raw(packet, data))


def raw(packet: int, data: bytes | str) -> bytes:
    return Packet(packet, bytes.fromhex(data) if isinstance(data, str) else data).to_bytes()


def adds(packet: int, command: Command[object], task: int = 8, flags: int = 1) -> Line:
    return tells(packet, bytes((0xC1, flags, task, 0, 0)) + command.to_bytes())


def asks(packet: int, task: int = 8) -> Line:
    return tells(packet, bytes((0xC3, task)))


def acks(packet: int, task: int = 8) -> Line:
    return tells(packet, bytes((0xC2, task)))


def clears(packet: int) -> Line:
    return tells(packet, "C4")


def result(packet: int, answer: bytes = OK) -> Line:
    return says(packet, b"\xa3" + answer)


BROKEN = raw(5, b"\xa3" + OK)[:-1] + b"\x00"


# --- the plain way ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
def test_a_command_and_its_answer_as_captured(byte_by_byte: bool) -> None:
    play(
        Exchange(CLOCK, 5.0, at(0x13, 8), LIMITS),
        sends("FE 09 00 13 C1 01 08 00 00 91 11 00 00 0D"),
        hears("FE 09 00 13 A3 55 00 21 11 26 10 20 30 D1"),
        tells(0x14, "C2 08"),
        says(0x14, "A3"),
        ends(Replied(TIME)),
        byte_by_byte=byte_by_byte,
    )


def test_a_result_that_comes_later_by_itself_as_captured() -> None:
    play(
        Exchange(CLOCK, 5.0, at(0x13, 8), LIMITS),
        sends("FE 09 00 13 C1 01 08 00 00 91 11 00 00 0D"),
        hears("FE 01 00 13 A2 5C"),
        hears("FE 0A 00 F0 A6 08 55 00 21 11 26 10 20 30 72"),
        tells(0x14, "C2 08"),
        says(0x14, "A3"),
        ends(Replied(TIME)),
    )


def test_a_session_begins_by_clearing_the_buffer() -> None:
    play(Exchange(None, 0.0, Numbers(), LIMITS), sends("FE 01 00 00 C4 02"), hears("FE 01 00 00 A3 2E"), DONE)


def test_a_command_may_clear_the_buffer_first() -> None:
    play(
        exchange(CLOSE, clear=True),
        *(clears(5), says(5, "A3"), adds(6, CLOSE), result(6), acks(7), says(7, "A3"), DONE),
    )


def test_numbers_go_round_before_F0h() -> None:
    numbers = Numbers()
    seen = [numbers.packet() for _ in range(0xDD + 2)]
    assert seen == [*range(0xDD), 0, 1]
    assert [numbers.task() for _ in range(0xDD + 1)] == [*range(0xDD), 0]


ANSWERS = {
    "55 and an error byte": (StateCode(), "55 01 00", Replied(b"\x01\x00")),
    "no error byte in the state's code": (StateCode(), "55 9A", Denied(0x9A)),
    "44 before the state": (DeviceState(), "44" + "00" * 29, Replied(bytes(29))),
    "an error instead of the state": (DeviceState(), "55 76", Denied(0x76)),
    "no 55 before the device's type": (DeviceType(), "00 03 01 39 0000 0508003000", None),
    "an error instead of the type": (DeviceType(), "7A", Denied(0x7A)),
    "refused": (LastClosedShift(), "55 A3", Denied(0xA3)),
}


@pytest.mark.parametrize(("command", "answer", "verdict"), ANSWERS.values(), ids=ANSWERS)
def test_heads_of_answers(command: Command[object], answer: str, verdict: object) -> None:
    data = bytes.fromhex(answer)
    wanted = Replied(data[1:]) if verdict is None else verdict
    play(exchange(command), adds(5, command), result(5, data), acks(6), says(6, "A3"), ends(wanted))


@pytest.mark.parametrize("status", ["A4", "A7 08"])
def test_an_error_is_settled_by_clearing(status: str) -> None:
    packet = 5 if status == "A4" else 0xF0
    play(
        close(),
        *(adds(5, CLOSE), says(packet, bytes.fromhex(status) + b"\x55\x88"), clears(6), says(6, "A3")),
        ends(Denied(0x88)),
    )


# --- what a command of each kind of repetition meets with ------------------------------------------------------------

PLAIN = (result(6), acks(7), says(7, "A3"), DONE)

EVERY: dict[str, tuple[Line, ...]] = {
    "at work, then asked": (says(5, "A2"), silence(), asks(6), *PLAIN),
    "pending, waiting for others, at work": (says(5, "A1"), says(5, "A8"), says(5, "A2"), silence(), asks(6), *PLAIN),
    "silence, then asked": (silence(), asks(6), *PLAIN),
    "its late answer to C1, after C3": (silence(), asks(6), result(5), acks(7), says(7, "A3"), DONE),
    "a damaged answer": (hears(BROKEN), asks(6), *PLAIN),
    "half an answer": (hears(BROKEN[:4]), silence(), asks(6), *PLAIN),
    "an empty answer": (says(5, b""), asks(6), *PLAIN),
    "an illegal value": (says(5, "B4"), asks(6), *PLAIN),
    "an answer without an error byte": (result(5, b"\x55"), asks(6), *PLAIN),
    "an answer to something else": (result(5, b"\x44" + bytes(29)), asks(6), *PLAIN),
    "an asynchronous result of another task": (says(0xF0, b"\xa6\x07" + OK), silence(), asks(6), *PLAIN),
    "an answer to a packet that is not ours": (result(4), silence(), asks(6), *PLAIN),
    "noise around the answer": (hears(b"\x24\x40\x00" + raw(5, b"\xa3" + OK) + b"\x06"), acks(6), says(6, "A3"), DONE),
    "the acknowledgement is not answered": (
        result(5),
        acks(6),
        silence(),
        acks(7),
        silence(),
        acks(8),
        silence(),
        DONE,
    ),
    "the answer to the acknowledgement is damaged": (result(5), acks(6), hears(BROKEN), acks(7), says(7, "A3"), DONE),
    "the result once more instead of it": (result(5), acks(6), result(5), says(6, "A3"), DONE),
}


@pytest.mark.parametrize("lines", EVERY.values(), ids=EVERY)
@pytest.mark.parametrize("command", [CLOSE, FILL], ids=["never twice", "filling"])
def test_every_command(command: Command[object], lines: tuple[Line, ...]) -> None:
    play(exchange(command), adds(5, command), *lines)


LOST: dict[str, tuple[tuple[Line, ...], str]] = {
    "not found after silence": ((silence(), asks(6), says(6, "B3")), "no_reply"),
    "not found after a damaged answer": ((hears(BROKEN), asks(6), says(6, "B3")), "no_reply"),
    "not found after at work": ((says(5, "A2"), silence(), asks(6), says(6, "B3")), "no_reply"),
}


@pytest.mark.parametrize(("lines", "why"), LOST.values(), ids=LOST)
def test_a_task_that_the_device_does_not_know(lines: tuple[Line, ...], why: str) -> None:
    """It never came, or power was lost since: nothing tells which."""
    for command in (CLOSE, FILL):
        play(exchange(command), adds(5, command), *lines, ends(Doubtful(why)))
    again = (adds(7, CLOCK), result(7, OK + TIME), acks(8), says(8, "A3"), ends(Replied(TIME)))
    play(exchange(CLOCK), adds(5, CLOCK), *lines, *again)


def test_a_command_that_came_damaged() -> None:
    """The device says so, and then that it has no such task."""
    lines = (says(5, b""), asks(6), says(6, "B3"))
    play(close(), adds(5, CLOSE), *lines, ends(Doubtful("no_reply")))
    again = (adds(7, FILL), result(7), acks(8), says(8, "A3"), DONE)
    play(exchange(FILL), adds(5, FILL), *lines, *again)
    once_more = (adds(7, FILL), silence(), asks(8), says(8, "B3"), ends(Doubtful("no_reply")))
    play(exchange(FILL), adds(5, FILL), *lines, *once_more)


def test_a_stopped_task() -> None:
    for command in (CLOSE, FILL):
        play(exchange(command), adds(5, command), says(5, "A5"), ends(Doubtful("no_reply")))
    play(
        exchange(CLOCK),
        *(adds(5, CLOCK), says(5, "A5"), clears(6), says(6, "A3"), adds(7, CLOCK)),
        *(result(7, OK + TIME), acks(8), says(8, "A3"), ends(Replied(TIME))),
    )


def test_a_full_buffer_has_taken_nothing() -> None:
    wait = (says(5, "B1"), silence())
    play(close(), adds(5, CLOSE), *wait, adds(6, CLOSE), *PLAIN)
    lines = [line for n in range(5, 25) for line in (adds(n, CLOSE), says(n, "B1"), silence())]
    play(close(), *lines, adds(25, CLOSE), says(25, "B1"), ends(NotDelivered("device_busy")))


def test_a_task_of_our_number_that_is_not_ours() -> None:
    play(close(), adds(5, CLOSE), says(5, "B2"), ends(Doubtful("bad_reply")))
    play(
        exchange(FILL),
        *(adds(5, FILL), says(5, "B2"), adds(6, FILL, task=9), result(6), acks(7, task=9), says(7, "A3"), DONE),
    )


def test_silence_until_the_longest_time_is_over() -> None:
    pauses = (silence(), asks(6), silence(), asks(7), silence(), asks(8), silence())  # 3 + 3 + 3 + 1 seconds
    play(exchange(CLOSE, 10.0), adds(5, CLOSE), *pauses, ends(Doubtful("no_reply")))


def test_a_device_that_says_it_is_at_work_gets_its_time_once_more() -> None:
    lines = [adds(5, CLOSE), says(5, "A2")]
    for packet in (6, 7, 8):
        lines += [silence(), asks(packet), says(packet, "A2")]
    play(exchange(CLOSE, 10.0), *lines, silence(), ends(Doubtful("no_reply")))


def test_noise_without_end() -> None:
    lines = [adds(5, CLOSE)]
    for packet in range(6, 16):
        lines += [hears(BROKEN), asks(packet)]
    play(close(), *lines, hears(BROKEN), ends(Doubtful("line_noise")))


NOBODY = {
    "silence": ((clears(5), silence(), clears(6), silence(), clears(7), silence()), "device_offline"),
    "something else": ((clears(5), hears("41 54 0D"), silence(), clears(6), silence(), clears(7), silence()), None),
    "damaged": ((clears(5), hears(BROKEN), clears(6), hears(BROKEN), clears(7), hears(BROKEN)), "line_noise"),
}


@pytest.mark.parametrize(("lines", "why"), NOBODY.values(), ids=NOBODY)
def test_nobody_there(lines: tuple[Line, ...], why: str | None) -> None:
    conversation = exchange(CLOSE, clear=True)
    play(conversation, *lines, ends(NotDelivered(why or "device_offline")))
    assert conversation.frames_sent == 0


def test_print_lines_are_not_waited_for() -> None:
    line = PrintLine("text")
    for answer in ("A1", "A3", "A3 55 00"):
        play(exchange(line), adds(5, line, flags=0), says(5, answer), DONE)
    play(exchange(line), adds(5, line, flags=0), says(5, "A4 55 67"), clears(6), says(6, "A3"), ends(Denied(0x67)))


def test_the_access_password_stands_before_the_command() -> None:
    conversation = Exchange(BeginPosition(), 5.0, at(5, 8), LIMITS, password=1234)
    play(conversation, tells(5, "C1 01 08 12 34 EA 00 01 00"))


# --- after the channel was lost --------------------------------------------------------------------------------------


def resumed(command: Command[object]) -> Exchange:
    conversation = exchange(command)
    conversation.start()
    conversation.received(BROKEN[:5])
    assert conversation.resumed() == Step(raw(6, "C3 08"), LIMITS.answer)
    return conversation


def test_the_result_is_fetched_on_the_next_connection() -> None:
    conversation = resumed(CLOSE)
    assert conversation.received(raw(6, b"\xa3" + OK)).send == raw(7, "C2 08")
    assert conversation.outcome == Replied(b""), "known before the acknowledgement is answered"
    assert conversation.received(raw(7, "A3")).verdict == Replied(b"")
    assert not conversation.unsettled


def test_a_closing_command_that_the_device_has_forgotten_is_not_sent_again() -> None:
    for command in (CLOSE, FILL):
        assert resumed(command).received(raw(6, "B3")) == Step(verdict=Doubtful("no_reply"))
    assert resumed(CLOCK).received(raw(6, "B3")).send == raw(7, b"\xc1\x01\x08\x00\x00" + CLOCK.to_bytes())


def test_answers_of_the_lost_connection_count_no_more() -> None:
    assert resumed(CLOSE).received(raw(5, b"\xa3" + OK)) == Step()


# --- anything --------------------------------------------------------------------------------------------------------

FRAGMENTS = st.one_of(
    st.binary(max_size=12),
    st.builds(
        raw,
        st.sampled_from([5, 6, 7, 8, 0xF0]),
        st.sampled_from([bytes((status,)) for status in (*range(0xA1, 0xA9), 0xB1, 0xB2, 0xB3, 0xB4)])
        | st.binary(max_size=6)
        | st.builds(lambda tail: b"\xa6\x08" + tail, st.binary(max_size=4)),
    ),
)


@given(
    st.lists(st.none() | FRAGMENTS, max_size=40), st.sampled_from([CLOSE, FILL, CLOCK, PrintLine("x"), DeviceType()])
)
def test_any_bytes_give_a_verdict_or_more_waiting(events: list[bytes | None], command: Command[object]) -> None:
    conversation = exchange(command, clear=True)
    conversation.start()
    for event in events:
        if conversation.state is State.DONE:
            break
        step = conversation.timed_out() if event is None else conversation.received(event)
        assert step.verdict is None or conversation.state is State.DONE
        assert step.wait is None or 0 <= step.wait <= LIMITS.working
        if isinstance(step.verdict, Replied | Denied | Doubtful):
            assert conversation.frames_sent > 0
        if command is CLOSE and step.verdict is None:
            assert conversation.frames_sent <= 1 + LIMITS.fulls


@given(st.lists(st.none() | FRAGMENTS, max_size=30))
def test_silence_ends_every_dialogue(events: list[bytes | None]) -> None:
    conversation = close()
    conversation.start()
    for event in events:
        conversation.timed_out() if event is None else conversation.received(event)
    for _ in range(100):
        if conversation.state is State.DONE:
            break
        conversation.timed_out()
    assert conversation.state is State.DONE
    assert conversation.outcome is not None


@given(st.lists(FRAGMENTS, max_size=20))
def test_a_closing_command_goes_out_again_only_into_a_full_buffer(events: list[bytes]) -> None:
    conversation = close()
    conversation.start()
    full = 0
    for event in events:
        before = conversation.frames_sent
        conversation.received(event)
        full += conversation.state is State.FULL
        if conversation.state is State.FULL:
            conversation.timed_out()
        assert conversation.frames_sent - before in (0, 1)
    assert conversation.frames_sent <= 1 + full
