"""Times are those of the desk they happened at, and every page says whose wall clock it goes by."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from server.console.format import moment_at, offset
from tests.server.conftest import job
from tests.server.console.conftest import Console, text_of

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def test_another_clock_than_the_pages_is_named() -> None:
    assert moment_at(NOW, None, MOSCOW) == "23.11.2026 15:30"
    assert moment_at(NOW, "Europe/Moscow", MOSCOW) == "23.11.2026 15:30"
    assert moment_at(NOW, "Asia/Omsk", MOSCOW) == "23.11.2026 18:30 (Asia/Omsk)"
    assert moment_at(None, "Asia/Omsk", MOSCOW) == ""


@pytest.mark.parametrize(
    ("zone", "told"),
    [("Europe/Moscow", "UTC+3"), ("Asia/Kathmandu", "UTC+5:45"), ("America/New_York", "UTC−5"), ("UTC", "UTC+0")],
)
def test_how_far_a_clock_is_from_utc(zone: str, told: str) -> None:
    assert offset(NOW, ZoneInfo(zone)) == told


@pytest.fixture
async def at_omsk(console: Console) -> Console:
    """Register 17 stands at a desk in Omsk; 18 stands at none."""
    desk = {"desk_id": "front", "kkm_id": "17", "timezone": "Asia/Omsk"}
    assert (await console.bench.api.put("/desks", json=desk)).status_code == 200
    given = {"kkm_id": "18", "agent_id": console.given["agent_id"]}
    assert (await console.bench.api.put("/devices", json=given)).status_code == 200
    assert (await console.bench.api.post("/jobs", json=job("moscow", "18"))).status_code == 202
    return console


def clock(page: httpx.Response) -> str:
    found = re.search(r"Время на странице: (\S+) ?, (UTC\S+)", text_of(page))
    assert found is not None
    return f"{found[1]} {found[2]}"


async def at(console: Console, job_id: str, zone: str) -> str:
    created = datetime.fromisoformat((await console.bench.state(job_id))["created_at"])
    return created.astimezone(ZoneInfo(zone)).strftime("%d.%m.%Y %H:%M")


@pytest.mark.parametrize("path", ["/console/jobs/doubt", "/console/decisions/doubt", "/console/devices/17"])
async def test_a_page_about_one_register_goes_by_the_clock_of_its_desk(at_omsk: Console, path: str) -> None:
    assert clock(await at_omsk.get("owner", path)) == "Asia/Omsk UTC+6"


async def test_a_jobs_page_tells_its_moments_by_that_clock(at_omsk: Console) -> None:
    assert await at(at_omsk, "doubt", "Asia/Omsk") in text_of(await at_omsk.get("owner", "/console/jobs/doubt"))
    assert await at(at_omsk, "moscow", "Europe/Moscow") in text_of(await at_omsk.get("owner", "/console/jobs/moscow"))


async def test_a_list_of_several_places_names_each_clock_that_is_not_its_own(at_omsk: Console) -> None:
    page = await at_omsk.get("owner", "/console/jobs")
    assert clock(page) == "Europe/Moscow UTC+3"
    assert f"{await at(at_omsk, 'doubt', 'Asia/Omsk')} (Asia/Omsk)" in text_of(page)
    assert f"{await at(at_omsk, 'moscow', 'Europe/Moscow')} " in text_of(page)
    assert clock(await at_omsk.get("owner", "/console/jobs?kkm_id=17")) == "Asia/Omsk UTC+6"


async def test_a_registers_day_is_the_day_of_its_desk(at_omsk: Console) -> None:
    """At 19:00 UTC it is tomorrow in Omsk and today in Moscow."""
    bench = at_omsk.bench
    ahead = datetime.now(UTC).replace(hour=19, minute=0) - datetime.now(UTC)
    bench.clock.ahead = ahead
    await bench.api.post("/jobs", json=job("late"))
    created = datetime.fromisoformat((await bench.state("late"))["created_at"])
    there, here = (created.astimezone(ZoneInfo(zone)).date() for zone in ("Asia/Omsk", "Europe/Moscow"))
    assert there > here
    assert "late" in text_of(await at_omsk.get("owner", f"/console/jobs?kkm_id=17&day={there}"))
    assert "late" not in text_of(await at_omsk.get("owner", f"/console/jobs?kkm_id=17&day={here}"))
    assert "late" in text_of(await at_omsk.get("owner", f"/console/jobs?day={here}"))
