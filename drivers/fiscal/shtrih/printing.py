"""Commands that print, and the printer's share in them (protocol 1.17, "submodes").

A register that is printing refuses with 50h, one that waits for "continue printing" with 58h; both did not carry the
command out, so it is sent again when the printer is ready. Everything waits a bounded time.
"""

from __future__ import annotations

from typing import TypeVar

from drivers.errors import DeviceError, Refused
from drivers.fiscal.shtrih.link import Link
from drivers.fiscal.shtrih.profile import Profile
from drivers.transports.base import Clock
from protocol.wire.shtrih.commands import Command, ContinuePrint, FullStatusReply, ShortStatus, ShortStatusReply
from protocol.wire.shtrih.errors import AWAITING_CONTINUE, STILL_PRINTING
from protocol.wire.shtrih.modes import Flag, Submode, is_busy

R = TypeVar("R")

FRESH = 1.0  # seconds for which a look at the printer counts: the time to write INTENT
_AGAIN = {f"{STILL_PRINTING:02X}", f"{AWAITING_CONTINUE:02X}"}


class Printer:
    def __init__(self, link: Link, profile: Profile, clock: Clock) -> None:
        self._link = link
        self._profile = profile
        self._clock = clock
        self._ready_at: float | None = None  # when a look last found it ready, and nothing was printed since

    def call(self, command: Command[R]) -> R:
        """Send a command, and again each time it is refused because of what is still printing."""
        deadline = self._clock.now() + self._profile.printing
        self._ready_at = None
        while True:
            try:
                return self._link.call(command)
            except Refused as refused:
                if refused.vendor not in _AGAIN or self._clock.now() >= deadline:
                    raise
                self._clock.sleep(self._profile.poll)
                self.ready(deadline, awaiting_continue=refused.vendor == f"{AWAITING_CONTINUE:02X}")

    def saw(self, status: FullStatusReply) -> None:
        """A look at the whole register was a look at the printer, too."""
        is_ready = status.submode == Submode.IDLE and not is_busy(status.mode, status.submode)
        self._ready_at = self._clock.now() if is_ready else None

    def still_ready(self) -> None:
        """As ``ready``, of which nothing is asked that a look has shown just now."""
        if self._ready_at is None or self._clock.now() - self._ready_at > FRESH:
            self.ready()

    def ready(self, deadline: float | None = None, *, awaiting_continue: bool = False) -> ShortStatusReply:
        """Wait until something can be printed; printing that was interrupted is continued. Raises ``Refused``:
        ``no_paper``, ``cover_open``, ``device_busy``."""
        deadline = self._clock.now() + self._profile.printing if deadline is None else deadline
        while True:
            status = self.status()
            if status.submode in (Submode.NO_PAPER, Submode.PAPER_RAN_OUT):
                code = "cover_open" if status.flags & Flag.COVER_OPEN else "no_paper"
                raise Refused(code, f"submode {status.submode}")
            if status.submode == Submode.AWAITING_CONTINUE or awaiting_continue:
                self._continue()
                awaiting_continue = False
            elif not is_busy(status.mode, status.submode):
                return status
            if self._clock.now() >= deadline:
                raise Refused("device_busy", f"mode {status.mode:02X}h, submode {status.submode} for too long")
            self._clock.sleep(self._profile.poll)

    def settled(self) -> ShortStatusReply | None:
        """Let a document that is already made finish printing. What hinders the paper does not unmake the document,
        so nothing is raised; the next status shows it."""
        try:
            return self.ready()
        except DeviceError:
            return None

    def at_rest(self) -> ShortStatusReply:
        """Wait until nothing is printed or executed, paper or not. Raises ``Refused`` (``device_busy``)."""
        deadline = self._clock.now() + self._profile.printing
        while True:
            status = self.status()
            if not is_busy(status.mode, status.submode):
                return status
            if self._clock.now() >= deadline:
                raise Refused("device_busy", f"mode {status.mode:02X}h, submode {status.submode} for too long")
            self._clock.sleep(self._profile.poll)

    def status(self) -> ShortStatusReply:
        return self._link.call(ShortStatus(self._profile.password))

    def _continue(self) -> None:
        try:
            self._link.call(ContinuePrint(self._profile.password))
        except Refused as refused:
            if refused.code not in ("wrong_state", "device_busy"):
                raise  # those two: it went on by itself meanwhile
