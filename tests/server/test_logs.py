"""A log that is watched: asked for like a bundle, kept nowhere, ended by whatever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from protocol.crm.messages import Error, JournalHead, Ping, Quarantine
from protocol.crm.support import LOG_LASTS, Log, LogBegan, LogLines, LogStop, Report, ReportState
from server.services.support import GRACE
from server.settings import Limits
from server.store.audit import AuditEntry
from server.store.feed import FeedEvent
from server.store.support import SupportRequest
from tests.server.conftest import Bench
from tests.server.player import Line, Player, claim_code, greet, new_key, pair, register
from tests.server.test_access import is_problem
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
        while bench.services.hub.connections:
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
