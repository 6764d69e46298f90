"""Whether a terminal is the one that was bound, free and ready, by what it says of itself."""

from __future__ import annotations

from collections.abc import Set

from drivers.terminal_api import TerminalStatus
from protocol.crm.codes import reason
from protocol.crm.outcomes import Reason


def changed(bound: str, said: str) -> Reason | None:
    """``bound``: the id of the binding; "": this terminal has not said yet who it is."""
    if bound and said and said != bound:
        return reason("terminal_changed", detail=f"{said}, bound is {bound}")
    return None


def unready(status: TerminalStatus, bound: str, besides: Set[str] = frozenset()) -> Reason | None:
    """Why nothing may begin. ``besides``: codes that it may ask for and still be ready."""
    if (why := changed(bound, status.terminal_id)) is not None:
        return why
    if status.busy:
        return reason("terminal_busy", vendor=status.vendor)
    if status.attention is not None and status.attention not in besides:
        return reason(status.attention, vendor=status.vendor)
    return None
