"""One command until its verdict, over protocol 1. No socket, no clock: bytes and the passing of time are events.

The device acknowledges a good frame at once, executes, then sends its reply by itself. If the host does not
acknowledge that reply, the device keeps it and repeats it only after ENQ. ENQ asks: NAK "idle, nothing stored", ACK
"a reply is being made or is stored, it follows". (Protocol 1.17, "lower level".)

How doubt is decided. Our frame is only sent after ENQ was answered NAK, so before it the device held nothing:

* ACK to ENQ *before* our frame: the reply of an earlier command follows. It is taken, acknowledged and put into
  ``stale``, never mistaken for ours.
* ACK to ENQ *after* our frame: the device took our frame; its reply is ours (and must echo our command code).
* NAK to our frame, then NAK to ENQ: two proofs that the frame was damaged on the line and dropped. It is sent again.
  Both count only while every ENQ has been answered: a late answer to a repeated ENQ looks the same as a NAK to the
  frame. Otherwise it is doubt.
* Silence after our frame, then NAK to ENQ: most likely the frame never arrived whole. But a device that took it, had
  its power cut and came back says the same (the stored reply does not survive). Not provable, so: doubt.
* ACK to our frame, no reply, then NAK to ENQ: executed or cut off, the reply is gone. Doubt.
* A damaged reply is answered NAK and ENQ: the device repeats the stored reply, it does not execute again.

How long a reply is awaited. A shift may take two minutes to open; a reply that was lost on the line is not worth two
minutes. ENQ may be asked at any time, so after ``Limits.ask_after``, and again after pauses that double, the device is
asked how it stands. None of the answers moves the command's own deadline:

========================  =======================================  =================================================
answer                    meaning                                  done
========================  =======================================  =================================================
ACK, then our reply       it was stored: sent before, lost         verdict
ACK                       still at work                            awaited further, the next pause is twice as long
NAK                       nothing is being made, nothing stored:   doubt (reading: sent again) now, not at the end
                          the reply is gone
our reply, no ACK         it crossed our ENQ                       verdict, then the line rests (below)
damaged frame             the line                                 NAK and ENQ: it comes again
silence, ``enquiries``    deaf while it prints                     awaited further, as after ACK
times
silence until the end     out of time                              asked a last time: ACK gives the command its whole
                                                                   time once more, NAK or silence is doubt
========================  =======================================  =================================================

* A device whose reply was lost awaits our ACK. To it an ENQ is "anything but ACK": it says nothing and begins to await
  an ENQ. Only the next one is answered; so one that is not answered is followed by another at once.
* An ENQ may cross the reply. Then the device has it before our ACK and, again, goes on to await an ENQ: it holds a
  reply that we have. The next command's first ENQ brings it, and it goes to ``stale``, like any earlier reply.
  Other devices answer such an ENQ with ACK and the reply once more. That copy is still on the line when the verdict
  stands, and half of it could pass for control bytes. So whenever a reply came while an ENQ was unanswered, nothing is
  sent and nothing heard for ``Limits.control`` afterwards (``Step.quiet``).
* NAK to ENQ does not shorten what the caller is told of the command's time: whoever looks at what the command has done
  waits that time out before absence proves anything.

Doubt ends in ``Doubtful`` for a command that may have been executed, and in sending a command that only reads anew.
The promise: any bytes from the device give a verdict or more waiting, never an exception; and ``Replied`` or
``Denied`` only when an intact frame with our command code came after our own frame went out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Final

from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.shtrih.codec import ACK, ENQ, IDLE_FILL, MAX_FRAME, NAK, STX, Damaged, Frame, next_frame
from protocol.wire.shtrih.commands import Command, Repeat
from protocol.wire.steps import Denied, Doubtful, NotDelivered, Replied, Step, Verdict


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and counts of the line; the vendor leaves them to the host and draws ten for the loops."""

    control: float = 1.0  # for one control byte; far above two byte times, for slow networks
    frame: float = 2.0  # for the rest of a frame that has begun
    earlier: float = 10.0  # for the reply of an earlier command
    ask_after: float = 3.0  # without our reply until the device is asked how it stands; then twice that, and so on
    enquiries: int = 3  # ENQ in a row without an answer
    rounds: int = 10  # damaged frames, stale replies, NAKs: all together in one exchange
    repeats: int = 2  # of a command that only reads


