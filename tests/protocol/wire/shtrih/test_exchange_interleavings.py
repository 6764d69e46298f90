"""Exchanges with a register by the book, in virtual time: messages that are late, lost or damaged, power that fails,
enquiries that cross replies. Whatever happens: nothing is executed twice, no verdict is false, every exchange ends.

The register is written from the state machine of protocol 1.17, "lower level", and shares no code with the exchange.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.shtrih.commands import CloseReceipt, ShortStatus
from protocol.wire.shtrih.exchange import Exchange, Limits
from protocol.wire.steps import Denied, Doubtful, NotDelivered, Replied, Verdict

STX, ENQ, ACK, NAK = 0x02, 0x05, 0x06, 0x15
LIMITS = Limits(control=1.0, frame=2.0, earlier=10.0, ask_after=3.0, enquiries=3, rounds=10, repeats=2)
LONGEST = 120.0
"""As opening a shift has it."""
ENOUGH = 1500.0
"""Seconds after which an exchange must have ended: its time twice, and all its rounds and repeats."""


class Time:
    """What happens when; it jumps from one event to the next."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = itertools.count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, moment: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (moment, next(self._order), action))

    def step(self, until: float) -> None:
        """To the next event, or to ``until`` if nothing happens before."""
        if self._agenda and self._agenda[0][0] <= until:
            self.now, _, action = heapq.heappop(self._agenda)
            action()
        else:
            self.now = until


