"""Who changes something: what the audit writes beside every change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    USER = "user"  # a person who has signed in
    KEY = "key"  # an API key
    AGENT = "agent"  # a cashier's PC
    SERVER = "server"  # by time alone
    CONSOLE = "console-cli"  # somebody at the server's command line


@dataclass(frozen=True, slots=True)
class Actor:
    """``id`` is empty for those of whom there is one; ``address``: from where, as far as that is known."""

    kind: ActorKind
    id: str = ""
    name: str | None = None
    address: str | None = None

    @property
    def ref(self) -> str:
        """``user:us_…``: one text for a column."""
        return f"{self.kind}:{self.id}" if self.id else self.kind.value


SERVER = Actor(ActorKind.SERVER)
CONSOLE = Actor(ActorKind.CONSOLE)
