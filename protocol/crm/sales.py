"""The payload of ``sale`` and ``sale_refund``: a receipt whose card payments are moved at the desk's terminal.

It is a receipt's payload (``protocol.ffd.receipt``) of type ``sell``, or ``sell_return``, with one field more. Every
payment of type ``card`` is one charge (or refund) at the terminal, in the order of the payload; cash comes last. A sale
without one is the receipt alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Strict

from protocol.crm.jobs import JobKind
from protocol.crm.payments import MONEY_PAYLOADS, Means, OriginalPayment
from protocol.ffd.money import format_kopecks
from protocol.ffd.receipt import Receipt
from protocol.ffd.vocabulary import PaymentKind, ReceiptType

SALE_TYPES: Mapping[JobKind, ReceiptType] = MappingProxyType(
    {JobKind.SALE: ReceiptType.SELL, JobKind.SALE_REFUND: ReceiptType.SELL_RETURN}
)
"""Kinds that are made of parts, and the receipt that ends them."""

MONEY_KINDS = frozenset({*MONEY_PAYLOADS, *SALE_TYPES})
"""Kinds that move a customer's money."""

CARDS = "cards"


class CardPart(BaseModel):
    """How one card payment of the receipt is moved. ``original``: of a refund, the payment that is brought back;
    without it the card is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    means: Means = "card"
    original: OriginalPayment | None = None


class SaleFields(BaseModel):
    """The fields beside those of a receipt. ``cards``: one for each payment of type ``card``, in their order; without
    it all of them are by card, without an original."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    cards: Annotated[tuple[CardPart, ...], Strict(False)] | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """One movement of money of a sale, in kopecks."""

    amount: int
    part: CardPart


def receipt_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload without the fields of the sale."""
    return {name: value for name, value in payload.items() if name != CARDS}


def charges_of(payload: Mapping[str, Any], receipt: Receipt) -> tuple[Charge, ...]:
    """What is moved at the terminal, in order. ``receipt`` is what the payload's other fields say. Raises pydantic's
    ``ValidationError`` for the shape of ``cards``, ``CardsDiffer`` where it does not go with the receipt."""
    amounts = [payment.amount for payment in receipt.payments if payment.type is PaymentKind.CARD and payment.amount]
    cards = SaleFields.model_validate(dict(payload)).cards
    if cards is None:
        cards = (CardPart(),) * len(amounts)
    if len(cards) != len(amounts):
        raise CardsDiffer(f"{len(amounts)} entries, one for each card payment of the receipt")
    for at, (amount, card) in enumerate(zip(amounts, cards, strict=True)):
        if card.original is not None and receipt.type is not ReceiptType.SELL_RETURN:
            raise CardsDiffer("no original: a sale charges", at)
        if card.original is not None and amount > card.original.amount:
            raise CardsDiffer(f"an original of at least {format_kopecks(amount)}", at)
    return tuple(map(Charge, amounts, cards))


class CardsDiffer(ValueError):
    """``cards`` does not go with the receipt; the message says what was expected, ``at`` which entry is wrong."""

    def __init__(self, expected: str, at: int | None = None) -> None:
        super().__init__(expected)
        self.field = CARDS if at is None else f"{CARDS}[{at}].original"
