"""A planned receipt as one task: sell, sellReturn, buy, buyReturn. Everything of the format that the language can say.

What it cannot say is named before a task exists (``not_expressible``, ``rates_missing``). Sums are decimal roubles,
dates ``YYYY.MM.DD``; the names are those of the vendor's language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from protocol.ffd import forms
from protocol.ffd.forms import Missing
from protocol.ffd.imprint import user_attribute
from protocol.ffd.planned import (
    PlannedAgent,
    PlannedBuyer,
    PlannedCashless,
    PlannedIndustry,
    PlannedLine,
    PlannedReceipt,
)
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import UNIT_WORDS, Unit
from protocol.wire.atol import json_words as words
from protocol.wire.atol.json_text import Json

Task: TypeAlias = dict[str, Json]

QUANTITY_PLACES = 3
"""Decimal places of a quantity that were seen to reach the device."""

DEPARTMENT = 1
"""Of every line: the format does not know departments, and without one the library names a department 0."""

MOST_ROUNDING = 99
"""Kopecks that the library takes off as "rounding" when the total is below the lines' sum."""


class NotExpressible(ValueError):
    """The language, or the register's format version, has no place for something of the receipt."""

    def __init__(self, missing: tuple[Missing, ...]) -> None:
        super().__init__(", ".join(f"tag {each.tag} ({each.field})" for each in missing))
        self.missing = missing


def roubles(kopecks: int) -> Decimal:
    """Exact, with two places."""
    return Decimal(kopecks).scaleb(-2)


# --- what cannot be said ----------------------------------------------------------------------------------------------


def not_expressible(receipt: PlannedReceipt, ffd: str, version: str) -> tuple[Missing, ...]:
    """By the register's format version and by the language as the library of ``version`` speaks it; empty when the task
    can be written. Raises ``ValueError`` for an unknown format version."""
    return (*forms.not_expressible(receipt, ffd), *_beyond_language(receipt, version))


def _beyond_language(receipt: PlannedReceipt, version: str) -> Iterator[Missing]:
    objects = _objects(version)
    for at, line in enumerate(receipt.lines):
        if _places(line.quantity) > QUANTITY_PLACES:
            yield Missing(1023, f"items[{at}].quantity")
        if line.payment_object not in objects:
            yield Missing(1212, f"items[{at}].payment_object")
    if receipt.taxation not in words.TAXATIONS:
        yield Missing(1055, "taxation")
    if receipt.internet:
        yield Missing(1125, "internet")
    if receipt.rounding > MOST_ROUNDING:
        yield Missing(1020, "cash_rounding")
    if receipt.cashless and not words.knows_new_words(version):
        yield Missing(1234, "cashless_details")


def rates_known(version: str) -> frozenset[Vat]:
    """VAT rates that a library of this version knows."""
    return frozenset(Vat if words.knows_new_words(version) else set(Vat) - words.NEW_RATES)


def formats_known(version: str) -> frozenset[str]:
    """Format versions that receipts can be made in with a library of this version."""
    return frozenset({"1.05", "1.1", "1.2"} if words.knows_new_words(version) else {"1.05", "1.1"})


def rates_missing(receipt: PlannedReceipt, version: str) -> tuple[Vat, ...]:
    """VAT rates of the receipt that a library of this version does not know."""
    known = rates_known(version)
    return tuple(dict.fromkeys(line.vat for line in receipt.lines if line.vat not in known))


def _objects(version: str) -> Mapping[int, str]:
    if not words.knows_new_words(version):
        return words.PAYMENT_OBJECTS
    return {**words.PAYMENT_OBJECTS, **words.NEW_PAYMENT_OBJECTS}


def _places(quantity: Decimal) -> int:
    exponent = quantity.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


# --- the task ---------------------------------------------------------------------------------------------------------


def receipt_task(receipt: PlannedReceipt, ffd: str, version: str) -> Task:
    """Raises ``NotExpressible``; the caller has asked ``rates_missing``."""
    missing = not_expressible(receipt, ffd, version)
    if missing:
        raise NotExpressible(missing)
    task: Task = {
        "type": words.SIGNS[receipt.sign],
        "taxationType": words.TAXATIONS[receipt.taxation],
        "electronically": not receipt.print,
    }
    if receipt.cashier_name is not None:
        task["operator"] = operator(receipt.cashier_name, receipt.cashier_inn)
    if client := _client(receipt.buyer_contact, receipt.buyer):
        task["clientInfo"] = client
    if receipt.place is not None:
        task["paymentsPlace"] = receipt.place
    if receipt.industry:
        task["industryInfo"] = [_industry(one) for one in receipt.industry]
    if receipt.operation is not None:
        done = receipt.operation
        task["operationInfo"] = {"id": done.id, "dateTime": moment(done.at), "data": done.data}
    task["items"] = [*(_position(line, ffd, version) for line in receipt.lines), *_attributes(receipt)]
    task["payments"] = _payments(receipt)
    if receipt.cashless:
        task["paymentsAddInfo"] = [_cashless(one) for one in receipt.cashless]
    task["total"] = roubles(receipt.total)
    return task


