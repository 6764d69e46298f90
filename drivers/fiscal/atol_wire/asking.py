"""Questions that not every model can answer."""

from __future__ import annotations

from typing import TypeVar

from drivers.errors import NotSent, Refused
from drivers.fiscal.atol_wire.printing import Printer
from protocol.ffd.tlv import TlvError, records
from protocol.wire.atol.command import Command
from protocol.wire.atol.drive_queries import ReadRequisite

R = TypeVar("R")

TRANSIENT = frozenset({"wrong_password", "fn_failed", "device_busy", "register_fault"})
"""Refusals that say nothing about what is asked for."""


class Asking:
    def __init__(self, printer: Printer) -> None:
        self._printer = printer

    def the(self, command: Command[R]) -> R:
        return self._printer.ask(command)

    def optional(self, command: Command[R]) -> R | None:
        """``None`` where this model does not know the command, or has nothing to say to it now."""
        try:
            return self._printer.ask(command)
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            return None

    def expected(self, command: Command[R]) -> R:
        """A command that every register with a fiscal drive knows. Raises ``NotSent`` (``wrong_device``)."""
        try:
            return self._printer.ask(command)
        except Refused as refused:
            if refused.code != "unsupported":
                raise
            raise NotSent("wrong_device", f"no register with a fiscal drive: {refused}") from refused

    def requisite(self, tag: int) -> bytes | None:
        """A tag of the registration; ``None`` where the register does not tell it."""
        reply = self.optional(ReadRequisite(tag))
        if reply is None:
            return None
        try:
            return next((record.value for record in records(reply.tlv) if record.tag == tag), None)
        except TlvError:
            return None
