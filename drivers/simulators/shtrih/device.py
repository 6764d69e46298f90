"""The register on its power supply: what runs when, what power and faults do to it. No sockets, no threads.

Everything that takes time has a moment of ``clock.monotonic()``; ``tick`` does what is due, ``deadline`` says when it
has to be called next. See the package's docstring for the interface a host uses.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random

from drivers.simulators.clock import Clock
from drivers.simulators.faults import Fault, LineFaults, Triggers, parse
from drivers.simulators.fiscal_drive import DriveState, FiscalDrive
from drivers.simulators.paper import MemoryPaper, Paper
from drivers.simulators.registration import ALL_TAX_SYSTEMS, fresh
from drivers.simulators.shtrih import commands
from drivers.simulators.shtrih.errors import Code
from drivers.simulators.shtrih.link import Connection, Door
from drivers.simulators.shtrih.printer import Printer
from drivers.simulators.shtrih.register import Register
from drivers.simulators.shtrih.state import ShtrihState
from drivers.simulators.shtrih.wire import code_of
from drivers.simulators.store import Store

DEFAULT_OFF = 0.5
DEFAULT_FOREIGN_TOTAL = 10_000


@dataclass(frozen=True, slots=True)
class Options:
    print_time: float = 0.02
    """Seconds that one slip takes to print (submode 5)."""
    tcp: bool = True
    """Send the extra FFh after the host's ACK, as registers do on TCP."""
    byte_timeout: float = 0.5
    """Longest pause inside a frame, seconds."""
    ack_timeout: float = 3.0
    """How long the register waits for the host's ACK of a reply, seconds."""
    protocol: int | None = None
    """The only lower level it speaks, 1 or 2; ``None``: both, chosen by the first byte of a connection."""


def new_state(
    random: Random,
    clock: Clock,
    *,
    ffd: str = "1.2",
    vat_autoreplace: bool = False,
    tax_systems: int = ALL_TAX_SYSTEMS,
) -> ShtrihState:
    """A register fresh from registration: document 1 is in its archive, the shift is closed."""
    registration = replace(fresh(random, clock.now(), ffd), tax_systems=tax_systems)
    drive = FiscalDrive(DriveState(registration))
    drive.register()
    state = ShtrihState(drive.state)
    if vat_autoreplace:
        state.tables["17.1.71"] = 1
    return state


def new_device(
    clock: Clock,
    random: Random,
    *,
    state: ShtrihState | None = None,
    faults: Iterable[Fault | str] = (),
    paper: Paper | None = None,
    store: Store[ShtrihState] | None = None,
    options: Options | None = None,
) -> ShtrihDevice:
    """A switched-on register. Without ``state`` a fresh one; faults may be given as text, as on the command line."""
    return ShtrihDevice(
        new_state(random, clock) if state is None else state,
        clock,
        faults=[parse(fault) if isinstance(fault, str) else fault for fault in faults],
        paper=MemoryPaper() if paper is None else paper,
        store=Store(None, ShtrihState) if store is None else store,
        options=Options() if options is None else options,
        random=random,
    )


