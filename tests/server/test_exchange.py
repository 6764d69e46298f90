"""The exchange of a job: read from the newest bundle about it, by whoever may read bundles; asked for by the job."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from server.services import bundles, duties, exchange
from server.services.exchange import Lately
from server.services.recorded import Recorded, recorded_of
from server.services.roles import Role
from server.store.audit import AuditEntry
from server.store.support import SupportBundle
from tests.server.conftest import Bench
from tests.server.player import Line, Player, pair
from tests.server.steps import post
from tests.server.test_access import is_problem
from tests.server.test_recorded import HEADER, line, lines, zipped
from tests.server.test_support import WHO, uploads

URL = "/jobs/order-7/exchange"


def bundle(*records: Any, jobs: str = '["order-7"]', number: int = 1) -> bytes:
    return zipped({"manifest.json": f'{{"jobs": {jobs}, "n": {number}}}'.encode(), "traces/1/a.jsonl": lines(*records)})


async def sent(bench: Bench, player: Player, content: bytes, **more: Any) -> str:
    answer = await uploads(bench, player, content, **more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["bundle_id"])


async def sold(bench: Bench) -> tuple[Player, Line]:
    """A PC with a job."""
    player, line_ = await bench.bound()
    await post(bench, "order-7")
    await line_.accept()
    return player, line_


async def read(bench: Bench, url: str = URL) -> dict[str, Any]:
    answer = await bench.api.get(url)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_it_is_in_the_newest_bundle_about_the_job(bench: Bench) -> None:
    player, line_ = await sold(bench)
    assert is_problem(await bench.api.get(URL), 404, "no_exchange_yet")
    await sent(bench, player, bundle(line(1)))
    newest = await sent(bench, player, bundle(line(1), line(2, "order-7/payment1"), number=2), person="Иванова")
    await sent(bench, player, bundle(line(3), jobs='["other"]', number=3))  # what stands in it of ours is no whole
    told = await read(bench)
    assert (told["bundle"]["bundle_id"], told["bundle"]["consent_person"], told["bundle"]["jobs"]) == (
        newest, "Иванова", ["order-7"],
    )  # fmt: skip
    assert [(one["at"], one["part"]) for one in told["records"]] == [
        ("2026-11-23T09:00:01Z", None), ("2026-11-23T09:00:02Z", "payment1"),
    ]  # fmt: skip
    assert (told["total"], told["cursor"], told["damages"]) == (2, None, [])
    await line_.close()


async def test_pages_are_of_one_bundle(bench: Bench) -> None:
    player, line_ = await sold(bench)
    await sent(bench, player, bundle(*(line(n) for n in range(5))))
    first = await read(bench, f"{URL}?limit=3")
    await sent(bench, player, bundle(line(40), number=2))
    rest = await read(bench, f"{URL}?limit=3&cursor={first['cursor']}")
    assert [one["at"][17:19] for one in (*first["records"], *rest["records"])] == ["00", "01", "02", "03", "04"]
    assert rest["cursor"] is None
    assert is_problem(await bench.api.get(f"{URL}?cursor=x"), 422, "bad_request")
    await line_.close()


async def test_a_damaged_bundle_is_told_as_such(bench: Bench) -> None:
    player, line_ = await sold(bench)
    whole = bytearray(bundle(*(line(n) for n in range(50))))
    at = whole.rindex(b"traces/1/a.jsonl", 0, whole.index(b"PK\x01\x02")) + len("traces/1/a.jsonl") + 20
    whole[at] ^= 0x10
    await sent(bench, player, bytes(whole))
    assert {one["code"] for one in (await read(bench))["damages"]} <= {"unreadable", "bad_lines"}
    assert (await read(bench))["damages"]
    await line_.close()


async def test_when_the_file_goes_the_exchange_goes(bench: Bench) -> None:
    player, line_ = await sold(bench)
    bundle_id = await sent(bench, player, bundle(line(1), line(2)))
    cursor = (await read(bench, f"{URL}?limit=1"))["cursor"]
    (bench.database.with_suffix(".bundles") / f"{bundle_id}.zip").unlink()
    assert is_problem(await bench.api.get(URL), 410, "bundle_removed")
    async with bench.services.database.write() as work:
        (await work.session.get_one(SupportBundle, bundle_id)).removed_at = work.now
    assert is_problem(await bench.api.get(URL), 404, "no_exchange_yet")
    assert is_problem(await bench.api.get(f"{URL}?cursor={cursor}"), 410, "bundle_removed")
    await line_.close()


async def test_whose_it_is_nobody_else_reads(bench: Bench) -> None:
    """Neither by the job's id, nor by one's own job of that name, nor by the cursor of the other account's page."""
    player, line_ = await sold(bench)
    await sent(bench, player, bundle(line(1), line(2)))
    cursor = (await read(bench, f"{URL}?limit=1"))["cursor"]
    other = await bench.tenant("Чужие")
    for url in (URL, f"{URL}?cursor={cursor}"):
        assert is_problem(await other.get(url), 404, "unknown_job")
    theirs = await pair(other, install_id="inst-2")
    await other.put("/devices", json={"kkm_id": "17", "agent_id": theirs.agent_id})
    made = {"job_id": "order-7", "kkm_id": "17", "kind": "x_report", "payload": {}}
    assert (await other.post("/jobs", json=made)).status_code == 202
    assert is_problem(await other.get(URL), 404, "no_exchange_yet")
    assert is_problem(await other.get(f"{URL}?cursor={cursor}"), 404, "unknown_bundle")
    await line_.close()


