"""From a checked receipt to the exact document: sums, VAT, net payments and change.

VAT of the receipt is the sum of the rounded VAT of its lines; registers that apply the formula to the base of a rate
may differ by up to half a kopeck per line, and the archive's numbers are the ones that count.
"""

from __future__ import annotations

from types import MappingProxyType

from protocol.ffd.attributes import (
    AgentInfo,
    MoneyTransferOperator,
    PayingAgent,
    ReceivePaymentsOperator,
    SectoralProps,
    SupplierInfo,
)
from protocol.ffd.planned import (
    PlannedAgent,
    PlannedBuyer,
    PlannedCashless,
    PlannedIndustry,
    PlannedLine,
    PlannedOperation,
    PlannedPayments,
    PlannedReceipt,
    PlannedSupplier,
)
from protocol.ffd.receipt import Buyer, Item, Receipt
from protocol.ffd.text import contact, phone, printable
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import PaymentKind


def plan(receipt: Receipt, *, imprint: str | None) -> PlannedReceipt:
    """Work out a receipt in which ``rules.check`` has found no error.

    Raises ``ValueError`` when the payments do not cover the total or the non-cash ones exceed it: such a receipt has
    no right plan.
    """
    lines = tuple(_line(item) for item in receipt.items)
    total = sum(line.total for line in lines) - receipt.cash_rounding
    kinds = {kind: receipt.paid(kind) for kind in PaymentKind}
    tendered = kinds[PaymentKind.CASH]
    cash_due = total - (sum(kinds.values()) - tendered)
    if not 0 <= cash_due <= tendered:
        raise ValueError(f"payments do not fit the total: {cash_due} kopecks are left for {tendered} kopecks of cash")
    buyer, cashier = receipt.buyer, receipt.cashier
    attribute, operation = receipt.additional_user_props, receipt.operating_check_props
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
        rounding=receipt.cash_rounding,
        buyer=None if buyer is None else _buyer(buyer),
        internet=receipt.internet,
        place=_printable(receipt.payment_address),
        user_attribute=None if attribute is None else (printable(attribute.name), printable(attribute.value)),
        receipt_attribute=_printable(receipt.additional_check_props),
        industry=_industry(receipt.sectoral_check_props),
        operation=None
        if operation is None
        else PlannedOperation(at=operation.timestamp, id=operation.name, data=printable(operation.value)),
        cashless=tuple(
            PlannedCashless(one.amount, one.method, printable(one.identifiers), _printable(one.extra))
            for one in receipt.cashless_details
        ),
    )


def _buyer(buyer: Buyer) -> PlannedBuyer | None:
    """``None`` when nothing but the contact is known."""
    known = PlannedBuyer(
        name=_printable(buyer.name),
        inn=buyer.inn,
        birthdate=buyer.birthdate,
        citizenship=buyer.citizenship,
        document_code=buyer.document_code,
        document_data=_printable(buyer.document_data),
        address=_printable(buyer.address),
    )
    return None if known == PlannedBuyer() else known


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
        agent=None if item.agent_info is None else _agent(item.agent_info),
        supplier=None if item.supplier_info is None else _supplier(item.supplier_info),
        extra=_printable(item.user_data),
        excise=item.excise,
        country=item.country_code,
        declaration=_printable(item.declaration_number),
        industry=_industry(item.sectoral_item_props),
    )


def _agent(agent: AgentInfo) -> PlannedAgent:
    paying = agent.paying_agent or PayingAgent()
    receiving = agent.receive_payments_operator or ReceivePaymentsOperator()
    transfer = agent.money_transfer_operator or MoneyTransferOperator()
    return PlannedAgent(
        kind=agent.type.code,
        operation=_printable(paying.operation),
        paying_agent_phones=_phones(paying.phones),
        receiving_operator_phones=_phones(receiving.phones),
        transfer_operator_phones=_phones(transfer.phones),
        transfer_operator_name=_printable(transfer.name),
        transfer_operator_address=_printable(transfer.address),
        transfer_operator_inn=transfer.inn,
    )


def _supplier(supplier: SupplierInfo) -> PlannedSupplier:
    return PlannedSupplier(inn=supplier.inn, name=_printable(supplier.name), phones=_phones(supplier.phones))


def _industry(props: tuple[SectoralProps, ...]) -> tuple[PlannedIndustry, ...]:
    return tuple(
        PlannedIndustry(
            authority=one.federal_id,
            document_date=one.date,
            document_number=printable(one.number),
            value=printable(one.value),
        )
        for one in props
    )


def _phones(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(phone(one) or one for one in given)


def _printable(text: str | None) -> str | None:
    return None if text is None else printable(text)


def _vat_totals(lines: tuple[PlannedLine, ...]) -> dict[Vat, int]:
    """VAT per rate, rates with a turnover only; for vat0 and none the turnover (tags 1104, 1105).

    Gifts alone make no total: a zero 1105 fails the tax service's format control.
    """
    totals: dict[Vat, int] = {}
    for line in lines:
        if line.total == 0:
            continue
        amount = line.total if line.vat.percent is None else line.vat_sum
        totals[line.vat] = totals.get(line.vat, 0) + amount
    return totals