class ShtrihDevice:
    def __init__(
        self,
        state: ShtrihState,
        clock: Clock,
        *,
        faults: Iterable[Fault],
        paper: Paper,
        store: Store[ShtrihState],
        options: Options,
        random: Random,
    ) -> None:
        self.state = state
        self.clock = clock
        self.paper = paper
        self.options = options
        self.reply: bytes | None = None
        """Payload that the host has not acknowledged yet; outlives a connection, not a power failure."""
        self.executed = 0
        self._store = store
        self._printer = Printer(state.printer, paper, options.print_time, clock.monotonic())
        self.register = Register(state, clock, self._printer)
        self._triggers = Triggers(())
        self.line = LineFaults((), random)
        self._foreign: list[Fault] = []
        self._steps: list[Fault] = []
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.busy = False
        """An acknowledged command is being executed."""
        self._off_until: float | None = None
        self._deaf_until: float | None = None
        self._line: Connection | None = None
        for fault in faults:
            self.inject(fault)
        self.save()

    # --- for the host's side ---

    def connection(self) -> Connection:
        """Plug in. The connection before is cut. Raises ``ConnectionRefusedError`` while the power is off."""
        self.tick()
        if self._off_until is not None:
            raise ConnectionRefusedError("the simulated register has no power")
        if self._line is not None:
            self._line.close()
        self._line = Connection(self)
        return self._line

    def inject(self, fault: Fault | str) -> None:
        """Add a fault now; counts of commands and bytes that it depends on start here."""
        if isinstance(fault, str):
            fault = parse(fault)
        now = self.clock.monotonic()
        match fault.name:
            case "cut" | "flip" | "noise":
                self.line.add(fault)
            case "paper-out":
                self._printer.add_fault(fault)
            case "foreign":
                self._foreign.append(fault)
            case "power" if "step" in fault.params:
                self._steps.append(Fault("power", {**fault.params, "step": fault.integer("step") + self.executed}))
            case "cover" if "command" not in fault.params and "nth" not in fault.params:
                self._printer.open_cover(now, fault.seconds("seconds"))
            case "mute" if "command" not in fault.params and "nth" not in fault.params:
                self._deaf_until = now + fault.seconds("seconds")
            case _:
                self._triggers.add(fault)

    @property
    def deaf(self) -> bool:
        """Takes no byte and sends none: mute, or without power."""
        mute = self._deaf_until is not None and self.clock.monotonic() < self._deaf_until
        return mute or self._off_until is not None

    @property
    def deadline(self) -> float | None:
        waits = [self._agenda[0][0]] if self._agenda else []
        printing = None if self._off_until is not None else self._printer.deadline()
        if printing is not None:
            waits.append(printing)
        return min(waits) if waits else None

    def tick(self) -> None:
        """Do everything that is due."""
        now = self.clock.monotonic()
        while self._agenda and self._agenda[0][0] <= now:
            heapq.heappop(self._agenda)[2]()
        if self._off_until is None:
            self._printer.tick(now)
        if self._printer.changed:
            self._printer.changed = False
            self.save()

    # --- for the link ---

    def at_the_door(self, payload: bytes) -> Door:
        """A whole good frame has come."""
        code = code_of(payload)[0]
        mute = self._triggers.hit("mute", code)
        if mute is not None:
            self._deaf_until = self.clock.monotonic() + mute.seconds("seconds")
            return Door.DEAF
        if self._triggers.hit("nak", code) is not None:
            return Door.NAK
        late = self._triggers.hit("late", code)
        if late is not None:
            self._after(late.seconds("seconds"), lambda: self._run_late(payload, late))
            return Door.DROP
        return Door.TAKE

    def start(self, payload: bytes) -> None:
        """Execute an acknowledged command; its reply appears in ``reply``, at once or later."""
        code = code_of(payload)[0]
        self.reply = None
        self.busy = True
        slow = self._triggers.hit("slow", code)
        if slow is None:
            self._finish(payload)
        else:
            self._after(slow.seconds("seconds"), lambda: self._finish(payload))

    # --- inside ---

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.clock.monotonic() + seconds, next(self._order), action))

    def _finish(self, payload: bytes) -> None:
        code = code_of(payload)[0]
        refusal = self._refused(code)
        if refusal is not None:
            self._answer(bytes.fromhex(code) + bytes([refusal]))
            return
        power = self._power(code)
        if power is not None and power.text("when") == "before":
            self._power_off(power)
            return
        reply = self._execute(payload)
        if power is not None:
            self._power_off(power)
            return
        lost = self._triggers.hit("answer-lost", code)
        if lost is None:
            self._answer(reply)
            return
        self.busy = False
        self.reply = None if lost.text("stored") == "no" else reply
        if self._line is not None:
            self._line.close()

    def _answer(self, reply: bytes) -> None:
        self.busy = False
        self.reply = reply
        if self._line is not None:
            self._line.answer_ready()

    def _refused(self, code: str) -> int | None:
        refuse, busy = self._triggers.hit("refuse", code), self._triggers.hit("busy", code)
        if refuse is not None:
            return refuse.integer("error")
        return Code.PRINTING if busy is not None else None

    def _execute(self, payload: bytes) -> bytes:
        cover = self._triggers.hit("cover", code_of(payload)[0])
        if cover is not None:
            self._printer.open_cover(self.clock.monotonic(), cover.seconds("seconds"))
        self._printer.tick(self.clock.monotonic())
        reply = commands.execute(self.register, payload)
        self.executed += 1
        self._let_others_in()
        if commands.changes(payload):
            self.save()
        return reply

    def _run_late(self, payload: bytes, late: Fault) -> None:
        reply = self._execute(payload)
        if late.text("stored") == "yes":
            self.reply = reply

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

    def _power_off(self, fault: Fault) -> None:
        """Volatile things are gone: the reply, the line, what was being executed, a slip half printed."""
        self.busy = False
        self.reply = None
        self.register.reading = b""
        self._agenda.clear()
        off = fault.seconds("off", DEFAULT_OFF)
        self._off_until = self.clock.monotonic() + off
        if self._line is not None:
            self._line.close()
        if fault.text("receipt") == "annulled" and self.state.receipt is not None:
            self.state.receipt = None
            self.register.drive.cancel()
            self.save()
        self._after(off, self._power_on)

    def _power_on(self) -> None:
        self._off_until = None
        self._printer.power_on(self.clock.monotonic())

    def save(self) -> None:
        """Bring the state file up to date."""
        self._store.save(self.state)
