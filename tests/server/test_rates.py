"""How often a caller may call."""

from __future__ import annotations

import pytest

from server.services.rates import FORGET_ABOVE, Rates
from server.settings import Limits
from tests.server.conftest import Bench, job


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_burst_then_as_fast_as_the_bucket_fills() -> None:
    clock = Clock()
    rates = Rates(clock, per_second=2.0, burst=3)
    assert [rates.take("a") for _ in range(5)] == [None, None, None, 1, 1]
    assert rates.take("b") is None  # everybody has a bucket of his own
    clock.at = 0.5
    assert [rates.take("a"), rates.take("a")] == [None, 1]
    clock.at = 100.0
    assert [rates.take("a") for _ in range(4)] == [None, None, None, 1]


def test_looking_takes_nothing() -> None:
    rates = Rates(Clock(), per_second=0.1, burst=1)
    assert rates.blocked("a") is None
    assert rates.take("a") is None
    assert [rates.blocked("a"), rates.blocked("a"), rates.take("a")] == [10, 10, 10]


def test_full_buckets_are_forgotten() -> None:
    clock = Clock()
    rates = Rates(clock, per_second=1.0, burst=1)
    for number in range(FORGET_ABOVE):
        rates.take(str(number))
    clock.at = 10.0
    rates.take("new")
    assert len(rates._buckets) == 1


class TestOverHttp:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(connections_per_minute=1000, calls_per_second=0.1, call_burst=5, wrong_keys_per_minute=3)

    async def test_a_key_that_calls_too_often_waits_and_nothing_is_changed(self, bench: Bench) -> None:
        answers = [await bench.api.post("/jobs", json=job(f"j{n}")) for n in range(6)]
        assert [answer.status_code for answer in answers] == [422] * 5 + [429]
        assert answers[-1].json()["code"] == "too_many_requests"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
        other = await bench.tenant("Другие")
        assert (await other.get("/jobs")).status_code == 200

    async def test_guessing_keys_is_slowed_down_by_address(self, bench: Bench) -> None:
        guess = bench.client("Bearer kb_wrong")
        codes = [(await guess.get("/jobs")).status_code for _ in range(5)]
        assert codes == [401, 401, 401, 429, 429]
        # From that address nobody gets in for a moment; the account itself is not locked.
        assert (await bench.api.get("/jobs")).status_code == 429
