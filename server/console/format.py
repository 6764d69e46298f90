"""Sums, moments and lengths of time as people read them, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from protocol.crm.codes import Language

NBSP = "\u00a0"
_UNITS = {
    # seconds: Russian, English
    86_400: ("дн.", "d"),
    3_600: ("ч", "h"),
    60: ("мин", "min"),
    1: ("с", "s"),
}


def money(sum_: str | int | Decimal | None, language: Language) -> str:
    """Decimal roubles in text, or kopecks as an integer. What is no sum is shown as it is."""
    if sum_ is None:
        return ""
    try:
        roubles = Decimal(sum_) / 100 if isinstance(sum_, int) else Decimal(sum_)
    except InvalidOperation:
        return str(sum_)
    text = f"{roubles:,.2f}"
    if language == "ru":
        text = text.replace(",", NBSP).replace(".", ",")
    return f"{text}{NBSP}₽"


def number(value: float, language: Language) -> str:
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return text.replace(",", NBSP).replace(".", ",") if language == "ru" else text


def moment(at: datetime | None, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Day and time of the wall clock in ``zone``. A moment without an offset is a device's own local time."""
    if at is None:
        return ""
    local = at.astimezone(zone) if at.tzinfo is not None else at
    return local.strftime("%d.%m.%Y %H:%M:%S" if seconds else "%d.%m.%Y %H:%M")


def moment_at(at: datetime | None, there: str | None, here: ZoneInfo, *, seconds: bool = False) -> str:
    """The same by the wall clock ``there``, which is named when it is not the page's."""
    zone = ZoneInfo(there) if there is not None else here
    told = moment(at, zone, seconds=seconds)
    return f"{told} ({zone.key})" if told and zone.key != here.key else told


def offset(now: datetime, zone: ZoneInfo) -> str:
    """``UTC+3``, ``UTC+5:45``."""
    minutes = int((now.astimezone(zone).utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes >= 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"


def day(at: date | None) -> str:
    return at.strftime("%d.%m.%Y") if at is not None else ""


def length(seconds: float | None, language: Language) -> str:
    """The two largest units of it: ``3 h 12 min``."""
    if seconds is None:
        return ""
    if 0 < seconds < 1:
        return f"{number(round(seconds * 1000), language)}{NBSP}{'мс' if language == 'ru' else 'ms'}"
    left, parts = int(abs(seconds)), list[str]()
    for size, (ru, en) in _UNITS.items():
        count, rest = divmod(left, size)
        if count or (size == 1 and not parts):
            parts.append(f"{count}{NBSP}{ru if language == 'ru' else en}")
            left = rest
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)


def ago(at: datetime | None, now: datetime, language: Language) -> str:
    """How long before now; what is to come is said as such."""
    if at is None:
        return ""
    seconds = (now - (at if at.tzinfo is not None else at.replace(tzinfo=UTC))).total_seconds()
    if abs(seconds) < 5:
        return "только что" if language == "ru" else "just now"
    told = length(seconds, language)
    if seconds < 0:
        return f"через {told}" if language == "ru" else f"in {told}"
    return f"{told} назад" if language == "ru" else f"{told} ago"


def quantity(value: object) -> str:
    """Without zeros that say nothing."""
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
