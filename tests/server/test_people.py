"""People of a tenant: invited, given a role, dismissed; and out at once, everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from server.services.access import Scope
from server.services.people import INVITATION_LIFE
from server.services.roles import Role
from tests.server.conftest import PASSWORD, Bench
from tests.server.test_access import is_problem
from tests.support.patience import BUSY


async def user_of(browser: httpx.AsyncClient) -> str:
    return str((await browser.get("/session")).json()["person"]["user_id"])


async def invited(browser: httpx.AsyncClient, login: str = "ivanova", role: str = "cashier") -> tuple[str, str]:
    """The new person's id, and the code."""
    answer = await browser.post("/users", json={"name": "Иванова М.", "login": login, "role": role})
    assert answer.status_code == 201, answer.text
    return answer.json()["user"]["user_id"], answer.json()["link"].rpartition("/invite/")[2]


class TestInvitation:
    async def test_one_link_one_password(self, bench: Bench) -> None:
        owner = await bench.person(bench.api)
        _, code = await invited(owner)
        browser = bench.browser()
        assert (await browser.post(f"/invitations/{code}", json={"password": PASSWORD})).status_code == 200
        again = await bench.browser().post(f"/invitations/{code}", json={"password": "другой конь 42"})
        assert is_problem(again, 404, "invitation_unknown")

    async def test_it_is_read_however_it_was_typed(self, bench: Bench) -> None:
        _, code = await invited(await bench.person(bench.api))
        typed = "-".join([code[:5].lower(), code[5:]])
        assert (await bench.browser().get(f"/invitations/{typed}")).status_code == 200

    async def test_after_three_days_it_is_over(self, bench: Bench) -> None:
        _, code = await invited(await bench.person(bench.api))
        bench.clock.ahead += INVITATION_LIFE + timedelta(seconds=1)
        for answer in (
            await bench.browser().get(f"/invitations/{code}"),
            await bench.browser().post(f"/invitations/{code}", json={"password": PASSWORD}),
        ):
            assert is_problem(answer, 410, "invitation_over")

    async def test_a_weak_password_leaves_the_link_as_it_is(self, bench: Bench) -> None:
        _, code = await invited(await bench.person(bench.api))
        browser = bench.browser()
        assert is_problem(
            await browser.post(f"/invitations/{code}", json={"password": "1234567890"}), 422, "weak_password"
        )
        assert (await browser.post(f"/invitations/{code}", json={"password": PASSWORD})).status_code == 200

    async def test_a_new_link_replaces_the_old_one_and_the_password_lives_until_it_is_used(self, bench: Bench) -> None:
        owner = await bench.person(bench.api)
        user_id, first = await invited(owner)
        browser = bench.browser()
        await browser.post(f"/invitations/{first}", json={"password": PASSWORD})
        second = (await owner.post(f"/users/{user_id}/invitation")).json()["link"].rpartition("/")[2]
        third = (await owner.post(f"/users/{user_id}/invitation")).json()["link"].rpartition("/")[2]
        assert is_problem(await bench.browser().get(f"/invitations/{second}"), 404, "invitation_unknown")
        assert (await browser.get("/session")).status_code == 200
        await bench.browser().post(f"/invitations/{third}", json={"password": "другой конь 42"})
        assert is_problem(await browser.get("/session"), 401, "session_over")

    async def test_logins_are_one_persons_on_the_whole_server(self, bench: Bench) -> None:
        await invited(await bench.person(bench.api), "ivanova")
        other = await bench.tenant("Другая")
        theirs = await bench.person(other)
        answer = await theirs.post("/users", json={"name": "И", "login": "IVANOVA", "role": "cashier"})
        assert is_problem(answer, 409, "login_taken")
        assert answer.json()["params"]["user_id"] is None

    @pytest.mark.parametrize("login", ["ivanоva", "Иванова", "i v", "x", "-a", "a" * 65, "a\u200bb"])
    async def test_logins_are_latin(self, bench: Bench, login: str) -> None:
        owner = await bench.person(bench.api)
        answer = await owner.post("/users", json={"name": "И", "login": login, "role": "cashier"})
        assert is_problem(answer, 422, "bad_request")
        assert answer.json()["errors"][0]["field"] == "login"


