"""A simulated register in its case: how it executes commands and prints, and what hands and faults do to it.

Common to every make of register. A make adds its lower level (``level_for``), its commands (``code_of``, ``perform``,
``changes``, ``refusal``) and what it forgets without power (``forget``).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from drivers.simulators import case
from drivers.simulators.case import Case
from drivers.simulators.clock import Clock
from drivers.simulators.door import Door, Request
from drivers.simulators.faults import Fault
from drivers.simulators.fiscal_drive import DriveState, FiscalDrive
from drivers.simulators.paper import Paper
from drivers.simulators.printer import Printer, PrinterState
from drivers.simulators.script import REGISTER_WORDS, Word
from drivers.simulators.store import Store

DEFAULT_FOREIGN_TOTAL = 10_000


class Memory(case.Memory, Protocol):
    """What every make of register remembers without power."""

    @property
    def drive(self) -> DriveState: ...

    @property
    def printer(self) -> PrinterState: ...


class Inside(Protocol):
    """The register as its case sees it: no link, no bytes."""

    @property
    def drive(self) -> FiscalDrive: ...

    @property
    def printer(self) -> Printer: ...

    @property
    def drawer_pulses(self) -> int:
        """Since it was switched on."""

    def now(self) -> datetime: ...

    def mode(self) -> int: ...

    def submode(self) -> int: ...

    def annul(self) -> None:
        """Forget the open receipt, if there is one, as if it had never been begun."""

    def sell_for_another_program(self, total: int, /) -> bool:
        """A receipt that the host at this line knows nothing about; ``False`` while the register cannot make one."""


M = TypeVar("M", bound=Memory)
R = TypeVar("R", bound=Inside)


class Appliance(Case[M], Generic[M, R]):
    BUSY: ClassVar[int]
    """Error of a command that comes too early."""

    def __init__(self, state: M, register: R, clock: Clock, *, paper: Paper, store: Store[M], random: Random) -> None:
        super().__init__(state, clock, store=store, random=random)
        self.register = register
        self.paper = paper
        self.busy = False
        """A command is being executed."""
        self._foreign: list[Fault] = []

    # --- what a make is ---

    @abstractmethod
    def code_of(self, payload: bytes) -> str:
        """A command's code in hex, as ``command=`` of a fault names it."""

    @abstractmethod
    def perform(self, payload: bytes) -> bytes:
        """Execute one command; its reply."""

    @abstractmethod
    def changes(self, payload: bytes) -> bool:
        """Whether the state must be saved before the reply leaves."""

    @abstractmethod
    def refusal(self, payload: bytes, error: int, /) -> bytes:
        """The reply that refuses this command."""

    def once_done(self, reply: bytes, then: Callable[[bytes], None]) -> None:
        """Pass on the reply of an executed command: at once, unless a make waits for the command's paper."""
        then(reply)

    # --- hands on it ---

    def power_off(self, *, annulled: bool = False) -> None:
        """Volatile things are gone: replies, the line, what was being executed, a slip half printed.

        The open receipt stays, or is ``annulled``. Nothing is heard and nothing connects until ``power_on``.
        """
        self.busy = False
        super().power_off()
        if annulled:
            self.register.annul()
            self.save()

    def power_on(self) -> None:
        if not self.powered:
            super().power_on()
            self.register.printer.power_on(self.clock.monotonic())

    def take_paper(self) -> None:
        """The roll ends here and now."""
        self.register.printer.take_paper(self.clock.monotonic())
        self.tick()

    def load_paper(self) -> None:
        """A new roll; what had been interrupted waits for the host's word."""
        self.register.printer.load_paper(self.clock.monotonic())
        self.tick()

    def open_cover(self) -> None:
        self.register.printer.open_cover(self.clock.monotonic(), None)
        self.tick()

    def close_cover(self) -> None:
        self.register.printer.close_cover(self.clock.monotonic())
        self.tick()

    def print_slowly(self, seconds: float) -> None:
        """From now on a slip takes that long."""
        self.register.printer.pace(self.clock.monotonic(), seconds)

    def forget_faults(self) -> None:
        """Those that have not struck yet; what has happened, and what lasts, stays."""
        super().forget_faults()
        self.register.printer.forget_faults()
        self._foreign.clear()

    @property
    def hands(self) -> Mapping[str, Word]:
        return REGISTER_WORDS

    def status(self) -> dict[str, Any]:
        register, drive = self.register, self.register.drive
        return {
            "powered": self.powered,
            "connected": self.connected,
            "mode": register.mode(),
            "submode": register.submode(),
            "clock": register.now().isoformat(timespec="seconds"),
            "fd": drive.last_fd,
            "shift": drive.state.shift_number,
            "shift_open": drive.state.shift_open,
            "unsent": drive.unsent(register.now()),
            "drawer_pulses": register.drawer_pulses,
        }

    # --- time ---

    @property
    def deadline(self) -> float | None:
        printing = None if not self.powered else self.register.printer.deadline()
        return min((when for when in (super().deadline, printing) if when is not None), default=None)

    def tick(self) -> None:
        """Do everything that is due."""
        super().tick()
        printer = self.register.printer
        if self.powered:
            printer.tick(self.clock.monotonic())
        if printer.changed:
            printer.changed = False
            self.save()

    # --- for the lower level ---

    def at_the_door(self, request: Request) -> Door:
        """A whole good frame has come."""
        code = self.code_of(request.payload)
        if self._muted(code):
            return Door.DEAF
        for name, door in (("nak", Door.REJECT), ("full", Door.FULL), ("drop", Door.DROP)):
            if self.strikes(name, code) is not None:
                return door
        late = self.strikes("late", code)
        if late is not None:
            self.after(late.seconds("seconds"), lambda: self._run_late(request, late))
            return Door.DROP
        return Door.TAKE

    def start(self, request: Request) -> None:
        """Execute a command; its reply is delivered, and the connection told, at once or later."""
        self.busy = True
        slow = self.strikes("slow", self.code_of(request.payload))
        if slow is None:
            self._finish(request)
        elif slow.text("when") == "after":
            self._finish(request, slow.seconds("seconds"))
        else:
            self.after(slow.seconds("seconds"), lambda: self._finish(request))

    def damages(self, direction: str, payload: bytes) -> bool:
        """Whether this frame passes with a wrong check sum: ``in`` a command, ``out`` a reply."""
        return self.strikes(f"checksum {direction}", self.code_of(payload)) is not None

    def loses_ack(self, direction: str, payload: bytes) -> bool:
        """Whether an ACK is lost: ``in`` the host's of this reply, ``out`` the device's of this command."""
        return self.strikes(f"ack-lost {direction}", self.code_of(payload)) is not None

    # --- inside ---

    def _add_fault(self, fault: Fault) -> None:
        printer = self.register.printer
        match fault.name:
            case "paper-out" if fault.integer("line", 1) == 0:
                load = fault.seconds("load") if "load" in fault.params else None
                printer.take_paper(self.clock.monotonic(), load)
            case "paper-out":
                printer.add_fault(fault)
            case "foreign":
                self._foreign.append(fault)
            case "cover" if "command" not in fault.params and "nth" not in fault.params:
                printer.open_cover(self.clock.monotonic(), fault.seconds("seconds"))
            case _:
                super()._add_fault(fault)

    def _finish(self, request: Request, delay: float = 0.0) -> None:
        """Execute, and answer ``delay`` seconds later."""
        code = self.code_of(request.payload)
        refusal = self._refused(code)
        if refusal is not None:
            self._answer_after(delay, request, self.refusal(request.payload, refusal))
            return
        power = self._power(code)
        if power is not None and power.text("when") == "before":
            self._fail_power(power)
            return
        reply = self._execute(request.payload)
        if power is not None:
            self._fail_power(power)
            return
        lost = self.strikes("answer-lost", code)
        if lost is None:
            self.once_done(reply, lambda done: self._answer_after(delay, request, done))
        else:
            self.once_done(reply, lambda done: self._lose(request, done, lost))

    def _answer_after(self, delay: float, request: Request, reply: bytes) -> None:
        if delay:
            self.after(delay, lambda: self._answer(request, reply))
        else:
            self._answer(request, reply)

    def _answer(self, request: Request, reply: bytes) -> None:
        self.busy = False
        request.deliver(reply)
        for line in list(self._lines):
            line.answer_ready()

    def _lose(self, request: Request, reply: bytes, lost: Fault) -> None:
        self.busy = False
        request.deliver(None if lost.text("stored") == "no" else reply)
        for line in list(self._lines):
            if lost.text("drop") == "no":
                line.answer_lost()
            else:
                line.close()

    def _refused(self, code: str) -> int | None:
        refuse, busy = self.strikes("refuse", code), self.strikes("busy", code)
        if refuse is not None:
            return refuse.integer("error")
        return self.BUSY if busy is not None else None

    def _execute(self, payload: bytes) -> bytes:
        code = self.code_of(payload)
        cover, clock = self.strikes("cover", code), self.strikes("clock", code)
        if cover is not None:
            self.register.printer.open_cover(self.clock.monotonic(), cover.seconds("seconds"))
        if clock is not None:
            self.move_clock(clock.seconds("by"))
        self.register.printer.tick(self.clock.monotonic())
        reply = self.perform(payload)
        self.executed += 1
        self._let_others_in()
        if self.changes(payload):
            self.save()
        return reply

    def _run_late(self, request: Request, late: Fault) -> None:
        if not request.wanted():
            return
        reply = self._execute(request.payload)
        kept = late.text("stored")
        if kept == "yes" or (kept is None and request.keeps_late):
            request.deliver(reply)
        elif request.keeps_late:
            request.deliver(None)

    def _let_others_in(self) -> None:
        for fault in list(self._foreign):
            reached = self.register.drive.last_fd >= fault.integer("after")
            if reached and self.register.sell_for_another_program(fault.integer("total", DEFAULT_FOREIGN_TOTAL)):
                self._foreign.remove(fault)
                self.save()

    def _lose_power(self, fault: Fault) -> None:
        self.power_off(annulled=fault.text("receipt") == "annulled")
