"""A CRM from outside: worked-out receipts go in by REST, and what comes back is checked by arithmetic of its own.

Nothing of the product is imported: the payloads are what docs/api.md says, the archive is what ``simulate --dump``
prints, and VAT is counted in exact fractions. Corrections, marking and dated cases (another day than today) have no
row; the age of a shift and of unsent documents is in ``test_shift_policy`` and ``test_kinds``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.support.rig import FAST, ROOT, Rig, running

Json = dict[str, Any]

VERSIONS = {"105": "1.05", "110": "1.1", "120": "1.2"}
ANY = tuple(VERSIONS)
NEW = ("120",)
OLD = ("105",)
ONLY_USN = ("usn",)

CODES = {
    "vat20": (1, 20, "1102"), "vat10": (2, 10, "1103"), "vat120": (3, 20, "1106"), "vat110": (4, 10, "1107"),
    "vat0": (5, 0, "1104"), "none": (6, 0, "1105"), "vat5": (7, 5, "1115/7"), "vat7": (8, 7, "1115/8"),
    "vat105": (9, 5, "1115/9"), "vat107": (10, 7, "1115/10"), "vat22": (11, 22, "1115/11"),
    "vat122": (12, 22, "1115/12"),
}  # fmt: skip
"""Name of a rate: its number in tag 1199, per cent, where the receipt's total goes."""
PAID = {"cash": "1031", "card": "1081", "prepaid": "1215", "credit": "1216", "other": "1217"}
SIGNS = {"sell": 1, "sell_return": 2, "buy": 3, "buy_return": 4}
METHODS = {
    "full_prepayment": 1, "prepayment": 2, "advance": 3, "full_payment": 4, "partial_payment": 5, "credit": 6,
    "credit_payment": 7,
}  # fmt: skip
SYSTEMS = {"osn": 1, "usn_income": 2, "usn_income_outcome": 4, "esn": 16, "patent": 32}


def line(price: str, quantity: str = "1", vat: str = "vat22", **more: Any) -> Json:
    return {"name": "Товар", "price": price, "quantity": quantity, "vat": vat, **more}


def receipt(*items: Json, type: str = "sell", taxation: str = "osn", more: Json | None = None, **paid: str) -> Json:
    return {
        "type": type,
        "taxation": taxation,
        "cashier": {"name": "Кассир Иванова М."},
        "items": list(items),
        "payments": [{"type": kind, "amount": amount} for kind, amount in paid.items()],
        **(more or {}),
    }


@dataclass(frozen=True)
class Taken:
    payload: Json
    vat: dict[str, tuple[str, ...] | str]
    """Totals by tag; several where a register may count from the base of the rate."""
    registers: tuple[str, ...] = NEW
    warning: str | None = None


@dataclass(frozen=True)
class Refused:
    payload: Json
    code: str
    at: str
    registers: tuple[str, ...] = NEW
    mentions: str = ""


_INTERNET = {"internet": True, "print": False}
_SITE = {"payment_address": "https://shop.example.ru"}
_CONTACT = {"buyer": {"contact": "+79001234567"}}

