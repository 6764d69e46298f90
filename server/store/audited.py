"""Which of a table's columns the audit writes down. Declared at the table itself (``__audited__``), so that whoever
adds a column decides it there; the session notices the changes (docs/adr/0028)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from server.store.actor import ActorKind

EVERYBODY = frozenset(ActorKind)
Shown = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Audited:
    """``kind`` and the column ``subject`` name what was changed. ``fields`` are written down, ``quiet`` ones are not:
    secrets, what devices report, what other columns say already. ``actions``: the first field of these that has changed
    names the action, ``{}`` stands for the new value; otherwise it is ``made``, ``changed`` or ``removed``."""

    kind: str
    subject: str
    fields: tuple[str, ...]
    quiet: tuple[str, ...] = ()
    actions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    by: frozenset[ActorKind] = EVERYBODY
    """Whose changes are written down."""
    made_by: frozenset[ActorKind] = EVERYBODY
    """Whose new rows are."""
    shown: Mapping[str, Shown] = field(default_factory=lambda: MappingProxyType({}))
    """How a field is written down that is not shown as it is."""

    def wants(self, by: ActorKind, *, made: bool) -> bool:
        return by in (self.made_by if made else self.by)

    def values(self, row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        return {name: self.shown.get(name, plain)(row[name]) for name in names}

    def action(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
        if before is None:
            return f"{self.kind}.made"
        if after is None:
            return f"{self.kind}.removed"
        word = next((word for name, word in self.actions.items() if name in after), "changed")
        values = [after[name] for name in self.actions if name in after]
        return f"{self.kind}.{word.format(*values)}"


def plain(value: Any) -> Any:
    """As JSON spells it."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def host_only(url: Any) -> Any:
    """Of an address of the web: whose it is. The rest may be a secret of its owner's."""
    parts = urlsplit(str(url))
    return f"{parts.scheme}://{parts.hostname or ''}/…"
