"""Every kind of register job from REST over the agent to the simulated register, by its memory and its paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.e2e.shop import Shop, Till, open_shop
from tests.protocol.ffd.payloads import item, payload

CASHIER = {"cashier": {"name": "Кассир Иванова М.А.", "inn": "500100732259"}}
NAMES = ("71", "72", "73", "74")
EVERY_KIND_OF_RECEIPT = (
    payload(item("100.00", vat="vat22"), item("50.00", "2", vat="vat10"), cash="500.00"),
    payload(item("30.00", vat="vat22"), card="30.00"),
    payload(item("40.00", vat="vat22"), type="sell_return", cash="40.00"),
    payload(item("15.00"), type="buy", cash="15.00"),
    payload(item("5.00"), type="buy_return", cash="5.00"),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Four registers at one PC whose looks at a register at rest are half a second apart."""
    with open_shop(tmp_path_factory.mktemp("kinds")) as shop:
        made = [shop.till(name) for name in NAMES]
        shop.pc(*made)
        shop.start(*made, dying=("--look", "0.5"))
        yield shop


def till(shop: Shop, name: str) -> Till:
    return next(till for till in shop.tills if till.kkm_id == name)


def done(job: dict[str, Any]) -> dict[str, Any]:
    assert job["state"] == "done", job
    return job


def test_a_shift_from_its_opening_to_its_closing(shop: Shop) -> None:
    """Proof, document, totals and drawer of every step are what the register's memory holds."""
    t = till(shop, "71")

    job = done(t.do("open_shift", CASHIER))
    (made,) = t.documents()[1:]
    assert made["type"] == "open_shift"
    assert job["document"] == {"type": "open_shift", "fd": made["fd"], "tags": made["tags"]}
    assert (made["tags"]["1021"], made["tags"]["1203"]) == ("Кассир Иванова М.А.", "500100732259")
    proof = job["proof"]
    assert (proof["source"], proof["fd"], proof["fpd"], proof["shift"]) == ("device", made["fd"], made["fpd"], 1)

    number = t.memory.document_number
    job = done(t.do("cash_in", {"amount": "1000.00", **CASHIER}))
    assert (t.memory.document_number, t.memory.counters.drawer) == (number + 1, 100000)
    assert (job["proof"]["document_number"], job["proof"]["drawer"], job["proof"]["total"]) == (
        number + 1, "1000.00", "1000.00",
    )  # fmt: skip
    job = done(t.do("cash_out", {"amount": "250.50"}))
    assert (t.memory.document_number, t.memory.counters.drawer) == (number + 2, 74950)
    assert (job["proof"]["document_number"], job["proof"]["drawer"], job["proof"]["total"]) == (
        number + 2, "749.50", "250.50",
    )  # fmt: skip
    assert (job["result"]["cash_in_count"], job["result"]["cash_out_count"], job["document"]) == (1, 1, None)

    for at, receipt in enumerate(EVERY_KIND_OF_RECEIPT):
        job = done(t.do("receipt", receipt, order_ref=f"order-{at}"))
        assert job["document"]["tags"] == t.document(job["proof"]["fd"])["tags"]
    drawer = 74950 + 20000 - 4000 - 1500 + 500
    assert t.memory.counters.drawer == drawer

    before, reports = t.kinds(), t.memory.counters.x_reports
    job = done(t.do("x_report"))
    assert (t.kinds(), t.memory.counters.x_reports) == (before, reports + 1)
    told = job["result"]["totals"]
    assert told["sell"] == {"receipts": 2, "total": "230.00", "cash": "200.00", "cashless": "30.00"}
    assert (told["cash_in"], told["cash_out"], job["result"]["drawer"]) == ("1000.00", "250.50", "899.50")

    job = done(t.do("close_shift", CASHIER))
    made = t.documents()[-1]
    assert (made["type"], t.kinds().count("close_shift")) == ("close_shift", 1)
    assert job["document"] == {"type": "close_shift", "fd": made["fd"], "tags": made["tags"]}
    totals, counters = job["result"]["totals"], made["tags"]["1194"]
    for name, tag in (("sell", "1129"), ("sell_return", "1130"), ("buy", "1131"), ("buy_return", "1132")):
        assert totals[name] == {
            "receipts": counters[tag]["1135"], "total": counters[tag]["1201"],
            "cash": counters[tag]["1136"], "cashless": counters[tag]["1138"],
        }  # fmt: skip
    assert [totals[name]["receipts"] for name in ("sell", "sell_return", "buy", "buy_return")] == [2, 1, 1, 1]
    assert job["result"]["drawer"] == "899.50"


