"""Reading questions to the register, ``drivers.fiscal.questions`` with this family's commands."""

from __future__ import annotations

from typing import TypeVar

from drivers.fiscal.atol_wire.printing import Printer
from drivers.fiscal.questions import expected, optional
from protocol.ffd.tlv import TlvError, records
from protocol.wire.atol.command import Command
from protocol.wire.atol.drive_queries import ReadRequisite

R = TypeVar("R")


class Asking:
    def __init__(self, printer: Printer) -> None:
        self._printer = printer

    def the(self, command: Command[R]) -> R:
        return self._printer.ask(command)

    def optional(self, command: Command[R]) -> R | None:
        return optional(lambda: self._printer.ask(command))

    def expected(self, command: Command[R]) -> R:
        return expected(lambda: self._printer.ask(command))

    def requisite(self, tag: int) -> bytes | None:
        """A tag of the registration; ``None`` where the register does not tell it."""
        reply = self.optional(ReadRequisite(tag))
        if reply is None:
            return None
        try:
            return next((record.value for record in records(reply.tlv) if record.tag == tag), None)
        except TlvError:
            return None
