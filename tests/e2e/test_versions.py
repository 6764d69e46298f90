"""One receipt of the CRM on a register of each format version, by the archive: what differs by version and only that.

Source: format order ЕД-7-20/662@, tables of the cash receipt and of tag 1059.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.e2e.shop import Shop, Till, at_once
from tests.protocol.ffd.payloads import item, payload

VERSIONS = {"1.05": 2, "1.1": 3, "1.2": 4}
"""And tag 1209."""

RICH: dict[str, Any] = {
    "type": "sell",
    "taxation": "osn",
    "cashier": {"name": "Кассир Иванова М.А.", "inn": "500100732259"},
    "buyer": {"contact": "buh@example.ru", "name": 'ООО "Ромашка"', "inn": "7707083893"},
    "internet": True,
    "payment_address": "https://shop.example.ru",
    "cash_rounding": "0.18",
    "additional_user_props": {"name": "Заказ", "value": "R-105"},
    "additional_check_props": "A5",
    "items": [
        {
            "name": "Медь листовая", "price": "612.40", "quantity": "1.275", "vat": "vat22", "unit": "kilogram",
            "user_data": "серия 5", "excise": "10.50", "country_code": "643",
            "declaration_number": "10702030/090726/0001234",
        },
        {"name": "Каша детская", "price": "120.37", "quantity": "2", "vat": "vat10"},
        {
            "name": "Связь", "price": "500.00", "quantity": "1", "vat": "none", "payment_object": "payment",
            "agent_info": {
                "type": "paying_agent",
                "paying_agent": {"operation": "Приём платежа", "phones": ["+79001234567", "+79001234568"]},
                "receive_payments_operator": {"phones": ["+79001110000"]},
            },
            "supplier_info": {"name": "ООО Связь", "inn": "7707083893", "phones": ["+79007654321"]},
        },
    ],
    "payments": [{"type": "cash", "amount": "1000.00"}, {"type": "card", "amount": "600.00"}],
}  # fmt: skip

COMMON: dict[str, Any] = {
    "1054": 1, "1055": 1, "1021": "Кассир Иванова М.А.", "1203": "500100732259", "1008": "buh@example.ru",
    "1125": 1, "1187": "https://shop.example.ru", "1192": "A5",
    "1020": "1521.37", "1031": "921.37", "1081": "600.00",
    "1103": "21.89", "1105": "500.00", "1115": [{"1119": {"1199": 11, "1120": "140.80"}}],
}  # fmt: skip
LINES: list[dict[str, Any]] = [
    {
        "1030": "Медь листовая", "1079": "612.40", "1023": "1.275", "1043": "780.81", "1199": 11, "1200": "140.80",
        "1214": 4, "1212": 1, "1191": "серия 5", "1229": "10.50", "1230": "643", "1231": "10702030/090726/0001234",
    },
    {
        "1030": "Каша детская", "1079": "120.37", "1023": "2", "1043": "240.74", "1199": 2, "1200": "21.89",
        "1214": 4, "1212": 1,
    },
    {
        "1030": "Связь", "1079": "500.00", "1023": "1", "1043": "500.00", "1199": 6, "1214": 4, "1212": 10,
        "1222": 4,
        "1223": {"1044": "Приём платежа", "1073": ["+79001234567", "+79001234568"], "1074": ["+79001110000"]},
        "1224": {"1171": ["+79007654321"], "1225": "ООО Связь"}, "1226": "7707083893",
    },
]  # fmt: skip
BUYER = {"1227": 'ООО "Ромашка"', "1228": "7707083893"}
OLD: tuple[dict[str, Any], ...] = (BUYER, {"1197": "кг"}, {"1197": "шт"}, {"1197": "шт"})
NEW: tuple[dict[str, Any], ...] = ({"1256": BUYER}, {"2108": 11}, {"2108": 0}, {"2108": 0})
DIFFERENT = {"1.05": OLD, "1.1": OLD, "1.2": NEW}
"""The buyer in the document, then the unit of every line."""

OF_THE_REGISTER = {
    "1209", "1048", "1018", "1037", "1009", "1012", "1038", "1042", "1117", "1060", "1040", "1041", "1077", "1084",
}  # fmt: skip
"""What the register itself writes into every receipt, and the attribute with the job's imprint (looked at apart)."""

