"""A simulated INPAS terminal and the service on the PC that stands before it; each can be gone without the other.

The service takes one request after another for the terminal: while that works, others are error 10. It gives up after
the request's time-out with error 1, at once with error 13 when the cable is pulled or the terminal loses its power;
the terminal goes on as long as it has power, whoever still listens. Closing a connection ends nothing. Choices where
the text leaves one: an operation that hangs (.04) is never answered, not even by error 1, and the terminal is free
again when its client has gone or the time-out is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from drivers.simulators.agenda import Agenda
from drivers.simulators.bank import CARD_WAIT, MORE, SLOWLY, Declined, Entry, Kind, Twist, Why
from drivers.simulators.bank.terminal import PACE, Course, Terminal
from drivers.simulators.case import DEFAULT_OFF
from drivers.simulators.clock import Clock
from drivers.simulators.faults import Fault, parse
from drivers.simulators.inpas import fields, messages, operations, qr
from drivers.simulators.inpas.line import InpasLine
from drivers.simulators.inpas.messages import BadRequest, Question
from drivers.simulators.inpas.operations import Plan, Values, head
from drivers.simulators.inpas.state import InpasState, new_state
from drivers.simulators.line import Connection, Level
from drivers.simulators.store import Store

if TYPE_CHECKING:
    Leave = Callable[[bytes | None], None]


@dataclass(frozen=True, slots=True)
class Options:
    steer: bool = True
    pace: float = PACE


def new_device(
    clock: Clock,
    random: Random,
    *,
    state: InpasState | None = None,
    faults: Iterable[Fault | str] = (),
    store: Store[InpasState] | None = None,
    options: Options | None = None,
) -> InpasTerminal:
    """A terminal switched on and its service running. Without ``state`` a fresh one."""
    return InpasTerminal(
        new_state(random) if state is None else state,
        clock,
        random,
        faults=[parse(fault) if isinstance(fault, str) else fault for fault in faults],
        store=Store(None, InpasState) if store is None else store,
        options=Options() if options is None else options,
    )


@dataclass(slots=True)
class Running:
    """What the terminal works on. ``leave`` takes the answer's body, ``None``: the line drops; it is called once."""

    question: Question
    plan: Plan
    course: Course
    client: InpasLine | None
    leave: Leave | None


