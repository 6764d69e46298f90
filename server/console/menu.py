"""The pages that a person's rights open, in groups, as the menu shows them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from server.services.access import Scope

HOME = "/console"


@dataclass(frozen=True, slots=True)
class Entry:
    """``needs``: any of these rights."""

    path: str
    ru: str
    en: str
    needs: frozenset[Scope]
    count: int = 0


def _entry(path: str, ru: str, en: str, *needs: Scope) -> Entry:
    return Entry(f"{HOME}/{path}", ru, en, frozenset(needs))


DECISIONS = f"{HOME}/decisions"
MENU = (
    (
        _entry("overview", "Обзор", "Overview", Scope.DIRECTORY, Scope.READ),
        _entry("decisions", "Решения", "Decisions", Scope.JOBS, Scope.READ),
        _entry("till", "За кассой", "At the till", Scope.JOBS),
    ),
    (
        _entry("jobs", "Задания", "Jobs", Scope.JOBS, Scope.READ),
        _entry("sales", "Продажи", "Sales", Scope.JOBS, Scope.READ),
    ),
    (
        _entry("pcs", "Компьютеры", "PCs", Scope.DIRECTORY, Scope.READ),
        _entry("pairing", "Подключить ПК", "Pair a PC", Scope.DIRECTORY),
        _entry("directory", "Справочник", "Directory", Scope.DIRECTORY, Scope.READ),
        _entry("first-steps", "Первые шаги", "First steps", Scope.DIRECTORY),
    ),
    (
        _entry("people", "Люди", "People", Scope.PEOPLE),
        _entry("keys", "Ключи API", "API keys", Scope.PEOPLE),
        _entry("webhooks", "Вебхуки", "Webhooks", Scope.WEBHOOKS),
        _entry("audit", "Журнал изменений", "Audit", Scope.PEOPLE),
    ),
)


def of(scopes: Collection[str], waiting: int) -> tuple[tuple[Entry, ...], ...]:
    """What somebody with these rights sees. ``waiting``: how many decisions wait."""
    seen = (
        tuple(
            replace(entry, count=waiting) if entry.path == DECISIONS else entry
            for entry in group
            if not entry.needs.isdisjoint(scopes)
        )
        for group in MENU
    )
    return tuple(group for group in seen if group)
