"""The payload of a job of kind ``receipt``: its shape and the form of every value.

What one value can tell alone is judged here; what follows from other fields or from the date is in
``protocol.ffd.rules``. Callers that face people use ``rules.parse_receipt``, which speaks their language.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, Strict
from pydantic_core import PydanticCustomError

from protocol.ffd.attributes import AgentInfo, OperatingProps, SectoralProps, SupplierInfo, UserProps
from protocol.ffd.fields import Byte, Country, Day, DocumentCode, Kopecks, Part, Quantity, Text
from protocol.ffd.money import line_sum
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

__all__ = ["Buyer", "Cashier", "CashlessDetail", "Item", "Kopecks", "Payment", "Quantity", "Receipt", "Text"]


def _object(value: object) -> object:
    if isinstance(value, str) and value in MARKED_OBJECTS:
        raise PydanticCustomError("object_marked", "marked goods are not supported yet")
    return value


class Cashier(Part):
    name: Text
    """Tag 1021: position and surname as they shall stand on paper."""
    inn: Text | None = None


class Buyer(Part):
    contact: Text | None = None
    """Tag 1008: phone or e-mail for the electronic copy."""
    name: Text | None = None
    """Tag 1227: company, or surname, name and patronymic."""
    inn: Text | None = None
    """Tag 1228."""
    birthdate: Day | None = None
    """Tag 1243. This and the following fields need FFD 1.2."""
    citizenship: Country | None = None
    """Tag 1244."""
    document_code: DocumentCode | None = None
    """Tag 1245: kind of the identity document."""
    document_data: Text | None = None
    """Tag 1246: its series and number."""
    address: Text | None = None
    """Tag 1254."""


class Item(Part):
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
    allow_zero_price: bool = False
    """A price of zero is usually a mistake; this says that it is meant (a gift beside paid goods)."""
    user_data: Text | None = None
    """Tag 1191."""
    excise: Kopecks | None = None
    """Tag 1229."""
    country_code: Country | None = None
    """Tag 1230."""
    declaration_number: Text | None = None
    """Tag 1231."""
    sectoral_item_props: Annotated[tuple[SectoralProps, ...], Strict(False)] = ()
    """Tag 1260; FFD 1.2."""
    agent_info: AgentInfo | None = None
    supplier_info: SupplierInfo | None = None

    @property
    def computed_sum(self) -> int:
        return line_sum(self.price, self.quantity)

    @property
    def total(self) -> int:
        """Tag 1043: the given sum, otherwise price × quantity."""
        return self.computed_sum if self.sum is None else self.sum


class Payment(Part):
    type: Annotated[PaymentKind, Strict(False)]
    amount: Kopecks
    """Cash: what was handed over, the change is worked out. Other kinds: what is paid."""


class CashlessDetail(Part):
    """Tag 1235: one of the cashless payments."""

    amount: Kopecks
    """Tag 1082."""
    method: Byte
    """Tag 1236: the way of paying, by the tax service's list, which is not published here: only the CRM can say it."""
    identifiers: Text
    """Tag 1237: what the payment is found by (an RRN, the operation of SBP)."""
    extra: Text | None = None
    """Tag 1238."""


class Receipt(Part):
    type: Annotated[ReceiptType, Strict(False)]
    taxation: Annotated[Taxation, Strict(False)]
    items: Annotated[tuple[Item, ...], Strict(False)]
    payments: Annotated[tuple[Payment, ...], Strict(False)]
    cashier: Cashier | None = None
    buyer: Buyer | None = None
    print: bool = True
    internet: bool = False
    """Tag 1125: the settlement was made on a site, nobody stood at a counter."""
    payment_address: Text | None = None
    """Tag 1187: the site of an internet settlement. ``None``: the place that the register is registered with."""
    cash_rounding: Annotated[Kopecks, Field(json_schema_extra={"default": "0.00"})] = 0
    """Kopecks taken off the total because the buyer pays in cash."""
    additional_user_props: UserProps | None = None
    """Tag 1084."""
    additional_check_props: Text | None = None
    """Tag 1192."""
    sectoral_check_props: Annotated[tuple[SectoralProps, ...], Strict(False)] = ()
    """Tag 1261; FFD 1.2."""
    operating_check_props: OperatingProps | None = None
    """Tag 1270; FFD 1.2."""
    cashless_details: Annotated[tuple[CashlessDetail, ...], Strict(False)] = ()
    """Tag 1234: every payment of type ``card``, or none."""

    @property
    def lines_total(self) -> int:
        return sum(item.total for item in self.items)

    @property
    def total(self) -> int:
        """Tag 1020 in kopecks: the lines less what is rounded off."""
        return self.lines_total - self.cash_rounding

    def paid(self, kind: PaymentKind) -> int:
        """Everything given by one kind of payment; payments of the same kind add up."""
        return sum(payment.amount for payment in self.payments if payment.type is kind)
