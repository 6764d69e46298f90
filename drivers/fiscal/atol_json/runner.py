"""Who carries a task to ATOL's library: a host process with the library in it, or the vendor's web server.

``AtolJsonRegister`` speaks the language; a runner brings one task there and its answer back, and gives every other end
one of the verdicts of ``drivers.errors``. ``verdict`` makes a verdict of the library's error code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from drivers.errors import DeviceError, InDoubt, Refused
from protocol.wire.atol.codes import Fate, Handling, describe
from protocol.wire.atol.json_text import Json, JsonError, loads

QUIET = 60.0
"""Seconds for which a device may still be at work after the library was lost in the middle of a task: a task is many
commands, and the device has a buffer for them."""

UNKNOWING = frozenset({Handling.LINK, Handling.BUSY, Handling.LIBRARY})
"""Codes that leave open whether the device is still at work. All others are its own last word."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What the way to the library can do; known before anything is opened."""

    can_cancel: bool  # it has a call that cancels an open receipt
    has_task_id: bool = False
    task_id_durable: bool = False


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    version: str  # of the driver library, "10.8.0.0": it decides which words the language has; "" when not told


class TaskRunner(Protocol):
    """One library connected to one register, used by one thread. Everything but ``close`` may raise a verdict."""

    @property
    def traits(self) -> Traits: ...

    def open(self) -> LibraryFacts:
        """Load, set up and connect the library anew. Raises ``NotSent``: ``device_offline``, ``port_busy``, …"""
        ...

    def close(self) -> None:
        """Never raises; may be called at any time, also twice."""
        ...

    def run(self, task: Mapping[str, Json], *, max_time: float, changing: bool) -> Any:
        """Carry out one task: its text is ``json_text.dumps(task)``, the answer what ``answer_of`` makes of the
        library's text (``{}`` for an empty one).

        ``NotSent``: the task did not reach the library. ``Refused``: see ``verdict``. ``InDoubt``: it reached the
        library and what became of it is not known, after ``max_time`` seconds at the latest; the device may still be at
        work for ``remaining`` (``QUIET`` when the library is gone in the middle of a changing task). ``changing``: the
        task may print or move something; an error code that leaves its result open is then ``InDoubt``.
        """
        ...

    def cancel_receipt(self, *, max_time: float) -> None:
        """Cancel the open receipt. ``Refused`` by the library's code 81 when none is open. Called only where
        ``traits.can_cancel``."""
        ...

    def receipt_open(self, *, max_time: float) -> bool | None:
        """Whether the register has an open receipt, which no task tells; ``None`` where this way cannot ask either."""
        ...


def answer_of(text: str) -> Any:
    """The value of an answer's text. Raises ``InDoubt`` (``bad_reply``) for a text that is no JSON."""
    try:
        return loads(text)
    except JsonError as error:
        raise InDoubt("bad_reply", str(error)) from error


def verdict(number: int, description: str, *, changing: bool, remaining: float = 0.0) -> DeviceError:
    """What the library's error code is for the caller.

    Of a changing task: ``InDoubt`` where the code leaves its result open, with ``remaining`` where the device may still
    be at work (``UNKNOWING``). Of a query: ``InDoubt`` where the library lost the device or itself, so that the channel
    is opened anew. Otherwise ``Refused``.
    """
    known = describe(number)
    detail = f"{known.name}: {description}" if description else known.name
    is_open = known.fate is Fate.OPEN
    if changing and is_open:
        left = remaining if known.handling in UNKNOWING else 0.0
        return InDoubt(known.code, detail, vendor=str(number), remaining=left)
    if is_open and known.handling in (Handling.LINK, Handling.LIBRARY):
        return InDoubt(known.code, detail, vendor=str(number))
    return Refused(known.code, detail, vendor=str(number))