CASES: dict[str, Taken | Refused] = {
    "1": Taken(receipt(line("100.00"), cash="100.00"), {"1115/11": "18.03"}),
    "2": Taken(receipt(line("269.10", "3"), card="807.30"), {"1115/11": "145.58"}),
    "3": Taken(receipt(line("1.00"), cash="1.00"), {"1115/11": "0.18"}, OLD),
    "4": Taken(receipt(line("110.00", vat="vat10"), cash="110.00"), {"1103": "10.00"}, OLD),
    "5": Taken(
        receipt(
            line("610.00", "2"),
            line("275.00", "2", "vat10"),
            line("200.00", vat="vat0"),
            line("300.00", vat="none"),
            card="2270.00",
        ),
        {"1103": "50.00", "1104": "200.00", "1105": "300.00", "1115/11": "220.00"},
    ),
    "6": Taken(receipt(line("105.00", vat="vat5"), taxation="usn_income", cash="105.00"), {"1115/7": "5.00"}),
    "7": Taken(receipt(line("999.99", vat="vat7"), taxation="usn_income_outcome", card="999.99"), {"1115/8": "65.42"}),
    "8": Taken(
        receipt(line("2500.00", vat="vat105", payment_method="full_prepayment"), taxation="usn_income", card="2500.00"),
        {"1115/9": "119.05"},
    ),
    "9": Taken(
        receipt(line("1234.56", vat="vat107", payment_method="prepayment"), taxation="usn_income", card="1234.56"),
        {"1115/10": "80.77"},
    ),
    "10": Taken(
        receipt(line("5000.00", vat="vat122", payment_method="advance", payment_object="payment"), card="5000.00"),
        {"1115/12": "901.64"},
    ),
    "11": Taken(receipt(line("1200.00", vat="vat20"), type="sell_return", card="1200.00"), {"1102": "200.00"}),
    "12": Taken(receipt(line("1220.00"), prepaid="1000.00", card="220.00"), {"1115/11": "220.00"}),
    "13": Taken(
        receipt(line("600.00", vat="vat20", payment_method="credit_payment", payment_object="payment"), card="600.00"),
        {"1102": "100.00"},
    ),
    "14": Taken(
        receipt(line("1200.00", vat="vat20"), card="1200.00"), {"1102": "200.00"}, warning="W_VAT20_AFTER_2026"
    ),
    "15": Refused(receipt(line("10.00", vat="vat13"), cash="10.00"), "E_VAT_CODE", "payload.items[0].vat"),
    "17": Taken(receipt(*[line("0.10")] * 10, cash="1.00"), {"1115/11": ("0.20", "0.18")}),
    "18": Taken(receipt(line("33.33", "3", sum="100.00"), cash="100.00"), {"1115/11": "18.03"}),
    "19": Refused(receipt(line("33.33", "3", sum="100.01"), cash="100.01"), "E_ITEM_SUM", "payload.items[0].sum"),
    "20": Taken(receipt(line("1299.90", "0.345", "vat10", unit="kilogram"), cash="448.47"), {"1103": "40.77"}, ANY),
    "21": Taken(receipt(line("300.00", "0.333333", "none", unit="other"), cash="100.00"), {"1105": "100.00"}),
    "21 of pieces": Refused(
        receipt(line("300.00", "0.333333", "none"), cash="100.00"), "E_QTY_PIECE", "payload.items[0].quantity", ANY
    ),
    "22": Refused(
        receipt(line("300.00", "0.1234567", "none", unit="other"), cash="37.04"),
        "E_QTY_PRECISION",
        "payload.items[0].quantity",
    ),
    "23 none": Refused(receipt(line("1.00", "0"), cash="1.00"), "E_QTY", "payload.items[0].quantity", ANY),
    "23 below": Refused(receipt(line("1.00", "-1"), cash="1.00"), "E_QTY", "payload.items[0].quantity", ANY),
    "24": Refused(
        receipt(line("500.00", vat="none"), cash="300.00", card="150.00"), "E_PAYMENT_SHORT", "payload.payments", ANY
    ),
    "25": Taken(receipt(line("450.00", vat="none"), cash="500.00"), {"1105": "450.00"}, ANY),
    "26": Refused(receipt(line("450.00", vat="none"), card="500.00"), "E_CASHLESS_OVER", "payload.payments", ANY),
    "27": Taken(receipt(line("450.00", vat="none"), card="400.00", cash="100.00"), {"1105": "450.00"}, ANY),
    "28": Taken(
        receipt(line("3417.18"), more={"cash_rounding": "0.18"}, cash="3417.00"), {"1115/11": ("616.21", "616.18")}, ANY
    ),
    "29": Refused(
        receipt(line("3417.18"), more={"cash_rounding": "0.99"}, cash="3416.19"),
        "E_ROUNDING",
        "payload.cash_rounding",
        ANY,
    ),
    "30": Refused(
        receipt(line("10.00", vat="none"), taxation="osn,usn_income", cash="10.00"),
        "E_TAX_SYSTEM",
        "payload.taxation",
        ANY,
    ),
    "31": Refused(
        receipt(line("10.00", vat="none"), cash="10.00"), "E_TAX_SYSTEM_NOT_REGISTERED", "payload.taxation", ONLY_USN
    ),
    "32": Refused(
        receipt(line("10.00", vat="none", name="Ж" * 129), cash="10.00"), "E_NAME_LENGTH", "payload.items[0].name", ANY
    ),
    "32 just fits": Taken(receipt(line("10.00", vat="none", name="Ж" * 128), cash="10.00"), {"1105": "10.00"}, ANY),
    "38 no contact": Refused(
        receipt(line("10.00"), more={**_INTERNET, **_SITE}, card="10.00"),
        "E_INTERNET_CONTACT",
        "payload.buyer.contact",
        ANY,
    ),
    "38 no site": Refused(
        receipt(line("10.00"), more={**_INTERNET, **_CONTACT, "payment_address": "ул. Ленина, 1"}, card="10.00"),
        "E_INTERNET_PLACE",
        "payload.payment_address",
        ANY,
    ),
    "38 with both": Taken(
        receipt(line("10.00"), more={**_INTERNET, **_SITE, **_CONTACT}, card="10.00"), {"1115/11": "1.80"}, ANY
    ),
    "39": Refused(
        receipt(line("10.00", "2", payment_object="marked"), card="20.00"),
        "E_MARKING_UNSUPPORTED",
        "payload.items[0].payment_object",
    ),
    "what 1.05 and 1.1 cannot express": Refused(
        receipt(line("10.00"), more={"buyer": {"name": "Иванов", "birthdate": "01.02.1990"}}, card="10.00"),
        "E_FFD_VERSION",
        "payload.buyer.birthdate",
        ("105", "110"),
        "1243",
    ),
    "five ways to pay": Taken(
        receipt(
            line("20.00"),
            line("40.00", payment_method="credit"),
            line("23.00"),
            cash="25.00",
            card="5.00",
            prepaid="10.00",
            credit="40.00",
            other="8.00",
        ),
        {"1115/11": "14.97"},
        ANY,
    ),
}


