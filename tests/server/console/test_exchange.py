"""The exchange with a device on the page of its job: read by whoever may, asked for where there is none."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.console.exchange import SHORT, rows_of
from server.services.recorded import RecordView
from tests.server.console.conftest import HOSTILE, Console, text_of

SECTION = re.compile(r'<section class="card" id="exchange".*?</section>', re.DOTALL)


def record(**more: Any) -> RecordView:
    told = {
        "at": datetime(2026, 11, 23, 9, 0, 1, 204_118, tzinfo=UTC), "way": "tx", "kkm_id": "17", "driver": "shtrih",
        "part": None, "attempt": 1, "command": "Status", "fields": {}, "tags": {}, "result": None, "text": None,
        "hex": None, "bytes": 0, "masked": [],
    }  # fmt: skip
    return RecordView.model_validate(told | more)


def rows(*records: RecordView) -> list[Any]:
    return list(rows_of(records, ZoneInfo("Europe/Moscow")))


# --- what a line shows ------------------------------------------------------------------------------------------------


def test_a_line_has_the_clock_of_the_visit_to_the_millisecond() -> None:
    assert rows(record())[0].clock == "12:00:01.204"


def test_attempts_steps_and_devices_are_told_apart() -> None:
    told = rows(
        record(), record(), record(attempt=2), record(part="payment2", kkm_id="t17"), record(part="странно"),
    )  # fmt: skip
    turns = [(one.turn.kkm_id, one.turn.step, one.turn.n, one.turn.attempt) if one.turn else None for one in told]
    assert turns == [("17", "", "", 1), None, ("17", "", "", 2), ("t17", "payment", "2", 1), ("17", "странно", "", 1)]


def test_long_values_are_folded_and_json_is_spread() -> None:
    (row,) = rows(record(fields={"short": "x" * SHORT, "long": "y" * (SHORT + 1), "list": list(range(50))}))
    short, long, many = row.values
    assert (short.short, short.whole) == ("x" * SHORT, "")
    assert (long.short, long.whole) == ("y" * SHORT + "…", "y" * (SHORT + 1))
    assert many.whole.startswith("[\n 0,\n 1,")


def test_where_no_fields_are_known_the_line_itself_is_shown() -> None:
    text = 'POST /requests\nHost: x\n\n{"type": "sell", "items": [{"name": "Замена дисплея", "price": 10}]}'
    (row,) = rows(record(text=text, bytes=len(text)))
    assert row.values[0].whole.startswith('POST /requests\nHost: x\n\n{\n "type": "sell"')
    assert rows(record(hex="06", bytes=1))[0].values == ()
    assert rows(record(hex="0206", bytes=2))[0].values[0].short == "0206"


def test_the_tags_of_a_document_stand_for_their_bytes() -> None:
    (row,) = rows(record(fields={"tlv": "ab" * 60, "fd": 7}, tags={"1020": "10.00"}))
    assert [(one.name, one.short) for one in row.values] == [("fd", "7"), ("#1020", "10.00")]


def test_what_the_device_refused_is_marked() -> None:
    assert [one.good for one in rows(record(result="ok"), record(), record(result="6Bh paper_out"))] == [
        True, True, False,
    ]  # fmt: skip


# --- the pages --------------------------------------------------------------------------------------------------------


async def section(console: Console, who: str, path: str, language: str = "ru") -> str:
    page = await console.get(who, path, language)
    assert page.status_code == 200, page.text[:1000]
    found = SECTION.search(page.text)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(("language", "words"), [("ru", "скрыт пароль"), ("en", "a password is hidden")])
async def test_the_page_of_a_job_shows_what_was_said(console: Console, language: str, words: str) -> None:
    told = await section(console, "support", "/console/jobs/done", language)
    for seen in ("KB-2222-3333", "CloseReceipt", "6Bh paper_out", "12:00:02.000", "1000", words):
        assert seen in told, seen
    assert HOSTILE in text_of(await console.get("support", "/console/jobs/done", language))
    assert "<img" not in told


class Ours(HTMLParser):
    """What of a page is ours to translate: not what is marked as data, nor what is code or a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[bool] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("br", "input", "img", "meta", "link"):
            self.inside.append(("translate", "no") in attrs or tag in ("pre", "code", "time"))

    def handle_endtag(self, tag: str) -> None:
        self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.inside):
            self.said.append(data)


@pytest.mark.parametrize(("language", "foreign"), [("ru", "[A-Za-z]{3,}"), ("en", "[а-яё]")])
async def test_what_a_device_has_said_is_marked_as_nobodys_to_translate(
    console: Console, language: str, foreign: str
) -> None:
    page = Ours()
    page.feed(await section(console, "support", "/console/jobs/done", language))
    words = " ".join(page.said)
    assert re.findall(foreign, words) == []
    assert len(words.split()) > 30


async def test_whoever_may_not_read_bundles_is_told_whom_to_ask(console: Console) -> None:
    told = await section(console, "cashier", "/console/jobs/done")
    assert "владелец, управляющий и поддержка" in told
    assert "CloseReceipt" not in told
    assert "<form" not in told


async def test_without_a_bundle_it_is_asked_for_by_a_button(console: Console) -> None:
    assert "на сервере его нет" in await section(console, "support", "/console/jobs/waiting")
    answer = await console.send("support", "/console/jobs/waiting/exchange", reason="два чека")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/jobs/waiting?said=exchange")
    told = await section(console, "support", "/console/jobs/waiting")
    assert "ПК ещё не ответил" in told
    assert "<form" not in told, "one request is enough"
    other = await section(console, "support", "/console/jobs/doubt")
    assert "обмена по заданию нет" in other
    assert "просят другие сведения" in other
    asked = (await console.bench.api.get(f"/agents/{console.given['agent_id']}/bundle")).json()
    assert (asked["jobs"], asked["reason_given"], asked["person"]) == (["waiting"], "два чека", "support Иванова")


async def test_a_question_without_a_reason_stays_on_the_page(console: Console) -> None:
    page = await console.send("owner", "/console/jobs/waiting/exchange", reason=" ")
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text


async def test_a_cashier_does_not_ask(console: Console) -> None:
    answer = await console.send("cashier", "/console/jobs/waiting/exchange", reason="так")
    assert (answer.status_code, "forbidden" in answer.text) == (403, True)
