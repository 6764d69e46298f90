"""A person signs in, is known by the session, and is out when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog
from argon2 import Parameters
from argon2.low_level import Type
from sqlalchemy import select

from server.services import signin
from server.services.passwords import Passwords
from server.services.roles import Role
from server.services.signin import IDLE, LONGEST
from server.store.people import SignIn, SignInTries, User
from tests.server.conftest import PASSWORD, Bench
from tests.server.test_access import is_problem


async def test_from_the_link_to_the_desk_and_out_again(bench: Bench) -> None:
    code = await bench.invite(bench.api, Role.CASHIER, "ivanova")
    browser = bench.browser()
    shown = (await browser.get(f"/invitations/{code}")).json()
    assert (shown["login"], shown["tenant"], shown["role"]) == ("ivanova", "Мастерская", "cashier")
    came = await browser.post(f"/invitations/{code}", json={"password": PASSWORD})
    assert came.json()["person"]["login"] == "ivanova"
    assert (await browser.get("/session")).json() == came.json()
    assert (await browser.get("/jobs")).status_code == 200
    assert is_problem(await browser.get("/webhooks"), 403, "forbidden")
    assert is_problem(await browser.delete("/session"), 403, "csrf_missing")
    browser.headers["X-CSRF-Token"] = came.json()["csrf"]
    assert (await browser.delete("/session")).status_code == 204
    assert is_problem(await browser.get("/session"), 401, "session_over")
    again = await browser.post("/session", json={"login": " Ivanova ", "password": PASSWORD})
    assert again.status_code == 200
    assert again.json()["csrf"] != came.json()["csrf"]


async def test_a_wrong_password_and_a_login_that_nobody_has_look_the_same(bench: Bench) -> None:
    await bench.person(bench.api, Role.CASHIER, "ivanova")
    browser = bench.browser()
    answers = [
        await browser.post("/session", json={"login": login, "password": "не тот пароль"})
        for login in ("ivanova", "nobody")
    ]
    assert all(is_problem(answer, 401, "wrong_login") for answer in answers)
    assert answers[0].json() == answers[1].json()
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_a_refused_sign_in_is_a_line_of_the_log_without_what_was_typed(bench: Bench) -> None:
    """Some type their password where the name belongs."""
    person = await bench.person(bench.api, Role.CASHIER, "ivanova")
    user_id = (await person.get("/session")).json()["person"]["user_id"]
    browser = bench.browser()
    with structlog.testing.capture_logs() as said:
        for login in ("ivanova", "секретный пароль", *["ivanova"] * 5):
            await browser.post("/session", json={"login": login, "password": "не тот пароль"})
    lines = [line for line in said if line["event"] == "sign_in_refused"]
    assert [line["code"] for line in lines] == ["wrong_login"] * 6 + ["too_many_sign_ins"]
    assert {line["address"] for line in lines} == {"127.0.0.1"}
    assert [line.get("user_id") for line in lines[:3]] == [user_id, None, user_id]
    assert not any(typed in repr(said) for typed in ("ivanova", "секретный", "не тот"))


async def test_a_cyrillic_letter_in_the_login_is_named(bench: Bench) -> None:
    answer = await bench.browser().post("/session", json={"login": "ivanоva", "password": "x"})
    assert is_problem(answer, 401, "wrong_login")
    (error,) = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("login", "E_LETTER")


async def test_scripts_and_other_sites_do_not_get_the_cookie(bench: Bench) -> None:
    code = await bench.invite(bench.api)
    answer = await bench.browser().post(f"/invitations/{code}", json={"password": PASSWORD})
    session, device = sorted(answer.headers.get_list("set-cookie"), reverse=True)
    for cookie in (session, device):
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert session.startswith("kb_session=ks_")
    assert device.startswith("kb_device=kd_")
    assert answer.headers["cache-control"] == "no-store"


async def test_an_https_server_gives_its_cookies_by_https_only(bench: Bench) -> None:
    bench.services.settings = replace(bench.services.settings, public_url="https://kassa.example")
    code = await bench.invite(bench.api)
    answer = await bench.browser().post(f"/invitations/{code}", json={"password": PASSWORD})
    assert all("Secure" in cookie.split("; ") for cookie in answer.headers.get_list("set-cookie"))


class TestTime:
    async def test_a_session_that_nobody_uses_ends_after_twelve_hours(self, bench: Bench) -> None:
        browser = await bench.person(bench.api, Role.CASHIER)
        for _ in range(3):
            bench.clock.ahead += IDLE - timedelta(minutes=1)
            assert (await browser.get("/session")).status_code == 200
        bench.clock.ahead += IDLE + timedelta(minutes=1)
        assert is_problem(await browser.get("/session"), 401, "session_over")

    async def test_no_session_outlives_thirty_days(self, bench: Bench) -> None:
        browser = await bench.person(bench.api, Role.CASHIER)
        for _ in range(LONGEST // timedelta(hours=10) - 1):
            bench.clock.ahead += timedelta(hours=10)
            assert (await browser.get("/session")).status_code == 200
        bench.clock.ahead += timedelta(hours=11)
        assert is_problem(await browser.get("/session"), 401, "session_over")

    async def test_what_is_over_goes_away(self, bench: Bench) -> None:
        await bench.person(bench.api, Role.CASHIER)
        bench.clock.ahead += LONGEST
        async with bench.services.database.write() as work:
            await signin.prune(work)
        async with bench.services.database.read() as work:
            assert await work.session.scalars(select(SignIn)) == []
            assert await work.session.scalars(select(SignInTries)) == []


class TestOwnPassword:
    async def test_every_other_session_ends_with_the_old_password(self, bench: Bench) -> None:
        here = await bench.person(bench.api, Role.CASHIER, "ivanova")
        there = bench.browser()
        await there.post("/session", json={"login": "ivanova", "password": PASSWORD})
        assert len((await here.get("/sessions")).json()["sessions"]) == 2
        answer = await here.post("/session/password", json={"old": PASSWORD, "new": "другой конь 42"})
        assert answer.status_code == 204, answer.text
        assert is_problem(await there.get("/session"), 401, "session_over")
        (left,) = (await here.get("/sessions")).json()["sessions"]
        assert left["current"] is True
        old = await there.post("/session", json={"login": "ivanova", "password": PASSWORD})
        assert is_problem(old, 401, "wrong_login")

    async def test_the_old_one_must_be_known_and_is_not_guessed_here_either(self, bench: Bench) -> None:
        browser = await bench.person(bench.api, Role.CASHIER)
        asked = {"old": "не тот пароль", "new": "другой конь 42"}
        codes = [(await browser.post("/session/password", json=asked)).json()["code"] for _ in range(11)]
        assert codes == ["wrong_old_password"] * 10 + ["too_many_sign_ins"]

    async def test_a_weak_one_is_refused_with_its_field(self, bench: Bench) -> None:
        browser = await bench.person(bench.api, Role.CASHIER)
        answer = await browser.post("/session/password", json={"old": PASSWORD, "new": "1234567890"})
        assert is_problem(answer, 422, "weak_password")
        assert answer.json()["errors"][0]["field"] == "new"

    async def test_a_hash_of_older_parameters_is_made_anew_at_the_next_sign_in(self, bench: Bench) -> None:
        browser = await bench.person(bench.api, Role.CASHIER, "ivanova")
        stronger = Passwords(Parameters(Type.ID, 19, 8, 16, time_cost=2, memory_cost=16, parallelism=1))
        bench.services.passwords = stronger
        await browser.post("/session", json={"login": "ivanova", "password": PASSWORD})
        async with bench.services.database.read() as work:
            (user,) = await work.session.scalars(select(User))
        assert user.password_hash is not None
        assert not stronger.is_old(user.password_hash)


class TestSessions:
    async def test_they_are_listed_and_ended_one_by_one_or_all(self, bench: Bench) -> None:
        here = await bench.person(bench.api, Role.CASHIER, "ivanova")
        others = [bench.browser(**{"User-Agent": f"browser {n}"}) for n in range(3)]
        for other in others:
            await other.post("/session", json={"login": "ivanova", "password": PASSWORD})
        listed = (await here.get("/sessions")).json()["sessions"]
        assert {line["browser"] for line in listed} >= {"browser 0", "browser 1", "browser 2"}
        (first,) = [line["session_id"] for line in listed if line["browser"] == "browser 0"]
        assert (await here.delete(f"/sessions/{first}")).status_code == 204
        assert is_problem(await others[0].get("/session"), 401, "session_over")
        assert (await others[1].get("/session")).status_code == 200
        assert (await here.delete("/sessions")).status_code == 204
        assert is_problem(await others[1].get("/session"), 401, "session_over")
        assert (await here.get("/session")).status_code == 200

    async def test_nobody_ends_another_persons(self, bench: Bench) -> None:
        cashier = await bench.person(bench.api, Role.CASHIER)
        owner = await bench.person(bench.api, Role.OWNER)
        (theirs,) = (await owner.get("/sessions")).json()["sessions"]
        await cashier.delete(f"/sessions/{theirs['session_id']}")
        assert (await owner.get("/session")).status_code == 200
