"""A simulated card terminal in its case: the bank behind it, and what hands and faults do to it, whatever it speaks.

An interface adds what every ``Case`` needs, names its operations in ``WORDS`` and asks ``goes`` how one of them goes
before it begins, ``power_at`` around the moment at which the bank books it, and calls ``booked`` right after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol, TypeVar

from drivers.simulators import case
from drivers.simulators.bank.ledger import Bank
from drivers.simulators.bank.state import BankState
from drivers.simulators.bank.steering import Twist
from drivers.simulators.case import Case
from drivers.simulators.clock import Clock
from drivers.simulators.dump import roubles
from drivers.simulators.faults import OF_PROGRAMS, Fault, FaultSpecError
from drivers.simulators.script import TERMINAL_WORDS, Word
from drivers.simulators.store import Store

DEFAULT_FOREIGN = 10_000
"""Kopecks."""
PACE = 0.3
"""Seconds that the customer needs for each step, and the bank for its answer, unless told otherwise."""
TWISTS = tuple(each.value for each in Twist if each is not Twist.NONE)
ALIEN = frozenset({"cover", "full", "paper-out", "restart"}) | OF_PROGRAMS
"""Faults of other devices; a roll of paper ends by hand (``script``)."""


class Memory(case.Memory, Protocol):
    """What every terminal remembers without power."""

    @property
    def bank(self) -> BankState: ...


M = TypeVar("M", bound=Memory)


@dataclass(frozen=True, slots=True)
class Course:
    """How one operation goes."""

    twist: Twist
    slow_before: float = 0.0  # seconds more until the bank books it
    slow_after: float = 0.0  # seconds between that and the answer
    response: str = ""  # of the bank, that a fault has chosen; the operation is declined then


class Terminal(Case[M]):
    def __init__(
        self, state: M, clock: Clock, *, store: Store[M], random: Random, steer: bool = True, pace: float = PACE
    ) -> None:
        super().__init__(state, clock, store=store, random=random)
        self.bank = Bank(state.bank, self.now, random, steer=steer)
        self.random = random
        self.pace = pace
        self.plugged = True
        self._foreign: list[Fault] = []

    def now(self) -> datetime:
        """By the terminal's own clock."""
        return self.clock.now() + timedelta(seconds=self.state.clock_offset)

    # --- one operation ---

    def goes(self, word: str, amount: int | None = None) -> Course:
        """How the operation that faults call ``word`` goes; ``amount``: kopecks that may steer it."""
        clock, slow = self.strikes("clock", word), self.strikes("slow", word)
        fault, fail = self.strikes("twist", word), self.strikes("fail", word)
        if clock is not None:
            self.move_clock(clock.seconds("by"))
        if fault is not None:
            twist = Twist(fault.text("into") or "")
        else:
            twist = Twist.NONE if amount is None else self.bank.twist(amount)
        late = slow is not None and slow.text("when") == "after"
        seconds = 0.0 if slow is None else slow.seconds("seconds")
        return Course(
            twist,
            slow_before=0.0 if late else seconds,
            slow_after=seconds if late else 0.0,
            response="" if fail is None else f"{fail.integer('code') % 100:02d}",
        )

    def power_at(self, word: str) -> PowerCut:
        """Whether the power fails around this operation's booking; asked once."""
        return PowerCut(self, self._power(word))

    def booked(self) -> None:
        """The bank has booked an operation."""
        self.executed += 1
        for fault in list(self._foreign):
            if self.state.bank.number >= fault.integer("after"):
                self._foreign.remove(fault)
                self.bank.foreign(fault.integer("total", DEFAULT_FOREIGN))
        self.save()

    # --- hands on it ---

    @property
    def reachable(self) -> bool:
        return self.powered and self.plugged

    @property
    def hands(self) -> Mapping[str, Word]:
        return TERMINAL_WORDS

    def status(self) -> dict[str, Any]:
        state = self.state.bank
        return {
            "powered": self.powered,
            "plugged": self.plugged,
            "connected": self.connected,
            "clock": self.now().isoformat(timespec="seconds"),
            "terminal": state.terminal_id,
            "day": state.day,
            "operations": state.of_day,
            "balance": roubles(self.bank.balance),
            "card_inside": state.card_inside,
            "paper": state.paper,
        }

    def unplug(self) -> None:
        """Pull the cable to the host; whatever the terminal does goes on without it."""
        self.plugged = False
        self.hang_up()

    def plug(self) -> None:
        self.plugged = True

    def take_paper(self) -> None:
        self._set(paper=False)

    def load_paper(self) -> None:
        self._set(paper=True)

    def leave_card(self) -> None:
        self._set(card_inside=True)

    def take_card(self) -> None:
        self._set(card_inside=False)

    def foreign(self, amount: int) -> None:
        """Another program's payment at this terminal."""
        self.bank.foreign(amount)
        self.save()

    def close_day(self) -> None:
        """The terminal settles by itself."""
        self.bank.settle()
        self.save()

    def demand_settlement(self) -> None:
        """Too many days without one."""
        self._set(overdue=True)

    def upset_totals(self) -> None:
        self._set(mismatch=True)

    def change_terminal(self) -> None:
        self.bank.change_terminal()
        self.save()

    def forget_faults(self) -> None:
        super().forget_faults()
        self._foreign.clear()

    # --- inside ---

    def _set(self, **values: bool) -> None:
        for name, value in values.items():
            setattr(self.state.bank, name, value)
        self.save()

    def _add_fault(self, fault: Fault) -> None:
        command = fault.text("command")
        if command is not None and command not in self.WORDS:
            raise FaultSpecError(
                f"fault {fault.name!r}: command={command!r} is unknown here; expected {', '.join(sorted(self.WORDS))}"
            )
        if fault.name == "twist" and fault.text("into") not in TWISTS:
            raise FaultSpecError(f"fault 'twist': into={fault.text('into')!r} must be one of {', '.join(TWISTS)}")
        if fault.name == "foreign":
            self._foreign.append(fault)
        else:
            super()._add_fault(fault)


class PowerCut:
    """A power failure around one booking, or none."""

    def __init__(self, terminal: Terminal[Any], fault: Fault | None) -> None:
        self._terminal = terminal
        self._fault = fault

    def before(self) -> bool:
        """Whether the power has just failed, with nothing booked."""
        return self._fails("before")

    def after(self) -> bool:
        """Likewise, the operation having been booked."""
        return self._fails("after")

    def _fails(self, when: str) -> bool:
        if self._fault is None or (self._fault.text("when") or "after") != when:
            return False
        self._terminal._fail_power(self._fault)
        return True
