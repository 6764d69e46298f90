"""What each format version writes where, and what it has no place for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.ffd.forms import VERSIONS, Missing, head_records, line_records, not_expressible
from protocol.ffd.records import DOCUMENT_LIMIT, document_size, item_records, receipt_records
from protocol.ffd.rules import ReceiptInvalid, RegisterFacts, accept_receipt
from protocol.ffd.tags import TAGS
from protocol.ffd.tlv import decode_document, encode, encode_all
from protocol.ffd.vocabulary import UNIT_WORDS, Unit

from .payloads import TODAY, item, payload, planned

OLD = ("1.05", "1.1")
INDUSTRY = {"federal_id": "030", "date": "21.11.2023", "number": "1944", "value": "UUID=1&Time=2"}

EVERYTHING = payload(
    item(
        vat="vat22",
        unit="kilogram",
        user_data="партия 7",
        excise="12.50",
        country_code="643",
        declaration_number="10702020/060520/0013422",
        sectoral_item_props=[INDUSTRY, INDUSTRY],
        agent_info={
            "type": "bank_paying_agent",
            "paying_agent": {"operation": "Перевод", "phones": ["8 (495) 123-45-67", "+74951234568"]},
            "receive_payments_operator": {"phones": ["+74951234569"]},
            "money_transfer_operator": {
                "phones": ["+74951234570"],
                "name": "Банк",
                "address": "Москва",
                "inn": "7707083893",
            },
        },
        supplier_info={"phones": ["+74951234571"], "name": "ООО «Ромашка»", "inn": "7707083893"},
    ),
    card="100.00",
    cashier={"name": "Кассир Иванова", "inn": "500100732259"},
    buyer={
        "contact": "buyer@example.ru",
        "name": "Петров Пётр",
        "inn": "500100732259",
        "birthdate": "01.02.1990",
        "citizenship": "643",
        "document_code": "21",
        "document_data": "45 00 123456",
        "address": "Москва",
    },
    internet=True,
    payment_address="shop.example.ru",
    print=False,
    additional_user_props={"name": "Заказ", "value": "1042"},
    additional_check_props="3304159072",
    sectoral_check_props=[INDUSTRY],
    operating_check_props={"name": 5, "value": "опыт", "timestamp": "21.11.2026 14:05:00"},
    cashless_details=[
        {"amount": "60.00", "method": 1, "identifiers": "RRN:606012345678"},
        {"amount": "40.00", "method": 255, "identifiers": "SBP:A1", "extra": '"быстрая"'},
    ],
)
PLAN = planned(EVERYTHING, imprint="ABCDEFGHIJKLM")

HEAD = {
    "1021": "Кассир Иванова",
    "1203": "500100732259",
    "1008": "buyer@example.ru",
    "1125": 1,
    "1187": "shop.example.ru",
    "1192": "3304159072",
    "1084": {"1085": "Заказ", "1086": "1042; ID=ABCDEFGHIJKLM"},
    "1234": [
        {"1235": {"1082": "60.00", "1236": 1, "1237": "RRN:606012345678"}},
        {"1235": {"1082": "40.00", "1236": 255, "1237": "SBP:A1", "1238": '"быстрая"'}},
    ],
}
INDUSTRY_TAGS = {"1262": "030", "1263": "21.11.2023", "1264": "1944", "1265": "UUID=1&Time=2"}
LINE = {
    "1222": 1,
    "1223": {
        "1075": ["+74951234570"],
        "1044": "Перевод",
        "1073": ["+74951234567", "+74951234568"],
        "1074": ["+74951234569"],
        "1026": "Банк",
        "1005": "Москва",
        "1016": "7707083893",
    },
    "1224": {"1171": ["+74951234571"], "1225": 'ООО "Ромашка"'},
    "1226": "7707083893",
    "1191": "партия 7",
    "1229": "12.50",
    "1230": "643",
    "1231": "10702020/060520/0013422",
}


def shown(records: tuple[tuple[int, Any], ...]) -> dict[str, Any]:
    """Each record is written alone, as a driver sends it."""
    return decode_document(b"".join(encode(tag, value) for tag, value in records))


@pytest.mark.parametrize("ffd", OLD)
def test_the_older_versions(ffd: str) -> None:
    assert shown(head_records(PLAN, ffd)) == HEAD | {"1227": "Петров Пётр", "1228": "500100732259"}
    assert shown(line_records(PLAN.lines[0], ffd)) == LINE | {"1197": "кг"}


def test_version_1_2() -> None:
    assert shown(head_records(PLAN, "1.2")) == HEAD | {
        "1256": {
            "1227": "Петров Пётр",
            "1228": "500100732259",
            "1243": "01.02.1990",
            "1244": "643",
            "1245": "21",
            "1246": "45 00 123456",
            "1254": "Москва",
        },
        "1261": [INDUSTRY_TAGS],
        "1270": {"1273": "2026-11-21T14:05:00", "1271": 5, "1272": "опыт"},
    }
    assert shown(line_records(PLAN.lines[0], "1.2")) == LINE | {"2108": 11, "1260": [INDUSTRY_TAGS] * 2}


# field of the payload, what makes it present, the tag that 1.05 and 1.1 do not have
ONLY_IN_1_2: list[tuple[str, dict[str, Any], int]] = [
    ("items[0].sectoral_item_props", {"items": [item(sectoral_item_props=[INDUSTRY])]}, 1260),
    ("buyer.birthdate", {"buyer": {"birthdate": "01.02.1990"}}, 1243),
    ("buyer.citizenship", {"buyer": {"citizenship": "643"}}, 1244),
    ("buyer.address", {"buyer": {"address": "Москва"}}, 1254),
    ("sectoral_check_props", {"sectoral_check_props": [INDUSTRY]}, 1261),
    (
        "operating_check_props",
        {"operating_check_props": {"name": 0, "value": "x", "timestamp": "2026-11-21T14:05"}},
        1270,
    ),
]


@pytest.mark.parametrize("ffd", OLD)
@pytest.mark.parametrize(("field", "more", "tag"), ONLY_IN_1_2, ids=[field for field, _, _ in ONLY_IN_1_2])
def test_refused_with_the_tag_by_registers_of_an_older_version(
    field: str, more: dict[str, Any], tag: int, ffd: str
) -> None:
    data = payload(item(), cash="100.00") | more
    with pytest.raises(ReceiptInvalid) as caught:
        accept_receipt(data, on=TODAY, register=RegisterFacts(ffd, None))
    (violation,) = caught.value.violations
    assert (violation.code, violation.field, violation.got) == ("E_FFD_VERSION", field, ffd)
    assert str(tag) in violation.rule
    assert str(tag) in violation.text_ru
    assert ffd in violation.text_en
    assert not_expressible(planned(data), ffd) == (Missing(tag, field),)


@pytest.mark.parametrize(("field", "more", "tag"), ONLY_IN_1_2, ids=[field for field, _, _ in ONLY_IN_1_2])
def test_taken_by_a_register_of_1_2_and_while_the_register_is_unknown(
    field: str, more: dict[str, Any], tag: int
) -> None:
    data = payload(item(), cash="100.00") | more
    for register in (None, RegisterFacts("1.2", None), RegisterFacts(None, None)):
        accept_receipt(data, on=TODAY, register=register)
    assert not_expressible(planned(data), "1.2") == ()


@pytest.mark.parametrize("ffd", OLD)
def test_the_two_fields_of_a_document_are_named_apart(ffd: str) -> None:
    data = payload(item(), cash="100.00", buyer={"document_code": "21", "document_data": "45 00 123456"})
    assert not_expressible(planned(data), ffd) == (
        Missing(1245, "buyer.document_code"),
        Missing(1246, "buyer.document_data"),
    )


@pytest.mark.parametrize("ffd", VERSIONS)
def test_everything_else_is_taken_by_every_version(ffd: str) -> None:
    data = EVERYTHING | {
        "items": [{key: value for key, value in EVERYTHING["items"][0].items() if key != "sectoral_item_props"}],
        "buyer": {"contact": "buyer@example.ru", "name": "Петров Пётр", "inn": "500100732259"},
        "sectoral_check_props": [],
        "operating_check_props": None,
    }
    _, warnings = accept_receipt(data, on=TODAY, register=RegisterFacts(ffd, None))
    assert [warning.code for warning in warnings] == ["W_CHARACTERS_REPLACED"]
    assert not_expressible(planned(data), ffd) == ()


@pytest.mark.parametrize("unit", [*Unit])
def test_units_are_numbers_in_1_2_and_words_before(unit: Unit) -> None:
    line = replace(planned(payload(item(), cash="100.00")).lines[0], unit=unit.code)
    assert line_records(line, "1.2") == ((2108, unit.code),)
    for ffd in OLD:
        assert line_records(line, ffd) == (((1197, UNIT_WORDS[unit]),) if unit is not Unit.OTHER else ())
        encode_all(line_records(line, ffd))


@pytest.mark.parametrize("ffd", VERSIONS)
def test_a_plain_receipt_carries_nothing_but_the_cashier_and_units(ffd: str) -> None:
    plain = planned(payload(item(), cash="100.00", buyer={}))
    assert shown(head_records(plain, ffd)) == {"1021": "Кассир Иванова"}
    assert shown(line_records(plain.lines[0], ffd)) == ({"2108": 0} if ffd == "1.2" else {"1197": "шт"})


@pytest.mark.parametrize("ffd", ["", "1.0", "1.3", "2"])
def test_an_unknown_version_is_a_mistake_of_the_caller(ffd: str) -> None:
    for ask in (head_records, not_expressible, document_size):
        with pytest.raises(ValueError, match="format version"):
            ask(PLAN, ffd)
    with pytest.raises(ValueError, match="format version"):
        line_records(PLAN.lines[0], ffd)


@pytest.mark.parametrize("ffd", VERSIONS)
def test_the_size_of_a_document_counts_each_tag_once_and_in_full(ffd: str) -> None:
    sent = len(encode_all(receipt_records(PLAN, ffd)))
    bare = document_size(replace(PLAN, place=None), ffd)
    assert sent < document_size(PLAN, ffd) < DOCUMENT_LIMIT
    # without a place of its own the receipt gets the registered one, which may be as long as 1187 can be
    assert bare - document_size(PLAN, ffd) == TAGS[1187].length - len("shop.example.ru")


@pytest.mark.parametrize("ffd", VERSIONS)
def test_a_line_in_the_archive_has_every_obligatory_tag(ffd: str) -> None:
    tags = shown(tuple(item_records(PLAN.lines[0], ffd)))
    assert {"1214", "1212", "1030", "1079", "1023", "1199", "1200", "1043"} <= set(tags)