async def test_a_bundle_of_another_pc_of_the_account_says_nothing_of_this_ones_job(bench: Bench) -> None:
    _, line_ = await sold(bench)
    another = await pair(bench.api, install_id="inst-2")
    await sent(bench, another, bundle(line(1)))
    assert is_problem(await bench.api.get(URL), 404, "no_exchange_yet")
    await line_.close()


async def test_who_has_read_it_is_noted_once(bench: Bench) -> None:
    player, line_ = await sold(bench)
    bundle_id = await sent(bench, player, bundle(line(1)))
    manager, support = [await bench.person(bench.api, role) for role in (Role.MANAGER, Role.SUPPORT)]
    for browser in (manager, manager, support, manager):
        assert (await browser.get(URL)).status_code == 200
    async with bench.services.database.read() as work:
        query = select(AuditEntry).where(AuditEntry.action == "bundle.read").order_by(AuditEntry.n)
        rows = list(await work.session.scalars(query))
    assert [(row.actor_name, row.subject_id) for row in rows] == [
        ("manager Иванова", bundle_id), ("support Иванова", bundle_id),
    ]  # fmt: skip
    assert (rows[0].after or {})["job_id"] == "order-7"
    await line_.close()


# --- asking for it ----------------------------------------------------------------------------------------------------


async def asks(bench: Bench, agent_id: str, job_id: str) -> httpx.Response:
    return await bench.api.post(f"/agents/{agent_id}/bundle", json=WHO | {"jobs": [job_id]})


async def test_a_bundle_is_asked_for_about_a_job_of_that_pc(bench: Bench) -> None:
    player, line_ = await sold(bench)
    another = await pair(bench.api, install_id="inst-2")
    assert is_problem(await asks(bench, another.agent_id, "order-7"), 409, "job_of_another_pc")
    assert is_problem(await asks(bench, player.agent_id, "order-8"), 404, "unknown_job")
    assert is_problem(await bench.api.get(f"/agents/{player.agent_id}/bundle"), 404, "no_request_yet")
    answer = await asks(bench, player.agent_id, "order-7")
    assert (answer.status_code, answer.json()["jobs"]) == (202, ["order-7"])
    await line_.close()


