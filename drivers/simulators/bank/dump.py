"""The ledger as ``simulate --dump`` prints it: money as decimal roubles in text, no card number but a masked one."""

from __future__ import annotations

from random import Random
from typing import Any

from drivers.simulators.bank.ledger import Bank
from drivers.simulators.bank.state import BankState, Entry
from drivers.simulators.dump import roubles


def dump_state(state: BankState) -> dict[str, Any]:
    """Of a ledger that nobody uses."""
    return dump(Bank(state, lambda: state.entries[-1].at, Random(0)))


def dump(bank: Bank) -> dict[str, Any]:
    """``charges``: what moved money, in order; ``declined``: what the bank refused; ``terminal``: its day."""
    state = bank.state
    return {
        "charges": [entry_json(bank, entry) for entry in state.entries if entry.approved],
        "declined": [entry_json(bank, entry) for entry in state.entries if not entry.approved],
        "terminal": {
            "id": state.terminal_id,
            "merchant": state.merchant_id,
            "day": state.day,
            "operations": state.of_day,
            "last": state.number,
        },
    }


def entry_json(bank: Bank, entry: Entry) -> dict[str, Any]:
    """``amount`` is what was booked, ``returned`` what of it was brought back since."""
    return {
        "kind": entry.kind.value,
        "amount": roubles(entry.amount),
        "asked": roubles(entry.asked),
        "state": bank.standing(entry).value,
        "returned": roubles(bank.returned(entry)) if entry.approved else "0.00",
        "rrn": entry.rrn,
        "auth_code": entry.auth_code,
        "number": entry.number,
        "day": entry.day,
        "terminal": entry.terminal_id,
        "at": entry.at.isoformat(timespec="seconds"),
        "card": bank.card(entry).masked,
        "means": entry.means.value,
        "origin": entry.origin.value,
        "original": entry.original,
        "reference": entry.reference,
        "response": entry.response,
    }
