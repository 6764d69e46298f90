"""Who has agreed that a bundle leaves this PC: by a yes on the screen after the preview, or an owner's standing one."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from agent.support.bundle.collect import Bundle

YES = frozenset({"да", "д", "yes", "y"})
NOBODY = "?"
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Consent:
    """``person``: who has agreed. ``standing``: not asked this time, the owner has agreed for all. ``request``: the
    server's request that this answers, if it is one."""

    person: str
    at: datetime
    standing: bool = False
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """``kept_until``: when support's copy goes (ISO 8601)."""

    bundle_id: str
    kept_until: str


class Sender(Protocol):
    def __call__(self, bundle: Bundle, consent: Consent) -> Sent:
        """Upload it. The same bundle may be sent again when the answer was lost. Raises ``UserError``."""


def clean_name(typed: str) -> str:
    """A name in one line of printable characters; empty when nothing is left of it."""
    return "".join(letter for letter in " ".join(typed.split()) if letter.isprintable())[:LONGEST_NAME]


def signed_in() -> str:
    """Who sits at this PC, as the system knows them; for a consent that nobody signs by another name."""
    try:
        return clean_name(getpass.getuser()) or NOBODY
    except (KeyError, ImportError, OSError):  # a service account without a name
        return NOBODY