class State(Enum):
    ASKING = auto()  # ENQ sent, our frame not yet
    EARLIER = auto()  # an earlier command's reply is coming
    SENT = auto()  # our frame sent, its ACK awaited
    REASKING = auto()  # our frame got NAK; ENQ sent to be sure
    REPLY = auto()  # our frame was taken; its reply is coming
    CHECKING = auto()  # it takes its time; ENQ sent to learn how it stands
    PROBING = auto()  # something is missing after our frame; ENQ sent to learn what
    DONE = auto()


class Heard(Enum):
    ACK = auto()
    NAK = auto()
    GOOD = auto()  # an intact frame
    BAD = auto()  # a damaged one, or one that stopped half-way
    SILENCE = auto()


class Exchange:
    """``start`` once, then ``received`` or ``timed_out`` until a step carries a verdict."""

    def __init__(self, command: Command[Any] | None, max_time: float, limits: Limits = Limits()) -> None:
        """``max_time``: seconds from the frame's ACK in which the reply must begin; moments in which the device did
        answer an ENQ are not counted. Without a command the exchange only enquires and takes what the device still
        holds: ``Replied`` without fields when it is idle. Raises ``LayoutError`` when a value of the command does not
        fit into its field."""
        self.stale: list[bytes] = []  # payloads of earlier commands' replies
        self.frames_sent = 0  # above zero: bytes of our frame may have left
        self._frame = b"" if command is None else Frame(command.to_bytes()).to_bytes()
        self._code = b"" if command is None else command.code
        self._repeatable = command is None or command.repeat is Repeat.SAFE
        self._max_time = max_time
        self._limits = limits
        self._state = State.ASKING
        self._buffer = ReceiveBuffer(MAX_FRAME)
        self._in_frame = False
        self._noisy = False
        self._rounds = 0
        self._repeats = 0
        self._enquiries = 0  # in a row, unanswered
        self._unanswered = 0  # ENQs of the whole exchange less answers: above zero a NAK proves nothing
        self._extended = False
        self._left = 0.0  # of the time in which the reply must begin
        self._patience = 0.0  # until the device is asked how it stands

    @property
    def state(self) -> State:
        return self._state

    # --- events ------------------------------------------------------------------------------------------------------

    def start(self) -> Step:
        return self._enquire(State.ASKING)

    def received(self, chunk: bytes) -> Step:
        """Bytes came, in any pieces. What follows a byte that makes us send was on its way before we sent, so it
        cannot answer it and is dropped."""
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
                return replace(step, wait=wait)
        return Step(wait=wait)

    def timed_out(self) -> Step:
        """The deadline passed."""
        if self._state is State.DONE:
            return Step()
        if self._in_frame:
            return self._hear(Heard.BAD)
        return self._hear(Heard.SILENCE)

    # --- from bytes to what was heard --------------------------------------------------------------------------------

    def _next(self) -> Step | None:
        """The step for the next thing in the buffer, ``None`` when more bytes are needed."""
        if not self._in_frame and self._state in _EXPECTS_CONTROL:
            while (byte := self._buffer.peek(1)) is not None and byte[0] not in (ACK, NAK, STX):
                self._noisy = self._noisy or byte[0] != IDLE_FILL
                self._buffer.take(1)  # FFh comes after our ACK on TCP; nothing else has a meaning here
            if byte is None:
                return None
            if byte[0] != STX:
                self._buffer.take(1)
                return self._hear(Heard.ACK if byte[0] == ACK else Heard.NAK)
        frame = next_frame(self._buffer)
        if frame is None:
            if len(self._buffer) and not self._in_frame:
                self._in_frame = True
                return Step(wait=self._limits.frame)
            return None
        self._in_frame = False
        if isinstance(frame, Damaged):
            return self._hear(Heard.BAD)
        return self._hear(Heard.GOOD, frame.payload)

    # --- transitions -------------------------------------------------------------------------------------------------

    def _hear(self, heard: Heard, payload: bytes = b"") -> Step:
        if heard in (Heard.ACK, Heard.NAK) and self._state in _AWAITS_ENQ:
            self._unanswered -= 1
        if heard is not Heard.SILENCE:
            self._enquiries = 0
        return _TRANSITIONS[self._state, heard](self, payload)

    def _enquire(self, state: State, before: bytes = b"") -> Step:
        self._in_frame = False
        self._buffer.clear()
        self._state = state
        self._enquiries += 1
        self._unanswered += 1
        return Step(before + bytes((ENQ,)), self._limits.control)

    def _enquire_again(self, _: bytes) -> Step:
        """No answer to ENQ."""
        if self._enquiries < self._limits.enquiries:
            return self._enquire(self._state)
        if self.frames_sent:
            return self._fail("no_reply")
        return self._fail("line_noise" if self._noisy else "device_offline")

    def _send_frame(self, _: bytes) -> Step:
        """The device is idle and holds nothing."""
        if not self._frame:
            return self._finish(Replied(b""))
        self.frames_sent += 1
        self._left = 0.0
        self._state = State.SENT
        return Step(self._frame, self._limits.control)

    def _await_earlier(self, _: bytes) -> Step:
        self._state = State.EARLIER
        return Step(wait=self._limits.earlier)

    def _take_earlier(self, payload: bytes) -> Step:
        self.stale.append(payload)
        return self._round(State.ASKING, bytes((ACK,)))

    def _earlier_damaged(self, _: bytes) -> Step:
        return self._round(State.ASKING, bytes((NAK,)))

    def _earlier_busy(self, _: bytes) -> Step:
        """It says that it works on an earlier command, and goes on working."""
        return self._fail("device_busy")

    def _await_reply(self, _: bytes) -> Step:
        """The device has our frame: the command's time begins. Later: it has not yet ended."""
        if self._left <= 0:
            self._left, self._patience = self._max_time, self._limits.ask_after
        return self._wait_on()

    def _wait_on(self) -> Step:
        self._state = State.REPLY
        self._enquiries = 0
        return Step(wait=min(self._patience, self._left))

    def _check(self, _: bytes) -> Step:
        """No reply for as long as we were patient."""
        self._left -= min(self._patience, self._left)
        self._patience *= 2
        return self._enquire(State.CHECKING) if self._left > 0 else self._overdue()

    def _check_again(self, _: bytes) -> Step:
        """No answer to ENQ: deaf at its work, or it has only now begun to await an ENQ."""
        self._left -= self._limits.control
        if self._left <= 0:
            return self._overdue()
        return self._enquire(State.CHECKING) if self._enquiries < self._limits.enquiries else self._wait_on()

    def _overdue(self) -> Step:
        """No reply within the command's time. A device that says it is still at it gets that time once more."""
        if self._extended:
            return self._fail("no_reply")
        self._extended = True
        self._left = 0.0
        self._enquiries = 0
        return self._enquire(State.PROBING)

    def _frame_damaged(self, _: bytes) -> Step:
        """NAK to our frame: damaged on the line. Believed when it cannot be the late answer to an ENQ."""
        if self._unanswered > 0:
            return self._probe(b"")
        return self._enquire(State.REASKING)

    def _send_again(self, _: bytes) -> Step:
        """NAK to the frame and NAK to the ENQ after it: the device dropped the frame."""
        if self._unanswered > 0:
            return self._not_provable(b"")
        self._rounds += 1
        if self._rounds > self._limits.rounds:
            return self._finish(NotDelivered("line_noise"))
        return self._send_frame(b"")

    def _probe(self, _: bytes) -> Step:
        return self._enquire(State.PROBING)

    def _reply_damaged(self, _: bytes) -> Step:
        return self._round(State.PROBING, bytes((NAK,)))

    def _not_provable(self, _: bytes) -> Step:
        """The device is idle and has no reply for us."""
        if not self._repeatable or self._repeats == self._limits.repeats:
            return self._fail("no_reply")
        self._repeats += 1
        return self._enquire(State.ASKING)

    def _take_reply(self, payload: bytes) -> Step:
        if not payload.startswith(self._code):
            # An answer to something else, late. Acknowledged so that the device lets go of it; ours may still follow.
            self.stale.append(payload)
            self._rounds += 1
            if self._rounds > self._limits.rounds:
                return self._fail("line_noise")
            return replace(self._await_reply(b""), send=bytes((ACK,)))
        fields = payload[len(self._code) :]
        verdict: Verdict = Doubtful("bad_reply")
        if fields:
            verdict = Denied(fields[0]) if fields[0] else Replied(fields[1:])
        step = self._finish(verdict, bytes((ACK,)))
        return step if self._unanswered <= 0 else replace(step, quiet=self._limits.control)

    def _round(self, state: State, before: bytes = b"") -> Step:
        """Another turn, while there are any left."""
        self._rounds += 1
        if self._rounds <= self._limits.rounds:
            return self._enquire(state, before)
        return self._fail("line_noise", before)

    def _fail(self, why: str, send: bytes = b"") -> Step:
        """No verdict from the device. Before our frame went out that is certainty, afterwards doubt."""
        return self._finish(Doubtful(why) if self.frames_sent else NotDelivered(why), send)

    def _finish(self, verdict: Verdict, send: bytes = b"") -> Step:
        self._state = State.DONE
        return Step(send, None, verdict)