class TestRights:
    async def test_a_key_cannot_make_somebody_who_may_do_more_than_itself(self, bench: Bench) -> None:
        key = await bench.key(bench.api, Scope.PEOPLE, Scope.JOBS, Scope.READ)
        asked = {"name": "И", "login": "ivanova", "role": "owner"}
        assert is_problem(await key.post("/users", json=asked), 403, "forbidden")
        made = await key.post("/users", json=asked | {"role": "cashier"})
        assert made.status_code == 201
        user = f"/users/{made.json()['user']['user_id']}"
        assert is_problem(await key.patch(user, json={"role": "manager"}), 403, "forbidden")
        boss = await user_of(await bench.person(bench.api, Role.OWNER))
        assert is_problem(await key.post(f"/users/{boss}/invitation"), 403, "forbidden")
        assert is_problem(await key.patch(f"/users/{boss}", json={"dismissed": True}), 403, "forbidden")

    async def test_a_key_cannot_make_a_key_that_may_do_more_than_itself(self, bench: Bench) -> None:
        key = await bench.key(bench.api, Scope.PEOPLE)
        asked = {"name": "касса", "scopes": ["people", "decide"]}
        assert is_problem(await key.post("/api-keys", json=asked), 403, "forbidden")
        made = await key.post("/api-keys", json=asked | {"scopes": ["people"]})
        assert made.status_code == 201
        assert (await bench.client(f"Bearer {made.json()['api_key']}").get("/users")).status_code == 200

    async def test_what_another_tenant_has_is_not_there(self, bench: Bench) -> None:
        mine = await user_of(await bench.person(bench.api, Role.OWNER))
        key = (await (await bench.key(bench.api, Scope.PEOPLE)).get("/api-keys")).json()["api_keys"][0]["key_id"]
        theirs = await bench.person(await bench.tenant("Другая"), Role.OWNER)
        assert is_problem(await theirs.patch(f"/users/{mine}", json={"dismissed": True}), 404, "unknown_user")
        assert is_problem(await theirs.post(f"/users/{mine}/invitation"), 404, "unknown_user")
        assert is_problem(await theirs.delete(f"/api-keys/{key}"), 404, "unknown_key")


class TestTheLastOwner:
    @pytest.mark.parametrize("change", [{"dismissed": True}, {"role": "manager"}])
    async def test_stays_until_somebody_else_can_sign_in_as_one(self, bench: Bench, change: dict[str, Any]) -> None:
        owner = await bench.person(bench.api, Role.OWNER)
        own = f"/users/{await user_of(owner)}"
        assert is_problem(await owner.patch(own, json=change), 409, "last_owner")
        _, code = await invited(owner, "second", "owner")
        assert is_problem(await owner.patch(own, json=change), 409, "last_owner")
        await bench.browser().post(f"/invitations/{code}", json={"password": PASSWORD})
        assert (await owner.patch(own, json=change)).status_code == 200

    async def test_two_who_dismiss_each_other_do_not_both_go(self, bench: Bench) -> None:
        owners = [await bench.person(bench.api, Role.OWNER) for _ in range(2)]
        ids = [await user_of(owner) for owner in owners]
        answers = await asyncio.gather(
            owners[0].patch(f"/users/{ids[1]}", json={"dismissed": True}),
            owners[1].patch(f"/users/{ids[0]}", json={"dismissed": True}),
        )
        assert sorted(answer.status_code for answer in answers)[0] == 200
        assert sorted(answer.status_code for answer in answers)[1] in (401, 403, 409)


