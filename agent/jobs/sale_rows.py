"""A sale as the journal has it: its parts, how it stands, and what a person may choose. Nothing here writes.

``JobRow.sale``: ``terminal`` (its KKM_ID, or ``None``), ``undoing`` (why), ``halted``, ``copied``, ``left`` (it was
left owed), ``choice`` (a person's, not yet followed), ``waits`` (the code of what is asked of a person), ``choices``
(what a person may say to that), ``owed``, ``checked`` (when the register was found ready), ``above`` (the highest
document of the register then), ``looked`` (as the procedure has it).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.jobs.transitions import is_open, unsearched
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from agent.procedures import sale as procedure
from agent.procedures.sale import Part, Sale, Step, Under, Waits
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Offer
from protocol.crm.outcomes import Reason, SaleChoice
from protocol.crm.sales import Charge, charges_of, receipt_payload
from protocol.ffd.shape import parse_receipt

LEFT = "left_owed"
"""Under this code the number of a correction receipt is asked for."""

BLANK: dict[str, Any] = {
    "terminal": None, "undoing": None, "halted": False, "copied": False, "choice": None, "left": False, "waits": None,
    "choices": [], "owed": False, "checked": "", "above": None, "looked": False,
}  # fmt: skip
ANSWERED: dict[str, Any] = {"choice": None, "waits": None, "choices": [], "owed": False}
"""Of a sale that goes on: nobody is asked any more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sale as the journal has it."""

    row: JobRow
    offer: Offer
    charges: tuple[Charge, ...]
    parts: list[JobRow]

    @property
    def sale(self) -> Sale:
        told = self.row.sale or BLANK
        choice, undoing = told["choice"], told["undoing"]
        return Sale(
            charges=len(self.charges),
            moves=Step.PAYMENT if self.offer.kind is JobKind.SALE else Step.REFUND,
            undoing=Reason.model_validate(undoing) if undoing is not None else None,
            halted=told["halted"],
            left=told.get("left", False),
            copied=told["copied"],
            looked=told.get("looked", False),
            choice=SaleChoice(choice["decision"]) if choice is not None else None,
        )


def seen_of(tx: Transaction, row: JobRow) -> Seen:
    offer = tx.with_offer(row).offer
    charges = charges_of(offer.payload, parse_receipt(receipt_payload(offer.payload)))
    return Seen(row, offer, charges, [part for part in tx.parts(row.job_id) if part.state is not Known.CANCELLED])


def part_of(row: JobRow) -> Part:
    assert row.part is not None
    told = row.outcome.get("reason")
    why = Reason.model_validate(told) if told is not None else None
    return Part(Step(row.part["step"]), row.state, row.part["charge"], why, sought=unsearched(row))


def choices(tx: Transaction, row: JobRow) -> frozenset[SaleChoice]:
    """What a person may choose for a sale as it stands."""
    if row.sale is None or not is_open(row):
        return frozenset()
    seen = seen_of(tx, row)
    parts = [part_of(part) for part in seen.parts]

    def leads_on(choice: SaleChoice) -> bool:
        next_ = procedure.follow(replace(seen.sale, choice=choice), parts)
        return not (isinstance(next_, Under | Waits) or seen.sale.left)

    return frozenset(filter(leads_on, SaleChoice))


def is_left(row: JobRow) -> bool:
    """Whether it was left owed, and waits for the number of a correction receipt."""
    return row.state is Known.HUMAN and row.sale is not None and bool(row.sale.get("left"))


def part_in_doubt(tx: Transaction, row: JobRow) -> JobRow | None:
    """The part whose outcome a person is asked for."""
    return next((part for part in tx.parts(row.job_id) if part.state is Known.HUMAN), None)