# --- arithmetic of its own


def kopecks(text: str) -> int:
    value = Fraction(text) * 100
    assert value.denominator == 1, text
    return int(value)


def half_up(value: Fraction) -> int:
    return (value + Fraction(1, 2)).__floor__()


def cost(item: Json) -> int:
    return (
        kopecks(item["sum"]) if "sum" in item else half_up(Fraction(item["price"]) * Fraction(item["quantity"]) * 100)
    )


def vat(item: Json) -> int:
    rate = CODES[item["vat"]][1]
    return half_up(Fraction(cost(item) * rate, 100 + rate))


def total(payload: Json) -> int:
    return sum(map(cost, payload["items"])) - kopecks(payload.get("cash_rounding", "0"))


def vat_totals(tags: Json) -> dict[str, int]:
    found: dict[str, int] = {
        tag: kopecks(tags[tag]) for tag in ("1102", "1103", "1104", "1105", "1106", "1107") if tag in tags
    }
    blocks = [block["1119"] for block in tags.get("1115", [])]
    return found | {f"1115/{block['1199']}": kopecks(block["1120"]) for block in blocks}


def wanted(payload: Json) -> dict[str, int]:
    """Every tag of the receipt that its payload decides, sums in kopecks."""
    paid = Counter[str]()
    for payment in payload["payments"]:
        paid[payment["type"]] += kopecks(payment["amount"])
    paid["cash"] -= change(payload)
    tags = {PAID[kind]: amount for kind, amount in paid.items()}
    system = SYSTEMS[payload["taxation"]]
    return {"1020": total(payload), **tags, "1054": SIGNS[payload["type"]], "1055": system}


def change(payload: Json) -> int:
    return max(0, sum(kopecks(payment["amount"]) for payment in payload["payments"]) - total(payload))


# --- the stand


@dataclass
class Stand:
    rig: Rig
    dumps: dict[str, dict[int, Json]] = field(default_factory=dict)

    def document(self, kkm_id: str, fd: int) -> Json:
        if kkm_id not in self.dumps:
            state = str(self.rig.folder / f"{kkm_id}.json")
            command = [sys.executable, "-m", "agent.cli", "simulate", "shtrih", "--state", state, "--dump"]
            done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
            self.dumps[kkm_id] = {document["fd"]: document for document in json.loads(done.stdout)["documents"]}
        return self.dumps[kkm_id][fd]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with running(tmp_path) as rig:
        rig.start_server()
        (tmp_path / "fast.toml").write_text(FAST)
        config = f'[server]\nurl = "{rig.url}"\n[agent]\ndata_dir = "{tmp_path / "agent"}"\n'
        for kkm_id in (*VERSIONS, *ONLY_USN):
            systems = ["--taxation", "usn_income"] if kkm_id in ONLY_USN else []
            register = rig.spawn(
                kkm_id, "-m", "agent.cli", "simulate", "shtrih", "--listen", "tcp:127.0.0.1:0", "--print-time", "0",
                "--state", f"{kkm_id}.json", "--ffd", VERSIONS.get(kkm_id, "1.2"), *systems,
            )  # fmt: skip
            config += (
                f'[[devices]]\nkkm_id = "{kkm_id}"\ndriver = "shtrih"\naddress = "{register.ready["listening"]}"\n'
            )
            config += f'profile = "{tmp_path / "fast.toml"}"\n'
            rig.put("/devices", {"kkm_id": kkm_id})
        (tmp_path / "agent.toml").write_text(config)
        rig.pair()
        rig.start_agent()
        rig.until(lambda: all(device["state"] == "bound" for device in rig.get("/devices")["devices"]), 60, "bound")
        yield Stand(rig)