SECTOR = {"federal_id": "030", "date": "21.11.2023", "number": "1944", "value": "UUID=1"}
ONLY_IN_NEWEST: list[tuple[str, int, dict[str, Any]]] = [
    # field                             tag   what is added to a receipt of one line
    ("items[0].sectoral_item_props",    1260, {"items": [item(vat="vat22", sectoral_item_props=[SECTOR])]}),
    ("sectoral_check_props",            1261, {"sectoral_check_props": [SECTOR]}),
    ("operating_check_props",           1270, {"operating_check_props": {
        "name": 1, "value": "смена", "timestamp": "2026-11-21T14:05:00",
    }}),
    ("buyer.birthdate",                 1243, {"buyer": {"name": "Петров П. П.", "birthdate": "01.02.1990"}}),
    ("buyer.citizenship",               1244, {"buyer": {"name": "Петров П. П.", "citizenship": "643"}}),
    ("buyer.address",                   1254, {"buyer": {"name": "Петров П. П.", "address": "Москва"}}),
]  # fmt: skip


def needing(more: dict[str, Any]) -> dict[str, Any]:
    return payload(item(vat="vat22"), card="100.00") | deepcopy(more)


def found(tags: Any, tag: int) -> bool:
    """Somewhere in the document."""
    if isinstance(tags, dict):
        return str(tag) in tags or any(found(inside, tag) for inside in tags.values())
    return isinstance(tags, list) and any(found(inside, tag) for inside in tags)


def test_one_receipt_on_three_versions(tills: Shop) -> None:
    made = {ffd: tills.till(str(400 + code), "--ffd", ffd) for ffd, code in VERSIONS.items()}
    unseen = tills.till("410", "--ffd", "1.05")
    agent_id = tills.pc(*made.values(), unseen)

    # The server does not know the register yet, so it takes the receipts; the agent refuses them by their tags.
    tills.rig.put("/devices", {"kkm_id": unseen.kkm_id, "agent_id": agent_id})
    waiting = {tag: unseen.post("receipt", needing(more), order_ref=f"unseen {tag}") for _, tag, more in ONLY_IN_NEWEST}
    tills.start(*made.values(), unseen)
    for tag, job_id in waiting.items():
        job = tills.ended(job_id)
        assert (job["state"], job["certainty"], job["attempt"]) == ("not_done", "proven", 0)
        assert job["reason"]["code"] == "not_expressible"
        assert f"tag {tag}" in job["reason"]["detail"]
    assert "receipt" not in unseen.kinds()

    def archived(ffd: str) -> dict[str, Any]:
        job = made[ffd].do("receipt", RICH, order_ref=f"rich {ffd}")
        assert job["state"] == "done", job["reason"]
        tags: dict[str, Any] = made[ffd].document(job["proof"]["fd"])["tags"]
        assert job["document"]["tags"] == tags
        return tags

    for ffd, tags in at_once(VERSIONS, archived).items():
        buyer, *units = DIFFERENT[ffd]
        told = {tag: value for tag, value in tags.items() if tag not in OF_THE_REGISTER}
        lines = [line | unit for line, unit in zip(LINES, units, strict=True)]
        assert told == {**COMMON, **buyer, "1059": lines}, ffd
        assert tags["1209"] == VERSIONS[ffd]
        assert tags["1084"]["1085"] == "Заказ"
        assert tags["1084"]["1086"].startswith("R-105; ID=")
        assert set(tags) == OF_THE_REGISTER | set(told)

    # What a version has no tag for is refused before anything leaves, by field and tag; the newest writes it.
    for field, tag, more in ONLY_IN_NEWEST:
        for ffd in ("1.05", "1.1"):
            refused(tills, made[ffd], needing(more), field, tag)
        job = made["1.2"].do("receipt", needing(more), order_ref=f"newest {tag}")
        assert job["state"] == "done", job["reason"]
        assert found(made["1.2"].document(job["proof"]["fd"])["tags"], tag), tag
    for ffd in ("1.05", "1.1"):
        assert made[ffd].kinds().count("receipt") == 1


def refused(shop: Shop, till: Till, content: dict[str, Any], field: str, tag: int) -> None:
    body = {"job_id": f"{till.kkm_id}-{tag}", "kkm_id": till.kkm_id, "kind": "receipt", "payload": content}
    answer = shop.rig.call("POST", "/jobs", body)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["code"], error["field"]) == ("E_FFD_VERSION", f"payload.{field}")
    assert str(tag) in error["rule"]
    assert shop.rig.call("GET", f"/jobs/{body['job_id']}").status_code == 404
