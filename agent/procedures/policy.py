"""Which shift operation the desk's policy asks for, outside any job. Pure; times are local without a zone.

A shift that a receipt needs is the receipt procedure's matter (``Needs``); here is what time asks for.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from agent.procedures.asks import Operation
from drivers.api import ShiftState
from protocol.crm.messages import Desk

BEFORE_24H = timedelta(hours=23, minutes=30)  # age of a shift from which on it is closed as soon as nothing waits
UNKNOWN_OPENING = timedelta(hours=1)  # how long after the hour a shift of unknown age is still closed
_DAY = timedelta(days=1)


def due(
    now_local: datetime,
    shift: ShiftState,
    shift_opened_at: datetime | None,
    last_closed: datetime | None,
    desk: Desk,
    idle: bool,
) -> Operation | None:
    """The operation that is due now. ``last_closed`` is the last closing that the policy made; ``idle``: no job waits.

    An expired shift is closed at once. The hour counts once a day and also afterwards, when the PC was off at it: for a
    shift that was opened before it. The 24 hours are kept with half an hour to spare, while nobody waits for a receipt.
    """
    if shift is ShiftState.CLOSED:
        return None
    if shift is ShiftState.EXPIRED:
        return Operation.CLOSE_SHIFT if desk.close_expired_shift else None
    if desk.close_at is not None and _hour_has_come(now_local, shift_opened_at, last_closed, desk.close_at):
        return Operation.CLOSE_SHIFT
    if desk.close_before_24h and idle and shift_opened_at is not None and now_local - shift_opened_at >= BEFORE_24H:
        return Operation.CLOSE_SHIFT
    return None


def _hour_has_come(now: datetime, opened: datetime | None, closed: datetime | None, close_at: str) -> bool:
    hour = datetime.combine(now.date(), time.fromisoformat(close_at))
    last = hour if hour <= now else hour - _DAY  # the last time that the clock showed it
    if closed is not None and last <= closed < last + _DAY:
        return False  # once a day, also when the clock was set back over the hour
    if opened is None:
        return now - last < UNKNOWN_OPENING
    return opened < last