def test_forty_cases_by_rest(stand: Stand) -> None:
    rig = stand.rig
    made: list[tuple[str, str, Taken]] = []
    for number, (name, case) in enumerate(CASES.items()):
        for kkm_id in case.registers:
            job_id = f"case-{number}-{kkm_id}"
            job = {"job_id": job_id, "kkm_id": kkm_id, "kind": "receipt", "start_within_s": 600}
            answer = rig.call("POST", "/jobs", {**job, "payload": case.payload})
            if isinstance(case, Taken):
                assert answer.status_code == 202, (name, answer.text)
                made.append((job_id, kkm_id, case))
                continue
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_payload"), (name, answer.text)
            found = [e for e in answer.json()["errors"] if (e["code"], e["field"]) == (case.code, case.at)]
            assert found, (name, answer.json()["errors"])
            assert found[0]["rule"], name
            assert found[0]["expected"], name
            assert case.mentions in found[0]["rule"] + found[0]["text"], (name, found)
            assert rig.call("GET", f"/jobs/{job_id}").status_code == 404, name
    ended = {job_id: rig.settled(job_id) for job_id, _, _ in made}  # before the archives are read
    for job_id, kkm_id, taken in made:
        end = ended[job_id]
        assert end["state"] == "done", (kkm_id, taken, end["reason"])
        check(stand.document(kkm_id, end["proof"]["fd"]), end, VERSIONS[kkm_id], taken)


def check(document: Json, job: Json, version: str, case: Taken) -> None:
    tags, payload, proof = document["tags"], case.payload, job["proof"]
    where = (version, payload, tags)
    for tag, value in wanted(payload).items():
        held = tags.get(tag, "0")
        assert (kopecks(held) if isinstance(held, str) else held) == value, (tag, where)
    assert tags["1209"] == {"1.05": 2, "1.1": 3, "1.2": 4}[version], where

    own = Counter[str]()
    for item in payload["items"]:
        _, rate, tag = CODES[item["vat"]]
        own[tag] += vat(item) if rate else cost(item)
    held_vat = vat_totals(tags)
    if all(tag.startswith("1115") for tag in own):
        assert held_vat.pop("1104") == 0, where  # written as zero when every rate stands in 1115
    assert held_vat.keys() == own.keys() == case.vat.keys(), where
    for tag, worked_out in case.vat.items():
        allowed = {kopecks(text) for text in ((worked_out,) if isinstance(worked_out, str) else worked_out)}
        assert held_vat[tag] in allowed, (tag, where)
        assert own[tag] in allowed, (tag, where)

    assert len(tags["1059"]) == len(payload["items"]), where
    for line_tags, item in zip(tags["1059"], payload["items"], strict=True):
        assert (line_tags["1030"], line_tags["1199"]) == (item["name"], CODES[item["vat"]][0]), where
        assert (kopecks(line_tags["1079"]), kopecks(line_tags["1043"])) == (kopecks(item["price"]), cost(item)), where
        assert Fraction(line_tags["1023"]) == Fraction(item["quantity"]), where
        assert kopecks(line_tags.get("1200", "0")) == vat(item), where
        assert line_tags["1214"] == METHODS[item.get("payment_method", "full_payment")], where
        assert ("2108" in line_tags) == (version == "1.2"), where

    assert (proof["source"], proof["fpd"], kopecks(proof["total"])) == ("device", document["fpd"], total(payload)), (
        where
    )
    assert (proof["fn"], proof["receipt_in_shift"]) == (tags["1041"], tags["1042"]), where
    assert kopecks(proof["change"] or "0") == change(payload), where
    qr = re.fullmatch(r"t=(\d{8}T\d{4})&s=(\d+\.\d\d)&fn=(\d{16})&i=(\d+)&fp=(\d{1,10})&n=([1-4])", proof["qr"])
    assert qr is not None, proof["qr"]
    moment = tags["1012"].replace("-", "").replace(":", "")[:13]
    sign = str(SIGNS[payload["type"]])
    assert qr.groups() == (moment, tags["1020"], tags["1041"], str(document["fd"]), document["fpd"], sign), where
    assert [warning["code"] for warning in job["warnings"]] == ([case.warning] if case.warning else []), where
