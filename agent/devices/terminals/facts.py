"""What a terminal says, as the journal keeps it, as the proof that the CRM gets, and as facts for people."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from agent.jobs.proof import with_offset
from drivers.terminal_api import (
    Operation,
    Outcome,
    SettlementResult,
    TerminalIdentity,
    TerminalStatus,
    Transaction,
)
from protocol.crm.outcomes import Proof, ProofSource
from protocol.ffd.money import format_kopecks

_FIELDS = tuple(field.name for field in fields(Transaction))


def transaction_json(transaction: Transaction | None) -> dict[str, Any] | None:
    """Everything that the terminal said; a driver lets no card number through."""
    if transaction is None:
        return None
    shown = {name: getattr(transaction, name) for name in _FIELDS}
    return {
        **shown,
        "outcome": transaction.outcome.value,
        "operation": transaction.operation.value if transaction.operation is not None else None,
        "at": transaction.at.isoformat() if transaction.at is not None else None,
        "slips": slips_json(transaction),
    }


def transaction_of(value: dict[str, Any] | None) -> Transaction | None:
    """What ``transaction_json`` has written."""
    if value is None:
        return None
    known = {name: value[name] for name in _FIELDS if name in value}
    return Transaction(
        **{
            **known,
            "outcome": Outcome(value["outcome"]),
            "operation": Operation(value["operation"]) if value["operation"] is not None else None,
            "at": datetime.fromisoformat(value["at"]) if value["at"] is not None else None,
            "slips": tuple(tuple(slip) for slip in value["slips"]),
        }
    )


def slips_json(said: Transaction | SettlementResult) -> list[list[str]]:
    return [list(slip) for slip in said.slips]


def terminal_facts(
    identity: TerminalIdentity | None, status: TerminalStatus | None, settled: dict[str, Any] | None
) -> dict[str, Any]:
    """The answer of ``terminal_status`` and the body of a health message. ``status`` is ``None`` when only the way to
    the terminal was looked at; ``settled``: its last settlement, as this journal knows it."""
    who = identity or TerminalIdentity("", "", "")
    said = status.terminal_id if status is not None else ""
    return {
        "answers": True,
        "reason": None,
        "model": who.model or who.vendor or None,
        "firmware": who.software or None,
        "busy": status.busy if status is not None else None,
        "terminal": {
            "id": said or who.terminal_id or None,
            "merchant_id": who.merchant_id or None,
            "ready": None if status is None else status.attention is None and not status.busy,
            "attention": status.attention if status is not None else None,
            "vendor": status.vendor if status is not None else None,
            "settled_at": settled["at"] if settled else None,
        },
    }


def money_proof(transaction: Transaction, *, timezone: str) -> Proof:
    """Every field is the terminal's own word."""

    def said(text: str) -> str | None:
        return text or None

    return Proof(
        source=ProofSource.DEVICE,
        printed_at=with_offset(transaction.at, timezone) if transaction.at is not None else None,
        total=format_kopecks(transaction.amount) if transaction.amount is not None else None,
        terminal_id=said(transaction.terminal_id),
        merchant_id=said(transaction.merchant_id),
        rrn=said(transaction.rrn),
        auth_code=said(transaction.auth_code),
        number=said(transaction.number),
        card=said(transaction.card),
        card_system=said(transaction.card_system),
        sbp_id=said(transaction.sbp_id),
    )
