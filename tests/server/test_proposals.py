"""Support decides nothing alone (threat 18): it proposes, with a reason, and somebody else confirms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from protocol.crm.messages import Resolve
from server.services.roles import Role
from tests.server.conftest import Bench
from tests.server.player import Line
from tests.server.steps import post
from tests.server.test_access import is_problem

ASKED = {"decision": "not_done", "reason": "на ленте чека нет", "rev": 2}


@pytest.fixture
async def desk(bench: Bench) -> AsyncIterator[Line]:
    """A job waits for a person's decision."""
    _, line = await bench.bound()
    await post(bench)
    await line.accept()
    await line.report("j1", 2, "human", attempt=1)
    yield line
    await line.close()


async def proposed(support: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    answer = await support.post("/jobs/j1/proposals", json=ASKED | changed)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_nothing_happens_until_another_person_confirms(bench: Bench, desk: Line) -> None:
    support, manager = [await bench.person(bench.api, role) for role in (Role.SUPPORT, Role.MANAGER)]
    assert is_problem(await support.post("/jobs/j1/resolve", json=ASKED), 403, "forbidden")
    made = await proposed(support)
    assert (made["state"], made["proposed_by"], made["decided_by"]) == ("open", "support Иванова", None)
    await desk.nothing_more()
    waiting = (await manager.get("/proposals", params={"state": "open"})).json()["proposals"]
    assert waiting == [made]
    answer = await manager.post(f"/proposals/{made['proposal_id']}/confirm")
    assert (answer.json()["state"], answer.json()["decided_by"]) == ("confirmed", "manager Иванова")
    told = await desk.expect(Resolve)
    assert (told.decision.value, told.person, told.reason) == ("not_done", "manager Иванова", ASKED["reason"])


async def test_a_reason_is_needed_and_a_name_cannot_be_borrowed(bench: Bench, desk: Line) -> None:
    support = await bench.person(bench.api, Role.SUPPORT)
    without = {key: value for key, value in ASKED.items() if key != "reason"}
    assert is_problem(await support.post("/jobs/j1/proposals", json=without), 422, "bad_request")
    assert (await proposed(support, person="Директор"))["proposed_by"] == "support Иванова"


async def test_nobody_confirms_what_is_their_own(bench: Bench, desk: Line) -> None:
    """A key that may do both is still one."""
    from server.services.access import Scope

    both = await bench.key(bench.api, Scope.PROPOSE, Scope.DECIDE)
    made = await proposed(both, person="Пётр")
    assert is_problem(await both.post(f"/proposals/{made['proposal_id']}/confirm"), 403, "second_person")


async def test_support_does_not_confirm_a_colleagues_proposal(bench: Bench, desk: Line) -> None:
    first, second = [await bench.person(bench.api, Role.SUPPORT) for _ in range(2)]
    made = await proposed(first)
    assert is_problem(await second.post(f"/proposals/{made['proposal_id']}/confirm"), 403, "forbidden")


async def test_whoever_was_promoted_in_between_is_still_the_same_person(bench: Bench, desk: Line) -> None:
    owner, support = [await bench.person(bench.api, role) for role in (Role.OWNER, Role.SUPPORT)]
    made = await proposed(support)
    user_id = (await support.get("/session")).json()["person"]["user_id"]
    await owner.patch(f"/users/{user_id}", json={"role": "manager"})
    assert is_problem(await support.post(f"/proposals/{made['proposal_id']}/confirm"), 403, "second_person")


async def test_a_job_that_moved_on_is_not_decided_by_what_was_seen_before(bench: Bench, desk: Line) -> None:
    support, manager = [await bench.person(bench.api, role) for role in (Role.SUPPORT, Role.MANAGER)]
    made = await proposed(support)
    await desk.report("j1", 3, "human", attempt=1)
    answer = await manager.post(f"/proposals/{made['proposal_id']}/confirm")
    assert is_problem(answer, 409, "stale_rev")
    (left,) = (await manager.get("/proposals")).json()["proposals"]
    assert left["state"] == "open"


async def test_what_does_not_fit_the_job_is_refused_at_once(bench: Bench, desk: Line) -> None:
    support = await bench.person(bench.api, Role.SUPPORT)
    assert is_problem(await support.post("/jobs/j1/proposals", json=ASKED | {"rev": 1}), 409, "stale_rev")
    assert is_problem(await support.post("/jobs/nope/proposals", json=ASKED), 404, "unknown_job")


async def test_once_decided_it_is_over_and_a_new_one_replaces_an_open_one(bench: Bench, desk: Line) -> None:
    support, manager = [await bench.person(bench.api, role) for role in (Role.SUPPORT, Role.MANAGER)]
    made = await proposed(support)
    assert await proposed(support) == made  # the answer was lost
    other = await proposed(support, decision="done")
    assert is_problem(await manager.post(f"/proposals/{made['proposal_id']}/confirm"), 409, "proposal_over")
    refused = await manager.post(f"/proposals/{other['proposal_id']}/refuse")
    assert refused.json()["state"] == "refused"
    assert is_problem(await manager.post(f"/proposals/{other['proposal_id']}/confirm"), 409, "proposal_over")
    await desk.nothing_more()


async def test_another_tenants_are_not_there(bench: Bench, desk: Line) -> None:
    made = await proposed(await bench.person(bench.api, Role.SUPPORT))
    theirs = await bench.person(await bench.tenant("Другая"), Role.OWNER)
    assert (await theirs.get("/proposals")).json()["proposals"] == []
    for verb in ("confirm", "refuse"):
        answer = await theirs.post(f"/proposals/{made['proposal_id']}/{verb}")
        assert is_problem(answer, 404, "unknown_proposal")


async def test_pages_go_from_the_newest_to_the_oldest(bench: Bench, desk: Line) -> None:
    support = await bench.person(bench.api, Role.SUPPORT)
    made = [(await proposed(support, reason=f"причина {n}"))["proposal_id"] for n in range(3)]
    first = (await support.get("/proposals", params={"limit": 2})).json()
    second = (await support.get("/proposals", params={"limit": 2, "cursor": first["cursor"]})).json()
    assert [one["proposal_id"] for one in first["proposals"] + second["proposals"]] == made[::-1]
