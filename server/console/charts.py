"""Small charts of the last day, as numbers for an inline SVG. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from server.console.reading import Past

HOURS = 24
WIDTH, HEIGHT, FOOT = 288.0, 70.0, 14.0
FAILED = ("not_done", "rejected")


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    value: float
    hour: datetime
    """When the hour begins."""


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    most: float
    whole: float
    """What stands beside the picture in large: a sum, or a median."""


def day_before(now: datetime) -> datetime:
    """The beginning of the first hour that is shown."""
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)


def jobs_per_hour(past: Sequence[Past], now: datetime) -> Chart:
    hours = [len(hour) for hour in _by_hour(past, now)]
    return _chart(hours, sum(hours), now)


def failures(past: Sequence[Past], now: datetime) -> Chart:
    hours = [sum(job.state in FAILED for job in hour) for hour in _by_hour(past, now)]
    return _chart(hours, sum(hours), now)


def latency(past: Sequence[Past], now: datetime) -> Chart:
    """The median seconds from a job's arrival to its end, of those that were done."""

    def middle(jobs: Iterable[Past]) -> float:
        took = [job.took for job in jobs if job.took is not None and job.state == "done"]
        return median(took) if took else 0.0

    return _chart([middle(hour) for hour in _by_hour(past, now)], middle(past), now)


def _by_hour(past: Sequence[Past], now: datetime) -> list[list[Past]]:
    first = day_before(now)
    hours: list[list[Past]] = [[] for _ in range(HOURS)]
    for job in past:
        at = int((job.at - first) // timedelta(hours=1))
        if 0 <= at < HOURS:
            hours[at].append(job)
    return hours


def _chart(values: Sequence[float], whole: float, now: datetime) -> Chart:
    most, width = max(values), WIDTH / HOURS
    first = day_before(now)
    bars = []
    for at, value in enumerate(values):
        height = round(HEIGHT * value / most, 1) if most else 0.0
        top = round(HEIGHT - height, 1)
        bars.append(Bar(round(at * width + 1, 1), top, width - 2, height, value, first + timedelta(hours=at)))
    return Chart(tuple(bars), most, whole)
