"""What a sale does next: money at the terminal, then the receipt; or the money back. Pure.

A sale is made of parts, each a job of its own with its own INTENT and its own way out of doubt: charges in the order of
the receipt's card payments, the receipt, and, where it comes to that, the undoing of charges. One part at a time. The
rules:

- a charge that was declined ends the sale, after what was charged before is undone;
- once undoing has begun there is no further charge and no receipt;
- a receipt that provably could not be made leaves the money **owed**: a person chooses, nothing happens by itself;
- no money is given back while the receipt is in doubt: a part in doubt is waited for, whatever anybody says;
- a sale that is **left** owed, for a correction receipt, makes nothing any more and waits until its number is told;
- after a restart no charge begins before a person says so;
- an older copy of a journal gives no money back before the archive was read: its successor may have made the receipt.

``sale_refund`` is the mirror: refunds, then the return receipt. A refund that was given cannot be undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from protocol.crm.codes import reason
from protocol.crm.job_machine import Known
from protocol.crm.jobs import FINAL
from protocol.crm.outcomes import Reason, SaleChoice


class Step(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"  # of a sale: an undoing that the terminal no longer takes as a void
    VOID = "void"
    RECEIPT = "receipt"
    SLIP = "slip"  # after the end; it changes nothing


@dataclass(frozen=True, slots=True)
class Part:
    """``charge``: index of the card payment that it moves or undoes. ``reason``: why it was not done. ``sought``: a
    successor of this journal may have made it, and its device's archive has not been read yet."""

    step: Step
    state: Known
    charge: int | None = None
    reason: Reason | None = None
    sought: bool = False

    @property
    def final(self) -> bool:
        return self.state.value in {state.value for state in FINAL}

    @property
    def done(self) -> bool:
        return self.state is Known.DONE


@dataclass(frozen=True, slots=True)
class Sale:
    """``moves``: what a charge is, PAYMENT or REFUND. ``undoing``: why, once that is on disk. ``halted``: the process
    was restarted, and nobody has said yet that the next charge may begin. ``left``: a person has left it owed for a
    correction receipt, and that is on disk. ``copied``: the journal may be an older copy,
    whose successor has done more: each movement of money needs a person's word. ``looked``: since then the archive was
    read, and holds no receipt of this sale. ``choice``: a person's, not yet followed."""

    charges: int
    moves: Step = Step.PAYMENT
    undoing: Reason | None = None
    halted: bool = False
    left: bool = False
    copied: bool = False
    looked: bool = False
    choice: SaleChoice | None = None

    @property
    def undoes(self) -> bool:
        return self.moves is Step.PAYMENT


@dataclass(frozen=True, slots=True)
class Begin:
    step: Step
    charge: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Read the archive for the sale's receipt, make none, and look again."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Commit UNDOING, withdraw a receipt that has not begun, and look again."""

    why: Reason


@dataclass(frozen=True, slots=True)
class Under:
    """A part is under way."""

    part: Part


@dataclass(frozen=True, slots=True)
class Waits:
    """For a person. ``owed``: money was moved and there is no receipt."""

    code: str
    owed: bool


@dataclass(frozen=True, slots=True)
class Done:
    pass


@dataclass(frozen=True, slots=True)
class NotDone:
    why: Reason


@dataclass(frozen=True, slots=True)
class Left:
    """Withdraw a receipt that has not begun, and make nothing any more: a person enters the number of the correction
    receipt."""


Next = Begin | Look | Undo | Under | Waits | Done | NotDone | Left

OWED = "receipt_owed"
NOT_RETURNED = "money_not_returned"
CONTINUE = "continue_wanted"
MAYBE_CHARGED = "maybe_charged"
MAYBE_RETURNED = "maybe_returned"
"""What an older copy of a journal asks: its successor may have moved this money already, and the terminal's own list
tells."""


def follow(sale: Sale, parts: Sequence[Part]) -> Next:
    """What comes next. The person's choice is used up by whatever answers it."""
    next_ = _next(sale, parts)
    return Look() if isinstance(next_, Undo) and sale.copied and not sale.looked else next_


