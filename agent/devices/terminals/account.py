"""What this journal knows of a terminal's day, beside what the terminal says when the day is closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agent.devices.terminals.facts import slips_json
from agent.journal.records import Record, RecordKind
from agent.journal.rows import DeviceRow
from agent.journal.store import Transaction
from drivers.terminal_api import SettlementResult, Totals
from protocol.crm.job_machine import JobEvent
from protocol.crm.jobs import JobKind
from protocol.crm.outcomes import ProofSource
from protocol.ffd.money import format_kopecks, parse_kopecks

SETTLED = "settled"
"""In the facts of a terminal's row: its last settlement, and the record after which what was moved belongs to the next
one."""

_SIGNS = {JobKind.PAYMENT: 1, JobKind.REFUND: -1, JobKind.VOID: -1}
_MOVED = frozenset({JobEvent.PROVEN, JobEvent.DECIDED_DONE})


@dataclass(frozen=True, slots=True)
class Account:
    """Of one terminal since its last settlement. ``amount`` in kopecks: charged less brought back; ``since`` is
    ``None`` when this journal knows of no settlement: then it may not have seen the whole day. ``by_word``: jobs among
    them that a person has decided, not the terminal."""

    count: int
    amount: int
    since: datetime | None
    by_word: tuple[str, ...] = ()


def account(tx: Transaction, terminal: DeviceRow) -> Account:
    """What jobs of this journal have moved there, by the moment at which it became known."""
    last = terminal.facts.get(SETTLED)
    known = Account(0, 0, datetime.fromisoformat(last["at"]) if last else None)
    for record in tx.records(after=last["n"] if last else 0):
        for job_id, amount, by_word in _moved(tx, record, terminal.kkm_id):
            words = (*known.by_word, job_id) if by_word else known.by_word
            known = replace(known, count=known.count + 1, amount=known.amount + amount, by_word=words)
    return known


def _moved(tx: Transaction, record: Record, kkm_id: str) -> Iterator[tuple[str, int, bool]]:
    if record.kind is not RecordKind.JOB or record.kkm_id != kkm_id or record.body is None:
        return
    row = record.body["job"]
    if record.body["event"] not in _MOVED or row["kind"] not in _SIGNS:
        return
    proof = row["outcome"].get("proof") or {}
    told = proof.get("total")
    if told is None:  # a person's word has no sum of its own
        offer = tx.offer(row["job_id"])
        told = offer.payload["amount"] if offer is not None else "0.00"
    by_word = proof.get("source") == ProofSource.PERSON and not proof.get("verified")
    yield row["job_id"], _SIGNS[JobKind(row["kind"])] * parse_kopecks(told), by_word


def differences(told: SettlementResult, known: Account) -> list[dict[str, Any]]:
    """Where terminal, bank and journal do not agree, as far as they tell. Counts are not compared: terminals count
    differently."""
    found: list[dict[str, Any]] = []
    if told.totals is Totals.DIFFERENT:
        found.append({"between": "terminal_and_bank"})
    if told.amount is not None and told.amount != known.amount:
        sums = {"terminal": format_kopecks(told.amount), "journal": format_kopecks(known.amount)}
        found.append({"between": "terminal_and_journal", **sums})
    return found


def settlement_json(told: SettlementResult, known: Account) -> dict[str, Any]:
    """``result`` of a settlement."""
    return {
        "totals": told.totals.value,
        "count": told.count,
        "amount": None if told.amount is None else format_kopecks(told.amount),
        "journal": {
            "count": known.count,
            "amount": format_kopecks(known.amount),
            "since": known.since.isoformat() if known.since is not None else None,
            "decided_by_person": list(known.by_word),
        },
        "differences": differences(told, known),
        "slips": slips_json(told),
    }


def settled(tx: Transaction, kkm_id: str, result: dict[str, Any]) -> None:
    """From now on the next day counts."""
    terminal = tx.device(kkm_id)
    last = {"n": tx.head()[0], "at": tx.now.isoformat(), "totals": result["totals"], "amount": result["amount"]}
    tx.write_device(replace(terminal, facts={**terminal.facts, SETTLED: last}), "settled")
