"""What a transaction made true, told when it is committed: to the log and to the figures, never to another service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Happening:
    """``what``: ``job`` (facts: job_id, kkm_id, kind, state, rev, attempt, code, tenant_id), ``webhook`` (webhook_id,
    event_id, job_id, outcome, status). ``seconds``: how long it took, of what has come to its end."""

    what: str
    facts: Mapping[str, Any]
    seconds: float | None = None
