"""POST /jobs for every kind of job: what is taken, what is refused and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.crm.jobs import JobKind
from protocol.crm.payloads import SUPPORTED
from tests.server.conftest import Bench, job, receipt
from tests.server.player import greet, pair, register

CASHIER = {"name": "Кассир Иванова М."}
ORIGINAL = {"amount": "10.00", "rrn": "123456789012", "at": "2026-03-01T12:00:00"}
CARDS = [{"type": "card", "amount": "6.00"}, {"type": "card", "amount": "3.00"}, {"type": "cash", "amount": "1.00"}]
GOOD: list[tuple[JobKind, dict[str, Any]]] = [
    (JobKind.RECEIPT, receipt()),
    (JobKind.OPEN_SHIFT, {}),
    (JobKind.OPEN_SHIFT, {"cashier": CASHIER}),
    (JobKind.CLOSE_SHIFT, {"cashier": CASHIER | {"inn": "500100732259"}}),
    (JobKind.X_REPORT, {}),
    (JobKind.CASH_IN, {"amount": "1000.00"}),
    (JobKind.CASH_OUT, {"amount": "0.01", "cashier": CASHIER}),
    (JobKind.PRINT_TEXT, {"lines": [{"text": "Спасибо!", "align": "centre", "bold": True}], "cut": False}),
    (JobKind.PRINT_TEXT, {"lines": [{"barcode": {"type": "qr", "value": "https://example.ru"}}]}),
    (JobKind.PRINT_COPY, {}),
    (JobKind.PRINT_COPY, {"fd": 12}),
    (JobKind.OPEN_DRAWER, {}),
    (JobKind.DEVICE_STATUS, {}),
    (JobKind.DOCUMENT, {"fd": 4294967295}),
    (JobKind.SALE, receipt()),
    (JobKind.SALE, receipt(cards=[])),
    (JobKind.SALE_REFUND, receipt(type="sell_return")),
    (JobKind.PAYMENT, {"amount": "1250.00"}),
    (JobKind.PAYMENT, {"amount": "0.01", "means": "sbp"}),
    (JobKind.REFUND, {"amount": "9.99", "original": ORIGINAL}),
    (JobKind.REFUND, {"amount": "9.99"}),
    (JobKind.VOID, {"amount": "10.00", "original": ORIGINAL}),
    (JobKind.SETTLEMENT, {}),
    (JobKind.TERMINAL_STATUS, {}),
]


@pytest.fixture
async def shop(bench: Bench) -> Bench:
    """Register 17, assigned to a PC that is off."""
    player = await pair(bench.api)
    await bench.api.put("/devices", json={"kkm_id": "17", "agent_id": player.agent_id})
    return bench


def of_kind(kind: JobKind, payload: dict[str, Any], job_id: str = "j1", **more: Any) -> dict[str, Any]:
    return job(job_id) | {"kind": kind.value, "payload": payload} | more


def test_the_table_has_every_supported_kind() -> None:
    assert {kind for kind, _ in GOOD} == set(SUPPORTED)


@pytest.mark.parametrize(("kind", "payload"), GOOD)
async def test_every_kind_is_taken_and_repeated_by_its_id(shop: Bench, kind: JobKind, payload: dict[str, Any]) -> None:
    first = await shop.api.post("/jobs", json=of_kind(kind, payload))
    assert first.status_code == 202, first.text
    body = first.json()
    assert (body["state"], body["kind"], body["result"], body["document"]) == ("queued", kind.value, None, None)
    again = await shop.api.post("/jobs", json=of_kind(kind, payload))
    assert (again.status_code, again.json()) == (202, body)


@pytest.mark.parametrize("kind", [kind for kind in JobKind if kind not in SUPPORTED])
async def test_a_kind_that_is_not_built_is_refused_with_the_list_of_those_that_are(shop: Bench, kind: JobKind) -> None:
    answer = await shop.api.post("/jobs", json=of_kind(kind, {}))
    assert (answer.status_code, answer.json()["code"]) == (422, "kind_not_supported")
    assert answer.json()["params"]["supported"] == [kind.value for kind in SUPPORTED]


FD = "payload.fd"
TEXT = JobKind.PRINT_TEXT
SALE = JobKind.SALE
BACK = receipt(type="sell_return", payments=CARDS)
BAD: list[tuple[JobKind, dict[str, Any], str, str]] = [
    (JobKind.OPEN_SHIFT, {"cashier": {"name": ""}}, "payload.cashier.name", "E_EMPTY"),
    (JobKind.OPEN_SHIFT, {"cashier": {"name": "Ж" * 65}}, "payload.cashier.name", "E_LENGTH"),
    (JobKind.OPEN_SHIFT, {"cashier": {"name": "Иванова\n"}}, "payload.cashier.name", "E_CHARACTERS"),
    (JobKind.CLOSE_SHIFT, {"cashier": CASHIER | {"inn": "500100732250"}}, "payload.cashier.inn", "E_INN"),
    (JobKind.CLOSE_SHIFT, {"cashier": "Иванова"}, "payload.cashier", "E_TYPE"),
    (JobKind.CLOSE_SHIFT, {"cashier": {}}, "payload.cashier.name", "E_MISSING"),
    (JobKind.X_REPORT, {"cashier": CASHIER}, "payload.cashier", "E_UNKNOWN_FIELD"),
    (JobKind.CASH_IN, {}, "payload.amount", "E_MISSING"),
    (JobKind.CASH_IN, {"amount": 100}, "payload.amount", "E_MONEY"),
    (JobKind.CASH_IN, {"amount": "1.001"}, "payload.amount", "E_MONEY"),
    (JobKind.CASH_OUT, {"amount": "0.00"}, "payload.amount", "E_VALUE"),
    (JobKind.CASH_OUT, {"amount": "-1.00"}, "payload.amount", "E_MONEY"),
    (TEXT, {"lines": []}, "payload.lines", "E_LENGTH"),
    (TEXT, {"lines": [{"text": "a"}] * 201}, "payload.lines", "E_LENGTH"),
    (TEXT, {"lines": "Спасибо"}, "payload.lines", "E_TYPE"),
    (TEXT, {"lines": [{"text": "a" * 201}]}, "payload.lines[0].text", "E_LENGTH"),
    (TEXT, {"lines": [{"text": "a"}, {"text": "\x1bA"}]}, "payload.lines[1].text", "E_CHARACTERS"),
    (TEXT, {"lines": [{"text": "日本"}]}, "payload.lines[0].text", "E_CHARACTERS"),
    (TEXT, {"lines": [{}]}, "payload.lines[0]", "E_VALUE"),
    (TEXT, {"lines": [{"text": "a", "align": "center"}]}, "payload.lines[0].align", "E_VALUE"),
    (TEXT, {"lines": [{"barcode": {"type": "qrcode", "value": "1"}}]}, "payload.lines[0].barcode.type", "E_VALUE"),
    (TEXT, {"lines": [{"barcode": {"type": "qr", "value": ""}}]}, "payload.lines[0].barcode.value", "E_LENGTH"),
    (TEXT, {"lines": [{"text": "a"}], "cut": 1}, "payload.cut", "E_TYPE"),
    (JobKind.PRINT_COPY, {"fd": 0}, FD, "E_RANGE"),
    (JobKind.DOCUMENT, {"fd": 2**32}, FD, "E_RANGE"),
    (JobKind.DOCUMENT, {"fd": "12"}, FD, "E_TYPE"),
    (JobKind.DOCUMENT, {"fd": 1.5}, FD, "E_TYPE"),
    (JobKind.DOCUMENT, {}, FD, "E_MISSING"),
    (SALE, receipt(type="sell_return"), "payload.type", "E_SALE_TYPE"),
    (JobKind.SALE_REFUND, receipt(), "payload.type", "E_SALE_TYPE"),
    (SALE, receipt(payments=[{"type": "card", "amount": 10}]), "payload.payments[0].amount", "E_MONEY"),
    (SALE, receipt(payments=CARDS, cards=[{}]), "payload.cards", "E_CARDS"),
    (SALE, receipt(cards=[{}]), "payload.cards", "E_CARDS"),
    (SALE, receipt(payments=CARDS, cards={}), "payload.cards", "E_TYPE"),
    (SALE, receipt(payments=CARDS, cards=[{}, {"means": "cash"}]), "payload.cards[1].means", "E_VALUE"),
    (SALE, receipt(payments=CARDS, cards=[{"card": 1}, {}]), "payload.cards[0].card", "E_UNKNOWN_FIELD"),
    (SALE, receipt(payments=CARDS, cards=[{}, {"original": ORIGINAL}]), "payload.cards[1].original", "E_CARDS"),
    (
        JobKind.SALE_REFUND,
        BACK | {"cards": [{"original": {"amount": "5.99"}}, {}]},
        "payload.cards[0].original",
        "E_CARDS",
    ),
    (
        JobKind.SALE_REFUND,
        BACK | {"cards": [{}, {"original": {"rrn": "1"}}]},
        "payload.cards[1].original.amount",
        "E_MISSING",
    ),
    (JobKind.RECEIPT, receipt(payments=CARDS, cards=[{}, {}]), "payload.cards", "E_UNKNOWN_FIELD"),
    (JobKind.PAYMENT, {}, "payload.amount", "E_MISSING"),
    (JobKind.PAYMENT, {"amount": 5}, "payload.amount", "E_MONEY"),
    (JobKind.PAYMENT, {"amount": "0.00"}, "payload.amount", "E_VALUE"),
    (JobKind.PAYMENT, {"amount": "5.00", "means": "cash"}, "payload.means", "E_VALUE"),
    (JobKind.PAYMENT, {"amount": "5.00", "original": ORIGINAL}, "payload.original", "E_UNKNOWN_FIELD"),
    (
        JobKind.REFUND,
        {"amount": "5.00", "original": {"amount": "5.00", "rrn": "а1"}},
        "payload.original.rrn",
        "E_LETTER",
    ),
    (
        JobKind.REFUND,
        {"amount": "5.00", "original": ORIGINAL | {"at": "2026-03-01T12:00:00Z"}},
        "payload.original.at",
        "E_VALUE",
    ),
    (JobKind.REFUND, {"amount": "5.00", "original": ORIGINAL | {"at": "noon"}}, "payload.original.at", "E_VALUE"),
    (JobKind.VOID, {"amount": "5.00"}, "payload.original", "E_MISSING"),
    (JobKind.SETTLEMENT, {"amount": "5.00"}, "payload.amount", "E_UNKNOWN_FIELD"),
    (JobKind.TERMINAL_STATUS, {"kkm_id": "17"}, "payload.kkm_id", "E_UNKNOWN_FIELD"),
]


@pytest.mark.parametrize(("kind", "payload", "field", "code"), BAD)
async def test_a_bad_payload_is_named_by_field_and_changes_nothing(
    shop: Bench, kind: JobKind, payload: dict[str, Any], field: str, code: str
) -> None:
    texts = set()
    for language in ("ru", "en"):
        answer = await shop.api.post("/jobs", json=of_kind(kind, payload), headers={"Accept-Language": language})
        body = answer.json()
        assert (answer.status_code, body["code"]) == (422, "bad_payload"), answer.text
        (error,) = body["errors"]
        assert (error["field"], error["code"]) == (field, code)
        assert field.removeprefix("payload.") in error["text"] or code == "E_INN"
        assert error["expected"]
        texts.add(error["text"])
    assert len(texts) == 2
    assert (await shop.api.get("/jobs")).json()["jobs"] == []


async def test_no_answer_is_longer_than_a_reader(shop: Bench) -> None:
    payload = {"lines": [{"text": 1}] * 200}
    answer = await shop.api.post("/jobs", json=of_kind(TEXT, payload))
    assert len(answer.json()["errors"]) == 50


@pytest.mark.parametrize("letter", ["\\ud800", "\\u0000"])
@pytest.mark.parametrize(
    "where", ['"x{0}":1', '"order_ref":"{0}"', '"job_id":"{0}"', '"payload":{{"lines":[{{"text":"{0}"}}]}}']
)
async def test_letters_that_are_none_are_refused_and_repeated_safely(shop: Bench, letter: str, where: str) -> None:
    body = '{"job_id":"j1","kkm_id":"17","kind":"print_text","payload":{"lines":[{"text":"a"}]},' + where.format(letter)
    answer = await shop.api.post("/jobs", content=body + "}", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert (await shop.api.get("/jobs")).json()["jobs"] == []


class TestTwins:
    """Cash that moves twice for one order is suspicious; two X reports are not."""

    @pytest.mark.parametrize("kind", [JobKind.CASH_IN, JobKind.CASH_OUT])
    async def test_cash_of_the_same_amount(self, shop: Bench, kind: JobKind) -> None:
        await shop.api.post("/jobs", json=of_kind(kind, {"amount": "5.00"}, "a", order_ref="1"))
        answer = await shop.api.post("/jobs", json=of_kind(kind, {"amount": "5.0"}, "b", order_ref="1"))
        assert (answer.status_code, answer.json()["code"]) == (409, "maybe_duplicate")
        for more in ({"allow_duplicate": True}, {"order_ref": "2"}, {"payload": {"amount": "6.00"}}):
            body = of_kind(kind, {"amount": "5.00"}, f"c.{next(iter(more))}", order_ref="1") | more
            assert (await shop.api.post("/jobs", json=body)).status_code == 202

    @pytest.mark.parametrize("kind", [JobKind.PAYMENT, JobKind.REFUND])
    async def test_money_at_the_terminal_of_the_same_amount(self, shop: Bench, kind: JobKind) -> None:
        await shop.api.post("/jobs", json=of_kind(kind, {"amount": "5.00"}, "a", order_ref="1"))
        twin = of_kind(kind, {"amount": "5.00", "means": "sbp"}, "b", order_ref="1")
        answer = await shop.api.post("/jobs", json=twin)
        assert (answer.status_code, answer.json()["code"]) == (409, "maybe_duplicate")
        assert (await shop.api.post("/jobs", json=twin | {"allow_duplicate": True})).status_code == 202

    @pytest.mark.parametrize(("first", "second"), [("receipt", "sale"), ("sale", "receipt"), ("sale", "sale")])
    async def test_a_sale_makes_a_receipt_as_a_receipt_does(self, shop: Bench, first: str, second: str) -> None:
        await shop.api.post("/jobs", json=of_kind(JobKind(first), receipt(), "a", order_ref="1"))
        answer = await shop.api.post("/jobs", json=of_kind(JobKind(second), receipt(), "b", order_ref="1"))
        assert (answer.status_code, answer.json()["params"]["job_id"]) == (409, "a")

    async def test_a_sale_is_not_its_refund(self, shop: Bench) -> None:
        await shop.api.post("/jobs", json=of_kind(JobKind.SALE, receipt(), "a", order_ref="1"))
        back = of_kind(JobKind.SALE_REFUND, receipt(type="sell_return"), "b", order_ref="1")
        assert (await shop.api.post("/jobs", json=back)).status_code == 202

    async def test_in_is_not_out(self, shop: Bench) -> None:
        await shop.api.post("/jobs", json=of_kind(JobKind.CASH_IN, {"amount": "5.00"}, "a", order_ref="1"))
        answer = await shop.api.post("/jobs", json=of_kind(JobKind.CASH_OUT, {"amount": "5.00"}, "b", order_ref="1"))
        assert answer.status_code == 202

    @pytest.mark.parametrize("kind", [JobKind.X_REPORT, JobKind.PRINT_COPY, JobKind.OPEN_DRAWER, JobKind.OPEN_SHIFT])
    async def test_what_moves_no_money_may_come_again(self, shop: Bench, kind: JobKind) -> None:
        for job_id in ("a", "b"):
            answer = await shop.api.post("/jobs", json=of_kind(kind, {}, job_id, order_ref="1"))
            assert answer.status_code == 202


class TestWhatTheRegisterCannotSay:
    """A register's version and registration are known from its claim: the receipt never reaches a PC."""

    NEW = receipt(buyer={"name": "Иванов И.", "birthdate": "01.02.1990"})

    @pytest.mark.parametrize(("ffd", "status"), [("1.05", 422), ("1.1", 422), ("1.2", 202), (None, 202)])
    async def test_a_tag_of_a_later_version(self, bench: Bench, ffd: str | None, status: int) -> None:
        line = await _bound(bench, ffd=ffd)
        answer = await bench.api.post("/jobs", json=job(payload=self.NEW))
        assert answer.status_code == status, answer.text
        if status == 422:
            error = answer.json()["errors"][0]
            assert error["field"] == "payload.buyer.birthdate"
            assert "1243" in error["rule"] + error["text"]
        await line.close()

    async def test_a_taxation_that_is_not_registered(self, bench: Bench) -> None:
        line = await _bound(bench, taxation=0b10)
        assert (await bench.device())["taxation"] == 2
        answer = await bench.api.post("/jobs", json=job())
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "payload.taxation")
        await line.close()

    async def test_another_register_in_its_place_is_judged_by_its_own(self, bench: Bench) -> None:
        from protocol.crm.messages import Claim, Introduce, Release, Released

        line = await _bound(bench, ffd="1.05", taxation=2)
        await bench.api.post("/devices/17/release")
        release = await line.take(Release)
        await line.say(Released(kkm_id="17", binding_epoch=release.binding_epoch, not_started=[]))
        await bench.api.post("/devices/17/move", json={"agent_id": line.player.agent_id})
        await line.take(Introduce)
        await line.send(Claim(device=register("17", "0002")))
        await line.bind()
        await line.nothing_more()
        device = await bench.device()
        assert (device["register_serial"], device["ffd"], device["taxation"]) == ("0002", None, None)
        await line.close()


async def _bound(bench: Bench, **facts: Any) -> Any:
    player = await pair(bench.api)
    await bench.api.put("/devices", json={"kkm_id": "17"})
    line = await greet(player, register("17", "0001", **facts))
    await line.bind()
    await line.nothing_more()
    return line
