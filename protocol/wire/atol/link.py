"""One command until its verdict, over link layer v3. No socket, no clock: bytes and the passing of time are events.

The host puts a command into the device's buffer as a numbered task (C1h), the device says how it stands with it, and
keeps the result until the host has acknowledged it (C2h) or cleared the buffer (C4h). A task whose number is in the
buffer is not executed again. So after a lost or damaged answer nothing is repeated: the task's state is asked for
(C3h), on the same connection or on the next one. What loses a task is the device's power.

Every packet has a number too; the answer repeats it, and F0h marks a result that the device sends by itself.

========================  =====================================  ===================================================
answer                    meaning                                done
========================  =====================================  ===================================================
A3, A6 result             executed                               C2 until it is answered; then the verdict by the
                                                                 answer's error byte
A4, A7 error              refused                                C4 until it is answered; then the verdict
A1, A2, A8                waiting or at work                     awaited; after a pause, C3
A5 stopped                the buffer stopped before the result   a reading command: C4, and C1 again; others: doubt
B1 buffer full            not taken                              C1 again after a pause, for a bounded time
B2 task exists            to our first C1: somebody else's task  a command that may run once: doubt; others: C1 as
                                                                 the next task
B3 not found, to C3       never arrived, or power was lost       a reading command: C1 again, same task; others: doubt
empty                     our packet came damaged                C3 at once; if B3 follows, a filling command goes out
                                                                 again as well: the device has said why it has it not
B4, damaged, or no        the line                               C3 at once, a bounded number of times
answer to the command
silence                   frame, answer or time needed           C3 after every pause; after the command's longest
                                                                 time doubt
another packet number     late, or not for us                    dropped
========================  =====================================  ===================================================

The longest time is not moved by any of this, but for a device that last said "at work": it gets that time once more.

A result is acknowledged before anything else is sent. When the acknowledgement is not answered the verdict stands all
the same, and ``unsettled`` tells the caller to begin the next command with C4h: otherwise, once the numbers have gone
round, an old result could be taken for the answer to a new task.

The promise: any bytes give a verdict or more waiting, never an exception; and ``Replied`` or ``Denied`` only when an
intact answer of the right form came to our task after our C1 went out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from protocol.wire.atol.coding import Bcd
from protocol.wire.atol.command import Command, Repeat, judged
from protocol.wire.atol.frame import ASYNCHRONOUS, MAX_FRAME, Damaged, Packet, next_packet
from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.layout import LayoutError
from protocol.wire.steps import Doubtful, NotDelivered, Replied, Step, Verdict

ADD, ACK, REQ, ABORT = 0xC1, 0xC2, 0xC3, 0xC4
NEED_RESULT = 0x01
LAST = 0xDC
"""The highest number of a packet and of a task; then 0 comes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and counts of the line."""

    control: float = 1.0  # for the answer to C2 and C4
    answer: float = 3.0  # without an answer to C1 or C3 until the device is asked again
    working: float = 5.0  # the same, when it last said that it is at work
    full: float = 0.5  # until C1 is sent again into a full buffer
    fulls: int = 20
    enquiries: int = 3  # C2 or C4 without an answer
    rounds: int = 10  # damaged packets, answers of no use: all together in one exchange


class Numbers:
    """Numbers of packets and tasks; they go on over commands and connections."""

    def __init__(self) -> None:
        self._packet = self._task = LAST

    def packet(self) -> int:
        self._packet = 0 if self._packet == LAST else self._packet + 1
        return self._packet

    def task(self) -> int:
        self._task = 0 if self._task == LAST else self._task + 1
        return self._task


class State(Enum):
    CLEARING = auto()  # C4 is out; our task comes next
    ADDED = auto()  # C1 is out
    FULL = auto()  # the buffer was full; pausing
    WORKING = auto()  # the device has the task
    ASKED = auto()  # C3 is out
    SETTLING = auto()  # the verdict stands; C2 or C4 is out
    DONE = auto()


class Heard(Enum):
    REPLY = auto()  # anything in answer to C2 or C4
    RESULT = auto()
    ERROR = auto()
    WORKING = auto()
    STOPPED = auto()
    FULL = auto()
    KNOWN = auto()
    UNKNOWN = auto()
    EMPTY = auto()  # "repeat your packet"
    BAD = auto()  # damaged, or without sense here
    SILENCE = auto()


_STATUS: Final[Mapping[int, Heard]] = {
    **dict.fromkeys((0xA1, 0xA2, 0xA8), Heard.WORKING),
    **dict.fromkeys((0xA3, 0xA6), Heard.RESULT),
    **dict.fromkeys((0xA4, 0xA7), Heard.ERROR),
    0xA5: Heard.STOPPED,
    0xB1: Heard.FULL,
    0xB2: Heard.KNOWN,
    0xB3: Heard.UNKNOWN,
}
_WITH_TASK = (0xA6, 0xA7)


class Exchange:
    """``start`` once, then ``received`` or ``timed_out`` until a step carries a verdict; ``resumed`` when the channel
    was lost meanwhile and has been opened anew."""

    def __init__(
        self,
        command: Command[Any] | None,
        max_time: float,
        numbers: Numbers,
        limits: Limits = Limits(),
        *,
        clear: bool = False,
        password: int = 0,
    ) -> None:
        """``clear``: begin with C4h; a session does, and without a command that is all: ``Replied`` without fields when
        the device answers. ``max_time``: seconds from C1h. ``password``: the device's access password. Raises
        ``LayoutError`` when a value of the command does not fit."""
        self.frames_sent = 0  # copies of C1: above zero, bytes of the command may have left
        self.outcome: Verdict | None = None
        """What the device has said; the exchange itself ends when it has been told that we know."""
        self.unsettled = False
        self._command = command
        self._content = b"" if command is None else Bcd(2).encode(password) + command.to_bytes()
        self._repeat = Repeat.QUERY if command is None else command.repeat
        self._answered = command is None or command.answered
        self._max_time = max_time
        self._numbers = numbers
        self._limits = limits
        self._state = State.CLEARING if clear or command is None else State.ADDED
        self._buffer = ReceiveBuffer(MAX_FRAME)
        self._task = numbers.task() if command is not None else 0
        self._copies = 0  # of C1 with this task's number
        self._packet = 0  # number of our last packet
        self._ours: set[int] = set()  # numbers of the packets about our task
        self._settling = b""
        self._noisy = False
        self._mangled = False  # the device has said that our C1 came damaged
        self._at_work = False  # its last word
        self._extended = False
        self._enquiries = self._fulls = self._rounds = 0
        self._wait = 0.0
        self._left = max_time

    @property
    def state(self) -> State:
        return self._state

    # --- events ------------------------------------------------------------------------------------------------------

    def start(self) -> Step:
        return self._clear() if self._state is State.CLEARING else self._add()

    def received(self, chunk: bytes) -> Step:
        """Bytes came, in any pieces."""
        send, wait = b"", None
        while self._state is not State.DONE:
            piece, chunk = chunk[: self._buffer.room], chunk[self._buffer.room :]
            self._buffer.feed(piece)
            packet = next_packet(self._buffer)
            if packet is None:
                if not chunk:
                    break
                continue
            step = self._take(packet)
            send += step.send
            wait = wait if step.wait is None else step.wait
            if step.verdict is not None:
                return Step(send, None, step.verdict)
        return Step(send, wait)

    def timed_out(self) -> Step:
        """The deadline passed."""
        if self._state is State.DONE:
            return Step()
        if len(self._buffer):
            self._buffer.clear()
            self._noisy = True
        self._left -= 0.0 if self._state in (State.CLEARING, State.SETTLING) else self._wait
        return self._hear(Heard.SILENCE)

    def resumed(self) -> Step:
        """The channel was lost after our C1 and is open again: the device is asked what became of the task."""
        self._buffer.clear()
        self._ours.clear()
        self._mangled = False
        return self._ask(b"")

    # --- from packets to what was heard ------------------------------------------------------------------------------

    def _take(self, packet: Packet | Damaged) -> Step:
        if isinstance(packet, Damaged):
            self._noisy = True
            return self._hear(Heard.BAD)
        if self._state in (State.CLEARING, State.SETTLING):
            return self._hear(Heard.REPLY) if packet.id == self._packet else Step()
        status = packet.data[0] if packet.data else 0
        heard = _STATUS.get(status, Heard.BAD) if packet.data else Heard.EMPTY
        answer = packet.data[1:]
        if status in _WITH_TASK:
            if answer[:1] != bytes((self._task,)) or packet.id not in (ASYNCHRONOUS, *self._ours):
                return Step()
            answer = answer[1:]
        elif packet.id not in self._ours or (heard not in (Heard.RESULT, Heard.ERROR) and packet.id != self._packet):
            return Step()
        return self._hear(heard, answer)

    # --- transitions -------------------------------------------------------------------------------------------------

    def _hear(self, heard: Heard, answer: bytes = b"") -> Step:
        if heard not in (Heard.SILENCE, Heard.BAD, Heard.EMPTY):
            self._at_work = heard is Heard.WORKING
        return _TRANSITIONS.get((self._state, heard), Exchange._drop)(self, answer)

    def _send(self, data: bytes, wait: float) -> Step:
        self._packet = self._numbers.packet()
        self._wait = wait
        return Step(Packet(self._packet, data).to_bytes(), wait)

    def _drop(self, _: bytes) -> Step:
        return Step()

    def _clear(self) -> Step:
        self._state = State.CLEARING
        self._enquiries += 1
        return self._send(bytes((ABORT,)), self._limits.control)

    def _clear_again(self, _: bytes) -> Step:
        """No answer to C4, or a damaged one."""
        if self._enquiries < self._limits.enquiries:
            return self._clear()
        return self._fail("line_noise" if self._noisy else "device_offline")

    def _cleared(self, _: bytes) -> Step:
        self._enquiries = 0
        return self._finish(Replied(b"")) if self._command is None else self._add()

    def _add(self) -> Step:
        self._state = State.ADDED
        self.frames_sent += 1
        self._copies += 1
        flags = NEED_RESULT if self._answered else 0
        step = self._send(bytes((ADD, flags, self._task)) + self._content, self._patience(self._limits.answer))
        self._ours.add(self._packet)
        return step

    def _ask(self, _: bytes) -> Step:
        self._state = State.ASKED
        step = self._send(bytes((REQ, self._task)), self._patience(self._limits.answer))
        self._ours.add(self._packet)
        return step

    def _ask_now(self, _: bytes) -> Step:
        return self._ask(b"") if self._another_round() else self._fail("line_noise")

    def _ask_what_came(self, _: bytes) -> Step:
        self._mangled = True
        return self._ask_now(b"")

    def _ask_later(self, _: bytes) -> Step:
        """Nothing for as long as we waited."""
        if self._left > 0:
            return self._ask(b"")
        if self._extended or not self._at_work:
            return self._fail("no_reply")
        self._extended = True
        self._left = self._max_time
        return self._ask(b"")

    def _await(self, _: bytes) -> Step:
        """The device has the task."""
        if not self._answered:
            return self._finish(Replied(b""))
        self._state = State.WORKING
        self._wait = self._patience(self._limits.working)
        return Step(wait=self._wait)

    def _pause(self, _: bytes) -> Step:
        """The buffer is full: the task was not taken."""
        self._fulls += 1
        if self._fulls > self._limits.fulls:
            return self._finish(NotDelivered("device_busy"))
        self._state = State.FULL
        self._wait = self._limits.full
        return Step(wait=self._wait)

    def _add_after_pause(self, _: bytes) -> Step:
        self._copies = 0
        return self._add()

    def _stopped(self, _: bytes) -> Step:
        if self._repeat is not Repeat.QUERY:
            return self._fail("no_reply")
        return self._clear() if self._another_round() else self._fail("line_noise")

    def _not_ours(self, _: bytes) -> Step:
        """To our first C1: the device has another task of this number. To a later one: it has ours."""
        if self._copies > 1:
            return self._ask_now(b"")
        if self._repeat is Repeat.NEVER or not self._another_round():
            return self._fail("bad_reply")
        self._task = self._numbers.task()
        self._ours.clear()
        self._copies = 0
        return self._add()

    def _forgotten(self, _: bytes) -> Step:
        """The device does not know the task: it never came, or power was lost since."""
        mangled, self._mangled = self._mangled, False
        if self._repeat is Repeat.NEVER or (self._repeat is Repeat.FILL and not mangled):
            return self._fail("no_reply")
        return self._add() if self._another_round() else self._fail("line_noise")

    def _take_result(self, answer: bytes) -> Step:
        return self._conclude(answer, failed=False)

    def _take_error(self, answer: bytes) -> Step:
        return self._conclude(answer, failed=True)

    def _conclude(self, answer: bytes, *, failed: bool) -> Step:
        verdict = self._verdict(answer, failed=failed)
        if verdict is None:  # the device keeps the answer: it is asked for again
            return self._ask(b"") if self._another_round() else self._fail("bad_reply")
        self.outcome = verdict
        if not self._answered and not failed:
            return self._finish(verdict)
        self._settling = bytes((ABORT,)) if failed else bytes((ACK, self._task))
        return self._settle()

    def _verdict(self, answer: bytes, *, failed: bool) -> Verdict | None:
        """``None`` for an answer that this command cannot have."""
        command = self._command
        if command is None:
            return None
        if not self._answered and not failed and not answer:
            return Replied(b"")
        verdict = judged(command.head, command.code[0], answer, failed=failed)
        if isinstance(verdict, Replied) and self._answered:
            try:
                command.read_reply(verdict.fields)
            except LayoutError:
                return None
        return verdict

    def _settle(self) -> Step:
        self._state = State.SETTLING
        self._enquiries += 1
        return self._send(self._settling, self._limits.control)

    def _settle_again(self, _: bytes) -> Step:
        """Our C2 or C4 was not answered."""
        if self._enquiries < self._limits.enquiries:
            return self._settle()
        self.unsettled = True
        return self._settled(b"")

    def _settled(self, _: bytes) -> Step:
        assert self.outcome is not None  # SETTLING is entered with it
        return self._finish(self.outcome)

    def _another_round(self) -> bool:
        self._rounds += 1
        return self._rounds <= self._limits.rounds

    def _patience(self, longest: float) -> float:
        return max(0.0, min(longest, self._left))

    def _fail(self, why: str) -> Step:
        """No verdict from the device. Before our C1 went out that is certainty, afterwards doubt."""
        return self._finish(Doubtful(why) if self.frames_sent else NotDelivered(why))

    def _finish(self, verdict: Verdict) -> Step:
        self._state = State.DONE
        self.outcome = verdict
        return Step(verdict=verdict)


_CONCLUDING: Final = {Heard.RESULT: Exchange._take_result, Heard.ERROR: Exchange._take_error}
_TRANSITIONS: Final[Mapping[tuple[State, Heard], Callable[[Exchange, bytes], Step]]] = {
    (State.CLEARING, Heard.REPLY): Exchange._cleared,
    (State.CLEARING, Heard.BAD): Exchange._clear_again,
    (State.CLEARING, Heard.SILENCE): Exchange._clear_again,
    **{
        (state, heard): take
        for state in (State.ADDED, State.ASKED, State.WORKING)
        for heard, take in _CONCLUDING.items()
    },
    (State.ADDED, Heard.WORKING): Exchange._await,
    (State.ADDED, Heard.STOPPED): Exchange._stopped,
    (State.ADDED, Heard.FULL): Exchange._pause,
    (State.ADDED, Heard.KNOWN): Exchange._not_ours,
    (State.ADDED, Heard.UNKNOWN): Exchange._ask_now,
    (State.ADDED, Heard.EMPTY): Exchange._ask_what_came,
    (State.ADDED, Heard.BAD): Exchange._ask_now,
    (State.ADDED, Heard.SILENCE): Exchange._ask_later,
    (State.FULL, Heard.SILENCE): Exchange._add_after_pause,
    (State.WORKING, Heard.STOPPED): Exchange._stopped,
    (State.WORKING, Heard.EMPTY): Exchange._ask_now,
    (State.WORKING, Heard.BAD): Exchange._ask_now,
    (State.WORKING, Heard.SILENCE): Exchange._ask_later,
    (State.ASKED, Heard.WORKING): Exchange._await,
    (State.ASKED, Heard.STOPPED): Exchange._stopped,
    (State.ASKED, Heard.FULL): Exchange._ask_now,
    (State.ASKED, Heard.KNOWN): Exchange._await,
    (State.ASKED, Heard.UNKNOWN): Exchange._forgotten,
    (State.ASKED, Heard.EMPTY): Exchange._ask_now,
    (State.ASKED, Heard.BAD): Exchange._ask_now,
    (State.ASKED, Heard.SILENCE): Exchange._ask_later,
    (State.SETTLING, Heard.REPLY): Exchange._settled,
    (State.SETTLING, Heard.BAD): Exchange._settle_again,
    (State.SETTLING, Heard.SILENCE): Exchange._settle_again,
}
"""What is heard in a state; what has no entry means nothing there and is dropped."""
