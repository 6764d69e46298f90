"""What passes between a lower level and the device behind it, the same for both levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Door(Enum):
    """What the device makes of a good frame before anything is executed."""

    TAKE = "take"
    REJECT = "as if it had come damaged"
    DEAF = "deaf"
    DROP = "drop"
    FULL = "no room for it"


@dataclass(frozen=True, slots=True)
class Request:
    """A command on its way to execution; the device calls back, now or later, and whoever is connected then."""

    payload: bytes
    deliver: Callable[[bytes | None], None]
    """Keep the reply; ``None``: it is lost for good."""
    wanted: Callable[[], bool] = lambda: True
    """False when the command has been carried out meanwhile, so that a late copy of it must not be."""
    keeps_late: bool = False
    """Whether the reply of a late command is kept unless the fault says otherwise."""