@asynccontextmanager
async def open_stream(client: httpx.AsyncClient) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A stream of events; the function waits for its end."""
    async with client.stream("GET", "/events") as answer:
        assert answer.status_code == 200
        frames = answer.aiter_text()
        await anext(frames)

        async def ended() -> None:
            async with asyncio.timeout(BUSY):
                async for _ in frames:
                    pass

        yield ended


class TestOutAtOnce:
    """Also in streams that are open: nobody waits for the next heartbeat."""

    async def test_who_is_dismissed(self, bench: Bench) -> None:
        owner = await bench.person(bench.api, Role.OWNER)
        cashier = await bench.person(bench.api, Role.CASHIER, "ivanova")
        user = f"/users/{await user_of(cashier)}"
        async with open_stream(cashier) as ended:
            assert (await owner.patch(user, json={"dismissed": True})).json()["active"] is False
            await ended()
        assert is_problem(await cashier.get("/jobs"), 401, "session_over")
        assert is_problem(
            await cashier.post("/session", json={"login": "ivanova", "password": PASSWORD}), 401, "wrong_login"
        )
        assert is_problem(await owner.post(f"{user}/invitation"), 409, "user_dismissed")

    async def test_who_comes_back_needs_a_new_link(self, bench: Bench) -> None:
        owner = await bench.person(bench.api, Role.OWNER)
        cashier = await bench.person(bench.api, Role.CASHIER, "ivanova")
        user = f"/users/{await user_of(cashier)}"
        await owner.patch(user, json={"dismissed": True})
        back = (await owner.patch(user, json={"dismissed": False})).json()
        assert (back["active"], back["dismissed_at"]) == (False, None)
        assert is_problem(await cashier.get("/jobs"), 401, "session_over")
        assert is_problem(
            await cashier.post("/session", json={"login": "ivanova", "password": PASSWORD}), 401, "wrong_login"
        )
        assert (await owner.post(f"{user}/invitation")).status_code == 201

    async def test_who_has_lost_the_role_for_it(self, bench: Bench) -> None:
        owner = await bench.person(bench.api, Role.OWNER)
        manager = await bench.person(bench.api, Role.MANAGER)
        assert (await manager.get("/webhooks")).status_code == 200
        await owner.patch(f"/users/{await user_of(manager)}", json={"role": "cashier"})
        assert is_problem(await manager.get("/webhooks"), 403, "forbidden")

    async def test_whose_password_was_changed_elsewhere(self, bench: Bench) -> None:
        here = await bench.person(bench.api, Role.CASHIER, "ivanova")
        there = bench.browser()
        await there.post("/session", json={"login": "ivanova", "password": PASSWORD})
        async with open_stream(there) as ended:
            await here.post("/session/password", json={"old": PASSWORD, "new": "другой конь 42"})
            await ended()

    async def test_a_key_that_is_revoked(self, bench: Bench) -> None:
        owner = await bench.person(bench.api, Role.OWNER)
        made = (await owner.post("/api-keys", json={"name": "чтение", "scopes": ["read"]})).json()
        reader = bench.client(f"Bearer {made['api_key']}")
        async with open_stream(reader) as ended:
            revoked = await owner.delete(f"/api-keys/{made['key_id']}")
            assert revoked.json()["revoked_at"] is not None
            await ended()
        assert is_problem(await reader.get("/jobs"), 401, "unauthorized")

    async def test_others_streams_go_on(self, bench: Bench) -> None:
        owner = await bench.person(bench.api, Role.OWNER)
        cashier = await bench.person(bench.api, Role.CASHIER)
        async with owner.stream("GET", "/events") as answer:
            frames = answer.aiter_text()
            await anext(frames)
            await owner.patch(f"/users/{await user_of(cashier)}", json={"dismissed": True})
            hook = (await bench.api.post("/webhooks", json={"url": "http://127.0.0.1:9/x"})).json()
            await bench.api.post(f"/webhooks/{hook['webhook_id']}/test")
            async with asyncio.timeout(BUSY):
                assert "webhook.test" in await anext(frames)


async def test_people_come_in_pages_by_login(bench: Bench) -> None:
    owner = await bench.person(bench.api, Role.OWNER, "boss")
    for login in ("anna", "boris", "vera"):
        await invited(owner, login)
    first = (await owner.get("/users", params={"limit": 2})).json()
    second = (await owner.get("/users", params={"limit": 2, "cursor": first["cursor"]})).json()
    assert [user["login"] for user in first["users"] + second["users"]] == ["anna", "boris", "boss", "vera"]
    assert second["cursor"] is None
