"""A card terminal as the payment procedure sees it, and the lane that runs the procedure on it: in virtual time, with
one answer of the terminal chosen, one ask that fails, and a lane that may die at any ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from agent.procedures import payment
from agent.procedures.asks import Answer, Answered, Ended, NotReady, Wait
from agent.procedures.payment.asks import (
    BeginMove,
    CommitMove,
    FindMove,
    MoneyAsk,
    Move,
    MoveEvent,
    ReadLast,
    ReadTerminal,
    ReopenTerminal,
)
from agent.procedures.payment.run import Context, Movement, Run
from drivers.terminal_api import (
    Found,
    Operation,
    Outcome,
    TerminalCapabilities,
    TerminalIdentity,
    TerminalStatus,
    Transaction,
)
from protocol.crm.codes import reason
from protocol.crm.outcomes import Decision

AMOUNT = 125_000
TERMINAL = "00311159"
MONEY = 180.0
LATER = 100.0  # seconds until what was on its way takes effect
WINDOW = 30.0  # seconds in which a terminal reverses what was not acknowledged

PLAIN = TerminalCapabilities(max_time={"money": MONEY})
FINDS = replace(PLAIN, finds=True)
LAST = replace(PLAIN, last_transaction=True)
REVERSES = replace(LAST, reverses_unacknowledged=WINDOW)
KINDS = {"tells nothing": PLAIN, "finds": FINDS, "last": LAST, "last, reverses": REVERSES}


class Fate(StrEnum):
    """What the terminal makes of the operation, and what of its answer comes back."""

    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    NOT_SENT = "not sent"
    REFUSED = "refused"
    OTHER_AMOUNT = "approved for another amount"
    LOST_BEFORE = "lost on its way to the terminal"
    APPROVED_LOST = "approved, the answer lost"
    APPROVED_HEARD = "approved and written down, then the line broke"
    DECLINED_LOST = "declined, the answer lost"
    LATE = "lost, and approved later"
    LATE_DECLINED = "lost, and declined later"


CHARGES = {Fate.APPROVED, Fate.APPROVED_HEARD, Fate.LATE, Fate.APPROVED_LOST, Fate.OTHER_AMOUNT}
LOST = {Fate.LOST_BEFORE, Fate.APPROVED_LOST, Fate.APPROVED_HEARD, Fate.DECLINED_LOST, Fate.LATE, Fate.LATE_DECLINED}


class Died(Exception):
    """The lane's process has ended."""


@dataclass
class Terminal:
    capabilities: TerminalCapabilities
    fate: Fate
    foreign: bool = False  # somebody else charges the same sum right after ours was lost
    now: float = 1000.0
    ledger: list[Transaction] = field(default_factory=list)
    moves: int = 0
    ours: Transaction | None = None
    due: float | None = None  # when what is on its way takes effect
    reversal: float | None = None  # when it reverses what was not acknowledged

    def __post_init__(self) -> None:
        self._book(Outcome.APPROVED, 4200)

    def _book(self, outcome: Outcome, amount: int) -> Transaction:
        number = f"{len(self.ledger) + 17:04}"
        made = Transaction(
            outcome,
            operation=Operation.PAYMENT,
            amount=amount,
            number=number,
            rrn=f"6060{number}",
            terminal_id=TERMINAL,
        )
        self.ledger.append(made)
        return made

    @property
    def charged(self) -> bool:
        """Whether our customer's money is with us, or will be."""
        return self.ours is not None and self.ours.outcome is Outcome.APPROVED

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        if self.due is not None and self.now >= self.due:
            self.due = None
            self._act()
        if self.reversal is not None and self.now >= self.reversal:
            self.reversal = None
            assert self.ours is not None
            self._replace(replace(self.ours, outcome=Outcome.REVERSED))

    def _replace(self, ours: Transaction) -> None:
        self.ledger[self.ledger.index(self.ours)] = ours  # type: ignore[arg-type]
        self.ours = ours

    def _act(self) -> None:
        outcome = Outcome.APPROVED if self.fate in CHARGES else Outcome.DECLINED
        if self.fate is Fate.CANCELLED:
            outcome = Outcome.CANCELLED
        self.ours = self._book(outcome, AMOUNT + (100 if self.fate is Fate.OTHER_AMOUNT else 0))
        unheard = self.fate in (Fate.APPROVED_LOST, Fate.LATE, Fate.APPROVED_HEARD)
        if unheard and self.capabilities.reverses_unacknowledged:
            self.reversal = self.now + WINDOW

    def move(self) -> tuple[Answer, Transaction | None]:
        """The verdict, and the transaction as far as it was heard."""
        self.moves += 1
        match self.fate:
            case Fate.NOT_SENT:
                return Answer.NOT_SENT, None
            case Fate.REFUSED:
                return Answer.REFUSED, None
            case Fate.LATE | Fate.LATE_DECLINED:
                self.due = self.now + LATER
                heard = None
            case Fate.LOST_BEFORE:
                heard = None
            case _:
                self._act()
                heard = None if self.fate in LOST and self.fate is not Fate.APPROVED_HEARD else self.ours
        if self.foreign:
            self._book(Outcome.APPROVED, AMOUNT)
        return (Answer.DOUBT if self.fate in LOST else Answer.OK), heard

    def find(self) -> Transaction | Found:
        if self.due is not None:
            return Found.IN_PROGRESS
        return self.ours if self.ours is not None else Found.NOTHING


