"""The log of a PC on its page: what is shown of it in each state, what is a link, what is missing and where."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from protocol.crm.support import LOG_LASTS, ReportState
from server.console.log import SHOWN, rows_of
from server.services.roles import Role
from server.services.support import GRACE
from server.services.tails import WITHHELD, LineView, known
from tests.server.conftest import Bench, job
from tests.server.console.conftest import HOSTILE, text_of
from tests.server.test_logs import LIFE, Watched, line

CARD = re.compile(r'<section class="card" id="log">.*?</section>', re.DOTALL)


class Page:
    """The card on the PC's page, as somebody of support sees it."""

    def __init__(self, watched: Watched, person: httpx.AsyncClient) -> None:
        self.log = watched
        self.person = person
        self.url = f"{watched.bench.url}/console/pcs/{watched.player.agent_id}"

    async def html(self, language: str = "ru") -> str:
        answer = await self.person.get(self.url, headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text[:2000]
        (card,) = CARD.findall(answer.text)
        return str(card)

    async def text(self, language: str = "ru") -> str:
        return text_of(httpx.Response(200, text=await self.html(language)))

    async def sends(self, verb: str = "", **fields: str) -> httpx.Response:
        token = self.person.headers["X-CSRF-Token"]
        return await self.person.post(f"{self.url}/log{verb}", data={"_csrf": token, **fields})


@pytest.fixture
async def page(bench: Bench) -> AsyncIterator[Page]:
    player, link = await bench.bound()
    watched = Watched(bench, player, link)
    yield Page(watched, await bench.person(bench.api, Role.SUPPORT))
    await watched.link.close()


async def test_asked_for_watched_and_stopped_by_two_buttons(page: Page) -> None:
    log = page.log
    assert "Ещё не смотрели" in await page.text()
    answer = await page.sends(log_reason="Не печатается чек 1042")
    assert (answer.status_code, answer.headers["location"].endswith("#log")) == (303, True)
    log.request_id = (await log.see())["request_id"]
    heard = await log.hears()
    assert (heard.person, heard.reason) == ("support Иванова", "Не печатается чек 1042")
    for language, words in (("ru", "ПК ещё не ответил"), ("en", "the PC has not answered yet")):
        text = await page.text(language)
        assert words in text
        assert "Не печатается чек 1042" in text
    assert "data-stream" not in await page.html(), "there are no lines yet to listen for"
    await log.agrees()
    await log.tells(line(event="lane_started"))
    await log.link.nothing_more()
    for language, words in (
        ("ru", ("идёт", "Согласился Иванова", "осталось 14", "Прекратить", "lane_started")),
        ("en", ("running", "Agreed by Иванова", "left 14", "Stop", "lane_started")),
    ):
        text = await page.text(language)
        assert [said for said in words if said not in text] == []
    html = await page.html()
    stream = f"/api/v1/agents/{log.player.agent_id}/log/stream?request_id={log.request_id}&after=1"
    assert f'data-stream="{escape(stream)}" data-events="line end"' in html
    assert 'name="log_reason"' not in html
    answer = await page.sends("/stop")
    assert (answer.status_code, answer.headers["location"].endswith("#log")) == (303, True)
    await log.is_told_to_stop()
    html = await page.html()
    assert "Показ журнала прекратили в CRM." in html
    assert "lane_started" in html, "what was said can be read until its time is over"
    assert 'name="log_reason"' in html
    assert "data-stream" not in html
    await log.bench.later(LOG_LASTS + 1)
    assert "lane_started" not in await page.html()


@pytest.mark.parametrize(("language", "words"), [("ru", "никого не спрашивали"), ("en", "nobody was asked this time")])
async def test_a_yes_for_good_is_said_to_be_one(page: Page, language: str, words: str) -> None:
    await page.log.ask()
    await page.log.hears()
    await page.log.agrees(standing=True)
    await page.log.link.nothing_more()
    assert words in await page.text(language)


@pytest.mark.parametrize(
    ("language", "words"),
    [("ru", ("отказано", "На ПК отказали. Позвоните на это рабочее место.")),
     ("en", ("refused", "Somebody at the PC refused. Call the people at that PC."))],
)  # fmt: skip
async def test_a_refusal_is_said_with_what_to_do(page: Page, language: str, words: tuple[str, str]) -> None:
    await page.log.ask()
    await page.log.hears()
    await page.log.reports(ReportState.REFUSED, "consent_refused")
    await page.log.link.nothing_more()
    text = await page.text(language)
    assert [said for said in words if said not in text] == []


async def test_silence_is_said_to_be_no_consent(page: Page) -> None:
    await page.log.ask()
    await page.log.hears()
    await page.log.reports(ReportState.ASKED)
    await page.log.link.nothing_more()
    await page.log.bench.later(LIFE + GRACE.total_seconds() + 1)
    assert "На ПК никто не дал согласия." in await page.text()


async def test_a_code_of_tomorrow_is_shown_as_it_is(page: Page) -> None:
    await page.log.begun()
    await page.log.reports(ReportState.DONE, "log_disk_full")
    await page.log.link.nothing_more()
    assert '<span translate="no">log_disk_full</span>' in await page.html()


async def test_only_what_the_account_has_is_a_link(page: Page) -> None:
    log = page.log
    await log.bench.api.post("/jobs", json=job("order-1"))
    await log.link.accept()
    await log.begun()
    await log.tells(
        line(job_id="order-1", kkm_id="17"), line(job_id="order-2", kkm_id="71"), line(job_id="***", kkm_id="***")
    )
    await log.link.nothing_more()
    html = await page.html()
    links = re.findall(r'<a href="([^"]+)">', html)
    assert links == ["/console/jobs/order-1", "/console/devices/17"]
    assert "order-2" in html


async def test_what_is_missing_stands_where_it_is_missing(page: Page) -> None:
    log = page.log
    await log.begun()
    await log.tells(line(event="before"))
    await log.tells(line(event="behind"), dropped=7)
    await log.tells(dropped=12)
    await log.link.nothing_more()
    text = await page.text()
    told = "ПК не передал строк: сразу их было слишком много: "
    places = [text.index(said) for said in ("before", f"{told}7", "behind", f"{told}12")]
    assert places == sorted(places)
    assert "Lines that the PC has not told, too many at once: 7" in await page.text("en")


async def test_of_many_lines_the_newest_are_shown_and_the_others_counted(page: Page) -> None:
    log = page.log
    await log.begun()
    for first in range(0, SHOWN + 50, 50):
        await log.tells(*(line(event=f"e{n}.") for n in range(first, first + 50)))
    await log.link.nothing_more()
    html = await page.html()
    assert html.count('<th scope="row"') == SHOWN
    assert "e49." not in html
    assert "Более ранние строки не показаны: 50" in await page.text()


async def test_a_strangers_words_do_nothing_on_the_page(page: Page) -> None:
    log = page.log
    await log.ask()
    await log.hears()
    await log.agrees(person=HOSTILE)
    await log.tells(line(event=HOSTILE, level=HOSTILE, job_id=HOSTILE, phase=HOSTILE, frames=[HOSTILE], card=HOSTILE))
    await log.link.nothing_more()
    html = await page.html()
    assert "<img" not in html
    assert HOSTILE in await page.text(), "who agreed is shown as it was typed"
    assert html.count("onerror") == 1


async def test_what_is_refused_is_said_at_its_field(page: Page) -> None:
    answer = await page.sends(log_reason="")
    assert answer.status_code == 422
    assert re.search(r'id="f-log_reason"[^>]*aria-invalid="true"', answer.text)
    object.__setattr__(page.log.bench.limits, "logs", 0)
    answer = await page.sends(log_reason="Не печатается")
    assert (answer.status_code, "Открыто слишком много журналов сразу." in answer.text) == (429, True)
    assert 'value="Не печатается"' in answer.text
    answer = await page.sends("/stop")
    assert (answer.status_code, "no_request_yet" in answer.text) == (404, True)


async def test_a_cashier_is_shown_no_log_and_asks_for_none(page: Page) -> None:
    await page.log.begun()
    await page.log.tells(line(event="lane_started"))
    await page.log.link.nothing_more()
    cashier = await page.log.bench.person(page.log.bench.api, Role.CASHIER)
    shown = await cashier.get(page.url)
    assert (shown.status_code, 'id="log"' in shown.text, "lane_started" in shown.text) == (200, False, False)
    token = cashier.headers["X-CSRF-Token"]
    for verb in ("", "/stop"):
        answer = await cashier.post(f"{page.url}/log{verb}", data={"_csrf": token, "log_reason": "так"})
        assert answer.status_code == 403
    assert await page.log.is_now() == ("running", None)


# --- one line ---------------------------------------------------------------------------------------------------------


def test_a_line_has_the_pages_clock_and_says_the_rest_by_name() -> None:
    at = datetime(2026, 11, 23, 12, 30, 5, 250_000, UTC)
    said: dict[str, Any] = {"level": "error", "event": "failed", "code": "no_answer", "attempt": 2, "resumed": True,
                            "phase": "R8 close", "why": None}  # fmt: skip
    (row,) = rows_of([LineView(n=1, timestamp=at, **said)], ZoneInfo("Europe/Moscow"), (), ())
    assert (row.clock, row.colour, row.job, row.device) == ("15:30:05.250", "bad", None, False)
    assert set(row.rest) == {("attempt", "2"), ("resumed", "true"), ("phase", "R8 close")}


def test_the_part_of_a_sale_was_withheld_and_led_nowhere() -> None:
    said = known({"job_id": "order-7/payment1", "event": "job"})
    (row,) = rows_of([LineView(n=1, **said)], ZoneInfo("Europe/Moscow"), {"order-7"}, ())
    assert (row.line.job_id, row.job) == ("order-7/payment1", "order-7")
    (row,) = rows_of([LineView(n=1, **said)], ZoneInfo("Europe/Moscow"), {"order-8"}, ())
    assert row.job is None, "of another account, or nowhere"


@pytest.mark.parametrize("job_id", ["order-7/../keys", "order-7/a/b", "/payment1", "order 7"])
def test_what_no_job_is_called_is_withheld(job_id: str) -> None:
    assert known({"job_id": job_id}) == {"job_id": WITHHELD}


def test_a_line_without_a_moment_or_a_level() -> None:
    (row,) = rows_of([LineView(n=1, timestamp=None)], ZoneInfo("Europe/Moscow"), (), ())
    assert (row.clock, row.colour, row.rest) == ("", "", ())
