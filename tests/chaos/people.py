"""The people of a shop with a card terminal. Whoever decides about a part in doubt looks at the bank's book and at the
register's archive, as a person looks at the bank's message and at the paper; whoever chooses how a sale goes on does as
he likes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from drivers.simulators.bank import Bank, Declined, Entry, Kind, Origin
from protocol.crm.outcomes import Decision
from tests.chaos.selling import SALES

if TYPE_CHECKING:
    from tests.chaos.crm import Order
    from tests.chaos.terminals import Terminal

CHOICES: Mapping[str, Mapping[str, int]] = {
    "continue_wanted": {"go_on": 6, "give_back": 3, "leave_owed": 1},
    "receipt_owed": {"go_on": 6, "give_back": 3, "leave_owed": 1},
    "money_not_returned": {"go_on": 8, "leave_owed": 1},
    "maybe_charged": {"go_on": 6, "give_back": 3, "leave_owed": 1},
    "maybe_returned": {"go_on": 8, "leave_owed": 1},
}
OF_A_COPY = frozenset({"maybe_charged", "maybe_returned"})
_KINDS = {"payment": Kind.PAYMENT, "refund": Kind.REFUND}


def chosen(waits: str, random: Random) -> str:
    """How a sale goes on."""
    table = CHOICES[waits]
    return random.choices(list(table), list(table.values()))[0]


def money_moved(terminal: Terminal, operation: str, amount: int) -> Decision:
    """Whether the bank has done this, and it stands. What it has done for another sum is brought back by hand before
    anybody says a word."""
    if operation == "void":
        paid = list(_ours(terminal, Kind.PAYMENT, amount))
        back = [entry for bank, entry in paid if bank.returned(entry) >= entry.amount]
        return Decision.DONE if paid and len(back) == len(paid) else Decision.NOT_DONE
    standing = [(bank, entry) for bank, entry in _ours(terminal, _KINDS[operation], amount) if _stands(bank, entry)]
    for bank, entry in standing:
        if entry.amount != entry.asked:
            bank.reverse(entry, origin=Origin.FOREIGN)
            terminal.tick()
    return Decision.DONE if any(_stands(bank, entry) for bank, entry in standing) else Decision.NOT_DONE


def _ours(terminal: Terminal, kind: Kind, amount: int) -> Iterator[tuple[Bank, Entry]]:
    for bank, entry in terminal.books():
        if entry.approved and entry.kind is kind and entry.asked == amount and entry.origin is Origin.HOST:
            yield bank, entry


def _stands(bank: Bank, entry: Entry) -> bool:
    return bank.returned(entry) < entry.amount


def gave_back_by_hand(terminal: Terminal, amounts: list[int]) -> None:
    """Of a sale that nobody goes on with."""
    for amount in amounts:
        for bank, entry in list(_ours(terminal, Kind.PAYMENT, amount)):
            if _stands(bank, entry):
                try:
                    bank.reverse(entry, origin=Origin.FOREIGN)
                except Declined:  # pragma: no cover - it stood a moment ago
                    continue
    terminal.tick()


def money_asked(order: Order, evidence: Mapping[str, Any]) -> tuple[str, int] | None:
    """(operation, kopecks) that a person is asked for; ``None``: for a receipt, or for the job as a whole."""
    if evidence.get("operation") in ("payment", "refund", "void"):
        return str(evidence["operation"]), int(evidence["amount"])
    if order.kind in ("payment", "refund", "void"):
        return order.kind, _kopecks(order.payload["amount"])
    return None


def cards_of(order: Order, *, but: Collection[str] = ()) -> list[int]:
    """Kopecks that each card of a sale is charged with, ``but`` for these sums."""
    assert order.kind in SALES
    amounts = [each["amount"] for each in order.payload["payments"] if each["type"] == "card"]
    return [_kopecks(amount) for amount in amounts if amount not in but]


def paid_at(order: Order) -> list[int]:
    """Kopecks of the payments that it may have made."""
    if order.kind == "payment":
        return [_kopecks(order.payload["amount"])]
    return cards_of(order) if order.kind == "sale" else []


def sum_of(order: Order) -> int:
    """Kopecks that it is about, or that are nothing to it."""
    if order.kind in SALES:
        return (cards_of(order) or [4_200])[-1]
    return _kopecks(order.payload.get("amount", "42.00"))


def sees(terminal: Terminal, order: Order, steps: Sequence[Mapping[str, Any]], choice: str) -> str:
    """What is said to a copy that asks about the next movement: nothing is moved again that the bank has."""
    moves = "payment" if order.kind == "sale" else "refund"
    known = [step["amount"] for step in steps if step["step"] == moves and step["state"] == "done"]
    more = cards_of(order, but=known)
    if any(_stands(bank, entry) for amount in more for bank, entry in _ours(terminal, _KINDS[moves], amount)):
        return "leave_owed"
    return choice if known or choice != "leave_owed" else "give_back"


def _kopecks(text: str) -> int:
    return int(text.replace(".", ""))
