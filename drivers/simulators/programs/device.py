"""A pinpad and the vendor's program that drives it: what each start of the program does, when, what faults make of it.

Common to every make of program. One program has the pinpad at a time. A program that is killed leaves no files, and
what it has begun goes on at the pinpad and in the bank. A pinpad without power or cable reaches neither of the two.

A make says what a start is to do (``plan``), does it (``perform``, ``decline``), has words for what goes wrong
(``trouble``, ``coded``) and renders the files (``left``).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from drivers.simulators.bank import APPROVED, CARD_WAIT, MORE, SLOWLY, Entry, Twist
from drivers.simulators.bank.terminal import ALIEN, DEFAULT_FOREIGN, Course, Memory, PowerCut, Terminal
from drivers.simulators.clock import Clock
from drivers.simulators.faults import OF_PROGRAMS, Fault
from drivers.simulators.line import Connection
from drivers.simulators.programs.line import ProgramLine
from drivers.simulators.programs.running import CRASHED, KILLED, Hands, Left, LocalHands, Run, Running
from drivers.simulators.programs.spoiling import spoiled
from drivers.simulators.script import TERMINAL_WORDS, Word
from drivers.simulators.store import Store

QUICK = 0.3
"""Seconds after which the program knows that no pinpad is there."""
LINGER = 5.0
"""Seconds that it hopes for one that has gone in the middle of an operation."""
REFUSED = "05"
"""What the bank answers when it does not honour a card."""


class Trouble(Enum):
    """How an operation ends without the bank's word."""

    NO_PINPAD = "no pinpad"
    BUSY = "another program has the pinpad"
    CANCELLED = "the customer pressed the red key"
    NO_CARD = "no card came in time"
    NO_BANK = "the bank is out of reach"


WAITS: Mapping[Twist, float] = MappingProxyType({Twist.SLOW: SLOWLY, Twist.NO_CARD: CARD_WAIT})
ENDINGS: Mapping[Twist, Trouble] = MappingProxyType({
    Twist.CANCELLED: Trouble.CANCELLED,
    Twist.NO_CARD: Trouble.NO_CARD,
    Twist.NO_BANK: Trouble.NO_BANK,
})  # fmt: skip
SPOILT: Mapping[Twist, str] = MappingProxyType({Twist.GARBAGE: "garbage", Twist.OTHER_ANSWER: "foreign"})
ENDS: Mapping[str, Trouble | None] = MappingProxyType({
    "approved": None,
    "cancelled": Trouble.CANCELLED,
    "no-card": Trouble.NO_CARD,
    "no-bank": Trouble.NO_BANK,
    "no-pinpad": Trouble.NO_PINPAD,
})  # fmt: skip
"""How an operation that hangs can end, as a script names it."""


def _end(text: str) -> Trouble | None:
    if text not in ENDS:
        raise ValueError("one of " + ", ".join(ENDS))
    return ENDS[text]


NOT_OURS = ("card-in", "card-out", "paper-in", "paper-out", "settlement-due")
"""What makes no difference: slips are files, and the program has no word for the others."""
PROGRAM_WORDS: Mapping[str, Word] = {
    **{name: word for name, word in TERMINAL_WORDS.items() if name not in NOT_OURS},
    "finish": Word(
        lambda device, trouble: device.finish(trouble),
        f"what hangs at the pinpad ends: {', '.join(ENDS)}",
        _end,
        "HOW",
        "approved",
    ),
}


class Plan(Protocol):
    """What one start is to do."""

    @property
    def word(self) -> str:
        """The operation as ``command=`` of a fault names it."""

    @property
    def steered(self) -> int | None:
        """The amount whose kopecks decide how it goes."""


@dataclass(frozen=True, slots=True)
class Options:
    """Of a running program, whatever its make."""

    manner: str = "linux"  # as which system's program it behaves: linux, windows
    pace: float = 0.02  # seconds that an operation takes at least
    steer: bool = True  # kopecks decide what happens


P = TypeVar("P", bound=Plan)
A = TypeVar("A")
M = TypeVar("M", bound=Memory)


class _Session(Generic[P]):
    """An operation at the pinpad, and the program that waits for it."""

    def __init__(self, run: Run, plan: P, power: PowerCut, course: Course, code: Fault | None) -> None:
        self.run = run
        self.plan = plan
        self.power = power
        self.course = course
        self.code = code
        self.hangs = False
        self.over = False