_EXPECTS_CONTROL: Final = frozenset({State.ASKING, State.SENT, State.REASKING, State.CHECKING, State.PROBING})
_AWAITS_ENQ: Final = frozenset({State.ASKING, State.REASKING, State.CHECKING, State.PROBING})

_TRANSITIONS: Final[Mapping[tuple[State, Heard], Callable[[Exchange, bytes], Step]]] = {
    (State.ASKING, Heard.NAK): Exchange._send_frame,
    (State.ASKING, Heard.ACK): Exchange._await_earlier,
    (State.ASKING, Heard.GOOD): Exchange._take_earlier,
    (State.ASKING, Heard.BAD): Exchange._earlier_damaged,
    (State.ASKING, Heard.SILENCE): Exchange._enquire_again,
    (State.EARLIER, Heard.GOOD): Exchange._take_earlier,
    (State.EARLIER, Heard.BAD): Exchange._earlier_damaged,
    (State.EARLIER, Heard.SILENCE): Exchange._earlier_busy,
    (State.SENT, Heard.ACK): Exchange._await_reply,
    (State.SENT, Heard.NAK): Exchange._frame_damaged,
    (State.SENT, Heard.GOOD): Exchange._take_reply,  # its ACK was lost
    (State.SENT, Heard.BAD): Exchange._reply_damaged,
    (State.SENT, Heard.SILENCE): Exchange._probe,
    (State.REASKING, Heard.NAK): Exchange._send_again,
    (State.REASKING, Heard.ACK): Exchange._await_reply,
    (State.REASKING, Heard.GOOD): Exchange._take_reply,
    (State.REASKING, Heard.BAD): Exchange._reply_damaged,
    (State.REASKING, Heard.SILENCE): Exchange._enquire_again,
    (State.REPLY, Heard.GOOD): Exchange._take_reply,
    (State.REPLY, Heard.BAD): Exchange._reply_damaged,
    (State.REPLY, Heard.SILENCE): Exchange._check,
    (State.CHECKING, Heard.NAK): Exchange._not_provable,
    (State.CHECKING, Heard.ACK): Exchange._await_reply,
    (State.CHECKING, Heard.GOOD): Exchange._take_reply,
    (State.CHECKING, Heard.BAD): Exchange._reply_damaged,
    (State.CHECKING, Heard.SILENCE): Exchange._check_again,
    (State.PROBING, Heard.NAK): Exchange._not_provable,
    (State.PROBING, Heard.ACK): Exchange._await_reply,
    (State.PROBING, Heard.GOOD): Exchange._take_reply,
    (State.PROBING, Heard.BAD): Exchange._reply_damaged,
    (State.PROBING, Heard.SILENCE): Exchange._enquire_again,
}
"""Everything that can be heard in a state. ACK and NAK are not heard where a frame is awaited (noise before STX)."""