class InpasTerminal(Terminal[InpasState]):
    ALIEN_FAULTS = frozenset({"cover", "full", "paper-out", "ack-lost", "nak", "files", "result", "auto-cancel"})
    WORDS = frozenset(fields.WORDS.values())
    CROWD = True

    def __init__(
        self,
        state: InpasState,
        clock: Clock,
        random: Random,
        *,
        faults: Iterable[Fault],
        store: Store[InpasState],
        options: Options,
    ) -> None:
        super().__init__(state, clock, store=store, random=random, steer=options.steer, pace=options.pace)
        self.serving = True
        self._service = Agenda(clock)
        self._running: Running | None = None
        qr.resume(self)
        self.switched_on(faults)

    # --- the case ---

    @property
    def reachable(self) -> bool:
        """The service is, whatever has become of the terminal."""
        return self.serving

    @property
    def linked(self) -> bool:
        """The service reaches the terminal."""
        return self.powered and self.plugged

    @property
    def deadline(self) -> float | None:
        return min((when for when in (super().deadline, self._service.next) if when is not None), default=None)

    def tick(self) -> None:
        super().tick()
        self._service.do()
        running = self._running
        if (
            running is not None
            and running.course.twist is Twist.HANG
            and (running.client is None or running.client.closed)
        ):
            self._running = None

    def level_for(self, line: Connection, _byte: int) -> Level | None:
        return InpasLine(line, self)

    def forget(self) -> None:
        """The terminal's work is gone with its power; the service notices."""
        running, self._running = self._running, None
        if running is not None:
            self._leave(running, messages.error(fields.LINK))

    def power_on(self) -> None:
        if not self.powered:
            super().power_on()

    def unplug(self) -> None:
        self.plugged = False
        if self._running is not None:
            self._leave(self._running, messages.error(fields.LINK))

    def stop(self, fault: Fault) -> None:
        """The service dies and is back later; the terminal goes on."""
        if self._running is not None:
            self._running.leave = None
        self.hang_up()
        self.serving = False
        self._service.after(fault.seconds("off", DEFAULT_OFF), self._serve)

    def _serve(self) -> None:
        self.serving = True

    def mutes(self, word: str) -> bool:
        return self._muted(word)

    def serve_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do this so much later, whatever becomes of the terminal's power."""
        self._service.after(seconds, action)

    # --- one request ---

    def ask(self, question: Question | None, word: str, client: InpasLine | None, leave: Leave) -> None:
        """``None``: what came was no request."""
        if question is None or self.strikes("checksum in", word) is not None:
            leave(messages.error(fields.BAD_REQUEST))
            return
        refuse = self.strikes("refuse", word)
        try:
            if refuse is not None:
                leave(self._refused_with(refuse.integer("error")))
            elif question.text(fields.TERMINAL) != self.state.bank.terminal_id:
                leave(messages.error(fields.BAD_TERMINAL))
            elif not self.linked:
                leave(messages.error(fields.LINK))
            elif self._running is not None or self.strikes("busy", word) is not None:
                leave(messages.error(fields.PORT_TAKEN))
            elif word in qr.HERE:
                self._ask_sbp(question, word, leave)
            else:
                self._begin(question, operations.plan(self, question), client, leave)
        except BadRequest:
            leave(messages.error(fields.BAD_REQUEST))

    def _refused_with(self, code: int) -> bytes:
        return messages.error(code if code in fields.ERRORS else fields.BAD_REQUEST)

    def _ask_sbp(self, question: Question, word: str, leave: Leave) -> None:
        amount = question.number(fields.AMOUNT) if word in ("sbp", "sbp-refund") else None
        course = self.goes(word, amount)
        values = qr.answer(self, question, word, course.twist)
        self._say(leave, course, values)

    def _begin(self, question: Question, plan: Plan, client: InpasLine | None, leave: Leave) -> None:
        steered = plan.amount if plan.kind in (Kind.PAYMENT, Kind.REFUND) else None
        course = self.goes(plan.word, steered)
        running = Running(question, plan, course, client, leave)
        if plan.kind is not None and self.state.bank.card_inside:
            self._say(leave, course, head(self, question, fields.REFUSED, text="ЗАБЕРИТЕ КАРТУ"))
            return
        self._running = running
        if course.twist is Twist.HANG:
            self.after(question.timeout, lambda: self._free(running))
            return
        self._service.after(question.timeout, lambda: self._leave(running, messages.error(fields.TIMED_OUT)))
        self.after(self._seconds(plan, course), lambda: self._act(running))

    def _seconds(self, plan: Plan, course: Course) -> float:
        """Until the bank has answered, or the customer has not."""
        if course.twist is Twist.CANCELLED:
            return self.pace
        if course.twist is Twist.NO_CARD:
            return CARD_WAIT
        steps = 3 if plan.card else 1
        return steps * self.pace + course.slow_before + (SLOWLY if course.twist is Twist.SLOW else 0.0)

    def _act(self, running: Running) -> None:
        question, plan, course = running.question, running.plan, running.course
        if course.twist in (Twist.CANCELLED, Twist.NO_CARD):
            self._finish(running, head(self, question, fields.ABORTED, text="ОПЕРАЦИЯ ПРЕРВАНА"))
            return
        if course.twist is Twist.NO_BANK:
            self._finish(running, head(self, question, fields.NO_LINK, text="НЕТ СВЯЗИ С БАНКОМ"))
            return
        power = self.power_at(plan.word)
        if power.before():
            return
        try:
            values = self._settled(plan, course) if plan.kind is None else self._booked(plan, course, question)
        except Declined as declined:
            values = operations.refusal(self, question, declined)
        if plan.kind is not None or plan.word == "settlement":
            self.booked()
        if power.after():
            return
        whole = head(self, question, fields.APPROVED, "00") | values
        if course.slow_after:
            self.after(course.slow_after, lambda: self._finish(running, whole))
        else:
            self._finish(running, whole)

    def _booked(self, plan: Plan, course: Course, question: Question) -> Values:
        assert plan.book is not None
        assert plan.kind is not None
        amount = plan.amount or 0
        if course.response or course.twist is Twist.DECLINED:
            number = question.text(fields.NUMBER)
            entry: Entry = self.bank.decline(plan.kind, amount, course.response or "05", reference=number)
            return head(self, question, fields.REFUSED, entry.response, "ОТКАЗАНО") | operations.told(self, entry)
        return operations.told(self, plan.book(amount + MORE if course.twist is Twist.OTHER_AMOUNT else None))

    def _settled(self, plan: Plan, course: Course) -> Values:
        if course.twist is Twist.DECLINED or course.response:
            raise Declined(Why.HOST)
        if plan.word == "settlement":
            self.state.bank.mismatch |= course.twist is Twist.MISMATCH
            return operations.settled(self)
        assert plan.act is not None
        return plan.act()

    def _finish(self, running: Running, values: Values) -> None:
        """The terminal has done; the answer leaves if somebody still waits for it."""
        if self._running is running:
            self._running = None
        leave, running.leave = running.leave, None
        if leave is not None:
            self._say(leave, running.course, values)

    def _say(self, leave: Leave, course: Course, values: Values) -> None:
        if course.twist is Twist.OTHER_ANSWER:
            number = values.get(fields.NUMBER, "0")
            values |= {
                fields.NUMBER: str(int(number) % 999_999 + 1 if number.isdecimal() else 1),
                fields.TERMINAL: f"{(int(self.state.bank.terminal_id) + 1) % 10**8:08d}",
            }
        if course.twist is Twist.LOST:
            leave(None)
        elif course.twist is Twist.GARBAGE:
            leave(self.random.randbytes(200))
        else:
            leave(messages.told(values))

    def _leave(self, running: Running, body: bytes) -> None:
        """The service does not wait any longer."""
        leave, running.leave = running.leave, None
        if leave is not None:
            leave(body)

    def _free(self, running: Running) -> None:
        if self._running is running:
            self._running = None
