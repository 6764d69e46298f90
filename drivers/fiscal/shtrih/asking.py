"""Reading questions to the register, ``drivers.fiscal.questions`` with this family's commands."""

from __future__ import annotations

from typing import TypeVar

from drivers.fiscal.questions import expected, optional
from drivers.fiscal.shtrih.link import Link
from drivers.fiscal.shtrih.profile import Cell
from protocol.wire.shtrih.commands import Command, ReadTable, TableReply

R = TypeVar("R")


class Asking:
    """Reads only; raises what ``Link.call`` raises, but for the refusals that are an answer in themselves."""

    def __init__(self, link: Link, password: int) -> None:
        self.password = password
        self._link = link

    def the(self, command: Command[R]) -> R:
        return self._link.call(command)

    def optional(self, command: Command[R]) -> R | None:
        return optional(lambda: self._link.call(command))

    def expected(self, command: Command[R]) -> R:
        return expected(lambda: self._link.call(command))

    def cell(self, cell: Cell) -> TableReply | None:
        """``None`` where this model has no such table, row or field."""
        return self.optional(ReadTable(self.password, *cell))
