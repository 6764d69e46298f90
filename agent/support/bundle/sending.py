"""Where a bundle goes: the seam between making one and uploading it. Nothing implements it yet.

A bundle leaves the PC only with somebody's consent: given on the screen after the preview, or an owner's standing one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agent.support.bundle.collect import Bundle


@dataclass(frozen=True, slots=True)
class Consent:
    """``person``: who has agreed. ``standing``: not asked this time, the owner has agreed for all. ``request``: the
    server's request that this answers, if it is one."""

    person: str
    at: datetime
    standing: bool = False
    request: str | None = None


class Sender(Protocol):
    def send(self, bundle: Bundle, consent: Consent) -> str:
        """Upload it and return the moment until which support keeps it (ISO 8601). Raises ``UserError``."""
