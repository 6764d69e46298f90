"""Which registers of the directory nothing stands for yet, as a PC is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from protocol.crm.signing import signed_bytes
from tests.server.conftest import Bench
from tests.server.player import Player, new_key, pair


async def asks(bench: Bench, player: Player, **changed: Any) -> tuple[int, Any]:
    told: dict[str, Any] = {"agent_id": player.agent_id, "at": datetime.now(UTC).isoformat()}
    told["sig"] = player.key.sign(signed_bytes("places", told))
    answer = await bench.api.post("/places", json=told | changed, headers={"Authorization": ""})
    body = answer.json()
    return answer.status_code, body["places"] if answer.status_code == 200 else body["code"]


async def test_what_is_free_or_expected_here_and_nothing_else(bench: Bench) -> None:
    player, line = await bench.bound("17")
    other = await pair(bench.api)
    await bench.api.put("/devices", json={"kkm_id": "18"})
    await bench.api.put("/desks", json={"desk_id": "d18", "kkm_id": "18", "name": "Касса 2"})
    await bench.api.put("/devices", json={"kkm_id": "19", "agent_id": player.agent_id, "register_serial": "0007"})
    await bench.api.put("/devices", json={"kkm_id": "20", "agent_id": other.agent_id})
    stranger = await bench.tenant("Чужой")
    await stranger.put("/devices", json={"kkm_id": "21"})
    assert await asks(bench, player) == (
        200,
        [
            {"kkm_id": "18", "desk_id": "d18", "name": "Касса 2", "serial": None, "here": False},
            {"kkm_id": "19", "desk_id": None, "name": None, "serial": "0007", "here": True},
        ],
    )
    assert [place["kkm_id"] for place in (await asks(bench, other))[1]] == ["18", "20"]
    await line.close()


async def test_a_register_that_moves_is_expected_at_the_new_pc(bench: Bench) -> None:
    _, line = await bench.bound("17")
    new = await pair(bench.api)
    assert (await asks(bench, new))[1] == []
    moved = await bench.api.post("/devices/17/move", json={"agent_id": new.agent_id})
    assert moved.is_success, moved.text
    assert [(place["kkm_id"], place["here"]) for place in (await asks(bench, new))[1]] == [("17", True)]
    await line.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"agent_id": "ag_nobody"},
        {"sig": "AAAA"},
        {"at": "2026-03-01T12:00:00+00:00"},  # signed was another moment
        {"at": "yesterday"},
    ],
)
async def test_who_cannot_show_that_it_is_the_pc_is_told_nothing(bench: Bench, changed: dict[str, Any]) -> None:
    player = await pair(bench.api)
    assert await asks(bench, player, **changed) == (401, "bad_agent_signature")


@pytest.mark.parametrize("at", ["2020-01-01T00:00:00+00:00", "2026-03-01T12:00:00", "soon", ""])
async def test_an_old_question_is_no_question(bench: Bench, at: str) -> None:
    player = await pair(bench.api)
    told = {"agent_id": player.agent_id, "at": at}
    assert (await asks(bench, player, at=at, sig=player.key.sign(signed_bytes("places", told))))[0] == 401


async def test_a_clock_that_is_a_day_wrong_may_ask(bench: Bench) -> None:
    player = await pair(bench.api)
    told = {"agent_id": player.agent_id, "at": (datetime.now(UTC) - timedelta(days=1)).isoformat()}
    assert await asks(bench, player, **told, sig=player.key.sign(signed_bytes("places", told))) == (200, [])


async def test_another_pcs_key_is_not_the_pcs(bench: Bench) -> None:
    player = await pair(bench.api)
    told = {"agent_id": player.agent_id, "at": datetime.now(UTC).isoformat()}
    assert (await asks(bench, player, **told, sig=new_key().sign(signed_bytes("places", told))))[0] == 401


async def test_the_page_behind_the_line_has_a_link_to_click(bench: Bench) -> None:
    line = (await bench.api.post("/pairing-codes", json={})).json()["line"]
    page = await bench.api.get(line)
    assert f'href="kassabridge:{line}"' in page.text
