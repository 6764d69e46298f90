"""The payload of ``sale`` and ``sale_refund``: a receipt whose card payments are moved at the desk's terminal.

It is a receipt's payload (``protocol.ffd.receipt``) of type ``sell``, or ``sell_return``, with one field more. Every
payment of type ``card`` is one charge (or refund) at the terminal, in the order of the payload; cash comes last. A sale
without one is the receipt alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Strict, ValidationError

from protocol.crm.jobs import JobKind
from protocol.crm.payments import MONEY_PAYLOADS, Means, OriginalPayment
from protocol.ffd.fields import Byte
from protocol.ffd.money import format_kopecks
from protocol.ffd.receipt import Payment, Receipt
from protocol.ffd.vocabulary import PaymentKind, ReceiptType

SALE_TYPES: Mapping[JobKind, ReceiptType] = MappingProxyType(
    {JobKind.SALE: ReceiptType.SELL, JobKind.SALE_REFUND: ReceiptType.SELL_RETURN}
)
"""Kinds that are made of parts, and the receipt that ends them."""

MONEY_KINDS = frozenset({*MONEY_PAYLOADS, *SALE_TYPES})
"""Kinds that move a customer's money."""

CARDS = "cards"
DETAILS = "cashless_details"
_LONGEST = 256
"""Characters of tag 1237."""
_IDENTIFIERS = {"sbp_id": "SBP", "rrn": "RRN", "auth_code": "AUTH", "number": "NO", "terminal_id": "TID"}
"""What of a charge's proof goes into tag 1237, by its worth, and what it is called there: no order of the tax service
says how, so each is named."""


class CardPart(BaseModel):
    """How one card payment of the receipt is moved. ``original``: of a refund, the payment that is brought back;
    without it the card is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    means: Means = "card"
    original: OriginalPayment | None = None
    method: Byte | None = None
    """Tag 1236 of the receipt's detail of this payment. Given for all of them, the receipt has tag 1234; the list of
    values is the tax service's, and is not guessed."""


class SaleFields(BaseModel):
    """The fields beside those of a receipt. ``cards``: one for each payment of type ``card``, in their order; without
    it all of them are by card, without an original."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    cards: Annotated[tuple[CardPart, ...], Strict(False)] | None = None


class _PaidFields(SaleFields):
    """With what is paid, for a payload whose receipt has not been read yet."""

    payments: Annotated[tuple[Payment, ...], Strict(False)] = ()


@dataclass(frozen=True, slots=True)
class Charge:
    """One movement of money of a sale, in kopecks."""

    amount: int
    part: CardPart


def receipt_payload(payload: Mapping[str, Any], proofs: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The payload of the sale's receipt: without the fields of the sale, with the details of its cashless payments
    where their ``method`` is given. ``proofs``: of the charges, in their order; without them, to judge a receipt before
    any money is moved, the details are as long as they can be. A charge that nothing names leaves all of them out: they
    are told of every payment or of none."""
    told = {name: value for name, value in payload.items() if name != CARDS}
    details = _detailed(payload)
    named = ["0" * _LONGEST] * len(details) if proofs is None else [_identifiers(proof) for proof in proofs]
    if not details or len(named) != len(details) or not all(named):
        return told
    rows = zip(details, named, strict=True)
    return told | {DETAILS: [detail | {"identifiers": identifiers} for detail, identifiers in rows]}


def _detailed(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The charges, where each has a ``method``. A payload out of shape has none: whoever reads it judges it."""
    try:
        fields = _PaidFields.model_validate(dict(payload))
    except ValidationError:
        return []
    amounts, cards = _amounts(fields.payments), fields.cards or ()
    if len(amounts) != len(cards) or any(card.method is None for card in cards):
        return []
    rows = zip(amounts, cards, strict=True)
    return [{"amount": format_kopecks(amount), "method": card.method} for amount, card in rows]


def _amounts(payments: Sequence[Payment]) -> list[int]:
    return [payment.amount for payment in payments if payment.type is PaymentKind.CARD and payment.amount]


def _identifiers(proof: Mapping[str, Any]) -> str:
    """Empty for a charge that a person has decided, whose numbers nobody knows: a terminal's id names no payment."""
    text = ""
    if not any(proof.get(name) for name in _IDENTIFIERS if name != "terminal_id"):
        return text
    for name, label in _IDENTIFIERS.items():
        longer = f"{text} {label}:{proof[name]}".strip() if proof.get(name) else text
        text = longer if len(longer) <= _LONGEST else text
    return text


def charges_of(payload: Mapping[str, Any], receipt: Receipt) -> tuple[Charge, ...]:
    """What is moved at the terminal, in order. ``receipt`` is what the payload's other fields say. Raises pydantic's
    ``ValidationError`` for the shape of ``cards``, ``CardsDiffer`` where it does not go with the receipt."""
    amounts = _amounts(receipt.payments)
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
    _check_methods(payload, cards)
    return tuple(map(Charge, amounts, cards))


def _check_methods(payload: Mapping[str, Any], cards: Sequence[CardPart]) -> None:
    methods = [card.method for card in cards if card.method is not None]
    if methods and len(methods) != len(cards):
        without = next(at for at, card in enumerate(cards) if card.method is None)
        raise CardsDiffer("a method for every card payment, or for none", without, "method")
    if methods and payload.get(DETAILS):
        raise CardsDiffer(f"no {DETAILS} beside a method: they are made of the payments", 0, "method")


class CardsDiffer(ValueError):
    """``cards`` does not go with the receipt; the message says what was expected, ``at`` which entry is wrong."""

    def __init__(self, expected: str, at: int | None = None, what: str = "original") -> None:
        super().__init__(expected)
        self.field = CARDS if at is None else f"{CARDS}[{at}].{what}"
