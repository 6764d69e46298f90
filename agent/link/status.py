"""What the link says of itself to the tray, ``agent status`` and the log. Replaced as a whole; any thread may read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from protocol.crm.link_machine import AgentLink


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the link is not up. ``code`` is stable (see ``agent.link.dial``, or the server's goodbye)."""

    code: str
    detail: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class LinkStatus:
    state: AgentLink
    since: datetime
    trouble: Trouble | None = None
    """The last failure; ``None`` again after a valid welcome."""
    failures: int = 0
    retry_in: float | None = None
    """While waiting: the back-off that was chosen, in seconds from ``since``."""
