"""Sums, times and lengths as a cashier reads them. Pure."""

from __future__ import annotations

import re
import textwrap
from datetime import datetime
from unicodedata import category

from agent.tray.model import Language

_ELLIPSIS = "…"
_THIN = "\u00a0"  # between the thousands and before the sign; a line never breaks there
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def units(text: str) -> int:
    """Length in UTF-16 code units, which is what Windows counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """At most ``limit`` UTF-16 units: what is cut off ends in an ellipsis, a character is never halved."""
    if units(text) <= limit:
        return text
    kept, room = [], limit - units(_ELLIPSIS)
    for character in text:
        room -= units(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + _ELLIPSIS


def money(kopecks: int, language: Language) -> str:
    """``125000`` as ``1 250,00 ₽`` or ``1,250.00 ₽``; the blanks do not break."""
    sign, kopecks = ("-", -kopecks) if kopecks < 0 else ("", kopecks)
    roubles = f"{kopecks // 100:,}"
    comma = "."
    if language == "ru":
        roubles, comma = roubles.replace(",", _THIN), ","
    return f"{sign}{roubles}{comma}{kopecks % 100:02d}{_THIN}₽"


def moment(at: datetime, now: datetime, language: Language) -> str:
    """The hour, in the zone of ``now``, and the day too when it is another one."""
    local = at.astimezone(now.tzinfo)
    hour = f"{local:%H:%M}"
    if local.date() == now.date():
        return hour
    return f"{local:%d.%m} {hour}" if language == "ru" else f"{local.day} {_MONTHS[local.month - 1]} {hour}"


def lines(text: str, width: int = 62) -> tuple[str, ...]:
    """Wrapped for a menu, which would otherwise be as wide as its longest sentence."""
    return tuple(textwrap.wrap(text, width, break_on_hyphens=False)) if text else ()


def plain(text: str) -> str:
    """On one line, without control characters: a menu takes a tab for a column, and a device may say anything."""
    return _UNSEEN.sub(" ", "".join(c if category(c) not in ("Cf", "Cs", "Co") else " " for c in text)).strip(" ")


def inside(text: str) -> str:
    """A sentence as it stands in the middle of another: begun small, but for ``X-отчёт`` and what is all capitals."""
    begun_small = text[1:2].islower() or (text[1:2] == " " and not text[:1].isascii())
    return text[:1].lower() + text[1:] if begun_small else text
