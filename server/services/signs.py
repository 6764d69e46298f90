"""What is wrong with a device by the latest look at it, the judgement without the words. Pure.

A fact that the device does not tell is no sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from server.services.facts import Facts
from server.store.desks import Level

FN_SOON = 30  # days
SHIFT_LONG = timedelta(hours=23)
DRIFT = 300  # seconds
UNSENT_MANY = 20


@dataclass(frozen=True, slots=True)
class Sign:
    """``code``: of the table of codes, or ``paper_stopped``, ``shift_long``, ``fn_ends``, ``ofd_behind``, ``clock_off``
    with a ``value``."""

    level: Level
    code: str
    value: int = 0


def of_facts(facts: Facts) -> Iterator[Sign]:
    if facts.answers is False:
        yield Sign(Level.BAD, facts.reason or "device_offline")
        return
    codes = {
        "no_paper": facts.paper == "absent",
        "cover_open": facts.cover_open is True,
        "shift_expired": facts.shift.state == "expired",
        facts.blocked or "": bool(facts.blocked),
        facts.terminal.attention or "": bool(facts.terminal.attention),
        "clock_unset": facts.clock.unset is True,
    }
    for code in (*(code for code, is_so in codes.items() if is_so), *facts.setup_problems):
        yield Sign(Level.BAD, code)
    if facts.paper in ("interrupted", "resumable"):
        yield Sign(Level.WAIT, "paper_stopped")
    age = facts.shift.age_s
    if facts.shift.state == "open" and age is not None and age >= SHIFT_LONG.total_seconds():
        yield Sign(Level.WAIT, "shift_long", age)
    left = facts.fn.days_left
    if left is not None and left <= FN_SOON:
        yield Sign(Level.BAD if left <= 0 else Level.WAIT, "fn_ends", left)
    unsent = facts.ofd.unsent
    if unsent is not None and unsent >= UNSENT_MANY:
        yield Sign(Level.WAIT, "ofd_behind", unsent)
    drift = facts.clock.drift_s
    if drift is not None and abs(drift) >= DRIFT:
        yield Sign(Level.WAIT, "clock_off", drift)


def worst(signs: Iterable[Sign]) -> Level:
    return max((sign.level for sign in signs), default=Level.GOOD)