def test_what_is_only_printed_opened_or_read(shop: Shop) -> None:
    t = till(shop, "72")
    done(t.do("open_shift"))
    receipt = done(t.do("receipt", payload(item("100.00", vat="vat22"), card="100.00"), order_ref="copied"))
    fd, kinds = receipt["proof"]["fd"], t.kinds()

    before = t.slips()
    done(t.do("print_copy", {"fd": 2}))
    (copy,) = (text for name, text in t.slips().items() if name not in before)
    assert "КОПИЯ" in copy
    assert t.document(2)["fpd"] in copy

    before = t.slips()
    done(t.do("print_copy"))
    (copy,) = (text for name, text in t.slips().items() if name not in before)
    assert "КОПИЯ" in copy
    assert t.document(fd)["fpd"] in copy

    pulses = t.tell("status")["drawer_pulses"]
    done(t.do("open_drawer"))
    assert t.tell("status")["drawer_pulses"] == pulses + 1

    job = done(t.do("device_status"))
    assert (job["result"]["shift"]["state"], job["result"]["last_fd"], job["result"]["paper"]) == (
        "open",
        fd,
        "present",
    )
    assert job["result"]["fn"]["serial"] == t.memory.drive.registration.fn_number

    job = done(t.do("document", {"fd": fd}))
    made = t.document(fd)
    assert job["result"] == {key: made[key] for key in ("fd", "type", "fpd", "at", "tags")}
    job = t.do("document", {"fd": 4711})
    assert (job["state"], job["reason"]["code"], job["attempt"]) == ("not_done", "no_such_document", 0)
    assert t.kinds() == kinds


CODES = [
    # kind       value                   what a reader of the paper finds
    ("qr",      "https://example.ru/1", "QRCode"),
    ("ean13",   "4006381333931",        "EAN13"),
    ("ean8",    "96385074",             "EAN8"),
    ("code39",  "KB-105",               "Code39"),
    ("code128", "R-105a",               "Code128"),
    ("itf",     "00123456",             "ITF"),
    ("pdf417",  "Rules 1042",           None),  # the simulated printer shows it as text
]  # fmt: skip


def test_text_with_every_barcode_can_be_read_from_the_paper(shop: Shop) -> None:
    t = till(shop, "73")
    for kind, value, found in CODES:
        before = t.slips()
        lines = [
            {"text": f"Заказ готов: {kind}", "align": "centre", "bold": True},
            {"barcode": {"type": kind, "value": value}, "align": "centre"},
            {"text": "справа", "align": "right"},
        ]
        done(t.do("print_text", {"lines": lines}))
        (name,) = set(t.slips()) - set(before)
        text = t.slips()[name]
        assert text.count(f"Заказ готов: {kind}") == 1
        right = next(line for line in text.splitlines() if "справа" in line)
        assert right.startswith("  ")
        if found is None:
            assert value in text
            continue
        with Image.open(t.slip_picture(name)) as picture:
            read = [(code.format.name, code.text) for code in zxingcpp.read_barcodes(picture)]
        assert read == [(found, value)], kind
    assert t.kinds() == []


def test_what_cannot_be_done_sends_nothing(shop: Shop) -> None:
    t = till(shop, "73")
    if t.memory.drive.shift_open:
        done(t.do("close_shift"))

    def impossible(kind: str, code: str, more: dict[str, Any] | None = None) -> None:
        before = (t.documents(), t.memory.counters, t.memory.document_number, t.slips())
        job = t.do(kind, more)
        assert (job["state"], job["reason"]["code"], job["certainty"], job["attempt"]) == (
            "not_done",
            code,
            "proven",
            0,
        )
        assert (t.documents(), t.memory.counters, t.memory.document_number, t.slips()) == before

    impossible("close_shift", "shift_closed")
    impossible("x_report", "shift_closed")
    done(t.do("open_shift"))
    impossible("open_shift", "shift_open")
    drawer = t.memory.counters.drawer
    short = f"{(drawer + 1) // 100}.{(drawer + 1) % 100:02d}"
    impossible("cash_out", "cash_short", {"amount": short})
    impossible("receipt", "cash_short", payload(item(short), type="sell_return", cash=short))
    impossible("receipt", "cash_short", payload(item(short), type="buy", cash=short))


