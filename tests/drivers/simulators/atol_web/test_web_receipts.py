"""Receipts and corrections: what of a task stands in the document, what is refused and with which code."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators.atol_web import words
from tests.drivers.simulators.atol_web.host import OPERATOR, Host, item, sell

SIGNS = {"sell": 1, "sellReturn": 2, "buy": 3, "buyReturn": 4}
CORRECTED = {"correctionType": "instruction", "correctionBaseDate": "2026.11.20", "correctionBaseNumber": "7"}


def opened(**rest: Any) -> Host:
    host = Host(**rest)
    host.done("openShift", operator=OPERATOR)
    host.done("cashIn", cashSum=10_000)
    return host


def test_the_answer_names_the_document() -> None:
    host = opened()
    result = host.done(sell(201))
    document = host.dumped()[-1]
    assert result["fiscalParams"] == {
        "fiscalDocumentDateTime": "2026-11-22T10:00:00+03:00",
        "fiscalDocumentNumber": 3,
        "fiscalDocumentSign": document["fpd"],
        "fiscalReceiptNumber": 1,
        "fnNumber": document["tags"]["1041"],
        "fnsUrl": "www.nalog.gov.ru",
        "registrationNumber": document["tags"]["1037"],
        "shiftNumber": 1,
        "total": 201,
    }
    assert result["warnings"] == {}
    assert host.paper.slips[-1].name == "3"


@pytest.mark.parametrize("kind", words.RECEIPTS)
@pytest.mark.parametrize("ffd", ["1.05", "1.1", "1.2"])
def test_every_kind_in_every_format(kind: str, ffd: str) -> None:
    host = opened(ffd=ffd)
    corrects = kind.endswith("Correction")
    task = {**sell(kind=kind), **(CORRECTED if corrects else {})}
    if corrects and ffd == "1.05":
        assert host.error(task) == 48
        return
    host.done(task)
    tags = host.tags()
    assert tags["1054"] == SIGNS[kind.removesuffix("Correction")]
    assert (tags["1020"], tags["1031"], tags["1021"], tags["1203"]) == (
        "100.00", "100.00", OPERATOR["name"], OPERATOR["vatin"],
    )  # fmt: skip
    assert host.dumped()[-1]["type"] == ("correction" if corrects else "receipt")
    assert tags.get("1173") == (1 if corrects else None)
    assert tags.get("1174") == ({"1178": "2026-11-20T00:00:00", "1179": "7"} if corrects else None)


# part of the task | the same in the document, format 1.2 unless told
IN_THE_DOCUMENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"taxationType": "patent"}, {"1055": 32}),
    ({"clientInfo": {"emailOrPhone": "none"}}, {"1008": "none"}),
    ({"companyInfo": {"email": "a@b.example"}}, {"1117": "a@b.example"}),
    (
        {"paymentsPlace": "Место", "paymentsAddress": "Адрес", "machineNumber": "12"},
        {"1187": "Место", "1009": "Адрес", "1036": "12"},
    ),
    (
        {"clientInfo": {"name": "ООО Ромашка", "vatin": "7701234567", "address": "адрес", "birthDate": "18.11.1990"}},
        {"1256": {"1227": "ООО Ромашка", "1228": "7701234567", "1254": "адрес", "1243": "18.11.1990"}},
    ),
    (
        {"operationInfo": {"id": 1, "dateTime": "2026.01.02 10:00:00", "data": "d"}},
        {"1270": {"1271": 1, "1272": "d", "1273": "2026-01-02T10:00:00"}},
    ),
    (
        {"industryInfo": [{"fois": "030", "date": "2026.01.02", "number": "N", "industryAttribute": "A=1"}]},
        {"1261": [{"1262": "030", "1263": "02.01.2026", "1264": "N", "1265": "A=1"}]},
    ),
    (
        {"items": [item(), {"type": "additionalAttribute", "value": "MARK"}]},
        {"1192": "MARK"},
    ),
    (
        {"preItems": [{"type": "userAttribute", "name": "Имя", "value": "Значение", "print": False}]},
        {"1084": {"1085": "Имя", "1086": "Значение"}},
    ),
    ({"payments": [{"type": "electronically", "sum": 100}]}, {"1081": "100.00", "1031": None}),
    (
        {"payments": [{"type": "cash", "sum": 70}, {"type": "electronically", "sum": 40}]},
        {"1081": "40.00", "1031": "60.00"},
    ),
    ({"payments": [{"type": each, "sum": 20} for each in "01234"]}, {
        "1031": "20.00", "1081": "20.00", "1215": "20.00", "1216": "20.00", "1217": "20.00",
    }),
    ({"total": 99.5}, {"1020": "99.50", "1031": "99.50"}),
    ({"taxes": [{"type": "vat20", "sum": 10.5}]}, {"1102": "10.50"}),
    ({"unknown": 5, "total": None, "taxes": None}, {"1020": "100.00"}),
]  # fmt: skip


@pytest.mark.parametrize(("part", "tags"), IN_THE_DOCUMENT, ids=[next(iter(row[0])) for row in IN_THE_DOCUMENT])
def test_what_stands_in_the_document(part: dict[str, Any], tags: dict[str, Any]) -> None:
    host = opened()
    host.done(sell(**part))
    found = host.tags()
    assert {tag: found.get(tag) for tag in tags} == tags


# of a position | in the item
IN_THE_ITEM: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"tax": {"type": "none"}}, {"1199": 6, "1200": None}),
    ({"tax": {"type": "vat20", "sum": 16}}, {"1199": 1, "1200": "16.00"}),
    ({"tax": {"type": "vat22"}}, {"1199": 11, "1200": "18.03"}),
    ({"tax": {"type": "vat5"}}, {"1199": 7, "1200": "4.76"}),
    ({"tax": {"type": "vat107"}}, {"1199": 10, "1200": "6.54"}),
    ({"tax": {"type": "vat18"}}, {"1199": 1}),
    ({"quantity": 0.0015, "price": 1}, {"1023": "0.002", "1043": "100.00", "1079": "1.00"}),
    ({"name": "х" * 200}, {"1030": "х" * 128}),
    ({"paymentMethod": "advance", "paymentObject": "service"}, {"1214": 3, "1212": 4}),
    ({"paymentObject": "casinoPayment"}, {"1212": 26}),
    ({"measurementUnit": "kilogram"}, {"2108": 11}),
    ({"measurementUnit": 41}, {"2108": 41}),
    ({}, {"2108": 0, "1214": 4, "1212": 1, "1200": "16.67"}),
    ({"additionalAttribute": "abc"}, {"1191": "abc"}),
    (
        {"exciseSum": 1.5, "countryCode": "643", "customsDeclaration": "10/1"},
        {"1229": "1.50", "1230": "643", "1231": "10/1"},
    ),
    (
        {"supplierInfo": {"phones": ["+71", "+72"], "name": "П", "vatin": "7701234567"}},
        {"1224": {"1225": "П", "1171": ["+71", "+72"]}, "1226": "7701234567"},
    ),
    (
        {
            "agentInfo": {
                "agents": ["payingAgent", "attorney"],
                "payingAgent": {"operation": "оп", "phones": ["+71"]},
                "receivePaymentsOperator": {"phones": ["+72"]},
                "moneyTransferOperator": {"phones": ["+73"], "name": "N", "address": "A", "vatin": "7701234567"},
            }
        },
        {
            "1222": 0x14,
            "1223": {
                "1005": "A", "1016": "7701234567", "1026": "N", "1044": "оп", "1073": ["+71"], "1074": ["+72"],
                "1075": ["+73"],
            },
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("part", "tags"), IN_THE_ITEM, ids=["-".join(row[0]) or "usual" for row in IN_THE_ITEM])
def test_what_stands_in_the_item(part: dict[str, Any], tags: dict[str, Any]) -> None:
    host = opened()
    host.done(sell(items=[item(**part)]))
    (found,) = host.tags()["1059"]
    assert {tag: found.get(tag) for tag in tags} == tags


def test_what_older_formats_say_otherwise() -> None:
    host = opened(ffd="1.1")
    client = {"name": "ООО Ромашка", "vatin": "7701234567"}
    code = base64.b64encode(b"\x44\x4d1234").decode()
    host.done(sell(items=[item(measurementUnit="кг", nomenclatureCode=code)], clientInfo=client))
    tags = host.tags()
    assert (tags["1227"], tags["1228"]) == (client["name"], client["vatin"])
    assert (tags["1059"][0]["1197"], tags["1059"][0]["1162"]) == ("кг", "444d31323334")
    assert "2108" not in tags["1059"][0]


# part of a sale for 100 | code of the library
REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"items": None}, 501),
    ({"payments": None}, 501),
    ({"payments": []}, 66),
    ({"items": []}, 98),
    ({"items": [{"type": "zzz"}]}, 98),
    ({"items": [item(amount="100")]}, 501),
    ({"items": [item(tax=None)]}, 501),
    ({"items": [item(tax={"type": "vat99"})]}, 501),
    ({"items": [item(name=None)]}, 501),
    ({"items": [item(name="")]}, 5),
    ({"items": [item(quantity=0)]}, 17),
    ({"items": [item(price=-1)]}, 16),
    ({"items": [item(1e12)]}, 63),
    ({"items": [item(1e13)]}, 501),
    ({"items": [item(department=17)]}, 59),
    ({"items": [item(measurementUnit="кг")]}, 412),
    ({"items": [item(measurementUnit=1)]}, 412),
    ({"items": [item(paymentObject="zz")]}, 501),
    ({"items": [item(paymentObject=1)]}, 501),
    ({"items": [item(paymentObject="exciseWithMarking")]}, 5),
    ({"items": [item(nomenclatureCode="!")]}, 501),
    ({"items": [item(nomenclatureCode="AAAA")]}, 116),
    ({"items": [item(imcParams={"imc": "AAAA"})]}, 414),
    ({"items": [item(markingCode={"type": "other", "mark": "AAAA"})]}, 414),
    ({"items": [item(tax={"type": "vat20", "sum": 101})]}, 128),
    ({"items": [item(), {"type": "barcode", "barcode": "12", "barcodeType": "EAN13"}]}, 157),
    ({"items": [item(), {"type": "barcode", "barcode": "12", "barcodeType": "zz"}]}, 501),
    ({"payments": [{"type": "cash", "sum": 99.99}]}, 66),
    ({"payments": [{"type": "electronically", "sum": 100.01}]}, 52),
    ({"payments": [{"type": "cash", "sum": -100}]}, 16),
    ({"payments": [{"type": 0, "sum": 100}]}, 501),
    ({"payments": [{"type": "zz", "sum": 100}]}, 501),
    ({"payments": [{"type": "5", "sum": 100}]}, 60),
    ({"total": 100.01}, 23),
    ({"total": 99}, 23),
    ({"taxes": [{"type": "vat10", "sum": 1}]}, 128),
    ({"taxes": [{"type": "vat20", "sum": 101}]}, 128),
    ({"taxationType": "zz"}, 501),
    ({"taxationType": "envd"}, 501),
    ({"operator": {"name": 5}}, 501),
    ({"operator": {"name": "х" * 100}}, 148),
    ({"agentInfo": {"agents": ["payingAgent"]}}, 148),
    ({"clientInfo": {"emailOrPhone": "х" * 100}}, 148),
    ({"operationInfo": {"id": 300, "dateTime": "2026.01.02 10:00:00", "data": "d"}}, 148),
    ({"operationInfo": {"id": 1, "dateTime": "2026.01.02", "data": "d"}}, 501),
    ({"electronically": "yes"}, 501),
    ({"type": "sellCorrection"}, 116),
    ({"type": "sellCorrection", "correctionType": "zz"}, 501),
    ({"type": "buy", "items": [item(100_000)], "payments": [{"type": "cash", "sum": 100_000}]}, 80),
]


@pytest.mark.parametrize(("part", "code"), REFUSED, ids=[str(row[0])[:60] + f"-{row[1]}" for row in REFUSED])
def test_what_is_refused(part: dict[str, Any], code: int) -> None:
    host = opened()
    given = sell(**part)
    absent = {name for name, value in part.items() if value is None}
    task = {name: value for name, value in given.items() if name not in absent}
    for position in task.get("items", []):
        for name in [name for name, value in position.items() if value is None]:
            del position[name]
    if code == 116:  # stops the queue: "invalid format" may come after the drive has signed
        host.post(task)
        host.pass_time(0.5)
        assert host.results()[0]["status"] == "blocked"
        host.pass_time(2)
        assert host.results()[0]["status"] == "error"
        assert host.results()[0]["error"]["code"] == 116
    else:
        assert host.error(task) == code
    assert host.fd == 2
    assert host.device.state.register.receipt is None
    host.done(sell())


def test_an_older_library_knows_no_new_taxes() -> None:
    host = Host(generation=1)
    for kind in words.NEW_TAXES:
        host.post(sell(items=[item(tax={"type": kind})]))
        host.pass_time(1)
        assert host.results()[0]["errorCode"] == 501
    assert host.fd == 1


def test_a_receipt_in_a_closed_shift_opens_it_under_its_own_cashier() -> None:
    host = Host()
    result = host.done(sell())
    assert [document["type"] for document in host.dumped()] == ["registration", "open_shift", "receipt"]
    assert result["fiscalParams"]["fiscalDocumentNumber"] == 3
    assert [document["tags"]["1021"] for document in host.dumped()[1:]] == [OPERATOR["name"]] * 2


def test_after_a_day_the_shift_has_to_be_closed() -> None:
    host = opened()
    host.clock.advance(25 * 3600)
    assert host.error(sell()) == 68
    assert host.done("getShiftStatus")["shiftStatus"]["state"] == "expired"
    host.done("closeShift")
    host.done(sell())


def test_on_paper_stands_what_the_task_says() -> None:
    host = opened()
    texts = [
        {"type": "text", "text": "СЛЕВА"},
        {"type": "text", "text": "в середине", "alignment": "center"},
        {"type": "text", "text": "слова " * 12, "wrap": "words"},
        {"type": "text", "text": "х" * 60, "wrap": "chars"},
        {"type": "text", "text": "х" * 60},
        {"type": "text"},
        {"type": "barcode", "barcode": "https://example.org", "barcodeType": "QR", "scale": 5},
        {"type": "pictureFromMemory", "pictureNumber": 1},
    ]
    host.done(sell(items=[*texts, item()]))
    rows = host.paper.slips[-1].text().split("\n")
    start = rows.index("СЛЕВА")
    assert rows[start + 1] == "в середине".center(48).rstrip()
    assert rows[start + 2 : start + 4] == [" ".join(["слова"] * 8), " ".join(["слова"] * 4)]
    assert rows[start + 4 : start + 8] == ["х" * 48, "х" * 12, "х" * 48, ""]
    assert rows[start + 8] == "[QR] https://example.org"


def test_electronically_means_no_paper() -> None:
    host = opened()
    host.device.take_paper()
    assert host.error(sell()) == 44
    printed = len(host.paper.slips)
    host.done(sell(electronically=True))
    assert host.fd == 3
    assert len(host.paper.slips) == printed


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 10**7), st.sampled_from(sorted({**words.TAXES, **words.NEW_TAXES}))),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 100),
)
def test_any_receipt_adds_up(lines: list[tuple[int, str]], share: int) -> None:
    host = Host()
    items = [item(_roubles(amount), tax={"type": tax}) for amount, tax in lines]
    total = sum(amount for amount, _ in lines)
    card = total * share // 100
    payments = [{"type": "cash", "sum": _roubles(total - card)}, {"type": "electronically", "sum": _roubles(card)}]
    task = sell(items=items, payments=[each for each in payments if each["sum"]])
    assert host.done(task)["fiscalParams"]["total"] == _roubles(total)
    tags = host.tags()
    assert Decimal(tags["1020"]).scaleb(2) == total
    assert [Decimal(each["1043"]).scaleb(2) for each in tags["1059"]] == [amount for amount, _ in lines]
    assert Decimal(tags.get("1031", 0)) + Decimal(tags.get("1081", 0)) == Decimal(tags["1020"])
    drawer = host.done("getCashDrawerStatus")["counters"]["cashSum"]
    assert drawer == _roubles(total - card)


def _roubles(kopecks: int) -> float:
    """As a client's JSON has it; exact for the few digits here."""
    return float(Decimal(kopecks).scaleb(-2))
