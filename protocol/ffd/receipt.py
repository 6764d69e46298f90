"""The payload of a job of kind ``receipt``: its shape and the form of every value.

What one value can tell alone is judged here; what follows from other fields or from the date is in
``protocol.ffd.rules``. Callers that face people use ``rules.parse_receipt``, which speaks their language.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocol.ffd.money import (
    MAX_QUANTITY,
    QUANTITY_PLACES,
    format_kopecks,
    format_quantity,
    line_sum,
    parse_kopecks,
    parse_quantity,
)
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import (
    MARKED_OBJECTS,
    PaymentKind,
    PaymentMethod,
    PaymentObject,
    ReceiptType,
    Taxation,
    Unit,
)


def _text(value: str) -> str:
    """JSON can smuggle in half a surrogate pair, which no answer, file or database could carry on."""
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise PydanticCustomError("string_unicode", "half a surrogate pair")
    return value


def _money(value: object) -> int:
    """Text only: a JSON number may already have passed through a binary float."""
    if not isinstance(value, str):
        raise PydanticCustomError("money_type", "money is text")
    try:
        return parse_kopecks(value)
    except ValueError:
        raise PydanticCustomError("money_format", "not an amount of money") from None


def _quantity(value: object) -> Decimal:
    if not isinstance(value, str):
        raise PydanticCustomError("quantity_type", "a quantity is text")
    try:
        quantity = parse_quantity(value)
    except ValueError:
        head, _, places = value.partition(".")
        if (
            head.isascii()
            and head.isdigit()
            and places.isascii()
            and places.isdigit()
            and len(places) > QUANTITY_PLACES
        ):
            raise PydanticCustomError("quantity_precision", "too many decimal places") from None
        raise PydanticCustomError("quantity_format", "not a quantity") from None
    if not 0 < quantity <= MAX_QUANTITY:
        raise PydanticCustomError("quantity_range", "quantity out of range")
    return quantity


def _object(value: object) -> object:
    if isinstance(value, str) and value in MARKED_OBJECTS:
        raise PydanticCustomError("object_marked", "marked goods are not supported yet")
    return value


Text = Annotated[str, AfterValidator(_text)]

Kopecks = Annotated[
    int,
    BeforeValidator(_money),
    PlainSerializer(format_kopecks, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,2})?$", "examples": ["4500.00"]}),
]
"""Integer kopecks, written in JSON as roubles in text."""

Quantity = Annotated[
    Decimal,
    BeforeValidator(_quantity),
    PlainSerializer(format_quantity, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,5}(\.[0-9]{1,6})?$", "examples": ["1", "0.345"]}),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Cashier(_Part):
    name: Text
    """Tag 1021: position and surname as they shall stand on paper."""
    inn: Text | None = None


class Buyer(_Part):
    contact: Text | None = None
    """Tag 1008: phone or e-mail for the electronic copy."""


class Item(_Part):
    name: Text
    price: Kopecks
    """For one unit, VAT included, discounts already taken off."""
    quantity: Quantity
    vat: Annotated[Vat, Strict(False)]
    payment_method: Annotated[PaymentMethod, Strict(False)] = PaymentMethod.FULL_PAYMENT
    payment_object: Annotated[PaymentObject, Strict(False), BeforeValidator(_object)] = PaymentObject.COMMODITY
    unit: Annotated[Unit, Strict(False)] = Unit.PIECE
    sum: Kopecks | None = None
    """The line's cost when the CRM has computed it itself; at most one kopeck away from price × quantity."""

    @property
    def computed_sum(self) -> int:
        return line_sum(self.price, self.quantity)

    @property
    def total(self) -> int:
        """Tag 1043: the given sum, otherwise price × quantity."""
        return self.computed_sum if self.sum is None else self.sum


class Payment(_Part):
    type: Annotated[PaymentKind, Strict(False)]
    amount: Kopecks
    """Cash: what was handed over, the change is worked out. Other kinds: what is paid."""


class Receipt(_Part):
    type: Annotated[ReceiptType, Strict(False)]
    taxation: Annotated[Taxation, Strict(False)]
    items: Annotated[tuple[Item, ...], Strict(False)]
    payments: Annotated[tuple[Payment, ...], Strict(False)]
    cashier: Cashier | None = None
    buyer: Buyer | None = None
    print: bool = True

    @property
    def total(self) -> int:
        """Tag 1020 in kopecks."""
        return sum(item.total for item in self.items)

    def paid(self, kind: PaymentKind) -> int:
        """Everything given by one kind of payment; payments of the same kind add up."""
        return sum(payment.amount for payment in self.payments if payment.type is kind)