class ProgramDevice(Terminal[M], Generic[M, P, A]):
    CROWD: ClassVar[bool] = True
    ALIEN_FAULTS: ClassVar[frozenset[str]] = (ALIEN - OF_PROGRAMS) | {
        "ack-lost", "checksum", "cut", "flip", "mute", "nak", "noise", "refuse",
    }  # fmt: skip

    def __init__(self, state: M, clock: Clock, random: Random, *, store: Store[M], options: Options) -> None:
        super().__init__(state, clock, store=store, random=random, steer=options.steer, pace=options.pace)
        self.options = options
        self._session: _Session[P] | None = None
        self._hopeful: list[tuple[Run, P]] = []
        self._before: Left | None = None

    # --- what a make is ---

    @property
    @abstractmethod
    def program(self) -> str:
        """The program's file name, without ``.exe``."""

    @property
    @abstractmethod
    def secrets(self) -> frozenset[str]:
        """Texts that must not be found behind a driver."""

    @abstractmethod
    def furnish(self, folder: Path) -> None:
        """Put there what the vendor's set-up puts beside the program. Files that exist stay as they are."""

    @abstractmethod
    def plan(self, argv: Sequence[str], cwd: Path) -> P:
        """What this start is to do; never raises."""

    @abstractmethod
    def perform(self, plan: P, more: int) -> A:
        """Do it, and say what has come of it; ``more``: kopecks by which another amount is booked."""

    @abstractmethod
    def decline(self, plan: P, response: str) -> A:
        """The bank says no, with that response."""

    @abstractmethod
    def trouble(self, trouble: Trouble) -> A: ...

    @abstractmethod
    def coded(self, code: int) -> A:
        """It ends with that result code, whatever it means."""

    @abstractmethod
    def told(self, entry: Entry) -> A:
        """What is said of an operation that the bank has booked."""

    @abstractmethod
    def left(self, plan: P, answer: A) -> Left:
        """The files of that answer, in the order in which they are written."""

    # --- for whoever starts the program ---

    def run(self, argv: Sequence[str], cwd: Path) -> Running:
        """Start it in this process: ``argv`` without the program's name. Its files are written into ``cwd``."""
        hands = LocalHands(cwd)
        self.start(argv, cwd, hands)
        return Running(self, hands, KILLED[self.options.manner])

    def start(self, argv: Sequence[str], cwd: Path, hands: Hands) -> None:
        """The program elsewhere that these hands belong to."""
        self.tick()
        run, plan = Run(hands), self.plan(argv, cwd)
        if self.strikes("drop", plan.word) is not None:
            self._crash(run)
        elif not self.present:
            self._hope(run, plan, QUICK)
        elif self.busy or self.strikes("busy", plan.word) is not None:
            self._leave(run, plan, self.trouble(Trouble.BUSY))
        else:
            self._begin(run, plan)

    def level_for(self, line: Connection, byte: int, /) -> ProgramLine:  # noqa: ARG002
        return ProgramLine(self, line)

    def alone(self, folder: Path) -> Left:
        """What the program leaves when no simulator runs: no pinpad."""
        return self.left(self.plan((), folder), self.trouble(Trouble.NO_PINPAD))

    # --- hands on it ---

    @property
    def hands(self) -> Mapping[str, Word]:
        return PROGRAM_WORDS

    def status(self) -> dict[str, Any]:
        return {**super().status(), "busy": self.busy, "hangs": self._session is not None and self._session.hangs}

    def unplug(self) -> None:
        self.plugged = False
        self._lose_pinpad()

    def power_off(self) -> None:
        """What the bank has booked stays booked; programs that wait find nobody."""
        super().power_off()
        for run, plan in self._hopeful:
            self._expect_nobody(run, plan, LINGER)

    def forget(self) -> None:
        self._lose_pinpad()

    def finish(self, trouble: Trouble | None = None) -> None:
        """An operation that hangs ends now: it is approved, or as ``trouble`` says."""
        session = self._session
        if session is None or not session.hangs:
            return
        session.hangs = False
        if trouble is None:
            self._act(session, Twist.NONE)
        else:
            self._end(session, self.trouble(trouble))

    # --- how it stands ---

    @property
    def present(self) -> bool:
        """The program finds the pinpad."""
        return self.powered and self.plugged

    @property
    def reachable(self) -> bool:
        """The PC on which the program runs is always there."""
        return True

    @property
    def busy(self) -> bool:
        """A program has the pinpad. One that was killed while nothing came gives it back."""
        return self._session is not None and not (self._session.hangs and not self._session.run.alive)

    def monotonic(self) -> float:
        return self.clock.monotonic()

    # --- one operation ---

    def _begin(self, run: Run, plan: P) -> None:
        word = plan.word
        power, course = self.power_at(word), self.goes(word, plan.steered)
        session = self._session = _Session(run, plan, power, course, self.strikes("result", word))
        late = self.strikes("late", word)
        seconds = self.pace + course.slow_before + WAITS.get(course.twist, 0.0)
        if late is not None:
            self._crash(run)
            seconds += late.seconds("seconds")
        self.after(seconds, lambda: self._act(session, course.twist))

    def _act(self, session: _Session[P], twist: Twist) -> None:
        """The customer has done his part: what the bank makes of it."""
        if session.over or session.power.before():
            return
        if twist is Twist.HANG:
            session.hangs = True
            return
        code = session.code
        if code is not None and code.text("when") != "after":
            self._end(session, self.coded(code.integer("code")))
            return
        answer = self._asked(session, twist)
        self.booked()
        if session.power.after():
            return
        if code is not None:
            answer = self.coded(code.integer("code"))
        if session.course.slow_after:
            self.after(session.course.slow_after, lambda: self._end(session, answer, twist))
        else:
            self._end(session, answer, twist)

    def _asked(self, session: _Session[P], twist: Twist) -> A:
        plan, response = session.plan, session.course.response
        if response not in ("", APPROVED) or twist is Twist.DECLINED:
            return self.decline(plan, response or REFUSED)
        if twist in ENDINGS:
            return self.trouble(ENDINGS[twist])
        return self.perform(plan, MORE if twist is Twist.OTHER_AMOUNT else 0)

    def _end(self, session: _Session[P], answer: A, twist: Twist = Twist.NONE) -> None:
        """The program has its answer."""
        if session.over:
            return
        session.over = True
        if self._session is session:
            self._session = None
        lost = self.strikes("answer-lost", session.plan.word)
        if twist is Twist.LOST or (lost is not None and lost.text("drop") != "no"):
            self._crash(session.run)
        elif lost is not None:
            session.run.leave(Left())
        else:
            self._leave(session.run, session.plan, answer, SPOILT.get(twist, "whole"))

    def _leave(self, run: Run, plan: P, answer: A, how: str = "whole") -> None:
        left = self.left(plan, answer)
        fault = self.strikes("files", plan.word)
        if how == "whole" and fault is not None:
            how = fault.text("as") or how
        before, self._before = self._before, left
        if how == "foreign":
            left = self.left(plan, self.told(self.bank.foreign(DEFAULT_FOREIGN)))
            self.save()
        keep = None if fault is None or "keep" not in fault.params else fault.integer("keep")
        left = spoiled(left, how, before, keep, self.random)
        if how == "torn":
            left = replace(left, code=CRASHED[self.options.manner])
        elif fault is not None and "exit" in fault.params:
            left = replace(left, code=fault.integer("exit"))
        run.leave(left)

    def _crash(self, run: Run) -> None:
        run.leave(Left(code=CRASHED[self.options.manner]))

    # --- without a pinpad ---

    def _lose_pinpad(self) -> None:
        session, self._session = self._session, None
        if session is not None and not session.over:
            session.over = True
            self._hope(session.run, session.plan, LINGER)

    def _hope(self, run: Run, plan: P, seconds: float) -> None:
        """The program gives up after so long."""
        self._hopeful.append((run, plan))
        self._expect_nobody(run, plan, seconds)

    def _expect_nobody(self, run: Run, plan: P, seconds: float) -> None:
        self.after(seconds, lambda: self._find_nobody(run, plan))

    def _find_nobody(self, run: Run, plan: P) -> None:
        if (run, plan) in self._hopeful:
            self._hopeful.remove((run, plan))
            self._leave(run, plan, self.trouble(Trouble.NO_PINPAD))
