"""What a terminal wants on paper, as text for a register."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from agent.journal.store import Transaction
from protocol.crm.payloads import MAX_PRINT_LINES

_LONGEST = 200
"""Characters of a line of text."""


def payload_of(slips: Iterable[Sequence[str]]) -> dict[str, Any] | None:
    """Of a ``print_text`` with these slips one below the other; ``None``: there is nothing to print."""
    lines = [{"text": line[:_LONGEST] or " "} for slip in slips for line in (*slip, " ")]
    return {"lines": lines[:MAX_PRINT_LINES], "cut": True} if lines else None


def slips_of(tx: Transaction, job_id: str) -> list[list[str]]:
    """Those that the terminal gave with this operation, the merchant's copy first."""
    told: list[list[str]] = (tx.facts(job_id).get("result") or {}).get("slips", [])
    return told
