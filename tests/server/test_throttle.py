"""How often somebody may guess: nobody's tries lock another person out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.services import throttle
from server.services.roles import Role
from server.services.throttle import ADDRESS, KNOWN_DEVICE, LOGIN, LOGIN_AND_ADDRESS, Rule, filled
from tests.server.conftest import PASSWORD, Bench
from tests.server.test_access import is_problem

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class TestTheBucket:
    @pytest.mark.parametrize(
        ("tokens", "seconds", "left"),
        [(0.0, 0, 0.0), (0.0, 60, 1.0), (0.0, 90, 1.5), (4.0, 60, 5.0), (5.0, 3600, 5.0), (2.0, -3600, 2.0)],
    )
    def test_it_fills_with_time_up_to_its_burst_and_a_clock_set_back_fills_nothing(
        self, tokens: float, seconds: int, left: float
    ) -> None:
        assert filled(Rule(5, 60.0), tokens, NOW, NOW + timedelta(seconds=seconds)) == left

    def test_a_known_device_is_counted_alone(self) -> None:
        (counter,) = throttle.counters("ivanova", "203.0.113.1", "a device's hash")
        assert counter.rule is KNOWN_DEVICE
        assert counter.key not in {c.key for c in throttle.counters("ivanova", "203.0.113.1", None)}

    def test_who_has_a_whole_network_of_addresses_is_one(self) -> None:
        assert throttle.network("2001:db8:1:2::1") == throttle.network("2001:db8:1:2:ffff::9")
        assert throttle.network("2001:db8:1:2::1") != throttle.network("2001:db8:1:3::1")
        assert throttle.network("::ffff:203.0.113.1") == throttle.network("203.0.113.1")


async def guess(bench: Bench, login: str = "ivanova", password: str = "не тот пароль", times: int = 1) -> list[str]:
    stranger = bench.browser()
    codes = []
    for _ in range(times):
        answer = await stranger.post("/session", json={"login": login, "password": password})
        codes.append(answer.json().get("code", "in"))
    return codes


async def test_after_five_wrong_tries_the_same_place_waits_even_with_the_right_password(bench: Bench) -> None:
    await bench.person(bench.api, Role.CASHIER, "ivanova")
    codes = await guess(bench, times=LOGIN_AND_ADDRESS.burst + 1)
    assert codes == ["wrong_login"] * LOGIN_AND_ADDRESS.burst + ["too_many_sign_ins"]
    assert await guess(bench, password=PASSWORD) == ["too_many_sign_ins"]
    bench.clock.ahead += timedelta(seconds=LOGIN_AND_ADDRESS.every + 1)
    assert await guess(bench, password=PASSWORD) == ["in"]


async def test_a_strangers_tries_never_lock_the_person_out_at_their_own_pc(bench: Bench) -> None:
    browser = await bench.person(bench.api, Role.CASHIER, "ivanova")
    await browser.delete("/session")
    assert (await guess(bench, times=40))[-1] == "too_many_sign_ins"
    answer = await browser.post("/session", json={"login": "ivanova", "password": PASSWORD})
    assert answer.status_code == 200, answer.text


async def test_a_known_device_has_its_own_limit(bench: Bench) -> None:
    browser = await bench.person(bench.api, Role.CASHIER, "ivanova")
    for _ in range(KNOWN_DEVICE.burst):
        assert is_problem(
            await browser.post("/session", json={"login": "ivanova", "password": "x"}), 401, "wrong_login"
        )
    answer = await browser.post("/session", json={"login": "ivanova", "password": PASSWORD})
    assert is_problem(answer, 429, "too_many_sign_ins")
    assert int(answer.headers["retry-after"]) <= KNOWN_DEVICE.every
    assert await guess(bench, password=PASSWORD) == ["in"]


async def test_a_device_that_is_known_to_one_person_is_a_stranger_to_another(bench: Bench) -> None:
    await bench.person(bench.api, Role.OWNER, "boss")
    cashier = await bench.person(bench.api, Role.CASHIER, "ivanova")
    codes = [
        (await cashier.post("/session", json={"login": "boss", "password": "x" * 10})).json()["code"]
        for _ in range(LOGIN_AND_ADDRESS.burst + 1)
    ]
    assert codes[-1] == "too_many_sign_ins"


async def test_one_address_has_a_limit_over_all_logins_known_or_not(bench: Bench) -> None:
    codes = [code for n in range(ADDRESS.burst + 1) for code in await guess(bench, login=f"nobody{n}")]
    assert codes == ["wrong_login"] * ADDRESS.burst + ["too_many_sign_ins"]


async def test_many_addresses_share_the_limit_of_one_login(bench: Bench) -> None:
    """A thousand rented computers have no more tries than one, except at computers that are known."""
    from server.problems import Problem
    from server.services import signin
    from server.services.signin import Browser

    await bench.person(bench.api, Role.CASHIER, "ivanova")
    here = bench.services

    async def tried(n: int, password: str) -> str:
        place = Browser(f"198.51.100.{n}")
        try:
            await signin.sign_in(here.database, here.world, here.passwords, "ivanova", password, place)
        except Problem as problem:
            return problem.code
        return "in"

    codes = [await tried(n, "не тот пароль") for n in range(LOGIN.burst + 1)]
    assert codes == ["wrong_login"] * LOGIN.burst + ["too_many_sign_ins"]
    assert await tried(200, PASSWORD) == "too_many_sign_ins"


async def test_a_restart_gives_no_new_tries(bench: Bench) -> None:
    await bench.person(bench.api, Role.CASHIER, "ivanova")
    await guess(bench, times=LOGIN_AND_ADDRESS.burst)
    await bench.restart()
    assert await guess(bench) == ["too_many_sign_ins"]


async def test_a_good_sign_in_costs_no_try(bench: Bench) -> None:
    await bench.person(bench.api, Role.CASHIER, "ivanova")
    assert await guess(bench, password=PASSWORD, times=LOGIN_AND_ADDRESS.burst + 3) == ["in"] * 8


async def test_a_link_lets_in_whom_strangers_keep_from_a_new_computer(bench: Bench) -> None:
    owner = await bench.person(bench.api, Role.OWNER, "boss")
    await bench.person(bench.api, Role.CASHIER, "ivanova")
    await guess(bench, times=LOGIN_AND_ADDRESS.burst)
    (ivanova,) = [u for u in (await owner.get("/users")).json()["users"] if u["login"] == "ivanova"]
    link = (await owner.post(f"/users/{ivanova['user_id']}/invitation")).json()["link"]
    code = link.rpartition("/")[2]
    answer = await bench.browser().post(f"/invitations/{code}", json={"password": "другой конь 42"})
    assert answer.status_code == 200
