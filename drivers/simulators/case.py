"""A simulated device in its case: line, power, memory, faults. What every kind of device has, register or terminal.

No sockets, no threads. Everything that takes time has a moment of ``clock.monotonic()``; ``tick`` does what is due,
``deadline`` says when it has to be called next. A kind adds its lower level (``level_for``), what it forgets without
power (``forget``), what hands can do to it (``hands``) and how it stands (``status``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from drivers.simulators.agenda import Agenda
from drivers.simulators.clock import Clock
from drivers.simulators.faults import Fault, FaultSpecError, LineFaults, Triggers, parse
from drivers.simulators.line import Connection, Level
from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.script import Word

DEFAULT_OFF = 0.5


class Memory(Protocol):
    """What every device remembers without power."""

    clock_offset: float  # its clock minus the given clock, seconds


M = TypeVar("M", bound=Memory)


class Case(ABC, Generic[M]):
    ALIEN_FAULTS: ClassVar[frozenset[str]] = frozenset()
    """Faults that mean nothing to this make."""
    WORDS: ClassVar[frozenset[str]] = frozenset()
    """Commands that a fault names by a word, not by a code in hex."""
    CROWD: ClassVar[bool] = False
    """Many hosts may be connected at a time; otherwise a new connection cuts the one before."""

    def __init__(self, state: M, clock: Clock, *, store: Store[M], random: Random) -> None:
        self.state = state
        self.clock = clock
        self.executed = 0
        self.powered = True
        self.line = LineFaults((), random)
        self._store = store
        self._triggers = Triggers(())
        self._steps: list[Fault] = []
        self._agenda = Agenda(clock)
        self._deaf_until: float | None = None
        self._lines: list[Connection] = []

    def switched_on(self, faults: Iterable[Fault]) -> None:
        """The last step of making one."""
        for fault in faults:
            self.inject(fault)
        self.save()

    # --- what a kind is ---

    @abstractmethod
    def level_for(self, line: Connection, byte: int, /) -> Level | None:
        """The level that the first byte of a line belongs to."""

    @abstractmethod
    def forget(self) -> None:
        """What does not outlive a power failure, replies before all."""

    @property
    @abstractmethod
    def hands(self) -> Mapping[str, Word]:
        """What a script may do to it, by word."""

    @abstractmethod
    def status(self) -> dict[str, Any]:
        """How it stands, for whoever did something to it."""

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
            raise FaultSpecError(f"fault {fault.name!r}: this make of device has nothing like it")
        command = fault.text("command")
        if command is not None and command[0].islower() and command not in self.WORDS:
            known = ", ".join(sorted(self.WORDS)) or "a command code in hex, for example FF45 or E0"
            raise FaultSpecError(f"fault {fault.name!r}: command={command!r} is unknown here; expected {known}")
        self._add_fault(fault)

    @property
    def connected(self) -> bool:
        return any(not line.closed for line in self._lines)

    @property
    def reachable(self) -> bool:
        """Whether a host can connect, and stays connected."""
        return self.powered

    # --- hands on it ---

    def power_off(self) -> None:
        """Volatile things are gone: replies, the line, what was being executed. Nothing is heard and nothing connects
        until ``power_on``."""
        self.forget()
        self._agenda.clear()
        self.powered = False
        if not self.reachable:
            self.hang_up()
        self.save()

    def power_on(self) -> None:
        self.powered = True

    def hang_up(self) -> None:
        """Cut every connection; a stored reply stays for the next one."""
        for line in self._lines:
            line.close()
        self._lines.clear()

    def move_clock(self, seconds: float) -> None:
        """The device's own clock, by so much; it stays so in its memory."""
        self.state.clock_offset += seconds
        self.save()

    def forget_faults(self) -> None:
        """Those that have not struck yet; what has happened, and what lasts, stays."""
        self._triggers = Triggers(())
        self.line.forget()
        self._steps.clear()

    # --- time ---

    @property
    def deaf(self) -> bool:
        """Takes no byte and sends none: mute, or out of reach."""
        mute = self._deaf_until is not None and self.clock.monotonic() < self._deaf_until
        return mute or not self.reachable

    @property
    def deadline(self) -> float | None:
        return self._agenda.next

    def tick(self) -> None:
        """Do everything that is due."""
        self._agenda.do()

    def save(self) -> None:
        """Bring the state file up to date."""
        self._store.save(self.state)

    # --- for the lower level ---

    def strikes(self, name: str, code: str) -> Fault | None:
        """The fault of that name that strikes at this command, which counts by asking."""
        return self._triggers.hit(name, code)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do this so much later, unless the power fails before."""
        self._agenda.after(seconds, action)

    # --- for a kind ---

    def _add_fault(self, fault: Fault) -> None:
        now = self.clock.monotonic()
        at_once = "command" not in fault.params and "nth" not in fault.params
        match fault.name:
            case "cut" | "flip" | "noise":
                self.line.add(fault)
            case "power" if "step" in fault.params:
                self._steps.append(Fault("power", {**fault.params, "step": fault.integer("step") + self.executed}))
            case "clock" if at_once:
                self.move_clock(fault.seconds("by"))
            case "checksum" | "ack-lost":
                default = "out" if fault.name == "checksum" else "in"
                self._triggers.add(fault, f"{fault.name} {fault.text('direction') or default}")
            case "mute" if at_once:
                self._deaf_until = now + fault.seconds("seconds")
            case _:
                self._triggers.add(fault)

    def _muted(self, code: str) -> bool:
        """Whether this command makes it deaf and silent; it is then."""
        mute = self.strikes("mute", code)
        if mute is not None:
            self._deaf_until = self.clock.monotonic() + mute.seconds("seconds")
        return mute is not None

    def _power(self, code: str) -> Fault | None:
        """The power fault that strikes at the command about to be executed."""
        by_command = self.strikes("power", code)
        by_step = [fault for fault in self._steps if fault.integer("step") == self.executed + 1]
        for fault in by_step:
            self._steps.remove(fault)
        return by_command or (by_step[0] if by_step else None)

    def _fail_power(self, fault: Fault) -> None:
        self._lose_power(fault)
        self.after(fault.seconds("off", DEFAULT_OFF), self.power_on)

    def _lose_power(self, _fault: Fault) -> None:
        self.power_off()
