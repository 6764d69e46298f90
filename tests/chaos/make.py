"""What a make of registers is to the simulated world. A row of ``makes.MAKES`` has its values; what its commands are
and how they are carried out are methods, here those of a register at the end of its cable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from drivers.simulators.appliance import Appliance
from drivers.simulators.clock import Clock


@dataclass(frozen=True, slots=True)
class Make:
    name: str
    state: Callable[[Random, Clock], Any]
    """Of a new register, ready to be pickled."""
    device: Callable[[Clock, Random, Any], Appliance[Any, Any]]
    rates: tuple[str, str, str]
    """VAT rates that the CRM asks for at its desks: those that its driver makes."""
    unreadable: int
    """The register's code for: the fiscal drive failed."""
    kinds: tuple[str, str] = ("device", "query")
    """As the dice know its commands: those that change something, and the others."""
    numbers_cash: bool = True
    """It tells the number of a document about cash."""
    line: bytes = b""
    """How the command begins that adds a line to a receipt: one that a register takes and forgets must be noticed
    before the receipt is closed. Empty: no command of its own adds one."""
    lines: Callable[[Any], int] = lambda _: 0
    """How many lines an open receipt has."""
    preparing: tuple[bytes, ...] = ()
    """How commands begin that only prepare an operation or the closing of a receipt: a fault that is aimed at those is
    not spent on these."""

    def memory(self, state: Any) -> Any:
        """Of the register itself: its drive, its counters, its open receipt."""
        return state

    def with_new_drive(self, state: Any, fresh: Any) -> Any:
        """This machine after a technician has put the drive of a ``fresh`` one into it and registered it."""
        old, new = self.memory(state), self.memory(fresh)
        serial = old.drive.registration.register_serial
        new.drive.registration = replace(new.drive.registration, register_serial=serial)
        new.counters = old.counters
        return fresh

    def cut_power(self, device: Any, seconds: float, random: Random, *, annulled: bool) -> None:
        device.power_off(annulled=annulled)
        device.after(seconds, device.power_on)

    # --- commands

    def begin(self, device: Any, payload: bytes, answered: Callable[[bytes], None]) -> None:
        """A whole command has come; its reply is there at once or later."""
        device.once_done(device._execute(payload), answered)

    def begin_unheard(self, device: Any, payload: bytes) -> None:
        """The same, and nobody waits for the reply."""
        device._execute(payload)

    def after(self, device: Any, seconds: float, come: Callable[[], None]) -> None:
        """A command lies on the way so long."""
        device.after(seconds, come)

    def reads_document(self, payload: bytes) -> bool:
        """Of the commands that read a document of the archive: whether this one can find that it cannot be read."""
        return True

    def busy(self, device: Any, payload: bytes) -> bytes:
        """The reply of whoever has no time."""
        reply: bytes = device.refusal(payload, device.BUSY)
        return reply

    def cannot_read(self, device: Any, payload: bytes) -> bytes | None:
        """The reply that the document cannot be read; ``None``: the device has been told to find so by itself."""
        reply: bytes = device.refusal(payload, self.unreadable)
        return reply

    def strikes_behind(self, device: Any, payload: bytes, fault: str, random: Random) -> bool:
        """Whether the fault strikes farther back than between the PC and what it speaks to. The device has been told to
        have it, then, as soon as it comes to this command."""
        return False
