"""When the desk's policy closes a shift: the hour, the 24 hours, an expired one."""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.procedures.asks import Operation
from agent.procedures.policy import BEFORE_24H, due
from drivers.api import ShiftState
from protocol.crm.messages import Desk

OPEN, CLOSED, EXPIRED = ShiftState.OPEN, ShiftState.CLOSED, ShiftState.EXPIRED


def at(text: str | None) -> datetime | None:
    """``"2 22:59"``: the second of July, a Thursday."""
    if text is None:
        return None
    day, clock = text.split()
    hour, minute = clock.split(":")
    return datetime(2026, 7, int(day), int(hour), int(minute))


HOUR = Desk(desk_id="d", timezone="Europe/Moscow", close_at="23:00", close_before_24h=False)

AT_AN_HOUR = [
    # now         opened      last closed  due    why
    ("2 22:59",   "2 09:00",  "1 23:00",   False, "not yet"),
    ("2 23:00",   "2 09:00",  "1 23:00",   True,  "the hour"),
    ("2 23:00",   "2 09:00",  None,        True,  "nothing is known of earlier days"),
    ("2 23:40",   "2 09:00",  "1 23:00",   True,  "the PC was busy at the hour"),
    ("3 08:30",   "2 09:00",  "1 23:00",   True,  "the PC was off at the hour"),
    ("3 22:00",   "2 23:30",  "2 23:00",   False, "opened after the hour: the next one is its own"),
    ("2 23:10",   "2 23:05",  "2 23:00",   False, "a late receipt opened it again"),
    ("2 23:00",   "2 23:00",  None,        False, "opened in that minute"),
    ("3 00:10",   "3 00:05",  "2 23:00",   False, "a new day"),
    ("2 23:00",   "2 22:40",  "2 23:00",   False, "the clock was set back over the hour: once a day"),
    ("2 23:20",   "2 22:40",  "2 23:50",   False, "set back by an hour: the closing lies ahead"),
    ("2 23:00",   "2 09:00",  "9 23:00",   True,  "a closing far ahead is a wrong clock, not today's closing"),
    ("2 12:00",   "2 15:00",  "1 23:00",   False, "opened ahead of the clock"),
    ("2 23:30",   None,       "1 23:00",   True,  "of unknown age, soon after the hour"),
    ("2 23:30",   None,       "2 23:00",   False, "of unknown age, closed today"),
    ("3 09:00",   None,       "1 23:00",   False, "of unknown age, long after the hour: perhaps this morning's"),
]  # fmt: skip


@pytest.mark.parametrize(("now", "opened", "closed", "wanted", "_why"), AT_AN_HOUR, ids=[row[-1] for row in AT_AN_HOUR])
@pytest.mark.parametrize("idle", [True, False])
def test_close_at_an_hour(
    now: str, opened: str | None, closed: str | None, wanted: bool, _why: str, idle: bool
) -> None:
    moment = at(now)
    assert moment is not None
    told = due(moment, OPEN, at(opened), at(closed), HOUR, idle)
    assert told == (Operation.CLOSE_SHIFT if wanted else None)


def test_midnight_is_an_hour_like_any_other() -> None:
    desk = HOUR.model_copy(update={"close_at": "00:00"})
    opened = datetime(2026, 7, 2, 9, 0)
    assert due(datetime(2026, 7, 2, 23, 59), OPEN, opened, None, desk, True) is None
    assert due(datetime(2026, 7, 3, 0, 0), OPEN, opened, None, desk, True) is Operation.CLOSE_SHIFT


DAY = HOUR.model_copy(update={"close_at": None, "close_before_24h": True})
AGES = [
    # age                               idle   wanted by the desk  due
    (timedelta(hours=23, minutes=29),   True,  True,               False),
    (timedelta(hours=23, minutes=30),   True,  True,               True),
    (timedelta(hours=23, minutes=30),   False, True,               False),
    (timedelta(hours=23, minutes=30),   True,  False,              False),
    (timedelta(hours=30),               True,  True,               True),
    (timedelta(hours=-1),               True,  True,               False),  # the clock was set back
    (None,                              True,  True,               False),
]  # fmt: skip


@pytest.mark.parametrize(("age", "idle", "wanted", "told"), AGES)
def test_never_over_24_hours(age: timedelta | None, idle: bool, wanted: bool, told: bool) -> None:
    now = datetime(2026, 7, 2, 12, 0)
    desk = DAY.model_copy(update={"close_before_24h": wanted})
    opened = now - age if age is not None else None
    assert due(now, OPEN, opened, None, desk, idle) == (Operation.CLOSE_SHIFT if told else None)


@pytest.mark.parametrize("idle", [True, False])
@pytest.mark.parametrize("healed", [True, False])
def test_an_expired_shift(healed: bool, idle: bool) -> None:
    desk = DAY.model_copy(update={"close_expired_shift": healed})
    told = due(datetime(2026, 7, 2, 12, 0), EXPIRED, None, None, desk, idle)
    assert told == (Operation.CLOSE_SHIFT if healed else None)


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31))


@given(MOMENTS, st.none() | MOMENTS, st.none() | MOMENTS, st.booleans())
def test_a_closed_shift_needs_nothing(
    now: datetime, opened: datetime | None, closed: datetime | None, idle: bool
) -> None:
    desk = HOUR.model_copy(update={"close_before_24h": True})
    assert due(now, CLOSED, opened, closed, desk, idle) is None


@given(MOMENTS, st.integers(0, 60 * 60))
def test_once_closed_by_the_hour_it_is_not_due_again_before_the_next(now: datetime, seconds: int) -> None:
    """However soon a new shift is opened: only the next hour, or its own 24 hours, close it."""
    opened = now + timedelta(seconds=seconds)
    later = opened + BEFORE_24H - timedelta(hours=1)
    hour = datetime.combine(now.date(), datetime.min.time()).replace(hour=23)
    following = hour if now < hour else hour + timedelta(days=1)
    for moment in (opened, min(later, following - timedelta(seconds=1))):
        if moment >= following or opened >= following:
            continue
        assert due(moment, OPEN, opened, now, HOUR, True) is None
