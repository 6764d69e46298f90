"""What each format version writes where: the one place that knows how FFD 1.05, 1.1 and 1.2 differ.

The *register's* version decides, not the payload. A driver sends ``head_records`` and ``line_records`` with
``tlv.encode`` beside its own commands for names, prices, sums, rates, payments and the sign; it asks
``not_expressible`` first. Source: format order ЕД-7-20/662@, tables of the cash receipt and of tag 1059.

1.05 and 1.1 are alike here: units are words (1197), the buyer is two tags of the document (1227, 1228), industry and
operation requisites do not exist. 1.2 has measures by number (2108), the buyer in 1256, and 1260, 1261, 1270.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from protocol.ffd import imprint
from protocol.ffd.planned import (
    PlannedAgent,
    PlannedBuyer,
    PlannedCashless,
    PlannedIndustry,
    PlannedLine,
    PlannedReceipt,
    PlannedSupplier,
)
from protocol.ffd.tlv import Value
from protocol.ffd.vocabulary import UNIT_WORDS, Unit

Records: TypeAlias = tuple[tuple[int, Value], ...]

VERSIONS = ("1.05", "1.1", "1.2")

DISTINCT_VERSIONS = ("1.1", "1.2")
"""One of each form: 1.05 writes as 1.1 does."""

VERSION_CODES = MappingProxyType({"1.05": 2, "1.1": 3, "1.2": 4})
"""Tag 1209."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A field of the payload that the register's format version has no tag for."""

    tag: int
    field: str


# --- a whole receipt --------------------------------------------------------------------------------------------------


def head_records(receipt: PlannedReceipt, ffd: str) -> Records:
    """Every requisite of the document that is a tag of its own: people, place, attributes.

    Not here: 1054, 1055, 1020, sums by kind of payment, VAT totals, lines. What ``not_expressible`` names is left out.
    Raises ``ValueError`` for an unknown version.
    """
    newest = _is_newest(ffd)
    records: list[tuple[int, Value]] = [
        *_present((1021, receipt.cashier_name), (1203, receipt.cashier_inn), (1008, receipt.buyer_contact)),
    ]
    if receipt.buyer is not None:
        records += _buyer(receipt.buyer, newest)
    if receipt.internet:
        records.append((1125, 1))
    records += _present((1187, receipt.place), (1192, receipt.receipt_attribute))
    attribute = imprint.user_attribute(receipt.user_attribute, receipt.imprint)
    if attribute is not None:
        records.append((1084, attribute_records(attribute)))
    if newest:
        records += [(1261, industry_records(industry)) for industry in receipt.industry]
        if (operation := receipt.operation) is not None:
            records.append((1270, ((1273, operation.at), (1271, operation.id), (1272, operation.data))))
    if receipt.cashless:
        records.append((1234, tuple((1235, cashless_records(one)) for one in receipt.cashless)))
    return tuple(records)


def line_records(line: PlannedLine, ffd: str) -> Records:
    """What stands in a 1059 beside name, price, quantity, sum, VAT, method and object.

    What ``not_expressible`` names is left out. Raises ``ValueError`` for an unknown version.
    """
    newest = _is_newest(ffd)
    records: list[tuple[int, Value]] = []
    if newest:
        records.append((2108, line.unit))
    elif (word := UNIT_WORDS.get(Unit.of_code(line.unit))) is not None:
        records.append((1197, word))
    if line.agent is not None:
        records.append((1222, line.agent.kind))
        if data := agent_records(line.agent):
            records.append((1223, data))
    if line.supplier is not None:
        if data := supplier_records(line.supplier):
            records.append((1224, data))
        records += _present((1226, line.supplier.inn))
    records += _present((1191, line.extra), (1229, line.excise), (1230, line.country), (1231, line.declaration))
    if newest:
        records += [(1260, industry_records(industry)) for industry in line.industry]
    return tuple(records)


def not_expressible(receipt: PlannedReceipt, ffd: str) -> tuple[Missing, ...]:
    """What the version has no place for, in the order of the payload; empty when the receipt can be made.

    Raises ``ValueError`` for an unknown version.
    """
    return () if _is_newest(ffd) else tuple(_only_in_newest(receipt))


def _only_in_newest(receipt: PlannedReceipt) -> Iterator[Missing]:
    for at, line in enumerate(receipt.lines):
        if line.industry:
            yield Missing(1260, f"items[{at}].sectoral_item_props")
    if receipt.buyer is not None:
        for tag, field in _BUYER_1256.items():
            if getattr(receipt.buyer, field) is not None:
                yield Missing(tag, f"buyer.{field}")
    if receipt.industry:
        yield Missing(1261, "sectoral_check_props")
    if receipt.operation is not None:
        yield Missing(1270, "operating_check_props")


# --- structures -------------------------------------------------------------------------------------------------------

_BUYER_1256 = MappingProxyType(
    {
        1243: "birthdate",
        1244: "citizenship",
        1245: "document_code",
        1246: "document_data",
        1254: "address",
    }
)
"""What is known of a buyer only inside 1256."""


def _buyer(buyer: PlannedBuyer, newest: bool) -> Records:
    if not newest:
        return _present((1227, buyer.name), (1228, buyer.inn))
    inside = buyer_records(buyer)
    return ((1256, inside),) if inside else ()


def buyer_records(buyer: PlannedBuyer) -> Records:
    """Inside 1256."""
    return _present(
        (1227, buyer.name),
        (1228, buyer.inn),
        *((tag, getattr(buyer, field)) for tag, field in _BUYER_1256.items()),
    )


def agent_records(agent: PlannedAgent) -> Records:
    """Inside 1223."""
    return (
        *_each(1075, agent.transfer_operator_phones),
        *_present((1044, agent.operation)),
        *_each(1073, agent.paying_agent_phones),
        *_each(1074, agent.receiving_operator_phones),
        *_present(
            (1026, agent.transfer_operator_name),
            (1005, agent.transfer_operator_address),
            (1016, agent.transfer_operator_inn),
        ),
    )


def supplier_records(supplier: PlannedSupplier) -> Records:
    """Inside 1224."""
    return (*_each(1171, supplier.phones), *_present((1225, supplier.name)))


def attribute_records(attribute: tuple[str, str]) -> Records:
    """Inside 1084."""
    return ((1085, attribute[0]), (1086, attribute[1]))


def industry_records(industry: PlannedIndustry) -> Records:
    """Inside 1260 and 1261."""
    return (
        (1262, industry.authority),
        (1263, industry.document_date),
        (1264, industry.document_number),
        (1265, industry.value),
    )


def cashless_records(one: PlannedCashless) -> Records:
    """Inside 1235."""
    return ((1082, one.amount), (1236, one.method), (1237, one.identifiers), *_present((1238, one.extra)))


def _is_newest(ffd: str) -> bool:
    if ffd not in VERSIONS:
        raise ValueError(f"no format version {ffd!r}: one of {', '.join(VERSIONS)} is expected")
    return ffd == "1.2"


def _present(*pairs: tuple[int, Value | None]) -> Records:
    return tuple((tag, value) for tag, value in pairs if value is not None)


def _each(tag: int, values: tuple[str, ...]) -> Records:
    return tuple((tag, value) for value in values)
