"""Payloads of the jobs of a card terminal: their shape. Money is decimal roubles in text, as everywhere in the API."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, NaiveDatetime, Strict, StringConstraints, model_validator

from protocol.crm.jobs import JobKind
from protocol.ffd.receipt import Kopecks

Means = Literal["card", "sbp"]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{0,64}$")]
"""Numbers and identifiers as terminals print them."""


def _positive(value: int) -> int:
    if value <= 0:
        raise ValueError("an amount above zero")
    return value


Amount = Annotated[Kopecks, AfterValidator(_positive)]


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class OriginalPayment(_Payload):
    """The payment that is brought back: what its proof says of it. Which of these a terminal needs, its interface
    decides."""

    amount: Amount
    rrn: Word = ""
    auth_code: Word = ""
    number: Word = ""
    terminal_id: Word = ""
    sbp_id: Word = ""
    at: Annotated[NaiveDatetime, Strict(False)] | None = None  # by the terminal's clock


class PaymentPayload(_Payload):
    """``payment``: charge."""

    amount: Amount
    means: Means = "card"


class RefundPayload(_Payload):
    """``refund``: give back all of a payment or a part of it; without ``original`` with the card in hand."""

    amount: Amount
    means: Means = "card"
    original: OriginalPayment | None = None

    @model_validator(mode="after")
    def _not_more(self) -> RefundPayload:
        if self.original is not None and self.amount > self.original.amount:
            raise ValueError("an amount of at most the original's")
        return self


class VoidPayload(_Payload):
    """``void``: take a payment of the same terminal day back."""

    amount: Amount
    means: Means = "card"
    original: OriginalPayment

    @model_validator(mode="after")
    def _not_more(self) -> VoidPayload:
        if self.amount > self.original.amount:
            raise ValueError("an amount of at most the original's")
        return self


MONEY_PAYLOADS: Mapping[JobKind, type[PaymentPayload] | type[RefundPayload] | type[VoidPayload]] = MappingProxyType(
    {JobKind.PAYMENT: PaymentPayload, JobKind.REFUND: RefundPayload, JobKind.VOID: VoidPayload}
)
"""Kinds that move money at a terminal."""
