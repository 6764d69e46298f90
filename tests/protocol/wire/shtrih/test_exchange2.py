"""Dialogues in protocol 2. → is ours, ← the register's, … silence until the deadline, = the verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.shtrih.codec2 import Numbered
from protocol.wire.shtrih.commands import CloseReceipt, DeviceType, ShortStatus
from protocol.wire.shtrih.exchange import Limits
from protocol.wire.shtrih.exchange2 import NumberedExchange
from protocol.wire.steps import Denied, Doubtful, NotDelivered, Replied, Step
from tests.support.playbook import Line, ends, hears, play, sends, silence

LIMITS = Limits(control=1.0, frame=2.0, enquiries=3, rounds=10)
ASK = "8F 00 00 0F 1D"
CLOSE = CloseReceipt(30, (10000,), 0, (), 1, "")
STATUS = ShortStatus(30)
CLOSED_FIELDS = bytes.fromhex("D0 07 00 00 00 D0 00 00 00 E9 3D 00 B5")
CLOSED = b"\xff\x45\x00" + CLOSED_FIELDS
STATUS_FIELDS = bytes.fromhex("1E 9202 02 00 05 FF D8 00 00 00 000000")
STATUS_REPLY = b"\x10\x00" + STATUS_FIELDS
N = 8  # the number of our command in most dialogues
WELL = ends(Replied(CLOSED_FIELDS))


def raw(number: int, data: bytes = b"") -> bytes:
    return Numbered(number, data).to_bytes()


def says(number: int, data: bytes = b"") -> Line:
    return hears(raw(number, data))


def tells(number: int, command: CloseReceipt | ShortStatus | DeviceType) -> Line:
    return sends(raw(number, command.to_bytes()))


def close(last: int | None = N - 1, max_time: float = 30.0) -> NumberedExchange:
    return NumberedExchange(CLOSE, max_time, LIMITS, last)


def status(last: int | None = N - 1) -> NumberedExchange:
    return NumberedExchange(STATUS, 5.0, LIMITS, last)


DAMAGED = raw(N, CLOSED)[:-1] + b"\x00"


# --- the plain way ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
def test_a_command_and_its_answer_as_captured(byte_by_byte: bool) -> None:
    play(
        NumberedExchange(DeviceType(), 5.0, LIMITS, None),
        sends(ASK),
        hears("8F 02 00 00 00 A8 69"),
        sends("8F 03 00 01 00 FC 7D E6"),
        says(1, bytes.fromhex("FC 00 00 00 01 0E 98 00 D8")),
        ends(Replied(bytes.fromhex("00 00 01 0E 98 00 D8"))),
        byte_by_byte=byte_by_byte,
    )


def test_a_known_number_is_not_asked_for() -> None:
    exchange = close()
    play(exchange, tells(N, CLOSE), says(N, CLOSED), WELL)
    assert (exchange.last, exchange.frames_sent, exchange.stale) == (N, 1, [])


def test_a_refusal() -> None:
    exchange = close()
    play(exchange, tells(N, CLOSE), says(N, b"\xff\x45\x4d"), ends(Denied(0x4D)))
    assert exchange.last == N, "a refused command takes its number too"


def test_numbers_go_round() -> None:
    exchange = close(last=65535)
    play(exchange, tells(0, CLOSE), says(0, CLOSED), WELL)
    assert exchange.last == 0


def test_the_last_answer_that_comes_with_the_number_is_kept_aside() -> None:
    exchange = status(last=None)
    play(exchange, sends(ASK), says(7, CLOSED), tells(8, STATUS), says(8, STATUS_REPLY), ends(Replied(STATUS_FIELDS)))
    assert exchange.stale == [CLOSED]


def test_without_a_command_only_the_number_is_asked_for() -> None:
    exchange = NumberedExchange(None, 0.0, LIMITS)
    play(exchange, sends(ASK), says(41, CLOSED), ends(Replied(b"")))
    assert (exchange.last, exchange.stale, exchange.frames_sent) == (41, [CLOSED], 0)


# --- nobody ----------------------------------------------------------------------------------------------------------

NOTHING_SENT = {
    "silence": ((*(sends(ASK), silence()) * 3,), "device_offline"),
    "something that is no register": ((*(sends(ASK), hears("41 54 0D"), silence()) * 3,), "line_noise"),
    "half an answer each time": ((*(sends(ASK), hears("8F 02 00"), silence()) * 11,), "line_noise"),
    "a line that echoes": ((sends(ASK), hears(ASK)), "line_noise"),
}


@pytest.mark.parametrize(("lines", "why"), NOTHING_SENT.values(), ids=NOTHING_SENT)
def test_no_number_no_command(lines: tuple[Line, ...], why: str) -> None:
    exchange = close(last=None)
    play(exchange, *lines, ends(NotDelivered(why)))
    assert exchange.frames_sent == 0


# --- the table of the module -----------------------------------------------------------------------------------------
# What is heard after our frame(s) with number N = 8, and how a closing command and a reading one go on.

AGAIN = tells(N, CLOSE)
READ_AGAIN = tells(N, STATUS)
LOST = (silence(), AGAIN)
READ_LOST = (silence(), READ_AGAIN)

CLOSING: dict[str, tuple[Line, ...]] = {
    "ours": (says(N, CLOSED), WELL),
    "ours to the second copy": (*LOST, says(N, CLOSED), WELL),
    "our number, another command": (says(N, STATUS_REPLY), ends(Doubtful("bad_reply"))),
    "our number, no error byte": (says(N, b"\xff\x45"), ends(Doubtful("bad_reply"))),
    "late copies of the answer before": (says(N - 1, STATUS_REPLY), says(N - 1, STATUS_REPLY), says(N, CLOSED), WELL),
    "late copy and ours in one piece": (hears(raw(N - 1, STATUS_REPLY) + raw(N, CLOSED)), WELL),
    "restarted before our only copy": (
        *(says(0), tells(1, DeviceType()), says(1, b"\xfc\x00\x00"), tells(2, CLOSE), says(2, CLOSED), WELL),
    ),
    "restarted, after two copies": (*LOST, says(0), ends(Doubtful("no_reply"))),
    "another number, one copy": (says(40, STATUS_REPLY), tells(41, CLOSE), says(41, CLOSED), WELL),
    "another number, two copies": (*LOST, says(40, STATUS_REPLY), ends(Doubtful("no_reply"))),
    "damaged": (hears(DAMAGED), AGAIN, says(N, CLOSED), WELL),
    "half an answer": (hears(DAMAGED[:9]), silence(), AGAIN, says(N, CLOSED), WELL),
    "damaged eleven times": (*(hears(DAMAGED), AGAIN) * 10, hears(DAMAGED), ends(Doubtful("line_noise"))),
    "damaged, then restarted": (hears(DAMAGED), AGAIN, says(0), ends(Doubtful("no_reply"))),
    "silence for all its time": (*LOST * 4, silence(), ends(Doubtful("no_reply"))),  # 1 + 2 + 4 + 8 + 15 seconds
    "our question comes back": (hears(ASK), AGAIN, says(N, CLOSED), WELL),
    "noise around the answer": (hears(b"\x06\x15\xff" + raw(N, CLOSED) + b"\x05"), WELL),
}
READING: dict[str, tuple[Line, ...]] = {
    "our number, another command": (
        *(says(N, CLOSED), tells(N + 1, STATUS), says(N + 1, STATUS_REPLY), ends(Replied(STATUS_FIELDS))),
    ),
    "restarted, after two copies": (
        *(*READ_LOST, says(0), tells(1, STATUS), says(1, STATUS_REPLY), ends(Replied(STATUS_FIELDS))),
    ),
    "another number, two copies": (
        *(*READ_LOST, says(40, CLOSED), tells(41, STATUS), says(41, STATUS_REPLY), ends(Replied(STATUS_FIELDS))),
    ),
    "silence for all its time": (*READ_LOST * 2, silence(), ends(Doubtful("no_reply"))),  # 1 + 2 + 2 seconds
}


@pytest.mark.parametrize("lines", CLOSING.values(), ids=CLOSING)
def test_a_command_that_may_run_once_only(lines: tuple[Line, ...]) -> None:
    play(close(), AGAIN, *lines)


@pytest.mark.parametrize("lines", READING.values(), ids=READING)
def test_a_command_that_only_reads(lines: tuple[Line, ...]) -> None:
    play(status(), READ_AGAIN, *lines)


# --- the number that a restarted device expects ----------------------------------------------------------------------


def test_number_one_is_taken_by_a_harmless_question() -> None:
    exchange = close(last=0)
    play(exchange, tells(1, DeviceType()), says(1, b"\xfc\x00\x00"), tells(2, CLOSE), says(2, CLOSED), WELL)
    assert exchange.frames_sent == 1


def test_the_harmless_question_may_be_lost_and_repeated() -> None:
    ask = tells(1, DeviceType())
    play(
        close(last=0), ask, silence(), ask, says(0), hears("8F 01 00"), ask, says(1, b"\xfc\x37"), tells(2, CLOSE),
        says(2, CLOSED), WELL,
    )  # fmt: skip


def test_a_register_that_falls_silent_before_our_frame_has_not_got_it() -> None:
    exchange = close(last=0)
    play(exchange, *(tells(1, DeviceType()), silence()) * 4, ends(NotDelivered("no_reply")))  # 1 + 2 + 4 + 3 seconds


def test_reading_needs_no_such_care() -> None:
    play(status(last=0), tells(1, STATUS), says(1, STATUS_REPLY), ends(Replied(STATUS_FIELDS)))


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_pauses_double_within_the_commands_time() -> None:
    exchange, frame = close(max_time=10.0), raw(N, CLOSE.to_bytes())
    assert exchange.start() == Step(frame, 1.0)
    assert exchange.timed_out() == Step(frame, 2.0)
    assert exchange.timed_out() == Step(frame, 4.0)
    assert exchange.timed_out() == Step(frame, 3.0)
    assert exchange.timed_out() == Step(verdict=Doubtful("no_reply"))


def test_a_frame_that_begins_gets_its_own_time_and_a_dropped_one_gives_it_back() -> None:
    exchange = close()
    exchange.start()
    late = raw(N - 1, STATUS_REPLY)
    assert exchange.received(b"\xff") == Step()
    assert exchange.received(late[:1]) == Step(wait=2.0)
    assert exchange.received(late[1:-1]) == Step()
    assert exchange.received(late[-1:]) == Step(wait=1.0)


# --- any bytes -------------------------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.one_of(
        st.just(None),
        st.binary(max_size=12),
        st.sampled_from([b"\x8f", b"\x9f", b"\x05", bytes.fromhex(ASK), DAMAGED, DAMAGED[:9]]),
        st.builds(
            raw,
            st.sampled_from([0, 1, 2, 6, 7, 8, 9, 40, 65535]),
            st.sampled_from([b"", CLOSED, b"\xff\x45\x4d", STATUS_REPLY, b"\xfc\x00"]),
        ),
    ),
    max_size=40,
)
LASTS = st.sampled_from([None, 0, 1, 7, 65534, 65535])


def run(exchange: NumberedExchange, events: list[bytes | None]) -> tuple[Step, list[bytes]]:
    """The last step, and everything that was sent."""
    step = exchange.start()
    sent = [step.send]
    for event in events:
        if step.verdict is not None:
            break
        step = exchange.timed_out() if event is None else exchange.received(event)
        sent.append(step.send)
    return step, [piece for piece in sent if piece]


@given(st.sampled_from([CLOSE, STATUS]), LASTS, EVENTS)
def test_any_bytes_give_a_verdict_or_more_waiting_and_never_a_false_success(
    command: CloseReceipt | ShortStatus, last: int | None, events: list[bytes | None]
) -> None:
    exchange = NumberedExchange(command, 5.0, LIMITS, last)
    step, sent = run(exchange, events)
    frames = [piece for piece in sent if piece != bytes.fromhex(ASK) and command.to_bytes() in piece]
    heard = b"".join(event or b"" for event in events)
    match step.verdict:
        case Replied(fields):
            assert frames
            assert exchange.last is not None
            assert raw(exchange.last, command.code + b"\0" + fields) in heard
            assert frames[-1] == raw(exchange.last, command.to_bytes())
        case Denied(error):
            assert frames
            assert command.code + bytes((error,)) in heard
        case Doubtful():
            assert frames
        case NotDelivered() if command is CLOSE and len(frames) > 1:
            assert len(set(frames)) > 1, "several copies of one frame went out and something else than doubt came of it"


@given(LASTS, EVENTS)
def test_silence_always_ends_an_exchange(last: int | None, events: list[bytes | None]) -> None:
    exchange = close(last)
    step, _ = run(exchange, [*events, *[None] * 60])
    assert step.verdict is not None


class Executing:
    """A register by the book: executes what follows its number, answers all else with its last answer. It may be
    restarted, and either direction may lose a message."""

    def __init__(self, last: int) -> None:
        self.last, self.answer = last, CLOSED if last else b""
        self.closed = 0

    def hear(self, piece: bytes) -> bytes:
        if piece == bytes.fromhex(ASK):
            return raw(self.last, self.answer)
        for number in ((self.last + 1) % 65536,):
            for command, answer in ((CLOSE, CLOSED), (DeviceType(), b"\xfc\x00\x00")):
                if piece == raw(number, command.to_bytes()):
                    self.last, self.answer = number, answer
                    self.closed += command is CLOSE
        return raw(self.last, self.answer)

    def restart(self) -> None:
        self.last, self.answer = 0, b""


FATES = st.lists(st.sampled_from(["heard", "heard", "lost", "answer lost", "answer damaged", "restart", "cut off"]))


@given(st.sampled_from([0, 1, 7, 65534, 65535]), st.booleans(), FATES)
def test_a_register_by_the_book_never_executes_twice_and_the_verdict_is_true(
    last: int, known: bool, fates: list[str]
) -> None:
    """Every message of ours meets a fate; "cut off": executed, then restarted before the answer has left."""
    device = Executing(last)
    exchange = close(last if known else None)
    step = exchange.start()
    while step.verdict is None:
        if not step.send:
            step = exchange.timed_out()
            continue
        fate = fates.pop(0) if fates else "heard"
        if fate == "restart":
            device.restart()
        answer = b"" if fate == "lost" else device.hear(step.send)
        if fate == "cut off":
            device.restart()
        match fate:
            case "lost" | "answer lost" | "cut off":
                step = exchange.timed_out()
            case "answer damaged":
                step = exchange.received(answer[:-1] + bytes((answer[-1] ^ 1,)))
            case _:
                step = exchange.received(answer)
    assert device.closed <= 1
    if isinstance(step.verdict, Replied):
        assert device.closed == 1
    if isinstance(step.verdict, NotDelivered):
        assert device.closed == 0