def _next(sale: Sale, parts: Sequence[Part]) -> Next:
    mine = [part for part in parts if part.step is not Step.SLIP]
    live = next((part for part in mine if not part.final), None)
    if live is not None:
        return _under(sale, mine, live)
    if sale.left:
        return Left()
    if sale.undoing is not None:
        return _undo(sale, sale.undoing, mine)
    if any(part.step is Step.RECEIPT and part.done for part in mine):
        return Done()  # nobody makes it before the money is moved: what this journal lacks, its successor has done
    for charge in range(sale.charges):
        last = _last(mine, charge, sale.moves)
        if last is None:
            return _charge(sale, mine, charge)
        if not last.done:
            return _declined(sale, mine, last, charge)
    return _receipt(sale, mine)


def _under(sale: Sale, parts: Sequence[Part], live: Part) -> Next:
    """A receipt that has not begun, again or at all, is provably not made: only then may the money go back."""
    unbegun = live.state is Known.ACCEPTED and not live.sought
    waiting = unbegun and live.step is Step.RECEIPT and charged(parts, sale)
    if waiting and sale.choice is SaleChoice.LEAVE_OWED:
        return Left()
    if waiting and sale.choice is SaleChoice.GIVE_BACK and sale.undoes:
        return Undo(live.reason or reason("sale_given_back"))
    return Under(live)


def _charge(sale: Sale, parts: Sequence[Part], charge: int) -> Next:
    if not (sale.halted or sale.copied) or sale.choice is SaleChoice.GO_ON:
        return Begin(sale.moves, charge)
    given = charged(parts, sale)
    if sale.choice is SaleChoice.GIVE_BACK and (sale.undoes or not given):
        return Undo(reason("sale_given_back")) if given else NotDone(reason("sale_given_back"))
    if sale.choice is SaleChoice.LEAVE_OWED and (given or sale.copied):
        return Left()
    maybe = MAYBE_CHARGED if sale.undoes else MAYBE_RETURNED
    return Waits(maybe if sale.copied else CONTINUE, owed=False)


def _declined(sale: Sale, parts: Sequence[Part], part: Part, charge: int) -> Next:
    why = part.reason or reason("terminal_refused")
    if not charged(parts, sale):
        return NotDone(why)
    if sale.undoes:
        return Undo(why)
    if sale.choice is SaleChoice.GO_ON:
        return Begin(sale.moves, charge)
    if sale.choice is SaleChoice.LEAVE_OWED:
        return Left()
    return Waits(OWED, owed=True)


def _receipt(sale: Sale, parts: Sequence[Part]) -> Next:
    receipts = [part for part in parts if part.step is Step.RECEIPT]
    if not receipts:
        return Begin(Step.RECEIPT)
    why = receipts[-1].reason or reason("register_refused")
    if not charged(parts, sale):
        return NotDone(why)
    match sale.choice:
        case SaleChoice.GO_ON:
            return Begin(Step.RECEIPT)
        case SaleChoice.GIVE_BACK if sale.undoes:
            return Undo(why)
        case SaleChoice.LEAVE_OWED:
            return Left()
    return Waits(OWED, owed=True)


def _undo(sale: Sale, why: Reason, parts: Sequence[Part]) -> Next:
    """Every charge back: by a void, or, where the terminal takes that no more, by a refund."""
    for charge in charged(parts, sale):
        last = _last(parts, charge, Step.VOID, Step.REFUND)
        step = Step.REFUND if last is not None and last.step is Step.VOID else Step.VOID
        exhausted = last is not None and last.step is Step.REFUND
        if sale.choice is SaleChoice.GO_ON or not (exhausted or sale.copied):
            return Begin(step, charge)
        if sale.choice is SaleChoice.LEAVE_OWED:
            return Left()
        return Waits(NOT_RETURNED if exhausted else MAYBE_RETURNED, owed=True)
    return NotDone(why)


def charged(parts: Sequence[Part], sale: Sale) -> list[int]:
    """Charges whose money was moved and not brought back."""
    return list(_charged(parts, sale))


def _charged(parts: Sequence[Part], sale: Sale) -> Iterator[int]:
    for charge in range(sale.charges):
        moved = _last(parts, charge, sale.moves)
        undone = _last(parts, charge, Step.VOID, Step.REFUND) if sale.undoes else None
        if moved is not None and moved.done and not (undone is not None and undone.done):
            yield charge


def _last(parts: Sequence[Part], charge: int, *steps: Step) -> Part | None:
    return next((part for part in reversed(parts) if part.charge == charge and part.step in steps), None)