def lines_sum(task: Mapping[str, Json]) -> Decimal:
    """What the positions of a receipt's task come to, in roubles."""
    items = task["items"]
    assert isinstance(items, Sequence)
    amounts = (item.get("amount") for item in items if isinstance(item, Mapping))
    return sum((amount for amount in amounts if isinstance(amount, Decimal)), Decimal(0))


def operator(name: str, inn: str | None) -> Task:
    """Tags 1021 and 1203."""
    return _present(name=name, vatin=inn)


def _client(contact: str | None, buyer: PlannedBuyer | None) -> Task:
    client = _present(emailOrPhone=contact)
    if buyer is not None:
        client |= _present(
            name=buyer.name,
            vatin=buyer.inn,
            birthDate=buyer.birthdate,  # tag 1243 as it is: the maker's validator takes any text for it
            citizenship=buyer.citizenship,
            identityDocumentCode=buyer.document_code,
            identityDocumentData=buyer.document_data,
            address=buyer.address,
        )
    return client


def _attributes(receipt: PlannedReceipt) -> Iterator[Task]:
    """Tags 1192 and 1084, as items. The job's imprint alone is kept off the paper: it is for the archive."""
    if receipt.receipt_attribute is not None:
        yield {"type": "additionalAttribute", "value": receipt.receipt_attribute, "print": True}
    attribute = user_attribute(receipt.user_attribute, receipt.imprint)
    if attribute is not None:
        shown = receipt.user_attribute is not None
        yield {"type": "userAttribute", "name": attribute[0], "value": attribute[1], "print": shown}


def _position(line: PlannedLine, ffd: str, version: str) -> Task:
    position: Task = {
        "type": "position",
        "name": line.name,
        "price": roubles(line.price),
        "quantity": line.quantity,
        "amount": roubles(line.total),
        "department": DEPARTMENT,
        "paymentMethod": words.PAYMENT_METHODS[line.payment_method],
        "paymentObject": _objects(version)[line.payment_object],
        "tax": _tax(line),
    }
    if (unit := _unit(line.unit, ffd)) is not None:
        position["measurementUnit"] = unit
    if line.agent is not None:
        position["agentInfo"] = _agent(line.agent)
    if line.supplier is not None and (
        supplier := _present(phones=line.supplier.phones, name=line.supplier.name, vatin=line.supplier.inn)
    ):
        position["supplierInfo"] = supplier
    position |= _present(
        additionalAttribute=line.extra,
        exciseSum=None if line.excise is None else roubles(line.excise),
        countryCode=line.country,
        customsDeclaration=line.declaration,
    )
    if line.industry:
        position["industryInfo"] = [_industry(one) for one in line.industry]
    return position


def _tax(line: PlannedLine) -> Task:
    """With its sum where there is one, so that tag 1200 is what was planned; without one the device works it out."""
    tax: Task = {"type": words.RATES[line.vat]}
    if line.vat.percent is not None:
        tax["sum"] = roubles(line.vat_sum)
    return tax


def _unit(unit: int, ffd: str) -> str | None:
    return words.UNITS[unit] if ffd == "1.2" else UNIT_WORDS.get(Unit.of_code(unit))


def _agent(agent: PlannedAgent) -> Task:
    info: Task = {"agents": [word for bit, word in words.AGENTS.items() if agent.kind & bit]}
    parts = {
        "payingAgent": _present(operation=agent.operation, phones=agent.paying_agent_phones),
        "receivePaymentsOperator": _present(phones=agent.receiving_operator_phones),
        "moneyTransferOperator": _present(
            phones=agent.transfer_operator_phones,
            name=agent.transfer_operator_name,
            address=agent.transfer_operator_address,
            vatin=agent.transfer_operator_inn,
        ),
    }
    info.update({name: part for name, part in parts.items() if part})
    return info


def _industry(one: PlannedIndustry) -> Task:
    return {
        "fois": one.authority,
        "date": day(one.document_date),
        "number": one.document_number,
        "industryAttribute": one.value,
    }


def _payments(receipt: PlannedReceipt) -> list[Json]:
    """Cash last and as it was handed over: the device works out the change. A gift is paid with no cash."""
    sums = receipt.payments
    cashless = zip(words.CASHLESS, (sums.card, sums.prepaid, sums.credit, sums.other), strict=True)
    payments: list[Json] = [{"type": kind, "sum": roubles(kopecks)} for kind, kopecks in cashless if kopecks]
    if receipt.cash_tendered or not payments:
        payments.append({"type": "cash", "sum": roubles(receipt.cash_tendered)})
    return payments


def _cashless(one: PlannedCashless) -> Task:
    """Inside 1234. These words are the newer library's; the bytes that it sends for them were not seen."""
    return {
        "sum": roubles(one.amount),
        "paymentMethod": one.method,
        "electronicallyId": one.identifiers,
        **_present(electronicallyAddInfo=one.extra),
    }


# --- values -----------------------------------------------------------------------------------------------------------


def day(text: str) -> str:
    """``DD.MM.YYYY``, as it stands in a tag, as the language writes a day."""
    return ".".join(reversed(text.split(".")))


def moment(at: datetime) -> str:
    return f"{at:%Y.%m.%d %H:%M:%S}"


def _present(**fields: str | Decimal | tuple[str, ...] | None) -> Task:
    """Without what is not given: the library takes an empty field for a value."""
    return {name: value for name, value in fields.items() if value is not None and value != ()}