@dataclass
class Way:
    """One direction of the line: in order, each message with a delay and a fate of its own."""

    time: Time
    heard: Callable[[bytes], None]
    fates: list[tuple[str, float]]
    last: float = 0.0

    def send(self, message: bytes) -> None:
        fate, delay = self.fates.pop(0) if self.fates else ("whole", 0.002)
        self.last = max(self.last, self.time.now + delay)
        match fate:
            case "lost":
                return
            case "damaged":  # a frame's LRC is wrong, a control byte is none
                message = message[:-1] + bytes((message[-1] ^ 0x40,))
            case "turned":  # 06h becomes 15h and 15h 06h
                message = message[:-1] + bytes((message[-1] ^ 0x13,))
            case "half":
                message = message[: len(message) // 2]
        if message:
            self.time.at(self.last, lambda: self.heard(message))


@dataclass
class Habits:
    """What the book leaves open."""

    at_work: str = "answers"  # ENQ while executing: "answers", "deaf", "later" (kept, and taken up after the reply)
    crossed: str = "awaits"  # ENQ instead of our ACK: "awaits" an ENQ, or "repeats" the reply at once
    ack_timeout: float = 3.0


@dataclass
class Book:
    """The register. Each execution has a number, and the reply tells it: a reply that is taken for another shows."""

    time: Time
    habits: Habits
    work: list[float]  # seconds for each execution
    cuts: list[str]  # for each execution: "", or power fails "before" or "after" it
    say: Callable[[bytes], None] = lambda _: None
    executed: list[bytes] = field(default_factory=list)
    state: str = "idle"
    _reply: bytes = b""
    _frame: bytes = b""
    _kept: bytes = b""
    _era: int = 0  # what was awaited before is void when it has changed

    def hear(self, data: bytes) -> None:
        for byte in data:
            self._byte(byte)

    def _byte(self, byte: int) -> None:
        match self.state:
            case "idle" if byte == ENQ:
                self.say(bytes((NAK,)))
            case "idle" if byte == STX:
                self._enter("receiving", 0.5, "idle")
                self._frame = b""
            case "receiving":
                self._frame += bytes((byte,))
                if len(self._frame) == self._frame[0] + 2:
                    self._whole()
            case "executing" if byte == ENQ and self.habits.at_work == "answers":
                self.say(bytes((ACK,)))
            case "executing" if byte == ENQ and self.habits.at_work == "later":
                self._kept += bytes((byte,))
            case "awaiting ACK" if byte == ACK:
                self._reply = b""
                self._enter("idle")
            case "awaiting ACK" if byte == ENQ and self.habits.crossed == "repeats":
                self._again()
            case "awaiting ACK":
                self._enter("awaiting ENQ")
            case "awaiting ENQ" if byte == ENQ:
                self._again()

    def _enter(self, state: str, seconds: float | None = None, then: str = "") -> None:
        self.state = state
        self._era += 1
        if seconds is not None:
            era = self._era
            self.time.at(self.time.now + seconds, lambda: self._enter(then) if self._era == era else None)

    def _again(self) -> None:
        self.say(bytes((ACK,)))
        self._transmit()

    def _transmit(self) -> None:
        self.say(self._reply)
        self._enter("awaiting ACK", self.habits.ack_timeout, "awaiting ENQ")

    def _whole(self) -> None:
        if reduce(int.__xor__, self._frame) != 0 or len(self._frame) < 3:
            self.say(bytes((NAK,)))
            self._enter("idle")
            return
        self.say(bytes((ACK,)))
        self._enter("executing")
        payload, era, cut = self._frame[1:-1], self._era, self.cuts.pop(0) if self.cuts else ""
        seconds = self.work.pop(0) if self.work else 0.05
        self.time.at(self.time.now + seconds, lambda: self._executed(payload, cut) if self._era == era else None)

    def _executed(self, payload: bytes, cut: str) -> None:
        if cut != "before":
            self.executed.append(payload)
        if cut:
            self._reply = self._kept = b""
            self._enter("off", 0.5, "idle")
            return
        code = payload[:2] if payload[:1] == b"\xff" else payload[:1]
        body = code + b"\x00" + len(self.executed).to_bytes(2, "little")
        body = bytes((len(body),)) + body
        self._reply = bytes((STX,)) + body + bytes((reduce(int.__xor__, body),))
        self._transmit()
        kept, self._kept = self._kept, b""
        self.hear(kept)


class Host:
    """Moves bytes and watches the clock as ``drivers.fiscal.shtrih.link`` does."""

    def __init__(self, time: Time, device: Book, there: Iterable[tuple[str, float]], back: Iterable[tuple[str, float]]):
        self.time, self.device = time, device
        self._came = b""
        self._there = Way(time, device.hear, list(there))
        self._back = Way(time, self._hear, list(back))
        device.say = self._back.send

    def _hear(self, data: bytes) -> None:
        self._came += data

    def run(self, exchange: Exchange) -> Verdict:
        began = deadline = self.time.now
        step = exchange.start()
        while step.verdict is None:
            assert self.time.now - began < ENOUGH, "an endless exchange"
            if step.send:
                self._there.send(step.send)
            if step.wait is not None:
                deadline = self.time.now + step.wait
            while not self._came and self.time.now < deadline:
                self.time.step(deadline)
            came, self._came = self._came, b""
            step = exchange.received(came) if came else exchange.timed_out()
        if step.send:
            self._there.send(step.send)
        until = self.time.now + step.quiet
        while self.time.now < until:
            self.time.step(until)
            self._came = b""
        return step.verdict


def close(total: int) -> CloseReceipt:
    return CloseReceipt(30, (total,), 0, (), 1, "")


def check(verdict: Verdict, command: CloseReceipt | ShortStatus, device: Book) -> None:
    """The verdict is true; a command that may run once only has run at most once."""
    payload = command.to_bytes()
    numbers = [number for number, each in enumerate(device.executed, 1) if each == payload]
    if isinstance(command, CloseReceipt):
        assert len(numbers) <= 1
    match verdict:
        case Replied(fields):
            assert numbers
            assert int.from_bytes(fields, "little") in numbers
        case NotDelivered():
            assert not numbers
        case Denied():
            raise AssertionError("it refuses nothing")
        case Doubtful():
            pass


# --- by hand: how long a lost reply lasts ----------------------------------------------------------------------------


def timed(
    command: CloseReceipt | ShortStatus, habits: Habits, back: list[str], **device: list[float] | list[str]
) -> tuple[Verdict, float, Book]:
    time = Time()
    book = Book(time, habits, device.get("work", []), device.get("cuts", []))  # type: ignore[arg-type]
    host = Host(time, book, (), ((fate, 0.002) for fate in back))
    verdict = host.run(Exchange(command, LONGEST, LIMITS))
    check(verdict, command, book)
    return verdict, time.now, book


LOST = ["whole", "whole", "lost"]
"""NAK to ENQ, ACK to the frame, and the reply."""


@pytest.mark.parametrize("ack_timeout", [0.5, 3.0, 60.0])
@pytest.mark.parametrize("crossed", ["awaits", "repeats"])
def test_a_lost_reply_comes_after_the_first_patience(crossed: str, ack_timeout: float) -> None:
    """To a device that still awaits our ACK the first ENQ only says that none comes; a second follows it, and after the
    reply the line rests for a second, because the first was not answered."""
    verdict, took, book = timed(close(1), Habits(crossed=crossed, ack_timeout=ack_timeout), LOST)
    assert verdict == Replied(b"\x01\x00")
    assert took < (5.1 if crossed == "awaits" and ack_timeout >= 3.0 else 3.1)
    assert len(book.executed) == 1


def test_a_reply_that_is_gone_is_doubt_after_the_first_patience() -> None:
    for cut, executed in (("before", 0), ("after", 1)):
        verdict, took, book = timed(close(1), Habits(), [], cuts=[cut])
        assert (verdict, len(book.executed)) == (Doubtful("no_reply"), executed)
        assert took < 3.1


def test_reading_after_a_reply_that_is_gone_is_asked_anew_after_the_first_patience() -> None:
    verdict, took, book = timed(ShortStatus(30), Habits(), [], cuts=["after"])
    assert (verdict, took < 3.2, len(book.executed)) == (Replied(b"\x02\x00"), True, 2)


@pytest.mark.parametrize("at_work", ["answers", "deaf", "later"])
@pytest.mark.parametrize("seconds", [0.05, 2.999, 3.001, 5.5, 9.003, 40.0, 119.0])
def test_a_register_at_work_for_long_is_waited_for_whatever_it_makes_of_enquiries(at_work: str, seconds: float) -> None:
    verdict, took, _ = timed(close(1), Habits(at_work=at_work), [], work=[seconds])
    assert verdict == Replied(b"\x01\x00")
    assert seconds <= took < seconds + 1.1, "at most the quiet moment later"


def test_an_enquiry_that_crosses_the_reply_leaves_it_stored_and_the_next_command_takes_it_aside() -> None:
    """The reply leaves while the first ENQ is on its way; the device then awaits an ENQ and ignores our ACK."""
    time = Time()
    book = Book(time, Habits(), [3.2], [])
    host = Host(time, book, [("whole", 0.002)] * 2 + [("whole", 0.4)], ())
    assert host.run(Exchange(close(1), LONGEST, LIMITS)) == Replied(b"\x01\x00")
    assert book.state == "awaiting ENQ"
    following = Exchange(close(2), LONGEST, LIMITS)
    assert host.run(following) == Replied(b"\x02\x00")
    assert following.stale == [b"\xff\x45\x00\x01\x00"]
    assert book.executed == [close(1).to_bytes(), close(2).to_bytes()]


# --- anything --------------------------------------------------------------------------------------------------------

PROMPT = st.sampled_from([0.0, 0.002, 0.1, 0.4])
"""Both ways together below ``control``."""
LATE = st.sampled_from([0.0, 0.002, 0.4, 1.2, 3.3])
BAD = ["whole", "whole", "whole", "lost", "half", "damaged"]
WORST = [*BAD, "turned"]


def habits_with(*ack_timeouts: float) -> st.SearchStrategy[Habits]:
    return st.builds(
        Habits,
        at_work=st.sampled_from(["answers", "deaf", "later"]),
        crossed=st.sampled_from(["awaits", "repeats"]),
        ack_timeout=st.sampled_from(ack_timeouts),
    )


HABITS = habits_with(0.1, 3.0, 60.0)
PATIENT = habits_with(1.0, 3.0, 60.0)
"""They await our ACK for longer than the line needs to bring it."""
WORK = st.lists(
    st.one_of(st.sampled_from([0.0, 0.05, 2.6, 2.998, 3.0, 3.002, 4.0, 9.0, 119.0, 200.0]), st.floats(0, 130)),
    max_size=4,
)
CUTS = st.lists(st.sampled_from(["", "", "before", "after"]), max_size=4)


def ways(fates: list[str], delay: st.SearchStrategy[float]) -> st.SearchStrategy[list[tuple[str, float]]]:
    return st.lists(st.tuples(st.sampled_from(fates), delay), max_size=14)


@given(st.sampled_from([close(1), ShortStatus(30)]), HABITS, WORK, CUTS, ways(WORST, LATE), ways(WORST, LATE))
def test_one_exchange_ends_with_a_true_verdict(
    command: CloseReceipt | ShortStatus, habits: Habits, work: list[float], cuts: list[str],
    there: list[tuple[str, float]], back: list[tuple[str, float]],
) -> None:  # fmt: skip
    time = Time()
    book = Book(time, habits, work, cuts)
    verdict = Host(time, book, there, back).run(Exchange(command, LONGEST, LIMITS))
    check(verdict, command, book)
    time.step(ENOUGH)
    while time.now < ENOUGH:  # what is still on its way may yet be executed
        time.step(ENOUGH)
    check(verdict, command, book)


@given(HABITS, WORK, CUTS, ways(BAD, PROMPT), ways(BAD, PROMPT), st.lists(st.booleans(), min_size=3, max_size=3))
def test_exchanges_on_one_channel_never_take_each_others_replies(
    habits: Habits, work: list[float], cuts: list[str],
    there: list[tuple[str, float]], back: list[tuple[str, float]], reads: list[bool],
) -> None:  # fmt: skip
    """As the link has it: after doubt, or a command not delivered, the channel is closed. An ACK that the line turns
    into a NAK is left out here: a device that holds a reply would pass for an idle one, and nothing in a reply says
    which of two equal commands it belongs to. (A receipt is read back by its number; that finds it out.)"""
    time = Time()
    book = Book(time, habits, work, cuts)
    host = Host(time, book, there, back)
    for total, reading in enumerate(reads, 1):
        command = ShortStatus(total) if reading else close(total)
        verdict = host.run(Exchange(command, LONGEST, LIMITS))
        check(verdict, command, book)
        if not isinstance(verdict, Replied):
            return


@given(PATIENT, st.floats(0, 119), st.lists(PROMPT, max_size=40), st.lists(PROMPT, max_size=40))
def test_on_a_line_that_is_only_slow_every_command_gets_its_reply(
    habits: Habits, seconds: float, there: list[float], back: list[float]
) -> None:
    time = Time()
    book = Book(time, habits, [seconds, 0.05], [])
    host = Host(time, book, (("whole", delay) for delay in there), (("whole", delay) for delay in back))
    for number in (1, 2):
        assert host.run(Exchange(close(number), LONGEST, LIMITS)) == Replied(number.to_bytes(2, "little"))
    assert book.executed == [close(1).to_bytes(), close(2).to_bytes()]
