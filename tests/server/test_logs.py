"""A log that is watched: asked for like a bundle, kept nowhere, ended by whatever comes first."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed

from protocol.crm.messages import Error, JournalHead, Ping, Quarantine
from protocol.crm.support import LOG_LASTS, Doctor, Log, LogBegan, LogLines, LogStop, Report, ReportState
from server.services.roles import Role
from server.services.support import GRACE
from server.services.tails import NEWEST
from server.settings import Limits
from server.store.audit import AuditEntry
from server.store.feed import FeedEvent
from server.store.support import SupportRequest
from tests.server.conftest import Bench
from tests.server.player import Line, Player, claim_code, greet, new_key, pair, register
from tests.server.test_access import is_problem
from tests.server.test_feed import Stream
from tests.support.patience import BUSY

WHO = {"person": "Поддержка, Ольга", "reason": "Не печатается чек 1042"}
AT = "2026-11-23T10:00:00.123456Z"
LIFE = Limits().request_life


def line(**more: Any) -> dict[str, Any]:
    return {"timestamp": AT, "level": "info", "event": "job_started"} | more


class Watched:
    """A PC whose log is asked for, as its agent and as the CRM see it."""

    def __init__(self, bench: Bench, player: Player, link: Line) -> None:
        self.bench = bench
        self.player = player
        self.link = link
        self.request_id = ""

    @property
    def path(self) -> str:
        return f"/agents/{self.player.agent_id}/log"

    async def ask(self) -> dict[str, Any]:
        answer = await self.bench.api.post(self.path, json=WHO)
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        self.request_id = told["request_id"]
        return told

    async def hears(self) -> Log:
        log = await self.link.expect(Log)
        assert log.request_id == self.request_id
        return log

    async def agrees(self, *, standing: bool = False, person: str = "Иванова") -> None:
        await self.link.send(LogBegan(request_id=self.request_id, person=person, standing=standing))

    async def begun(self) -> Watched:
        await self.ask()
        await self.hears()
        await self.agrees()
        await self.link.nothing_more()
        return self

    async def tells(self, *lines: dict[str, Any], dropped: int = 0, request_id: str | None = None) -> None:
        await self.link.send(LogLines(request_id=request_id or self.request_id, dropped=dropped, lines=list(lines)))

    async def reports(self, state: ReportState, code: str | None = None) -> None:
        await self.link.send(Report(request_id=self.request_id, state=state, code=code))

    async def stop(self) -> dict[str, Any]:
        answer = await self.bench.api.post(f"{self.path}/stop")
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def is_told_to_stop(self) -> None:
        assert (await self.link.expect(LogStop)).request_id == self.request_id

    async def see(self) -> dict[str, Any]:
        told: dict[str, Any] = (await self.bench.api.get(self.path)).json()
        return told

    async def is_now(self) -> tuple[str, str | None]:
        told = await self.see()
        return told["state"], told["reason"] and told["reason"]["code"]

    async def read(self, after: int = 0, limit: int = 200) -> dict[str, Any]:
        answer = await self.bench.api.get(f"{self.path}/lines?after={after}&limit={limit}")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def events(self) -> list[str]:
        return [one["event"] for one in (await self.read())["lines"]]


@pytest.fixture
async def watched(bench: Bench) -> AsyncIterator[Watched]:
    player, link = await bench.bound()
    watched = Watched(bench, player, link)
    yield watched
    await watched.link.close()


class TestTheWayOfALog:
    async def test_asked_for_agreed_to_read_and_stopped(self, watched: Watched) -> None:
        asked = await watched.ask()
        assert (asked["kind"], asked["state"], asked["reason_given"]) == ("log", "waiting", WHO["reason"])
        log = await watched.hears()  # its signature is looked at, too
        assert (log.agent_id, log.person, log.reason) == (watched.player.agent_id, WHO["person"], WHO["reason"])
        assert 0 < log.lives_s <= LIFE
        await watched.reports(ReportState.ASKED)
        await watched.link.nothing_more()
        assert await watched.is_now() == ("asked", None)
        assert (await watched.read())["lines"] == []
        await watched.agrees()
        await watched.tells(line(event="lane_started"), line(event="answer_lost", code="no_answer", job_id="order-1"))
        await watched.link.nothing_more()
        running = await watched.see()
        assert (running["state"], running["agreed_by"], running["standing"]) == ("running", "Иванова", False)
        until = datetime.fromisoformat(running["ends_at"]) - watched.bench.clock.now()
        assert timedelta(seconds=LOG_LASTS - 60) < until <= timedelta(seconds=LOG_LASTS)
        assert await watched.read() == {
            "request_id": watched.request_id,
            "state": "running",
            "lines": [
                {"n": 1, "timestamp": AT, "level": "info", "event": "lane_started"},
                {"n": 2, "timestamp": AT, "level": "info", "event": "answer_lost", "code": "no_answer",
                 "job_id": "order-1"},
            ],
            "dropped": 0,
            "untold": 0,
            "cursor": 2,
        }  # fmt: skip
        stopped = await watched.stop()
        assert (stopped["state"], stopped["reason"]["code"]) == ("done", "log_stopped")
        assert stopped["ended_at"] is not None
        await watched.is_told_to_stop()
        await watched.reports(ReportState.DONE, "log_stopped")
        await watched.link.nothing_more()
        assert await watched.is_now() == ("done", "log_stopped")

    async def test_what_stood_in_the_configuration_is_marked(self, watched: Watched) -> None:
        await watched.ask()
        await watched.hears()
        await watched.agrees(standing=True, person="config.toml\u202e\nИванова")
        await watched.link.nothing_more()
        told = await watched.see()
        assert (told["standing"], told["agreed_by"]) == (True, "config.toml Иванова"), "a name is one line of letters"

    async def test_the_crm_hears_of_it_and_the_audit_names_who(self, watched: Watched) -> None:
        await watched.begun()
        await watched.stop()
        async with watched.bench.services.database.read() as work:
            fed = await work.session.scalars(select(FeedEvent).where(FeedEvent.type.startswith("support.")))
            noted = await work.session.scalars(select(AuditEntry).where(AuditEntry.subject_id == watched.request_id))
        assert [(one.type, one.data["kind"], one.data["code"], one.data["agreed_by"]) for one in fed] == [
            ("support.running", "log", None, "Иванова"), ("support.done", "log", "log_stopped", "Иванова"),
        ]  # fmt: skip
        assert [(one.action, one.actor_kind) for one in noted] == [
            ("support_request.made", "key"), ("support_request.running", "agent"), ("support_request.done", "key"),
        ]  # fmt: skip
        assert (noted[1].after or {})["agreed_by"] == "Иванова"
        assert (noted[1].after or {})["standing"] is False
        assert (noted[2].after or {})["code"] == "log_stopped"
        hook = {"url": "https://127.0.0.1/hook", "types": ["support.running"]}
        assert (await watched.bench.api.post("/webhooks", json=hook)).status_code == 201

    async def test_a_yes_that_was_said_in_time_counts_and_a_later_one_does_not(self, watched: Watched) -> None:
        await watched.ask()
        await watched.hears()
        await watched.bench.later(LIFE + 60)
        await watched.agrees()
        await watched.link.nothing_more()
        assert await watched.is_now() == ("running", None)
        await watched.stop()
        await watched.is_told_to_stop()
        await watched.ask()
        await watched.hears()
        await watched.bench.later(LIFE + GRACE.total_seconds() + 1)
        await watched.agrees()
        await watched.is_told_to_stop()

    async def test_an_earlier_request_does_not_begin_behind_a_later_one(self, watched: Watched) -> None:
        earlier = (await watched.ask())["request_id"]
        await watched.hears()
        await watched.bench.later(LIFE + 1)
        await watched.ask()
        assert (await watched.link.expect(LogStop)).request_id == earlier
        await watched.hears()
        await watched.link.send(LogBegan(request_id=earlier, person="Иванова", standing=False))
        assert (await watched.link.expect(LogStop)).request_id == earlier
        assert await watched.is_now() == ("waiting", None)

    async def test_an_agent_that_does_not_know_logs(self, watched: Watched) -> None:
        await watched.ask()
        msg_id, _ = await watched.link.expect_envelope(Log)
        await watched.link.send(Error(code="unknown_type", text="log", ref=msg_id))
        await watched.link.nothing_more()
        assert await watched.is_now() == ("refused", "agent_too_old")

    async def test_a_code_of_tomorrow_is_an_end_like_any_other(self, watched: Watched) -> None:
        await watched.begun()
        await watched.reports(ReportState.DONE, "log_disk_full")
        await watched.link.nothing_more()
        told = await watched.see()
        assert (told["state"], told["reason"]["code"], told["reason"]["text"]) == (
            "done", "log_disk_full", "log_disk_full",
        )  # fmt: skip

    async def test_stopped_before_anybody_has_agreed(self, watched: Watched) -> None:
        await watched.ask()
        await watched.hears()
        assert (await watched.stop())["reason"]["code"] == "log_stopped"
        await watched.is_told_to_stop()
        await watched.agrees()
        await watched.is_told_to_stop()
        assert await watched.is_now() == ("done", "log_stopped")

    async def test_stopped_while_the_pc_is_off_it_is_never_asked(self, watched: Watched) -> None:
        await watched.link.close()
        await watched.ask()
        await watched.stop()
        watched.link = await greet(watched.player, register(binding_epoch=1))
        await watched.link.nothing_more()

    async def test_a_pc_that_is_quarantined_meanwhile_goes_on(self, watched: Watched) -> None:
        watched.player.write(10, "ten")
        await watched.link.beat()
        await watched.begun()
        await watched.link.send(Ping(n=10**9, journal_head=JournalHead(n=7, hash="seven")))
        while not isinstance((await watched.link.recv()).body, Quarantine):
            pass
        await watched.tells(line(event="after_it"))
        await watched.link.nothing_more()
        assert await watched.is_now() == ("running", None), "only the end of the connection ends it"
        assert await watched.events() == ["after_it"]

    async def test_what_cannot_be_asked(self, bench: Bench) -> None:
        player = await pair(bench.api)
        path = f"/agents/{player.agent_id}/log"
        for verb, url in (("GET", path), ("POST", f"{path}/stop"), ("GET", f"{path}/lines"), ("GET", f"{path}/stream")):
            assert is_problem(await bench.api.request(verb, url), 404, "no_request_yet")
            answer = await bench.api.request(verb, url.replace(player.agent_id, "nobody"))
            assert is_problem(answer, 404, "unknown_agent")
        assert is_problem(await bench.api.post("/agents/nobody/log", json=WHO), 404, "unknown_agent")
        assert is_problem(await bench.api.post(path, json={"person": "П"}), 422, "bad_request")
        assert is_problem(await bench.api.post(path, json={"reason": "не печатает"}), 422, "person_missing")
        for query in ("lines?after=-1", "lines?limit=0", "lines?limit=1001", "stream?after=x", "stream?after=-1"):
            assert is_problem(await bench.api.get(f"{path}/{query}"), 422, "bad_request"), query
        code = (await bench.api.post("/pairing-codes", json={})).json()["code"]
        key = new_key()
        await claim_code(bench.api, code, key, "inst-2")
        pending = next(one for one in (await bench.api.get("/agents")).json()["agents"] if one["state"] == "pending")
        answer = await bench.api.post(f"/agents/{pending['agent_id']}/log", json=WHO)
        assert is_problem(answer, 409, "agent_not_active")


# --- every state and every word ---------------------------------------------------------------------------------------

PAST = LIFE + GRACE.total_seconds() + 1
Way = Callable[[Watched], Awaitable[object]]


async def _waiting(log: Watched) -> None:
    await log.ask()
    await log.hears()


async def _asked(log: Watched) -> None:
    await _waiting(log)
    await log.reports(ReportState.ASKED)
    await log.link.nothing_more()


async def _done(log: Watched) -> None:
    await log.begun()
    await log.reports(ReportState.DONE, "log_stopped_at_pc")
    await log.link.nothing_more()


async def _refused(log: Watched) -> None:
    await _waiting(log)
    await log.reports(ReportState.REFUSED, "consent_refused")
    await log.link.nothing_more()


async def _over(log: Watched) -> None:
    await log.begun()
    log.bench.clock.ahead += timedelta(seconds=LOG_LASTS + 1)  # nobody has written down yet that it is


async def _expired(log: Watched) -> None:
    await _waiting(log)
    log.bench.clock.ahead += timedelta(seconds=PAST)


STATES: dict[str, Way] = {
    "waiting": _waiting, "asked": _asked, "running": Watched.begun, "done": _done, "refused": _refused, "over": _over,
    "expired": _expired,
}  # fmt: skip


async def _hang_up(log: Watched) -> None:
    await log.link.close()
    await everybody_gone(log.bench)


async def everybody_gone(bench: Bench) -> None:
    async with asyncio.timeout(BUSY):
        while bench.services.hub.connections:  # noqa: ASYNC110 - its own event says so only while the server stops
            await asyncio.sleep(0)


async def _come_anew(log: Watched) -> None:
    old, log.link = log.link, await greet(log.player)
    await old.socket.wait_closed()


WORDS: dict[str, Way] = {
    "began": lambda log: log.agrees(person="Другая"),
    "lines": lambda log: log.tells(line(event="said_now")),
    "report_asked": lambda log: log.reports(ReportState.ASKED),
    "report_done": lambda log: log.reports(ReportState.DONE, "log_time_over"),
    "report_refused": lambda log: log.reports(ReportState.REFUSED, "no_consent"),
    "ask": Watched.ask,
    "stop": Watched.stop,
    "time": lambda log: log.bench.later(PAST),
    "hang_up": _hang_up,
    "come_anew": _come_anew,
}
WAITING, ASKED, RUNNING = ("waiting", None), ("asked", None), ("running", None)
STOPPED, TIME, LOST = ("done", "log_stopped"), ("done", "log_time_over"), ("done", "log_connection_lost")
AT_PC = ("done", "log_stopped_at_pc")
REFUSED, SILENT = ("refused", "consent_refused"), ("refused", "no_consent")
EXPIRED = ("expired", "request_expired")
TABLE: dict[str, dict[str, tuple[str, str | None]]] = {
    "waiting": {
        "began": RUNNING, "lines": WAITING, "report_asked": ASKED, "report_done": TIME, "report_refused": SILENT,
        "ask": WAITING, "stop": STOPPED, "time": EXPIRED, "hang_up": WAITING, "come_anew": WAITING,
    },
    "asked": {
        "began": RUNNING, "lines": ASKED, "report_asked": ASKED, "report_done": TIME, "report_refused": SILENT,
        "ask": ASKED, "stop": STOPPED, "time": SILENT, "hang_up": ASKED, "come_anew": ASKED,
    },
    "running": {
        "began": RUNNING, "lines": RUNNING, "report_asked": RUNNING, "report_done": TIME, "report_refused": SILENT,
        "ask": RUNNING, "stop": STOPPED, "time": TIME, "hang_up": LOST, "come_anew": LOST,
    },
    "done": dict.fromkeys(WORDS, AT_PC) | {"ask": WAITING},
    "refused": dict.fromkeys(WORDS, REFUSED) | {"ask": WAITING},
    "over": dict.fromkeys(WORDS, TIME) | {"ask": WAITING},
    "expired": dict.fromkeys(WORDS, EXPIRED) | {"ask": WAITING, "report_done": TIME, "report_refused": SILENT},
}  # fmt: skip
"""What the newest request is afterwards. An answer that comes late says more than that there was none."""
TOLD_TO_STOP = {
    *((state, "began") for state in ("done", "refused", "over", "expired")),
    *((state, "lines") for state in STATES if state != "running"),
    *((state, "stop") for state in ("waiting", "asked", "running")),
    *((state, "ask") for state in ("over", "expired")),
}
"""Of what the agent may still believe to be open."""
ASKED_ANEW = {
    *((state, "ask") for state in ("done", "refused", "over", "expired")),
    *((state, "come_anew") for state in ("waiting", "asked")),
}


class TestEveryStateAndEveryWord:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(connections_per_minute=1000, call_burst=10_000, logs=100)

    @pytest.mark.parametrize("state", STATES)
    async def test_it(self, bench: Bench, state: str) -> None:
        assert (TABLE.keys(), TABLE[state].keys()) == (STATES.keys(), WORDS.keys())
        for word in WORDS:
            player = await pair(bench.api, f"inst-{word}")
            log = Watched(bench, player, await greet(player))
            await STATES[state](log)
            first, before = log.request_id, await self._row(log)
            await WORDS[word](log)
            if word != "hang_up":
                if (state, word) in TOLD_TO_STOP:
                    assert (await log.link.expect(LogStop)).request_id == first, word
                if (state, word) in ASKED_ANEW:
                    assert (await log.link.expect(Log)).request_id == log.request_id, word
                await log.link.nothing_more()
            assert await log.is_now() == TABLE[state][word], word
            assert (log.request_id != first) == (word == "ask" and (state, word) in ASKED_ANEW), word
            assert await log.events() == (["said_now"] if (state, word) == ("running", "lines") else []), word
            if before["ended_at"] is not None and word != "ask":
                assert await self._row(log) == before, "it ends once"
            await log.link.close()
            await everybody_gone(bench)

    async def _row(self, log: Watched) -> dict[str, Any]:
        columns = SupportRequest.__table__.c
        async with log.bench.services.database.read() as work:
            (row,) = await work.session.rows(select(*columns).where(columns.id == log.request_id))
        return dict(zip(columns.keys(), row, strict=True))


# --- its lines --------------------------------------------------------------------------------------------------------


class TestLines:
    async def test_they_are_read_page_by_page(self, watched: Watched) -> None:
        await watched.begun()
        await watched.tells(*(line(event=f"e{n}") for n in range(5)))
        await watched.tells(line(event="later"), dropped=7)
        await watched.link.nothing_more()
        first = await watched.read(limit=3)
        assert [one["event"] for one in first["lines"]] == ["e0", "e1", "e2"]
        rest = await watched.read(after=first["cursor"])
        assert [(one["n"], one.get("dropped")) for one in rest["lines"]] == [(4, None), (5, None), (6, 7)]
        assert (rest["dropped"], rest["cursor"]) == (7, 6)
        nothing = await watched.read(after=6)
        assert (nothing["lines"], nothing["cursor"]) == ([], 6)

    async def test_after_an_earlier_end_they_can_be_read_until_the_time_is_over(self, watched: Watched) -> None:
        await watched.begun()
        await watched.tells(line(event="said"))
        await watched.reports(ReportState.DONE, "log_stopped_at_pc")
        await watched.tells(line(event="too_late"))
        await watched.is_told_to_stop()
        assert (await watched.read())["state"] == "done"
        assert await watched.events() == ["said"]
        await watched.bench.later(LOG_LASTS + 1)
        assert await watched.events() == []

    async def test_the_next_log_begins_without_them(self, watched: Watched) -> None:
        await watched.begun()
        await watched.tells(line(event="said"))
        await watched.stop()
        await watched.is_told_to_stop()
        await watched.ask()
        assert await watched.events() == []
        await watched.hears()
        await watched.agrees()
        await watched.tells(line(event="new"))
        await watched.link.nothing_more()
        assert [(one["n"], one["event"]) for one in (await watched.read())["lines"]] == [(1, "new")]

    async def test_another_pc_adds_nothing_to_it(self, watched: Watched) -> None:
        await watched.begun()
        other = await greet(await pair(watched.bench.api, "inst-2"))
        await other.send(LogLines(request_id=watched.request_id, lines=[line(event="forged")]))
        assert (await other.expect(LogStop)).request_id == watched.request_id
        await other.send(LogBegan(request_id=watched.request_id, person="Чужой", standing=True))
        assert (await other.expect(LogStop)).request_id == watched.request_id
        await other.send(Report(request_id=watched.request_id, state=ReportState.DONE, code="log_time_over"))
        await other.nothing_more()
        assert await watched.is_now() == ("running", None)
        assert ((await watched.see())["agreed_by"], await watched.events()) == ("Иванова", [])
        await watched.tells(line(event="own"))
        await watched.link.nothing_more()
        assert await watched.events() == ["own"]
        await other.close()

    async def test_a_request_of_another_kind_takes_no_lines(self, watched: Watched) -> None:
        answer = await watched.bench.api.post(f"/agents/{watched.player.agent_id}/doctor", json=WHO)
        watched.request_id = answer.json()["request_id"]
        await watched.link.expect(Doctor)
        await watched.agrees()
        await watched.is_told_to_stop()
        await watched.tells(line())
        await watched.is_told_to_stop()
        doctor = (await watched.bench.api.get(f"/agents/{watched.player.agent_id}/doctor")).json()
        assert (doctor["state"], doctor["agreed_by"]) == ("waiting", None)

    async def test_ten_thousand_lines_are_the_newest_of_them(self, watched: Watched) -> None:
        await watched.begun()
        for n in range(100):
            await watched.tells(*(line(event=f"e{n}", fd=at) for at in range(100)))
        await watched.link.nothing_more()
        told = await watched.read(limit=1000)
        assert (told["lines"][0]["n"], told["lines"][0]["missed"]) == (10_001 - NEWEST, 10_000 - NEWEST)
        assert (await watched.read(after=9_999))["lines"][0]["event"] == "e99"

    async def test_what_is_no_line_is_refused_and_what_is_strange_withheld(self, watched: Watched) -> None:
        await watched.begun()
        for wrong in ({"event": "x" * 201}, {"Событие": "x"}, {f"f{n}": n for n in range(41)}, {"event": {"a": 1}}):
            body = {"request_id": watched.request_id, "dropped": 0, "lines": [wrong]}
            message = {"v": 1, "type": "log_lines", "msg_id": "m", "ts": AT, "body": body}
            await watched.link.socket.send(json.dumps(message))
            assert (await watched.link.expect(Error)).code == "bad_body"
        too_many = {"request_id": watched.request_id, "dropped": 0, "lines": [line()] * 101}
        await watched.link.socket.send(
            json.dumps({"v": 1, "type": "log_lines", "msg_id": "m", "ts": AT, "body": too_many})
        )
        assert (await watched.link.expect(Error)).code == "bad_body"
        await watched.tells(line(event="Иванова Мария", card="4111111111111111", fd=10**40))
        await watched.link.nothing_more()
        (told,) = (await watched.read())["lines"]
        assert told == {"n": 1, "timestamp": AT, "level": "info", "event": "***", "fd": "***"}

    async def test_a_connection_that_was_superseded_adds_nothing(self, watched: Watched) -> None:
        await watched.begun()
        old, watched.link = watched.link, await greet(watched.player, register(binding_epoch=1))
        assert await watched.is_now() == ("done", "log_connection_lost")
        with suppress(ConnectionClosed):
            await old.send(LogLines(request_id=watched.request_id, lines=[line(event="late")]))
        await old.socket.wait_closed()
        assert await watched.events() == []

    async def test_on_the_next_connection_the_same_log_is_over(self, watched: Watched) -> None:
        await watched.begun()
        await _hang_up(watched)
        watched.link = await greet(watched.player, register(binding_epoch=1))
        await watched.tells(line(event="late"))
        await watched.is_told_to_stop()
        await watched.agrees()
        await watched.is_told_to_stop()
        assert await watched.is_now() == ("done", "log_connection_lost")
        assert await watched.events() == []


CANARY = "canary_x7q2"


async def test_no_line_reaches_the_servers_disk_its_feed_its_audit_or_its_own_log(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    bench = watched.bench
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as logged:
        await watched.begun()
        await watched.tells(line(event=CANARY, code=CANARY, job_id=CANARY, frames=[CANARY]))
        await watched.tells(line(event=CANARY), request_id=f"rq_{CANARY}")
        assert (await watched.link.expect(LogStop)).request_id == f"rq_{CANARY}"
        assert CANARY in (await bench.api.get(f"{watched.path}/lines")).text, "it is looked for where it can be found"
        async with log_stream(watched) as stream:
            assert (await stream.next())["data"]["event"] == CANARY
        await watched.stop()
        await bench.later(LOG_LASTS + 1)
        assert CANARY not in (await bench.api.get("/support/requests")).text
        async with bench.services.database.read() as work:
            fed = [one.data for one in await work.session.scalars(select(FeedEvent))]
            noted = [(one.before, one.after) for one in await work.session.scalars(select(AuditEntry))]
        await bench.stop()
    try:
        files = [path for path in bench.database.parent.rglob("*") if path.is_file()]
        assert bench.database in files
        assert [path.name for path in files if CANARY.encode() in path.read_bytes()] == []
        assert watched.request_id in repr(fed) + repr(noted)
        assert [one["event"] for one in logged if one.get("agent_id") == watched.player.agent_id]
        assert CANARY not in repr([fed, noted, logged]) + caplog.text
    finally:
        bench.url = ""
        await bench.start()


class TestTenAtOnce:
    async def test_of_one_account(self, bench: Bench) -> None:
        players = [await pair(bench.api, f"inst-{n}") for n in range(11)]
        for player in players[:10]:
            assert (await bench.api.post(f"/agents/{player.agent_id}/log", json=WHO)).status_code == 202
        last = f"/agents/{players[10].agent_id}/log"
        answer = await bench.api.post(last, json=WHO)
        assert is_problem(answer, 429, "too_many_logs")
        assert int(answer.headers["retry-after"]) > 0
        assert is_problem(await bench.api.get(last), 404, "no_request_yet"), "nothing of it stays"
        again = await bench.api.post(f"/agents/{players[0].agent_id}/log", json=WHO)
        assert again.status_code == 202, "it is the same request"
        other = await bench.tenant("Другая")
        theirs = await pair(other, "inst-x")
        assert (await other.post(f"/agents/{theirs.agent_id}/log", json=WHO)).status_code == 202
        assert (await bench.api.post(f"/agents/{players[3].agent_id}/log/stop")).status_code == 202
        assert (await bench.api.post(last, json=WHO)).status_code == 202

    async def test_one_that_runs_counts_until_its_time_is_over(self, watched: Watched) -> None:
        bench = watched.bench
        object.__setattr__(bench.limits, "logs", 1)
        await watched.begun()
        other = f"/agents/{(await pair(bench.api, 'inst-2')).agent_id}/log"
        assert is_problem(await bench.api.post(other, json=WHO), 429, "too_many_logs")
        bench.clock.ahead += timedelta(seconds=LOG_LASTS + 1)
        assert (await bench.api.post(other, json=WHO)).status_code == 202


class TestRestart:
    async def test_it_ends_what_was_open(self, watched: Watched) -> None:
        await watched.begun()
        await watched.tells(line())
        await watched.link.nothing_more()
        await watched.bench.restart()
        assert await watched.is_now() == ("done", "log_connection_lost")
        assert await watched.events() == []

    async def test_a_server_that_died_ends_it_when_the_pc_comes_again(self, watched: Watched) -> None:
        """As another process left it: the row says that it runs, and nobody here knows of it."""
        await watched.begun()
        await watched.link.close()
        await everybody_gone(watched.bench)
        async with watched.bench.services.database.write() as work:
            row = await work.session.get_one(SupportRequest, watched.request_id)
            row.state, row.code, row.ended_at = "running", None, None
        assert await watched.is_now() == ("running", None)
        watched.link = await greet(watched.player, register(binding_epoch=1))
        assert await watched.is_now() == ("done", "log_connection_lost")
        await watched.link.nothing_more()

    async def test_what_was_only_asked_for_is_asked_again(self, watched: Watched) -> None:
        await watched.ask()
        await watched.hears()
        player = watched.player
        await watched.bench.restart()
        player.url = f"{watched.bench.url.replace('http', 'ws')}/api/v1/agent"
        watched.link = await greet(player, register(binding_epoch=1))
        await watched.hears()


# --- its stream -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def log_stream(
    watched: Watched, query: str = "", api: httpx.AsyncClient | None = None, **headers: str
) -> AsyncIterator[Stream]:
    client = api or watched.bench.api
    async with client.stream("GET", f"{watched.path}/stream{query}", headers=headers, timeout=BUSY) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        reading = Stream(response)
        await reading.ready()
        yield reading


class TestStream:
    async def test_lines_come_as_they_are_told_and_an_end(self, watched: Watched) -> None:
        await watched.ask()
        await watched.hears()
        async with log_stream(watched) as stream:
            await watched.agrees()
            await watched.tells(line(event="first"), line(event="second"))
            heard = [await stream.next() for _ in range(2)]
            assert [(one["id"], one["event"], one["data"]["event"]) for one in heard] == [
                ("1", "line", "first"), ("2", "line", "second"),
            ]  # fmt: skip
            await watched.tells(line(event="third"), dropped=7)
            third = await stream.next()
            assert (third["id"], third["data"]["n"], third["data"]["dropped"]) == ("3", 3, 7)
            await watched.stop()
            end = await stream.next()
            assert (end["event"], end["data"]["state"], end["data"]["code"]) == ("end", "done", "log_stopped")
            with pytest.raises(AssertionError, match="the stream has ended"):
                await stream.next()

    async def test_a_reader_that_comes_back_goes_on_where_it_was(self, watched: Watched) -> None:
        await watched.begun()
        await watched.tells(*(line(event=f"e{n}") for n in range(4)))
        await watched.link.nothing_more()
        async with log_stream(watched, **{"Last-Event-ID": "2"}) as stream:
            assert (await stream.next())["id"] == "3"
        async with log_stream(watched, "?after=3") as stream:
            assert (await stream.next())["id"] == "4"
        async with log_stream(watched, "?after=1", **{"Last-Event-ID": "3"}) as stream:
            assert (await stream.next())["id"] == "4"

    async def test_whoever_comes_back_for_an_earlier_log_is_not_given_the_lines_of_the_next(
        self, watched: Watched
    ) -> None:
        await watched.begun()
        earlier = watched.request_id
        await watched.stop()
        await watched.is_told_to_stop()
        await watched.begun()
        await watched.tells(*(line(event=f"e{n}") for n in range(9)))
        await watched.link.nothing_more()
        async with log_stream(watched, f"?request_id={earlier}", **{"Last-Event-ID": "5"}) as stream:
            end = await stream.next()
            assert (end["event"], end["data"]["request_id"], end["data"]["code"]) == ("end", earlier, "log_stopped")
        async with log_stream(watched, f"?request_id={watched.request_id}&after=8") as stream:
            assert (await stream.next())["data"]["event"] == "e8"
        other = Watched(watched.bench, await pair(watched.bench.api, "inst-2"), watched.link)
        theirs = (await other.ask())["request_id"]
        for unknown in (theirs, "rq_nobody"):
            answer = await watched.bench.api.get(f"{watched.path}/stream?request_id={unknown}")
            assert is_problem(answer, 404, "unknown_request")

    async def test_one_that_is_over_is_told_to_its_end(self, watched: Watched) -> None:
        await watched.begun()
        await watched.tells(*(line(event=f"e{n}") for n in range(90)))
        await watched.tells(*(line(event=f"f{n}") for n in range(90)))
        await watched.tells(*(line(event=f"g{n}") for n in range(90)))
        await watched.reports(ReportState.DONE, "log_stopped_at_pc")
        await watched.link.nothing_more()
        async with log_stream(watched) as stream:
            ids = [(await stream.next())["id"] for _ in range(270)]
            assert ids == [str(n) for n in range(1, 271)]
            assert (await stream.next())["event"] == "end"

    async def test_the_time_ends_it(self, watched: Watched) -> None:
        await watched.begun()
        async with log_stream(watched) as stream:
            await watched.bench.later(LOG_LASTS + 1)
            end = await stream.next()
            assert (end["event"], end["data"]["code"]) == ("end", "log_time_over")

    async def test_it_counts_among_the_accounts_streams(self, watched: Watched) -> None:
        object.__setattr__(watched.bench.limits, "streams", 1)
        await watched.begun()
        async with log_stream(watched):
            for path in (f"{watched.path}/stream", "/events"):
                assert is_problem(await watched.bench.api.get(path), 429, "too_many_streams")

    async def test_who_may_no_longer_read_is_told_no_more(self, watched: Watched) -> None:
        owner = await watched.bench.person(watched.bench.api, Role.OWNER)
        reader = await watched.bench.person(watched.bench.api, Role.SUPPORT)
        user_id = (await reader.get("/session")).json()["person"]["user_id"]
        await watched.begun()
        async with log_stream(watched, api=reader) as stream:
            await watched.tells(line(event="before"))
            assert (await stream.next())["data"]["event"] == "before"
            assert (await owner.patch(f"/users/{user_id}", json={"role": "cashier"})).status_code == 200
            await watched.tells(line(event="behind"))
            with pytest.raises(AssertionError, match="the stream has ended"):
                await stream.next()

    async def test_another_account_hears_nothing_of_it(self, watched: Watched) -> None:
        other = await watched.bench.tenant("Чужие")
        await watched.begun()
        await watched.tells(line(event=CANARY))
        await watched.link.nothing_more()
        for path in ("", "/lines", "/stream"):
            answer = await other.get(f"{watched.path}{path}")
            assert is_problem(answer, 404, "unknown_agent")
            assert CANARY not in answer.text
        assert is_problem(await other.post(f"{watched.path}/stop"), 404, "unknown_agent")
        assert await watched.is_now() == ("running", None)

    async def test_it_ends_when_the_server_stops(self, watched: Watched) -> None:
        await watched.begun()
        async with log_stream(watched) as stream:
            stopping = asyncio.create_task(watched.bench.stop())
            with pytest.raises((AssertionError, httpx.RemoteProtocolError)):
                await stream.next()
            await stopping
        watched.bench.url = ""
        await watched.bench.start()
