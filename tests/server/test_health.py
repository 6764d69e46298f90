"""The latest look at a register, as its agent tells it and as the API shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from protocol.crm.messages import Health
from server.services.facts import Facts, sane
from tests.server.conftest import Bench
from tests.server.player import Line, Player, greet, pair

FACTS: dict[str, Any] = {
    "answers": True,
    "reason": None,
    "model": "ШТРИХ-М-01Ф",
    "firmware": "C.1 1234",
    "ffd": "1.2",
    "paper": "present",
    "cover_open": False,
    "busy": False,
    "blocked": None,
    "document_open": False,
    "drawer": "1234.56",
    "last_fd": 42,
    "shift": {"state": "open", "number": 7, "receipts": 3, "opened_at": "2026-03-01T09:00:00+03:00", "age_s": 600},
    "fn": {
        "serial": "9999078900001234",
        "expires": "2027-03-01",
        "days_left": 365,
        "documents_left": 229000,
        "registrations_left": 11,
        "warnings": ["memory"],
    },
    "ofd": {"unsent": 2, "first_fd": 41, "first_at": "2026-03-01T09:30:00+03:00"},
    "clock": {"register": "2026-03-01T09:10:05", "drift_s": 5, "unset": False},
    "setup_problems": ["vat20_autoreplace"],
    "a_fact_of_tomorrow": {"deep": [1]},
}


@pytest.fixture
async def shop(bench: Bench) -> tuple[Bench, Player, Line]:
    player, line = await bench.bound()
    return bench, player, line


async def look(line: Line, facts: dict[str, Any], kkm_id: str = "17", at: datetime | None = None) -> None:
    await line.send(Health(kkm_id=kkm_id, at=at or datetime.now(UTC), facts=facts))
    await line.nothing_more()


async def seen(bench: Bench) -> dict[str, Any]:
    health: dict[str, Any] = (await bench.device())["health"]
    return health


async def test_there_is_none_before_the_first_look(shop: tuple[Bench, Player, Line]) -> None:
    bench, _, line = shop
    assert await seen(bench) is None
    await line.close()


async def test_every_fact_is_shown(shop: tuple[Bench, Player, Line]) -> None:
    bench, _, line = shop
    at = datetime.now(UTC).replace(microsecond=0)
    await look(line, FACTS, at=at)
    health = await seen(bench)
    for name in ("answers", "model", "firmware", "paper", "cover_open", "drawer", "last_fd", "setup_problems"):
        assert health[name] == FACTS[name], name
    assert datetime.fromisoformat(health["at"]) == at
    assert health["stale"] is False
    assert (health["shift"]["state"], health["shift"]["number"], health["shift"]["receipts"]) == ("open", 7, 3)
    assert 600 <= health["shift"]["age_s"] < 660
    assert health["fn"]["warnings"] == ["memory"]
    assert health["fn"]["documents_left"] == 229000
    assert health["ofd"] == {"unsent": 2, "first_fd": 41, "first_at": "2026-03-01T09:30:00+03:00"}
    assert health["clock"]["drift_s"] == 5
    assert health["clock"]["register_at"] == "2026-03-01T09:10:05+03:00"  # the desk's zone, Moscow without one
    listed = (await bench.api.get("/devices")).json()["devices"][0]["health"]
    assert listed.keys() == health.keys()
    await line.close()


async def test_age_and_days_are_counted_when_asked(shop: tuple[Bench, Player, Line]) -> None:
    bench, _, line = shop
    tomorrow = (datetime.now(UTC) + timedelta(days=10)).date()
    await look(line, {"shift": {"state": "open", "age_s": 100}, "fn": {"expires": tomorrow.isoformat()}})
    before = await seen(bench)
    bench.clock.ahead += timedelta(days=2)
    after = await seen(bench)
    assert 172_700 < after["shift"]["age_s"] - before["shift"]["age_s"] < 172_900
    assert before["fn"]["days_left"] - after["fn"]["days_left"] == 2
    await look(line, {"shift": {"state": "closed", "age_s": 100}})
    assert (await seen(bench))["shift"]["age_s"] is None
    await line.close()


async def test_an_old_look_is_stale_and_so_is_one_of_a_pc_that_is_gone(shop: tuple[Bench, Player, Line]) -> None:
    bench, player, line = shop
    await look(line, FACTS)
    bench.clock.ahead += timedelta(seconds=301)
    assert (await seen(bench))["stale"] is True
    await look(line, FACTS, at=datetime(2020, 1, 1, tzinfo=UTC))  # that PC's clock is its own affair
    assert (await seen(bench))["stale"] is False
    await line.close()
    while (await bench.device())["online"]:
        pass
    assert (await seen(bench))["stale"] is True
    assert (await seen(bench))["paper"] == "present"
    line = await greet(player)
    assert (await seen(bench))["stale"] is False
    await line.close()


async def test_the_newest_counts_whole(shop: tuple[Bench, Player, Line]) -> None:
    bench, _, line = shop
    await look(line, FACTS)
    await look(line, {"answers": False, "reason": "device_offline"})
    health = await seen(bench)
    assert (health["answers"], health["reason"], health["paper"]) == (False, "device_offline", None)
    await line.close()


async def test_only_the_owner_is_believed(shop: tuple[Bench, Player, Line]) -> None:
    bench, _, line = shop
    other = await greet(await pair(bench.api, "inst-2"))
    await look(other, FACTS)
    await look(other, FACTS, kkm_id="nobody")
    assert await seen(bench) is None
    await other.close()
    await line.close()


HOSTILE: list[dict[str, Any]] = [
    {"paper": "маловато", "cover_open": "yes", "busy": 1, "answers": None},
    {"paper": ["present"], "drawer": 123456, "last_fd": -1},
    {"drawer": "NaN", "last_fd": 2**80, "model": "x" * 100_000},
    {"model": "\x00\x1b[2J", "firmware": 7, "reason": "<script>"},
    {"shift": "open", "fn": [], "ofd": 5, "clock": None},
    {"shift": {"state": "ajar", "number": "7", "receipts": True, "opened_at": 0, "age_s": 1e300}},
    {"shift": {"state": "open", "age_s": 10**30, "opened_at": "0001-01-01T00:00:00+14:00"}},
    {"fn": {"expires": "9999-12-31", "days_left": "много", "warnings": "memory"}},
    {"fn": {"warnings": ["memory"] * 1000, "serial": {"a": 1}}},
    {"fn": {"warnings": ["memory", {"x": 1}]}, "setup_problems": [None]},
    {"ofd": {"unsent": 2.5, "first_at": "2026-13-45T99:99:99"}},
    {"ofd": {"first_at": "2199-12-31T23:59:59-23:59"}, "clock": {"register": "2000-01-01T00:00:00"}},
    {"clock": {"drift_s": "inf", "register": "2026-03-01T00:00:00+99:00"}},
    {f"fact{n}": n for n in range(5000)},
    {"": 1, "shift": {"": {"": []}}},
]


@pytest.mark.parametrize("facts", HOSTILE)
async def test_wrong_facts_are_dropped_and_the_right_ones_stay(
    shop: tuple[Bench, Player, Line], facts: dict[str, Any]
) -> None:
    bench, _, line = shop
    await look(line, facts | {"document_open": True})
    answer = await bench.api.get("/devices/17")
    assert answer.status_code == 200, answer.text
    health = answer.json()["health"]
    assert health["document_open"] is True
    assert len(answer.content) < 5000
    assert (await bench.api.get("/devices")).status_code == 200
    await line.close()


def test_what_is_dropped_is_named_by_its_path() -> None:
    facts, wrong = sane({"paper": 5, "shift": {"state": "open", "number": "x"}, "fn": {"warnings": ["a", 1]}, "ofd": 1})
    assert wrong == ["fn.warnings", "ofd", "paper", "shift.number"]
    assert facts == Facts.model_validate({"shift": {"state": "open"}})
