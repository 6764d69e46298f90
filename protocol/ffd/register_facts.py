"""What a receipt is judged against when the register it goes to is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """``None`` where the register has not said: then nothing is refused for that reason before it is asked."""

    ffd: str | None = None
    """The format version that the register works in: "1.05", "1.1", "1.2"."""
    taxation: int | None = None
    """Tag 1062: mask of the taxation systems that the register is registered for."""
