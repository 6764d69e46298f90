"""Pairing: one line, one use, one key, a person who looks."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from server.services.codes import ALPHABET
from server.settings import Limits
from tests.server.conftest import Bench
from tests.server.player import claim_code, greet, new_key, pair, poll


@pytest.fixture
def limits() -> Limits:
    return Limits(connections_per_minute=1000)


async def code_of(bench: Bench, **asked: Any) -> str:
    answer = await bench.api.post("/pairing-codes", json=asked)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["code"]
    assert answer.json()["line"] == f"{bench.url}/pair/{made}"
    return made


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def test_the_owner_sees_the_pc_and_confirms(bench: Bench) -> None:
    made = await code_of(bench, name="Касса у входа")
    key = new_key()
    claimed = await claim_code(bench.api, made, key)
    assert (claimed.status_code, claimed.json()["status"]) == (202, "waiting")
    claim_id = claimed.json()["claim_id"]
    assert (await poll(bench.api, claim_id, key)).json()["status"] == "waiting"
    seen = (await bench.api.get(f"/pairing-codes/{made}")).json()
    assert (seen["state"], seen["pc_name"]) == ("claimed", "КАССА-1")
    assert [a["state"] for a in (await bench.api.get("/agents")).json()["agents"]] == ["pending"]
    assert (await bench.api.post(f"/pairing-codes/{made}/confirm")).json()["state"] == "confirmed"
    paired = (await poll(bench.api, claim_id, key)).json()
    assert paired["status"] == "paired"
    assert paired["tenant"] == "Мастерская"
    assert paired["link_url"] == bench.url.replace("http", "ws") + "/api/v1/agent"
    assert [k["kid"] for k in paired["keys"]] == [bench.services.key.kid]
    agent = (await bench.api.get("/agents")).json()["agents"][0]
    assert (agent["agent_id"], agent["state"], agent["name"]) == (paired["agent_id"], "active", "Касса у входа")


async def test_refused_by_the_owner(bench: Bench) -> None:
    made, key = await code_of(bench), new_key()
    claim_id = (await claim_code(bench.api, made, key)).json()["claim_id"]
    await bench.api.post(f"/pairing-codes/{made}/refuse")
    assert (await poll(bench.api, claim_id, key)).json()["status"] == "refused"
    assert (await bench.api.get("/agents")).json()["agents"] == []
    assert code(await bench.api.post(f"/pairing-codes/{made}/confirm")) == (409, "pair_code_used")


async def test_confirming_what_nobody_claimed(bench: Bench) -> None:
    assert code(await bench.api.post(f"/pairing-codes/{await code_of(bench)}/confirm")) == (409, "pair_not_claimed")


async def test_a_lost_answer_is_given_again_to_the_same_key(bench: Bench) -> None:
    made, key = await code_of(bench, auto_confirm=True), new_key()
    first = await claim_code(bench.api, made, key)
    assert (await claim_code(bench.api, made, key)).json() == first.json()
    assert (await poll(bench.api, first.json()["claim_id"], key)).json()["status"] == "paired"


async def test_a_swapped_key_gets_nothing_and_cannot_learn_the_outcome(bench: Bench) -> None:
    made, key, thief = await code_of(bench), new_key(), new_key()
    claim_id = (await claim_code(bench.api, made, key)).json()["claim_id"]
    assert code(await claim_code(bench.api, made, thief)) == (409, "pair_code_used")
    assert code(await poll(bench.api, claim_id, thief)) == (404, "not_found")
    await bench.api.post(f"/pairing-codes/{made}/confirm")
    assert code(await poll(bench.api, claim_id, thief)) == (404, "not_found")
    assert (await poll(bench.api, claim_id, key)).json()["status"] == "paired"


async def test_two_keys_at_once_one_wins(bench: Bench) -> None:
    made = await code_of(bench)
    answers = await asyncio.gather(*(claim_code(bench.api, made, new_key()) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]


async def test_a_code_that_is_fought_for_is_refused_to_all(bench: Bench) -> None:
    made, key = await code_of(bench), new_key()
    claim_id = (await claim_code(bench.api, made, key)).json()["claim_id"]
    for _ in range(5):
        await claim_code(bench.api, made, new_key())
    assert (await poll(bench.api, claim_id, key)).json()["status"] == "refused"


async def test_a_code_lives_ten_minutes(bench: Bench) -> None:
    made = await code_of(bench)
    await bench.later(601)
    assert code(await claim_code(bench.api, made, new_key())) == (410, "pair_code_expired")


async def test_a_claim_that_nobody_confirms_ends(bench: Bench) -> None:
    made, key = await code_of(bench), new_key()
    claim_id = (await claim_code(bench.api, made, key)).json()["claim_id"]
    await bench.later(601)
    assert code(await bench.api.post(f"/pairing-codes/{made}/confirm")) == (410, "pair_code_expired")
    assert (await poll(bench.api, claim_id, key)).json()["status"] == "refused"


async def test_guessing_is_stopped_after_five_tries_and_for_ten_minutes(bench: Bench) -> None:
    made = await code_of(bench)
    wrong = ["".join(ALPHABET[(n + i) % len(ALPHABET)] for i in range(10)) for n in range(10)]
    answers = [code(await claim_code(bench.api, guess, new_key())) for guess in wrong]
    assert answers == [(404, "pair_code_unknown")] * 5 + [(429, "too_many_tries")] * 5
    assert code(await claim_code(bench.api, made, new_key())) == (429, "too_many_tries")
    await bench.restart()
    assert code(await claim_code(bench.api, made, new_key())) == (429, "too_many_tries")
    await bench.later(601)
    assert (await claim_code(bench.api, await code_of(bench), new_key())).status_code == 202


async def test_polling_too_fast_is_slowed_down(bench: Bench) -> None:
    made, key = await code_of(bench), new_key()
    claim_id = (await claim_code(bench.api, made, key)).json()["claim_id"]
    assert (await poll(bench.api, claim_id, key)).status_code == 200
    fast = await poll(bench.api, claim_id, key)
    assert code(fast) == (429, "slow_down")
    assert fast.headers["retry-after"] == "5"
    await bench.later(5)
    assert (await poll(bench.api, claim_id, key)).status_code == 200


@pytest.mark.parametrize(
    "spelled",
    [str.lower, lambda c: f" {c[:5]}-{c[5:]} ", lambda c: c.translate(str.maketrans("ABEKMHPCTX", "АВЕКМНРСТХ"))],
    ids=["lower case", "blanks and dash", "Cyrillic look-alikes"],
)
async def test_a_code_may_be_spelled_carelessly(bench: Bench, spelled: Any) -> None:
    made = await code_of(bench)
    assert (await claim_code(bench.api, spelled(made), new_key())).status_code == 202


async def test_a_letter_of_no_code_is_named_with_its_place(bench: Bench) -> None:
    answer = await claim_code(bench.api, "ABCЖ234567", new_key())
    assert code(answer) == (422, "pair_code_letter")
    assert "«Ж» на месте 4" in answer.json()["errors"][0]["text"]


@pytest.mark.parametrize("key", ["", "AAAA", "not base64!", "A" * 44])
async def test_a_key_that_is_none(bench: Bench, key: str) -> None:
    body = {
        "code": await code_of(bench),
        "public_key": key,
        "install_id": "i",
        "pc_name": "PC",
        "version": "1",
    }
    assert code(await bench.api.post("/pair", json=body))[0] == 422


async def test_a_pending_agent_may_not_connect(bench: Bench) -> None:
    player = await pair(bench.api)
    made, key = await code_of(bench), new_key()
    await claim_code(bench.api, made, key)
    pending = next(a for a in (await bench.api.get("/agents")).json()["agents"] if a["state"] == "pending")
    player.agent_id, player.key = pending["agent_id"], key
    with pytest.raises(AssertionError, match="agent_not_active"):
        await greet(player)


async def test_another_tenant_sees_no_code(bench: Bench) -> None:
    made = await code_of(bench)
    other = await bench.tenant("Другая")
    for answer in (
        await other.get(f"/pairing-codes/{made}"),
        await other.post(f"/pairing-codes/{made}/confirm"),
        await other.post(f"/pairing-codes/{made}/refuse"),
    ):
        assert code(answer) == (404, "pair_code_unknown")


async def test_the_page_behind_the_line_tells_what_to_do_and_nothing_else(bench: Bench) -> None:
    async with httpx.AsyncClient(trust_env=False, verify=False) as browser:
        page = await browser.get(f"{bench.url}/pair/%3Cscript%3E")
    assert page.status_code == 200
    assert "скопируйте строку" in page.text
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
