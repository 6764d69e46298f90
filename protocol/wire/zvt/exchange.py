"""One procedure with a ZVT terminal until its verdict, without a socket and without a clock.

The cash register sends a command. Once the terminal has accepted it the terminal leads: it sends messages, each of
which has to be answered before the next one comes, until "completion" or "abort". In a procedure that moves money the
answer to an approving status information (04 0F with the result 00) makes the payment final, so the exchange stops
there: the step ``asks``, and nothing is sent before ``decide``.

state      heard        done
=========  ===========  =============================================================================================
SENT       positive     the terminal leads now
SENT       negative     ``Denied``: it never began
SENT       anything     dropped: an earlier procedure's, which nobody is there to answer for
RUNNING    approval     asked for a decision (also after an abort was sent: the terminal's answer wins)
RUNNING    decline      answered; what it comes to, the end tells
RUNNING    blank        a status without a result: not answered, so the terminal brings back what there may be; doubt
RUNNING    completion   doubt: it does not say of what
RUNNING    abort        declined, with its code
KEPT       completion   approved
KEPT       decline      doubt: it contradicts itself; likewise an abort
KEPT, …    the same     the same answer again
HELD       approval     asked again
HELD, …    decline      answered: it brings back what had been approved, and was not acknowledged
HELD       abort        reversed
UNDOING    abort        reversed
UNDOING    completion   doubt: a terminal that does not bring back
DECLINED   abort        declined, with the code of the decline
DECLINED   completion   doubt: a good end of something refused, one of the two came damaged
REVERSED   abort        reversed
REVERSED   completion   doubt: as of a decline
LISTENING  completion   done (a procedure that moves no money)
LISTENING  abort        done, with its code
any        silence      doubt, also of a decline or a reversal: the procedure has not come to its end
=========  ===========  =============================================================================================

A result that says no is one message, whose bytes TCP alone protects. What makes it a verdict is the end that goes with
it; a stream that came out of step is silent instead.

The promise: any bytes give a verdict or more waiting; ``APPROVED`` only after an approval that was decided to be kept,
and a completion; ``DECLINED`` and ``REVERSED`` only after an abort.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from protocol.wire.steps import Denied, Doubtful
from protocol.wire.zvt import apdu as codes
from protocol.wire.zvt.answers import APPROVED, Printed, Status, read_print, read_status
from protocol.wire.zvt.apdu import Apdu, negative, positive
from protocol.wire.zvt.commands import NOT_CHARGED, NOT_YET
from protocol.wire.zvt.fields import bcd_digits
from protocol.wire.zvt.serial import Heard as LineHeard
from protocol.wire.zvt.serial import Line
from protocol.wire.zvt.steps import Decision, End, Ended, Limits, Said, Step, Verdict

UNKNOWN_COMMAND = 0x83
MINUTE = 60.0


class State(Enum):
    SENT = auto()
    LISTENING = auto()
    RUNNING = auto()
    DECIDING = auto()
    KEPT = auto()
    HELD = auto()
    UNDOING = auto()
    DECLINED = auto()
    REVERSED = auto()
    ENDING = auto()  # our last answer waits for its acknowledgement
    DONE = auto()


class Heard(Enum):
    POSITIVE = auto()
    NEGATIVE = auto()
    PROGRESS = auto()
    APPROVAL = auto()
    DECLINE = auto()
    BLANK = auto()
    PRINT = auto()
    COMPLETION = auto()
    ABORT = auto()
    OTHER = auto()
    SILENCE = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Message:
    """Of the terminal; ``status``: of a status information."""

    apdu: Apdu
    status: Status | None = None


_NOTHING: Final = Message(Apdu(0))


class Exchange:
    """``start`` once, then ``received``, ``timed_out``, ``lost``, ``abort`` and ``decide`` until a step carries a
    verdict."""

    def __init__(self, command: Apdu, line: Line, limits: Limits, *, money: bool) -> None:
        self.statuses: list[Status] = []  # as they came
        self.printed: list[Printed] = []
        self.completion = b""  # data of the message that ended the procedure
        self._command = command
        self._line = line
        self._limits = limits
        self._money = money
        self._state = State.SENT
        self._patience = limits.t3  # until the terminal's next message
        self._decided: dict[bytes, Apdu] = {}  # status information -> our answer
        self._asked = b""
        self._code: int | None = None
        self._abort_sent = False
        self._verdict: Verdict | None = None
        self._out = bytearray()
        self._said: list[Said] = []
        self._progress: list[int] = []
        self._wait: float | None = None
        self._asks: Status | None = None
        self._backlog = b""

    # --- events ------------------------------------------------------------------------------------------------------

    def start(self) -> Step:
        self._send(self._command)
        return self._step()

    def received(self, chunk: bytes) -> Step:
        """Bytes came, in any pieces."""
        self._backlog += chunk
        return self._work()

    def timed_out(self) -> Step:
        """The deadline passed."""
        if self._line.awaiting is not None:
            self._line_says(self._line.timed_out())
        else:
            self._react(Heard.SILENCE)
        return self._step()

    def lost(self) -> Step:
        """The channel is gone, or is given up."""
        self._react(Heard.LOST)
        self._state = State.DONE
        return self._step()

    @property
    def can_abort(self) -> bool:
        return self._state is State.RUNNING and not self._abort_sent and self._line.awaiting is None

    def abort(self) -> Step:
        """Ask the terminal to end the procedure; whether it does, it says itself."""
        self._abort_sent = True
        self._send(Apdu(codes.ABORT))
        return self._step()

    def decide(self, decision: Decision) -> Step:
        """The answer to the approval that was asked about."""
        self._state, answer = _DECISIONS[decision]
        if decision is not Decision.WAIT:
            self._decided[self._asked] = answer
        self._send(answer)
        return self._work()

    # --- the line ----------------------------------------------------------------------------------------------------

    def _work(self) -> Step:
        while self._state not in (State.DECIDING, State.DONE):
            if self._backlog and self._line.room:
                piece, self._backlog = self._backlog[: self._line.room], self._backlog[self._line.room :]
                self._line.feed(piece)
            heard = self._line.next()
            if heard is None:
                if self._backlog and self._line.room:
                    continue
                break
            self._line_says(heard)
        return self._step()

    def _line_says(self, heard: LineHeard) -> None:
        if heard.reply:
            self._out += heard.reply
            self._wait = self._line.awaiting if self._line.awaiting is not None else self._wait
        if heard.delivered:
            self._wait = self._patience
            if self._state is State.ENDING:
                self._state = State.DONE
        if heard.lost:
            self._react(Heard.SILENCE)
        elif heard.apdu is not None and self._state not in (State.ENDING, State.DONE):
            self._read(heard.apdu)

    def _send(self, apdu: Apdu) -> None:
        self._said.append(Said(True, apdu))
        self._out += self._line.send(apdu)
        self._wait = self._line.awaiting if self._line.awaiting is not None else self._patience

    def _step(self) -> Step:
        done = self._state is State.DONE
        verdict = self._verdict if done else None
        step = Step(bytes(self._out), self._wait, tuple(self._said), tuple(self._progress), self._asks, verdict)
        for collected in (self._out, self._said, self._progress):
            collected.clear()
        self._wait = self._asks = None
        return step

    # --- messages ----------------------------------------------------------------------------------------------------

    def _read(self, apdu: Apdu) -> None:
        self._said.append(Said(False, apdu))
        match apdu.command:
            case codes.STATUS_INFORMATION:
                status = read_status(apdu.data)
                self._react(_RESULTS.get(status.result, Heard.DECLINE), Message(apdu, status))
            case command if command in _MESSAGES:
                self._react(_MESSAGES[command], Message(apdu))
            case _:
                self._react(Heard.OTHER if apdu.refusal is None else Heard.NEGATIVE, Message(apdu))

    def _react(self, heard: Heard, said: Message = _NOTHING) -> None:
        if self._state is State.ENDING and heard in (Heard.SILENCE, Heard.LOST):
            self._state = State.DONE  # the verdict stands, whether or not our last answer has arrived
        elif self._state is not State.DONE:
            _TRANSITIONS[self._state, heard](self, said)

    # --- transitions -------------------------------------------------------------------------------------------------

    def _drop(self, _: Message) -> None:
        """It asks for no answer, or gets none."""

    def _begin(self, _: Message) -> None:
        self._state = State.RUNNING if self._money else State.LISTENING
        self._patience = self._wait = self._limits.t4

    def _deny(self, said: Message) -> None:
        self._finish(Denied(said.apdu.refusal or 0))

    def _go_on(self, said: Message) -> None:
        minutes = bcd_digits(said.apdu.data[1:2])
        self._patience = MINUTE * int(minutes) if minutes.strip("0") else self._limits.t4
        self._progress.extend(said.apdu.data[:1])
        self._send(positive())

    def _note(self, said: Message) -> None:
        if said.status is not None:
            self.statuses.append(said.status)
        self._send(positive())

    def _keep_paper(self, said: Message) -> None:
        self.printed.append(read_print(said.apdu))
        self._send(positive())

    def _answer_other(self, said: Message) -> None:
        """Its clock is heard and left; what else it may want, dialling through us, we cannot do."""
        self._send(positive() if said.apdu.command == codes.SET_CLOCK else negative(UNKNOWN_COMMAND))

    def _ask(self, said: Message) -> None:
        answer = self._decided.get(said.apdu.data)
        if answer is not None:
            self._send(answer)
            return
        assert said.status is not None
        self.statuses.append(said.status)
        self._asked, self._asks, self._state = said.apdu.data, said.status, State.DECIDING

    def _decline(self, said: Message) -> None:
        self._state = State.DECLINED
        self._note_code(said)

    def _reverse(self, said: Message) -> None:
        self._state = State.REVERSED
        self._note_code(said)

    def _note_code(self, said: Message) -> None:
        self._code = said.status.result if said.status is not None else self._code
        self._note(said)

    def _contradict(self, _: Message) -> None:
        """Not answered: a terminal that waits for an answer in vain brings the payment back."""
        self._finish(Doubtful("bad_reply"))

    def _contradict_politely(self, _: Message) -> None:
        self._send(positive())
        self._finish(Doubtful("bad_reply"))

    def _complete(self, said: Message) -> None:
        self.completion = said.apdu.data
        self._end(said, End.COMPLETED)

    def _aborted(self, said: Message) -> None:
        self._code = said.apdu.data[0] if said.apdu.data else None
        self._end(said, End.ABORTED)

    def _approved(self, said: Message) -> None:
        self._end(said, End.APPROVED)

    def _end_declined(self, said: Message) -> None:
        self._end(said, End.DECLINED)

    def _end_reversed(self, said: Message) -> None:
        self._end(said, End.REVERSED)

    def _end(self, said: Message, how: End) -> None:
        if self._code is None and said.apdu.command == codes.ABORTED and said.apdu.data:
            self._code = said.apdu.data[0]
        self._send(positive())
        self._finish(Ended(how, self._code))

    def _silent(self, _: Message) -> None:
        self._finish(Doubtful("no_reply"))

    def _broken(self, _: Message) -> None:
        self._finish(Doubtful("link_lost"))

    def _finish(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._state = State.DONE if self._line.awaiting is None else State.ENDING


_RESULTS: Final[Mapping[int | None, Heard]] = {None: Heard.BLANK, APPROVED: Heard.APPROVAL}
_MESSAGES: Final[Mapping[int, Heard]] = {
    codes.POSITIVE: Heard.POSITIVE,
    codes.INTERMEDIATE_STATUS: Heard.PROGRESS,
    codes.PRINT_LINE: Heard.PRINT,
    codes.PRINT_TEXT_BLOCK: Heard.PRINT,
    codes.COMPLETION: Heard.COMPLETION,
    codes.ABORTED: Heard.ABORT,
}

_DECISIONS: Final[Mapping[Decision, tuple[State, Apdu]]] = {
    Decision.KEEP: (State.KEPT, positive()),
    Decision.WAIT: (State.HELD, negative(NOT_YET)),
    Decision.UNDO: (State.UNDOING, negative(NOT_CHARGED)),
}

_Transition = Callable[[Exchange, Message], None]

_LED: Final[Mapping[Heard, _Transition]] = {  # what is the same in every state in which the terminal leads
    Heard.POSITIVE: Exchange._drop,  # to our abort
    Heard.NEGATIVE: Exchange._drop,
    Heard.PROGRESS: Exchange._go_on,
    Heard.PRINT: Exchange._keep_paper,
    Heard.OTHER: Exchange._answer_other,
    Heard.SILENCE: Exchange._silent,
    Heard.LOST: Exchange._broken,
}
_OWN: Final[Mapping[State, Mapping[Heard, _Transition]]] = {
    State.SENT: {
        **dict.fromkeys(Heard, Exchange._drop),
        Heard.POSITIVE: Exchange._begin,
        Heard.NEGATIVE: Exchange._deny,
        Heard.SILENCE: Exchange._silent,
        Heard.LOST: Exchange._broken,
    },
    State.LISTENING: {
        Heard.APPROVAL: Exchange._note,
        Heard.DECLINE: Exchange._note,
        Heard.BLANK: Exchange._note,
        Heard.COMPLETION: Exchange._complete,
        Heard.ABORT: Exchange._aborted,
    },
    State.RUNNING: {
        Heard.APPROVAL: Exchange._ask,
        Heard.DECLINE: Exchange._decline,
        Heard.BLANK: Exchange._contradict,
        Heard.COMPLETION: Exchange._contradict_politely,
        Heard.ABORT: Exchange._end_declined,
    },
    State.DECIDING: {  # nothing is read
        **dict.fromkeys(Heard, Exchange._drop),
        Heard.SILENCE: Exchange._silent,
        Heard.LOST: Exchange._broken,
    },
    State.KEPT: {
        Heard.APPROVAL: Exchange._ask,
        Heard.DECLINE: Exchange._contradict_politely,
        Heard.BLANK: Exchange._contradict,
        Heard.COMPLETION: Exchange._approved,
        Heard.ABORT: Exchange._contradict_politely,
    },
    State.HELD: {
        Heard.APPROVAL: Exchange._ask,
        Heard.DECLINE: Exchange._reverse,
        Heard.BLANK: Exchange._contradict,
        Heard.COMPLETION: Exchange._contradict_politely,
        Heard.ABORT: Exchange._end_reversed,
    },
    State.UNDOING: {
        Heard.APPROVAL: Exchange._ask,
        Heard.DECLINE: Exchange._reverse,
        Heard.BLANK: Exchange._contradict,
        Heard.COMPLETION: Exchange._contradict_politely,
        Heard.ABORT: Exchange._end_reversed,
    },
    State.DECLINED: {
        Heard.APPROVAL: Exchange._ask,
        Heard.DECLINE: Exchange._note_code,
        Heard.BLANK: Exchange._contradict,
        Heard.COMPLETION: Exchange._contradict_politely,
        Heard.ABORT: Exchange._end_declined,
    },
    State.REVERSED: {
        Heard.APPROVAL: Exchange._contradict,
        Heard.DECLINE: Exchange._note_code,
        Heard.BLANK: Exchange._contradict,
        Heard.COMPLETION: Exchange._contradict_politely,
        Heard.ABORT: Exchange._end_reversed,
    },
}
_TRANSITIONS: Final[Mapping[tuple[State, Heard], _Transition]] = {
    (state, heard): {**_LED, **own}[heard] for state, own in _OWN.items() for heard in Heard
}
"""Everything that can be heard in every state but the last two."""