async def test_a_job_of_another_account_is_no_job(bench: Bench) -> None:
    _, line_ = await sold(bench)
    other = await bench.tenant("Чужие")
    theirs = await pair(other, install_id="inst-2")
    answer = await other.post(f"/agents/{theirs.agent_id}/bundle", json=WHO | {"jobs": ["order-7"]})
    assert is_problem(answer, 404, "unknown_job")
    await line_.close()


async def test_what_a_stranger_writes_is_no_error_of_ours(bench: Bench) -> None:
    """Halves of letters, numbers that are none: JSON can spell them, an answer cannot."""
    player, line_ = await sold(bench)
    for number, more in enumerate(({"a": "\ud800"}, {"b": float("nan")}, {"c": 10**50}, {"\ud800": 1})):
        text = "\n".join(json.dumps(one) for one in (HEADER, line(1, fields=more), line(2)))
        parts = {"manifest.json": b'{"jobs": ["order-7"]}', f"traces/{number}/a.jsonl": text.encode()}
        await sent(bench, player, zipped(parts))
        assert (await read(bench))["total"] in (1, 2)
    await line_.close()


async def test_a_page_that_is_looked_at_again_is_not_taken_apart_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fifth of a second for the largest, at each look."""
    opened: list[str] = []

    def counted(content: bytes, job_id: str, *, everything: bool = False) -> Recorded:
        opened.append(job_id)
        return recorded_of(content, job_id, everything=everything)

    monkeypatch.setattr(exchange, "recorded_of", counted)
    player, line_ = await sold(bench)
    await sent(bench, player, bundle(*(line(n) for n in range(5))))
    first = await read(bench, f"{URL}?limit=3")
    rest = await read(bench, f"{URL}?limit=3&cursor={first['cursor']}")
    assert await read(bench, f"{URL}?limit=3") == first
    assert len(first["records"]) + len(rest["records"]) == 5
    assert len(opened) == 1
    await read(bench, f"{URL}?everything=true")
    assert len(opened) == 2, "that is another reading"
    await sent(bench, player, bundle(line(9), number=2))
    assert (await read(bench))["total"] == 1, "the newest"
    await line_.close()


async def test_what_is_remembered_of_a_bundle_is_not_shown_without_its_file(bench: Bench) -> None:
    player, line_ = await sold(bench)
    bundle_id = await sent(bench, player, bundle(line(1)))
    assert (await read(bench))["total"] == 1
    assert bench.services.exchanges.bytes > 0
    bundles.file_of(bench.services.settings.bundle_folder, bundle_id).unlink()
    assert is_problem(await bench.api.get(URL), 410, "bundle_removed")
    assert bench.services.exchanges.bytes == 0
    await line_.close()


async def test_what_is_remembered_of_a_bundle_goes_when_its_time_is_over(bench: Bench) -> None:
    player, line_ = await sold(bench)
    await sent(bench, player, bundle(line(1)))
    await read(bench)
    await duties.prune(bench.services.database, bench.services.settings, bench.services.exchanges)
    assert bench.services.exchanges.bytes > 0
    async with bench.services.database.write() as work:
        row = (await work.session.scalars(select(SupportBundle)))[0]
        row.received_at = work.now - timedelta(days=400)
    await duties.prune(bench.services.database, bench.services.settings, bench.services.exchanges)
    assert bench.services.exchanges.bytes == 0
    await line_.close()


def test_what_was_not_looked_at_for_longest_is_forgotten_first() -> None:
    one = recorded_of(bundle(line(1)), "order-7")
    lately = Lately(most=2 * one.bytes)
    for name in ("a", "b"):
        lately.put((name, "order-7", False), one)
    assert lately.get(("a", "order-7", False)) is one
    lately.put(("c", "order-7", False), one)
    assert [lately.get((name, "order-7", False)) is not None for name in ("a", "b", "c")] == [True, False, True]
    assert lately.bytes <= 2 * one.bytes
