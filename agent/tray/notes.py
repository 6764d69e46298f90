"""Which notifications are new: an occasion is told once while it stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from agent.tray.model import MESSAGE_UNITS, Language, Note
from agent.tray.text import cut
from agent.tray.words import say

AGAIN = timedelta(minutes=5)
"""An occasion that went and comes back within this time is the same one: a loose cable is not told every second."""

Told = Mapping[str, datetime]
"""When an occasion was last seen standing."""

NOTHING: Told = MappingProxyType({})


def fresh(told: Told, standing: Iterable[Note], now: datetime, language: Language) -> tuple[Told, Note | None]:
    """What to tell now, as one notification: the first that is new, and how many more. ``standing`` is in the order of
    importance."""
    standing = tuple(standing)
    kept = {id_: seen for id_, seen in told.items() if now - seen < AGAIN}
    new = [note for note in standing if note.id not in kept]
    kept.update((note.id, now) for note in standing)
    if not new:
        return kept, None
    first, more = new[0], len(new) - 1
    if not more:
        return kept, first
    rest = say("more", language, count=more)
    room = MESSAGE_UNITS - len(rest) - 1
    return kept, Note(first.id, first.title, f"{cut(first.text, room)} {rest}")
