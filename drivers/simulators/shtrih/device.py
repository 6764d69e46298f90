"""The register on its power supply: what runs when, what power and faults do to it. No sockets, no threads.

Everything that takes time has a moment of ``clock.monotonic()``; ``tick`` does what is due, ``deadline`` says when it
has to be called next. See the package's docstring for the interface a host uses.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from drivers.simulators.clock import Clock
from drivers.simulators.faults import Fault, LineFaults, Triggers, parse
from drivers.simulators.paper import MemoryPaper, Paper
from drivers.simulators.shtrih import commands
from drivers.simulators.shtrih.alternative import Numbered
from drivers.simulators.shtrih.door import Door, Request
from drivers.simulators.shtrih.errors import Code
from drivers.simulators.shtrih.factory import new_state
from drivers.simulators.shtrih.link import Connection
from drivers.simulators.shtrih.printer import Printer
from drivers.simulators.shtrih.register import Register
from drivers.simulators.shtrih.state import NETWORK_PORT, SERIAL_PORT, ShtrihState
from drivers.simulators.shtrih.wire import byte_timeout, code_of
from drivers.simulators.store import Store

DEFAULT_OFF = 0.5
DEFAULT_FOREIGN_TOTAL = 10_000


@dataclass(frozen=True, slots=True)
class Options:
    print_time: float = 0.02
    """Seconds that one slip takes to print (submode 5)."""
    tcp: bool = True
    """The line is TCP: an extra FFh follows the host's ACK. Otherwise it is a serial one."""
    ack_timeout: float = 3.0
    """How long the register waits for the host's ACK of a reply, seconds."""
    protocol: int | None = None
    """The only lower level it speaks, 1 or 2; ``None``: both, chosen by the first byte of a connection."""


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
        """Standard level: payload that the host has not acknowledged yet."""
        self.numbered = Numbered()
        """Alternative level: what was executed last."""
        self.executed = 0
        self._store = store
        self._printer = Printer(state.printer, paper, options.print_time, clock.monotonic())
        self.register = Register(state, clock, self._printer)
        self.register.protocol_2 = options.protocol != 1
        self.register.port = NETWORK_PORT if options.tcp else SERIAL_PORT
        self._triggers = Triggers(())
        self.line = LineFaults((), random)
        self._foreign: list[Fault] = []
        self._steps: list[Fault] = []
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.busy = False
        """An acknowledged command is being executed."""
        self.powered = True
        self._deaf_until: float | None = None
        self._line: Connection | None = None
        for fault in faults:
            self.inject(fault)
        self.save()

    # --- for the host's side ---

    @property
    def byte_timeout(self) -> float:
        """Longest pause inside a frame, seconds: what 14h has set for the port in use."""
        return byte_timeout(self.register.state.port(self.register.port)[1])

    def connection(self) -> Connection:
        """Plug in. The connection before is cut. Raises ``ConnectionRefusedError`` while the power is off."""
        self.tick()
        if not self.powered:
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
            case "paper-out" if fault.integer("line", 1) == 0:
                self._printer.take_paper(now, fault.seconds("load") if "load" in fault.params else None)
            case "paper-out":
                self._printer.add_fault(fault)
            case "foreign":
                self._foreign.append(fault)
            case "power" if "step" in fault.params:
                self._steps.append(Fault("power", {**fault.params, "step": fault.integer("step") + self.executed}))
            case "cover" if "command" not in fault.params and "nth" not in fault.params:
                self._printer.open_cover(now, fault.seconds("seconds"))
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
        return self._line is not None and not self._line.closed

    # --- hands on it ---

    def power_off(self, *, annulled: bool = False) -> None:
        """Volatile things are gone: replies, the line, what was being executed, a slip half printed.

        The open receipt stays, or is ``annulled``. Nothing is heard and nothing connects until ``power_on``.
        """
        self.busy = False
        self.reply = None
        self.numbered = Numbered()
        self.register.reading = b""
        self._agenda.clear()
        self.powered = False
        self.hang_up()
        if annulled and self.state.receipt is not None:
            self.state.receipt = None
            self.register.drive.cancel()
        self.save()

    def power_on(self) -> None:
        if not self.powered:
            self.powered = True
            self._printer.power_on(self.clock.monotonic())

    def hang_up(self) -> None:
        """Cut the connection; a stored reply stays for the next one."""
        if self._line is not None:
            self._line.close()

    def take_paper(self) -> None:
        """The roll ends here and now: submode 1 when idle, 2 in the middle of a slip."""
        self._printer.take_paper(self.clock.monotonic())
        self.tick()

    def load_paper(self) -> None:
        """A new roll; what had been interrupted awaits B0h."""
        self._printer.load_paper(self.clock.monotonic())
        self.tick()

    def open_cover(self) -> None:
        self._printer.open_cover(self.clock.monotonic(), None)
        self.tick()

    def close_cover(self) -> None:
        self._printer.close_cover(self.clock.monotonic())
        self.tick()

    def move_clock(self, seconds: float) -> None:
        """The register's own clock, by so much; it stays so in its memory."""
        self.state.clock_offset += seconds
        self.save()

    def print_slowly(self, seconds: float) -> None:
        """From now on a slip takes that long (submode 5 meanwhile)."""
        self._printer.pace(self.clock.monotonic(), seconds)

    def forget_faults(self) -> None:
        """Those that have not struck yet; what has happened, and what lasts, stays."""
        self._triggers = Triggers(())
        self.line.forget()
        self._printer.forget_faults()
        self._foreign.clear()
        self._steps.clear()

    # --- time ---

    @property
    def deaf(self) -> bool:
        """Takes no byte and sends none: mute, or without power."""
        mute = self._deaf_until is not None and self.clock.monotonic() < self._deaf_until
        return mute or not self.powered

    @property
    def deadline(self) -> float | None:
        waits = [self._agenda[0][0]] if self._agenda else []
        printing = None if not self.powered else self._printer.deadline()
        if printing is not None:
            waits.append(printing)
        return min(waits) if waits else None

    def tick(self) -> None:
        """Do everything that is due."""
        now = self.clock.monotonic()
        while self._agenda and self._agenda[0][0] <= now:
            heapq.heappop(self._agenda)[2]()
        if self.powered:
            self._printer.tick(now)
        if self._printer.changed:
            self._printer.changed = False
            self.save()

    # --- for the link ---

    def at_the_door(self, request: Request) -> Door:
        """A whole good frame has come."""
        code = code_of(request.payload)[0]
        mute = self._triggers.hit("mute", code)
        if mute is not None:
            self._deaf_until = self.clock.monotonic() + mute.seconds("seconds")
            return Door.DEAF
        if self._triggers.hit("nak", code) is not None:
            return Door.REJECT
        late = self._triggers.hit("late", code)
        if late is not None:
            self._after(late.seconds("seconds"), lambda: self._run_late(request, late))
            return Door.DROP
        return Door.TAKE

    def start(self, request: Request) -> None:
        """Execute a command; its reply is delivered, and the connection told, at once or later."""
        self.busy = True
        slow = self._triggers.hit("slow", code_of(request.payload)[0])
        if slow is None:
            self._finish(request)
        elif slow.text("when") == "after":
            self._finish(request, slow.seconds("seconds"))
        else:
            self._after(slow.seconds("seconds"), lambda: self._finish(request))

    def keep_reply(self, reply: bytes | None) -> None:
        self.reply = reply

    def damages(self, direction: str, payload: bytes) -> bool:
        """Whether this frame passes with a wrong check sum: ``in`` a command, ``out`` a reply."""
        return self._triggers.hit(f"checksum {direction}", code_of(payload)[0]) is not None

    def loses_ack(self, direction: str, payload: bytes) -> bool:
        """Whether an ACK is lost: ``in`` the host's of this reply, ``out`` the device's of this command."""
        return self._triggers.hit(f"ack-lost {direction}", code_of(payload)[0]) is not None

    # --- inside ---

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.clock.monotonic() + seconds, next(self._order), action))

    def _finish(self, request: Request, delay: float = 0.0) -> None:
        """Execute, and answer ``delay`` seconds later."""
        code = code_of(request.payload)[0]
        refusal = self._refused(code)
        if refusal is not None:
            self._answer_after(delay, request, bytes.fromhex(code) + bytes([refusal]))
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
            self._answer_after(delay, request, reply)
        else:
            self._lose(request, reply, lost)

    def _answer_after(self, delay: float, request: Request, reply: bytes) -> None:
        if delay:
            self._after(delay, lambda: self._answer(request, reply))
        else:
            self._answer(request, reply)

    def _answer(self, request: Request, reply: bytes) -> None:
        self.busy = False
        request.deliver(reply)
        if self._line is not None:
            self._line.answer_ready()

    def _lose(self, request: Request, reply: bytes, lost: Fault) -> None:
        self.busy = False
        request.deliver(None if lost.text("stored") == "no" else reply)
        if self._line is None:
            return
        if lost.text("drop") == "no":
            self._line.answer_lost()
        else:
            self._line.close()

    def _refused(self, code: str) -> int | None:
        refuse, busy = self._triggers.hit("refuse", code), self._triggers.hit("busy", code)
        if refuse is not None:
            return refuse.integer("error")
        return Code.PRINTING if busy is not None else None

    def _execute(self, payload: bytes) -> bytes:
        code = code_of(payload)[0]
        cover, clock = self._triggers.hit("cover", code), self._triggers.hit("clock", code)
        if cover is not None:
            self._printer.open_cover(self.clock.monotonic(), cover.seconds("seconds"))
        if clock is not None:
            self.move_clock(clock.seconds("by"))
        self._printer.tick(self.clock.monotonic())
        reply = commands.execute(self.register, payload)
        self.executed += 1
        self._let_others_in()
        if commands.changes(payload):
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
        self._after(off, self.power_on)

    def save(self) -> None:
        """Bring the state file up to date."""
        self._store.save(self.state)
