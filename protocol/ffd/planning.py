"""From a checked receipt to the exact document: sums, VAT, net payments and change.

VAT of the receipt is the sum of the rounded VAT of its lines; registers that apply the formula to the base of a rate
may differ by up to half a kopeck per line, and the archive's numbers are the ones that count.
"""

from __future__ import annotations

from types import MappingProxyType

from protocol.ffd.planned import PlannedLine, PlannedPayments, PlannedReceipt
from protocol.ffd.receipt import Item, Receipt
from protocol.ffd.text import contact, printable
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import PaymentKind


def plan(receipt: Receipt, *, imprint: str | None) -> PlannedReceipt:
    """Work out a receipt in which ``rules.check`` has found no error.

    Raises ``ValueError`` when the payments do not cover the total or the non-cash ones exceed it: such a receipt has
    no right plan.
    """
    lines = tuple(_line(item) for item in receipt.items)
    total = sum(line.total for line in lines)
    kinds = {kind: receipt.paid(kind) for kind in PaymentKind}
    tendered = kinds[PaymentKind.CASH]
    cash_due = total - (sum(kinds.values()) - tendered)
    if not 0 <= cash_due <= tendered:
        raise ValueError(f"payments do not fit the total: {cash_due} kopecks are left for {tendered} kopecks of cash")
    buyer, cashier = receipt.buyer, receipt.cashier
    return PlannedReceipt(
        sign=receipt.type.code,
        taxation=receipt.taxation.code,
        lines=lines,
        payments=PlannedPayments(
            cash=cash_due,
            card=kinds[PaymentKind.CARD],
            prepaid=kinds[PaymentKind.PREPAID],
            credit=kinds[PaymentKind.CREDIT],
            other=kinds[PaymentKind.OTHER],
        ),
        cash_tendered=tendered,
        total=total,
        vat=MappingProxyType(_vat_totals(lines)),
        cashier_name=None if cashier is None else printable(cashier.name),
        cashier_inn=None if cashier is None else cashier.inn,
        buyer_contact=None if buyer is None or buyer.contact is None else contact(buyer.contact),
        imprint=imprint,
        print=receipt.print,
    )


def _line(item: Item) -> PlannedLine:
    return PlannedLine(
        name=printable(item.name),
        price=item.price,
        quantity=item.quantity,
        total=item.total,
        vat=item.vat,
        vat_sum=item.vat.amount(item.total),
        payment_method=item.payment_method.code,
        payment_object=item.payment_object.code,
        unit=item.unit.code,
    )


def _vat_totals(lines: tuple[PlannedLine, ...]) -> dict[Vat, int]:
    """VAT per rate, rates present only; for vat0 and none the turnover (tags 1104, 1105)."""
    totals: dict[Vat, int] = {}
    for line in lines:
        amount = line.total if line.vat.percent is None else line.vat_sum
        totals[line.vat] = totals.get(line.vat, 0) + amount
    return totals