@dataclass
class Lane:
    """Runs a payment on the terminal. ``fails``: the numbers of asks of the terminal that are not answered; ``dies``:
    of the one, commits included, at whose end the process ends (once)."""

    terminal: Terminal
    fails: frozenset[int] = frozenset()
    dies: int | None = None
    decision: Decision | None = None
    exclusive: bool = True
    events: list[MoveEvent] = field(default_factory=list)
    commits: list[CommitMove] = field(default_factory=list)
    asked: list[MoneyAsk] = field(default_factory=list)
    begun: tuple[int, Transaction | None] | None = None  # INTENT as it is on disk
    closing: Transaction | None = None  # CLOSING as it is on disk
    ended: MoneyAsk | None = None

    def context(self) -> Context:
        movement = Movement(Operation.PAYMENT, AMOUNT)
        return Context(movement, self.terminal.capabilities, TERMINAL, self.decision, self.exclusive)

    def run(self, patience: float = 4000.0) -> MoveEvent | None:
        """To an outcome, or until patience ends; the last event that is on disk."""
        until = self.terminal.now + patience
        begun = payment.start(self.context())
        while True:
            try:
                self._go_on(begun, until)
                return self.events[-1] if self.events else None
            except Died:
                self.dies = None
                begun = self._again()

    def _again(self) -> payment.Next:
        if self.begun is None:
            return payment.start(self.context())
        reference, last = self.begun
        human = next((c.evidence["case"] for c in self.commits if c.event is MoveEvent.UNDECIDABLE), None)
        return payment.resume(
            self.context(), reference=reference, last=last, approved=self.closing,
            doubted=bool(self.events), human=human,
        )  # fmt: skip

    def _go_on(self, begun: payment.Next, until: float) -> None:
        run, ask = begun
        while not isinstance(ask, (NotReady, Ended)) and self.terminal.now < until and not self._over():
            answer = self._answer(ask)
            self.asked.append(ask)
            if self.dies is not None and len(self.asked) > self.dies:
                raise Died
            run, ask = payment.step(run, answer)
        self.ended = ask

    def _over(self) -> bool:
        return bool(self.events) and self.events[-1] not in (MoveEvent.DOUBT, MoveEvent.UNDECIDABLE)

    def _answer(self, ask: MoneyAsk) -> Answered:
        terminal = self.terminal
        terminal.pass_time(0.05)
        if len(self.asked) in self.fails and isinstance(ask, (ReadTerminal, ReadLast, ReopenTerminal, FindMove)):
            return Answered(Answer.NOT_SENT, terminal.now, reason=reason("terminal_offline"))
        match ask:
            case ReadTerminal():
                value: Any = TerminalStatus(TERMINAL)
            case ReadLast():
                value = terminal.ledger[-1]
            case BeginMove(last):
                assert self.begun is None, "one INTENT"
                self.begun = (7, last)
                value = 7
            case Move(reference):
                assert self.begun is not None
                assert reference == self.begun[0]
                return self._move()
            case ReopenTerminal():
                value = TerminalIdentity("model", "model", TERMINAL)
            case FindMove():
                value = terminal.find()
            case CommitMove(event):
                assert event is not MoveEvent.DOUBT or not self.events, "the doubt is written once"
                self.events.append(event)
                self.commits.append(ask)
                value = None
            case Wait(seconds):
                terminal.pass_time(seconds)
                value = None
            case _:
                raise AssertionError(ask)
        return Answered(Answer.OK, terminal.now, value)

    def _move(self) -> Answered:
        kind, heard = self.terminal.move()
        if heard is not None and heard.outcome is Outcome.APPROVED:
            self.closing = heard
        why = None if kind is Answer.OK else reason("terminal_link_lost")
        remaining = MONEY if kind is Answer.DOUBT else 0.0
        return Answered(kind, self.terminal.now, heard, why, remaining)


def every_lane(fate: Fate, capabilities: TerminalCapabilities) -> Iterator[Lane]:
    """Without any other misfortune; with one ask that is not answered; with a death at every ask."""
    yield Lane(Terminal(capabilities, fate))
    for at in range(14):
        yield Lane(Terminal(capabilities, fate), fails=frozenset({at}))
        yield Lane(Terminal(capabilities, fate), dies=at)
        yield Lane(Terminal(capabilities, fate), dies=at, fails=frozenset({at + 1, at + 2}))


__all__ = ["AMOUNT", "CHARGES", "KINDS", "LOST", "TERMINAL", "Fate", "Lane", "Run", "Terminal", "every_lane"]
