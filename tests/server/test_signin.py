"""A person signs in, is known by the session, and is out when it is over."""

from __future__ import annotations

from server.services.roles import Role
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
