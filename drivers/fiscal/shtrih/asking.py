"""Questions that not every model can answer."""

from __future__ import annotations

from typing import TypeVar

from drivers.errors import NotSent, Refused
from drivers.fiscal.shtrih.link import Link
from drivers.fiscal.shtrih.profile import Cell
from protocol.wire.shtrih.commands import Command, ReadTable, TableReply

R = TypeVar("R")

TRANSIENT = frozenset({"wrong_password", "fn_failed", "device_busy", "register_fault"})
"""Refusals that say nothing about what is asked for."""


class Asking:
    """Reads only; raises what ``Link.call`` raises, but for the refusals that are an answer in themselves."""

    def __init__(self, link: Link, password: int) -> None:
        self.password = password
        self._link = link

    def the(self, command: Command[R]) -> R:
        return self._link.call(command)

    def optional(self, command: Command[R]) -> R | None:
        """``None`` where this model does not know the command, or has nothing to say to it now."""
        try:
            return self._link.call(command)
        except Refused as refused:
            if refused.code in TRANSIENT:
                raise
            return None

    def expected(self, command: Command[R]) -> R:
        """A command that every register with a fiscal drive knows. Raises ``NotSent`` (``wrong_device``)."""
        try:
            return self._link.call(command)
        except Refused as refused:
            if refused.code != "unsupported":
                raise
            raise NotSent("wrong_device", f"no register with a fiscal drive: {refused}") from refused

    def cell(self, cell: Cell) -> TableReply | None:
        """``None`` where this model has no such table, row or field."""
        return self.optional(ReadTable(self.password, *cell))
