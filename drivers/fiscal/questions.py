"""Questions that not every model can answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from drivers.errors import NotSent, Refused

R = TypeVar("R")

TRANSIENT = frozenset({"wrong_password", "fn_failed", "device_busy", "register_fault"})
"""Refusals that say nothing about what is asked for."""


def optional(ask: Callable[[], R]) -> R | None:
    """``None`` where this model does not know the question, or has nothing to say to it now."""
    try:
        return ask()
    except Refused as refused:
        if refused.code in TRANSIENT:
            raise
        return None


def expected(ask: Callable[[], R]) -> R:
    """Of what every register with a fiscal drive knows. Raises ``NotSent`` (``wrong_device``)."""
    try:
        return ask()
    except Refused as refused:
        if refused.code != "unsupported":
            raise
        raise NotSent("wrong_device", f"no register with a fiscal drive: {refused}") from refused
