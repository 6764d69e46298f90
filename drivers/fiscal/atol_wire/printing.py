"""Modes and the printer: what must hold before a command, and what is seen after it.

Every command belongs to a mode of the register, which is entered with a password. A register that is still at its last
operation refuses with 76h and has not begun the new one, so it is sent again; one whose last document is only half on
the paper wants that finished first (EEh). Everything waits a bounded time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from drivers.api import Paper
from drivers.errors import DeviceError, Refused
from drivers.fiscal.atol_wire.link import Link
from drivers.fiscal.atol_wire.profile import Profile
from drivers.transports.base import Clock
from protocol.wire.atol.command import Command
from protocol.wire.atol.errors import BUSY
from protocol.wire.atol.operations import ContinuePrint, EnterMode, LeaveMode, Mode
from protocol.wire.atol.queries import Flag, PrintReply, PrintState, State, StateCode, StateReply, Trouble

R = TypeVar("R")

FRESH = 1.0
"""Seconds for which a look at the printer counts: the time to write INTENT."""
_STUCK = Trouble.PRINTER_LOST | Trouble.MECHANICS | Trouble.CUTTER | Trouble.OVERHEAT


@dataclass(frozen=True, slots=True)
class Look:
    state: StateReply
    trouble: int  # ``Trouble``
    pending: bool  # the last document is not on the paper in full

    @property
    def cover_open(self) -> bool:
        return bool(self.state.flags & Flag.COVER_OPEN)

    @property
    def no_paper(self) -> bool:
        return not self.state.flags & Flag.PAPER or bool(self.trouble & Trouble.NO_PAPER)

    @property
    def paper(self) -> Paper:
        if self.no_paper or self.cover_open:
            return Paper.INTERRUPTED if self.pending else Paper.ABSENT if self.no_paper else Paper.PRESENT
        return Paper.RESUMABLE if self.pending else Paper.PRESENT

    def hindrance(self) -> Refused | None:
        """Why nothing can be printed."""
        if self.cover_open:
            return Refused("cover_open", "the cover is open")
        if self.no_paper:
            return Refused("no_paper", "there is no paper")
        if self.trouble & _STUCK:
            return Refused("printer_fault", f"printer flags {self.trouble:02X}h")
        return None


class Printer:
    def __init__(self, link: Link, profile: Profile, clock: Clock) -> None:
        self._link = link
        self._profile = profile
        self._clock = clock
        self._ready_at: float | None = None  # when a look last found it ready, and nothing was sent since

    def call(self, command: Command[R]) -> R:
        """Send a command, and again each time it is refused because of the one before."""
        self._ready_at = None
        return self.ask(command)

    def ask(self, command: Command[R]) -> R:
        """The same for a query."""
        deadline = self._clock.now() + self._profile.printing
        while True:
            try:
                return self._link.call(command)
            except Refused as refused:
                busy = refused.vendor == f"{BUSY:02X}" or refused.code == "device_busy"
                if not busy or self._clock.now() >= deadline:
                    raise
                self._clock.sleep(self._profile.poll)

    def look(self) -> Look:
        state = self.ask(State())
        code = self.ask(StateCode())
        printed: PrintReply = self.ask(PrintState())
        look = Look(state, code.flags, printed.pending)
        self._ready_at = self._clock.now() if look.hindrance() is None and not look.pending else None
        return look

    def ready(self) -> Look:
        """Something can be printed; what was interrupted is printed to its end first. Raises ``Refused``: ``no_paper``,
        ``cover_open``, ``printer_fault``, ``device_busy``."""
        look = self.look()
        if (hindrance := look.hindrance()) is not None:
            raise hindrance
        if look.pending:
            self.call(ContinuePrint())
            look = self.look()
            if (hindrance := look.hindrance()) is not None or look.pending:
                raise hindrance or Refused("continue_print", "the last document is still not on the paper in full")
        return look

    def still_ready(self) -> None:
        """As ``ready``, of which nothing is asked that a look has shown just now."""
        if self._ready_at is None or self._clock.now() - self._ready_at > FRESH:
            self.ready()

    def settled(self) -> Look | None:
        """A document is made already: what hinders the paper does not unmake it, so nothing is raised. ``None``: not
        known; the next status shows it."""
        try:
            look = self.look()
            if look.pending and look.hindrance() is None:
                self.call(ContinuePrint())
                look = self.look()
        except DeviceError:
            return None
        return look

    def enter(self, mode: Mode) -> None:
        """Be in a mode of the register."""
        now = self.ask(StateCode()).mode
        if now == mode:
            return
        if now != Mode.CHOICE:
            self.call(LeaveMode())
        self.call(EnterMode(mode, self._profile.password))
