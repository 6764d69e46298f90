"""A simulated register on its power supply: what runs when, what power, hands and faults do to it.

Common to every make; no sockets, no threads. Everything that takes time has a moment of ``clock.monotonic()``; ``tick``
does what is due, ``deadline`` says when it has to be called next. A make adds its lower level (``level_for``), its
commands (``code_of``, ``perform``, ``changes``, ``refusal``) and what it forgets without power (``forget``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import ClassVar, Generic, Protocol, TypeVar

from drivers.simulators.agenda import Agenda
from drivers.simulators.clock import Clock
from drivers.simulators.door import Door, Request
from drivers.simulators.faults import Fault, FaultSpecError, LineFaults, Triggers, parse
from drivers.simulators.fiscal_drive import DriveState, FiscalDrive
from drivers.simulators.line import Connection, Level
from drivers.simulators.paper import Paper
from drivers.simulators.printer import Printer, PrinterState
from drivers.simulators.store import Store

DEFAULT_OFF = 0.5
DEFAULT_FOREIGN_TOTAL = 10_000


class Memory(Protocol):
    """What every make remembers without power."""

    clock_offset: float  # its clock minus the given clock, seconds

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


class Appliance(ABC, Generic[M, R]):
    BUSY: ClassVar[int]
    """Error of a command that comes too early."""
    ALIEN_FAULTS: ClassVar[frozenset[str]] = frozenset()
    """Faults that mean nothing to this make."""
    WORDS: ClassVar[frozenset[str]] = frozenset()
    """Commands that a fault names by a word, not by a code in hex."""
    CROWD: ClassVar[bool] = False
    """Many hosts may be connected at a time; otherwise a new connection cuts the one before."""

    def __init__(self, state: M, register: R, clock: Clock, *, paper: Paper, store: Store[M], random: Random) -> None:
        self.state = state
        self.register = register
        self.clock = clock
        self.paper = paper
        self.executed = 0
        self.busy = False
        """A command is being executed."""
        self.powered = True
        self.line = LineFaults((), random)
        self._store = store
        self._triggers = Triggers(())
        self._foreign: list[Fault] = []
        self._steps: list[Fault] = []
        self._agenda = Agenda(clock)
        self._deaf_until: float | None = None
        self._lines: list[Connection] = []

    def switched_on(self, faults: Iterable[Fault]) -> None:
        """The last step of making one."""
        for fault in faults:
            self.inject(fault)
        self.save()

    # --- what a make is ---

    @abstractmethod
    def level_for(self, line: Connection, byte: int, /) -> Level | None:
        """The level that the first byte of a line belongs to."""

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

    @abstractmethod
    def forget(self) -> None:
        """What does not outlive a power failure, replies before all."""

    def once_done(self, reply: bytes, then: Callable[[bytes], None]) -> None:
        """Pass on the reply of an executed command: at once, unless a make waits for the command's paper."""
        then(reply)

    # --- for the host's side ---

    def connection(self) -> Connection:
        """Plug in. Raises ``ConnectionRefusedError`` while nothing there can be reached."""
        self.tick()
        if not self.reachable:
            raise ConnectionRefusedError("the simulated device has no power")
        if not self.CROWD:
            self.hang_up()
        self._lines = [line for line in self._lines if not line.closed]
        self._lines.append(Connection(self))
        return self._lines[-1]

    def inject(self, fault: Fault | str) -> None:
        """Add a fault now; counts of commands and bytes that it depends on start here.

        Raises ``FaultSpecError`` for one that this make cannot have."""
        if isinstance(fault, str):
            fault = parse(fault)
        if fault.name in self.ALIEN_FAULTS:
            raise FaultSpecError(f"fault {fault.name!r}: this make of register has nothing like it")
        command = fault.text("command")
        if command is not None and command[0].islower() and command not in self.WORDS:
            known = ", ".join(sorted(self.WORDS)) or "a command code in hex, for example FF45 or E0"
            raise FaultSpecError(f"fault {fault.name!r}: command={command!r} is unknown here; expected {known}")
        now = self.clock.monotonic()
        printer = self.register.printer
        match fault.name:
            case "cut" | "flip" | "noise":
                self.line.add(fault)
            case "paper-out" if fault.integer("line", 1) == 0:
                printer.take_paper(now, fault.seconds("load") if "load" in fault.params else None)
            case "paper-out":
                printer.add_fault(fault)
            case "foreign":
                self._foreign.append(fault)
            case "power" if "step" in fault.params:
                self._steps.append(Fault("power", {**fault.params, "step": fault.integer("step") + self.executed}))
            case "cover" if "command" not in fault.params and "nth" not in fault.params:
                printer.open_cover(now, fault.seconds("seconds"))
            case "clock" if "command" not in fault.params and "nth" not in fault.params:
                self.move_clock(fault.seconds("by"))
            case "checksum" | "ack-lost":
                default = "out" if fault.name == "checksum" else "in"
                self._triggers.add(fault, f"{fault.name} {fault.text('direction') or default}")
            case "mute" if "command" not in fault.params and "nth" not in fault.params:
                self._deaf_until = now + fault.seconds("seconds")
            case _:
                self._triggers.add(fault)

    @property
    def connected(self) -> bool:
        return any(not line.closed for line in self._lines)

    @property
    def reachable(self) -> bool:
        """Whether a host can connect, and stays connected."""
        return self.powered

    # --- hands on it ---

    def power_off(self, *, annulled: bool = False) -> None:
        """Volatile things are gone: replies, the line, what was being executed, a slip half printed.

        The open receipt stays, or is ``annulled``. Nothing is heard and nothing connects until ``power_on``.
        """
        self.busy = False
        self.forget()
        self._agenda.clear()
        self.powered = False
        if not self.reachable:
            self.hang_up()
        if annulled:
            self.register.annul()
        self.save()

    def power_on(self) -> None:
        if not self.powered:
            self.powered = True
            self.register.printer.power_on(self.clock.monotonic())

    def hang_up(self) -> None:
        """Cut every connection; a stored reply stays for the next one."""
        for line in self._lines:
            line.close()
        self._lines.clear()

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

    def move_clock(self, seconds: float) -> None:
        """The register's own clock, by so much; it stays so in its memory."""
        self.state.clock_offset += seconds
        self.save()

    def print_slowly(self, seconds: float) -> None:
        """From now on a slip takes that long."""
        self.register.printer.pace(self.clock.monotonic(), seconds)

    def forget_faults(self) -> None:
        """Those that have not struck yet; what has happened, and what lasts, stays."""
        self._triggers = Triggers(())
        self.line.forget()
        self.register.printer.forget_faults()
        self._foreign.clear()
        self._steps.clear()

    # --- time ---

    @property
    def deaf(self) -> bool:
        """Takes no byte and sends none: mute, or out of reach."""
        mute = self._deaf_until is not None and self.clock.monotonic() < self._deaf_until
        return mute or not self.reachable

    @property
    def deadline(self) -> float | None:
        printing = None if not self.powered else self.register.printer.deadline()
        return min((when for when in (self._agenda.next, printing) if when is not None), default=None)

    def tick(self) -> None:
        """Do everything that is due."""
        self._agenda.do()
        printer = self.register.printer
        if self.powered:
            printer.tick(self.clock.monotonic())
        if printer.changed:
            printer.changed = False
            self.save()

    def save(self) -> None:
        """Bring the state file up to date."""
        self._store.save(self.state)

    # --- for the lower level ---

    def strikes(self, name: str, code: str) -> Fault | None:
        """The fault of that name that strikes at this command, which counts by asking."""
        return self._triggers.hit(name, code)

    def at_the_door(self, request: Request) -> Door:
        """A whole good frame has come."""
        code = self.code_of(request.payload)
        mute = self._triggers.hit("mute", code)
        if mute is not None:
            self._deaf_until = self.clock.monotonic() + mute.seconds("seconds")
            return Door.DEAF
        for name, door in (("nak", Door.REJECT), ("full", Door.FULL), ("drop", Door.DROP)):
            if self._triggers.hit(name, code) is not None:
                return door
        late = self._triggers.hit("late", code)
        if late is not None:
            self.after(late.seconds("seconds"), lambda: self._run_late(request, late))
            return Door.DROP
        return Door.TAKE

    def start(self, request: Request) -> None:
        """Execute a command; its reply is delivered, and the connection told, at once or later."""
        self.busy = True
        slow = self._triggers.hit("slow", self.code_of(request.payload))
        if slow is None:
            self._finish(request)
        elif slow.text("when") == "after":
            self._finish(request, slow.seconds("seconds"))
        else:
            self.after(slow.seconds("seconds"), lambda: self._finish(request))

    def damages(self, direction: str, payload: bytes) -> bool:
        """Whether this frame passes with a wrong check sum: ``in`` a command, ``out`` a reply."""
        return self._triggers.hit(f"checksum {direction}", self.code_of(payload)) is not None

    def loses_ack(self, direction: str, payload: bytes) -> bool:
        """Whether an ACK is lost: ``in`` the host's of this reply, ``out`` the device's of this command."""
        return self._triggers.hit(f"ack-lost {direction}", self.code_of(payload)) is not None

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do this so much later, unless the power fails before."""
        self._agenda.after(seconds, action)

    # --- inside ---

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
        lost = self._triggers.hit("answer-lost", code)
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
        refuse, busy = self._triggers.hit("refuse", code), self._triggers.hit("busy", code)
        if refuse is not None:
            return refuse.integer("error")
        return self.BUSY if busy is not None else None

    def _execute(self, payload: bytes) -> bytes:
        code = self.code_of(payload)
        cover, clock = self._triggers.hit("cover", code), self._triggers.hit("clock", code)
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

    def _power(self, code: str) -> Fault | None:
        """The power fault that strikes at the command about to be executed."""
        by_command = self._triggers.hit("power", code)
        by_step = [fault for fault in self._steps if fault.integer("step") == self.executed + 1]
        for fault in by_step:
            self._steps.remove(fault)
        return by_command or (by_step[0] if by_step else None)

    def _fail_power(self, fault: Fault) -> None:
        off = fault.seconds("off", DEFAULT_OFF)
        self.power_off(annulled=fault.text("receipt") == "annulled")
        self.after(off, self.power_on)
