"""One command until its verdict, over protocol 2. The same events, steps and verdicts as ``exchange``.

The device executes the command whose number follows that of its last one, and answers everything else (and the host's
question for the number) with its last reply and that reply's number. So an answer that was lost is asked for by the
identical frame, as often as needed, and the command is still executed once. (Protocol 2.0, "alternative lower level".)

What is left is a device that was switched off and on: it forgets number and reply and begins at 0 again. What an
answer means to a frame with number n, of which some copies have gone out:

=========================  ==================================  ======================================================
answer                     meaning                             done
=========================  ==================================  ======================================================
n, our command code        ours                                verdict by its error byte
n, another code            something else was executed as n    a reading command goes on under the next number, else
                                                               doubt
n - 1                      a late copy of the answer before    dropped
no data                    restarted, nothing executed since   one copy out: not executed, sent under the number that
                                                               fits; several: the first may have been executed before
                                                               the restart, so doubt (reading: sent again)
another number             this device counts otherwise        the same
damaged, or half a frame   the line                            the identical frame again
silence                    frame, answer or time needed        the identical frame again, after pauses that double;
                                                               after the command's longest time doubt
our own question           the line echoes                     before our frame: nothing is sent; later: damaged
=========================  ==================================  ======================================================

One number is not safe: a device that has been restarted expects 1. Were a copy of frame 1 executed before a restart,
the next copy would be executed again. So a command that may run once only is never sent as 1: a harmless question
takes that number first.

The promise is that of ``exchange``: any bytes give a verdict or more waiting; ``Replied`` or ``Denied`` only when an
intact answer with our number and our code came after our frame went out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, Final

from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.shtrih.codec import IDLE_FILL, Damaged
from protocol.wire.shtrih.codec2 import MAX_FRAME, NUMBERS, START, Numbered, Sync, next_numbered
from protocol.wire.shtrih.commands import Command, DeviceType, Repeat
from protocol.wire.shtrih.exchange import Limits
from protocol.wire.steps import Denied, Doubtful, NotDelivered, Replied, Step, Verdict

UNSAFE_NUMBER = 1
"""What a restarted device expects."""

_NOTHING: Final = Numbered(0)


class State(Enum):
    ASKING = auto()  # the question for the number is out, our frame not yet
    BURNING = auto()  # a harmless question takes the unsafe number
    SENT = auto()  # our frame is out
    DONE = auto()


class Heard(Enum):
    OURS = auto()  # our number, our code
    FOREIGN = auto()  # our number, another code
    LATE = auto()  # the number before ours
    OTHER = auto()  # another number, or no data
    ECHO = auto()  # the question that only we ask
    BAD = auto()  # damaged, or stopped half-way
    SILENCE = auto()


class NumberedExchange:
    """``start`` once, then ``received`` or ``timed_out`` until a step carries a verdict."""

    def __init__(self, command: Command[Any] | None, max_time: float, limits: Limits, last: int | None = None) -> None:
        """``last``: number of the device's last executed command; ``None``: it is asked for. Without a command the
        exchange only asks: ``Replied`` without fields when the device answers. ``max_time``: seconds from the frame's
        first copy until an answer must have begun. Raises ``LayoutError`` when a value of the command does not fit."""
        self.last = last
        self.stale: list[bytes] = []  # the device's last reply, when its number was asked for
        self.frames_sent = 0  # copies of our frame: above zero, bytes of it may have left
        self._payload = None if command is None else command.to_bytes()
        self._code = b"" if command is None else command.code
        self._repeatable = command is None or command.repeat is Repeat.SAFE
        self._max_time = max_time
        self._limits = limits
        self._state = State.ASKING
        self._buffer = ReceiveBuffer(MAX_FRAME)
        self._in_frame = False
        self._noisy = False
        self._rounds = 0
        self._enquiries = 0
        self._number = 0
        self._frame = b""
        self._copies = 0  # of the frame with this number
        self._at_risk = False  # a copy of our frame may have been executed
        self._left = 0.0  # of the time in which the answer must begin
        self._pause = 0.0  # until the next copy

    # --- events ------------------------------------------------------------------------------------------------------

    def start(self) -> Step:
        return self._ask() if self.last is None else self._carry(self.last)

    def received(self, chunk: bytes) -> Step:
        """Bytes came, in any pieces. What follows a byte that makes us send is dropped: the device repeats it."""
        wait = None
        while self._state is not State.DONE:
            piece, chunk = chunk[: self._buffer.room], chunk[self._buffer.room :]
            self._buffer.feed(piece)
            step = self._next()
            if step is None:
                if chunk:
                    continue
                break
            wait = step.wait if step.wait is not None else wait
            if step.send or step.verdict is not None:
                self._buffer.clear()
                return Step(step.send, wait, step.verdict)
        return Step(wait=wait)

    def timed_out(self) -> Step:
        """The deadline passed."""
        if self._state is State.DONE:
            return Step()
        if self._in_frame:
            self._in_frame = False
            self._buffer.clear()
            return self._hear(Heard.BAD)
        return self._hear(Heard.SILENCE)

    # --- from bytes to what was heard --------------------------------------------------------------------------------

    def _next(self) -> Step | None:
        head = self._buffer.peek(1)
        self._noisy = self._noisy or (head is not None and head[0] not in (START, IDLE_FILL))
        frame = next_numbered(self._buffer)
        if frame is None:
            if len(self._buffer) and not self._in_frame:
                self._in_frame = True
                return Step(wait=self._limits.frame)
            return None
        self._in_frame = False
        if isinstance(frame, Damaged):
            return self._hear(Heard.BAD)
        if isinstance(frame, Sync):
            return self._hear(Heard.ECHO)
        return self._hear(self._judge(frame), frame)

    def _judge(self, answer: Numbered) -> Heard:
        if self._state is State.ASKING:
            return Heard.OTHER
        if answer.number == self._number and answer.data:
            return Heard.OURS if answer.data.startswith(self._code) else Heard.FOREIGN
        return Heard.LATE if answer.number == (self._number - 1) % NUMBERS else Heard.OTHER

    # --- transitions -------------------------------------------------------------------------------------------------

    def _hear(self, heard: Heard, answer: Numbered = _NOTHING) -> Step:
        return _TRANSITIONS[self._state, heard](self, answer)

    def _ask(self) -> Step:
        self._enquiries += 1
        return Step(Sync().to_bytes(), self._limits.control)

    def _ask_again(self, _: Numbered) -> Step:
        if self._enquiries < self._limits.enquiries:
            return self._ask()
        return self._fail("line_noise" if self._noisy else "device_offline")

    def _asked_in_vain(self, _: Numbered) -> Step:
        """A damaged answer to the question."""
        return self._ask() if self._another_round() else self._fail("line_noise")

    def _echoed(self, _: Numbered) -> Step:
        return self._fail("line_noise")

    def _learn(self, answer: Numbered) -> Step:
        self.last = answer.number
        if answer.data:
            self.stale.append(answer.data)
        if self._payload is None:
            return self._finish(Replied(b""))
        return self._carry(answer.number)

    def _carry(self, last: int) -> Step:
        """The first copy of our frame under the number after ``last``, or of the question that takes an unsafe one."""
        self.last = last
        self._number = (last + 1) % NUMBERS
        burning = self._number == UNSAFE_NUMBER and not self._repeatable
        self._state = State.BURNING if burning else State.SENT
        self._frame = Numbered(self._number, DeviceType().to_bytes() if burning else self._payload or b"").to_bytes()
        self._left = self._limits.earlier if burning else self._max_time
        self._pause = self._limits.control
        self._copies = 0
        return self._send()

    def _send(self) -> Step:
        self._copies += 1
        if self._state is State.SENT:
            self.frames_sent += 1
            self._at_risk = True
        return Step(self._frame, min(self._pause, self._left))

    def _send_later(self, _: Numbered) -> Step:
        """Nothing for as long as we paused."""
        self._left -= min(self._pause, self._left)
        self._pause *= 2
        return self._send() if self._left > 0 else self._fail("no_reply")

    def _send_again(self, _: Numbered) -> Step:
        return self._send() if self._another_round() else self._fail("line_noise")

    def _drop(self, _: Numbered) -> Step:
        if not self._another_round():
            return self._fail("line_noise")
        return Step(wait=min(self._pause, self._left))

    def _go_on(self, answer: Numbered) -> Step:
        """The unsafe number is taken, or the device counts otherwise."""
        return self._carry(answer.number) if self._another_round() else self._fail("line_noise")

    def _take_other(self, answer: Numbered) -> Step:
        """It executed nothing when it answered this."""
        if self._copies > 1 and not self._repeatable:
            return self._fail("no_reply")
        self._at_risk = False
        return self._go_on(answer)

    def _take_foreign(self, answer: Numbered) -> Step:
        self.stale.append(answer.data)
        return self._go_on(answer) if self._repeatable else self._fail("bad_reply")

    def _take_reply(self, answer: Numbered) -> Step:
        self.last = answer.number
        fields = answer.data[len(self._code) :]
        if not fields:
            return self._fail("bad_reply")
        return self._finish(Denied(fields[0]) if fields[0] else Replied(fields[1:]))

    def _another_round(self) -> bool:
        self._rounds += 1
        return self._rounds <= self._limits.rounds

    def _fail(self, why: str) -> Step:
        return self._finish(Doubtful(why) if self._at_risk else NotDelivered(why))

    def _finish(self, verdict: Verdict) -> Step:
        self._state = State.DONE
        return Step(verdict=verdict)


_TRANSITIONS: Final[Mapping[tuple[State, Heard], Callable[[NumberedExchange, Numbered], Step]]] = {
    (State.ASKING, Heard.OTHER): NumberedExchange._learn,
    (State.ASKING, Heard.ECHO): NumberedExchange._echoed,
    (State.ASKING, Heard.BAD): NumberedExchange._asked_in_vain,
    (State.ASKING, Heard.SILENCE): NumberedExchange._ask_again,
    (State.BURNING, Heard.OURS): NumberedExchange._go_on,
    (State.BURNING, Heard.FOREIGN): NumberedExchange._go_on,
    (State.BURNING, Heard.LATE): NumberedExchange._drop,
    (State.BURNING, Heard.OTHER): NumberedExchange._go_on,
    (State.BURNING, Heard.ECHO): NumberedExchange._send_again,
    (State.BURNING, Heard.BAD): NumberedExchange._send_again,
    (State.BURNING, Heard.SILENCE): NumberedExchange._send_later,
    (State.SENT, Heard.OURS): NumberedExchange._take_reply,
    (State.SENT, Heard.FOREIGN): NumberedExchange._take_foreign,
    (State.SENT, Heard.LATE): NumberedExchange._drop,
    (State.SENT, Heard.OTHER): NumberedExchange._take_other,
    (State.SENT, Heard.ECHO): NumberedExchange._send_again,
    (State.SENT, Heard.BAD): NumberedExchange._send_again,
    (State.SENT, Heard.SILENCE): NumberedExchange._send_later,
}
"""Everything that can be heard in a state. While asking for the number, every intact answer is as good as another."""