def test_a_receipt_that_is_not_to_be_printed_leaves_no_paper(shop: Shop) -> None:
    t = till(shop, "72")
    contact = {"contact": "+79161234567"}
    silent = done(t.do("receipt", payload(item("7.00"), card="7.00", print=False, buyer=contact), order_ref="silent"))
    loud = done(t.do("receipt", payload(item("8.00"), card="8.00", buyer=contact), order_ref="loud"))
    assert (silent["paper"], loud["paper"]) == ("not_wanted", "complete")
    assert str(silent["proof"]["fd"]) not in t.slips()
    assert str(loud["proof"]["fd"]) in t.slips()
    assert t.document(silent["proof"]["fd"])["type"] == "receipt"


def test_the_picture_of_a_receipt_is_served(shop: Shop) -> None:
    t = till(shop, "72")
    job = done(t.do("receipt", payload(item("12.00"), card="12.00"), order_ref="picture"))
    answer = shop.rig.call("GET", f"/jobs/{job['job_id']}/receipt.svg")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
    assert answer.text.lstrip().startswith(("<svg", "<?xml"))
    assert job["proof"]["fpd"] in answer.text
    assert shop.rig.call("GET", "/jobs/unknown/receipt.svg").status_code == 404


def test_health_follows_the_register(shop: Shop) -> None:
    """Facts in ``GET /devices``, a change as an event of the register, in its list and in the stream alike."""
    t = till(shop, "74")
    done(t.do("open_shift"))

    def health() -> dict[str, Any]:
        view: dict[str, Any] = t.view()["health"]
        return view

    def becomes(what: str, wanted: Any) -> None:
        def seen() -> bool:
            value: Any = health()
            for part in what.split("."):
                value = value[part]
            return bool(value(wanted) if callable(value) else value == wanted)

        shop.rig.until(seen, 20, f"{what} == {wanted}")

    becomes("shift.state", "open")
    now = health()
    assert (now["answers"], now["paper"], now["cover_open"], now["stale"], now["setup_problems"]) == (
        True, "present", False, False, [],
    )  # fmt: skip
    registration = t.memory.drive.registration
    assert now["fn"]["serial"] == registration.fn_number
    assert date.fromisoformat(now["fn"]["expires"]) > date.today()  # noqa: DTZ011
    assert now["fn"]["days_left"] > 0
    assert 0 <= now["shift"]["age_s"] < 300
    assert datetime.fromisoformat(now["shift"]["opened_at"]).utcoffset() is not None

    for order, fact, value, kind in (
        ("paper-out", "paper", "absent", "paper_out"),
        ("paper-in", "paper", "present", "paper_back"),
        ("cover-open", "cover_open", True, "cover_open"),
        ("cover-close", "cover_open", False, "cover_closed"),
    ):
        start = len(shop.feed.heard)
        t.tell(order)
        becomes(fact, value)
        told = shop.event(t, kind, start)
        assert (told["kind"], told["kkm_id"]) == (kind, t.kkm_id)

    t.tell("ofd-off")
    made = done(t.do("receipt", payload(item("9.00"), card="9.00"), order_ref="unsent"))
    shop.rig.until(lambda: (health()["ofd"]["unsent"] or 0) > 0, 20, "unsent documents")
    assert health()["ofd"]["first_fd"] <= made["proof"]["fd"]
    assert health()["ofd"]["first_at"] is not None
    t.tell("ofd-on 0")
    becomes("ofd.unsent", 0)

    start = len(shop.feed.heard)
    drift = health()["clock"]["drift_s"]
    t.tell("clock +10m")
    shop.event(t, "clock_drift", start)
    shop.rig.until(lambda: abs(health()["clock"]["drift_s"] - drift - 600) <= 5, 20, "drift of ten minutes")

    start = len(shop.feed.heard)
    t.tell("power-off")
    shop.rig.until(lambda: health()["answers"] is False, 20, "silent")
    assert health()["reason"] in ("device_offline", "link_lost")
    shop.event(t, "device_offline", start)
    t.tell("power-on")
    becomes("answers", True)
    shop.event(t, "device_online", start)

    kinds = [event["kind"] for event in t.events()]
    wanted = ["paper_out", "paper_back", "cover_open", "cover_closed", "clock_drift", "device_offline", "device_online"]
    assert [kind for kind in kinds if kind in wanted] == wanted
    ids = [event["event_id"] for event in t.events()]
    assert len(ids) == len(set(ids))
